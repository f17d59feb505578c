package weights

import (
	"archive/zip"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"lossatlas/activities/hdf5"
)

// kerasEntry is the file of weights in a .keras archive.
const kerasEntry = "model.weights.h5"

// listKeras reads the list of an HDF5 file: a legacy model, weights of either form, or arrays of another program.
func (f *file) listKeras(r io.ReaderAt, size int64, tensors int) error {
	h, err := hdf5.Open(r, size, int(maxList(tensors)>>8))
	if err != nil {
		return err
	}
	var places []int
	passed := 0
	for i, d := range h.Datasets {
		name, ok := kerasName(d, h.Attributes)
		if !ok {
			passed++
			continue
		}
		f.names, places = append(f.names, name), append(places, i)
	}
	if passed > 0 {
		f.notes = append(f.notes, number(passed, "array of its optimizer was ignored", "arrays of its optimizer were ignored"))
	}
	f.header = func(i int) (string, []int, error) { return h.Header(places[i]) }
	f.read = func(i int) ([]float32, error) { return h.Read(places[i]) }
	f.scalars = func() map[string]any { return nil }
	return nil
}

// listKerasArchive reads the list of the weights in a .keras archive.
func (f *file) listKerasArchive(archive *zip.Reader, tensors int) error {
	i := slices.IndexFunc(archive.File, func(e *zip.File) bool { return e.Name == kerasEntry })
	if i < 0 {
		return fmt.Errorf("is a Keras archive without %s", kerasEntry)
	}
	entry := archive.File[i]
	offset, err := entry.DataOffset()
	switch {
	case err != nil:
		return fmt.Errorf("is a damaged Keras archive: %w", err)
	case entry.Method != zip.Store:
		return fmt.Errorf("is a Keras archive whose %s is compressed: take that file out of the archive and name it", kerasEntry)
	}
	if err := f.listKeras(io.NewSectionReader(f, offset, int64(entry.CompressedSize64)), int64(min(entry.CompressedSize64, 1<<60)), tensors); err != nil {
		return fmt.Errorf("is a Keras archive whose weights can't be read: %w", err)
	}
	return nil
}

// kerasVariables are the names of the variables of layers whose file has their numbers, by the name of the class.
var kerasVariables = map[string][]string{
	"batch_normalization": {"gamma", "beta", "moving_mean", "moving_variance"}, "layer_normalization": {"gamma", "beta"}, "group_normalization": {"gamma", "beta"},
	"separable_conv1d": {"depthwise_kernel", "pointwise_kernel", "bias"}, "separable_conv2d": {"depthwise_kernel", "pointwise_kernel", "bias"},
	"embedding": {"embeddings"}, "cell": {"kernel", "recurrent_kernel", "bias"}, "p_re_lu": {"alpha"},
}

// kerasName is layer.variable for a data set: "head.kernel" for "model_weights/head/sequential/head/kernel" of a legacy file, and for
// "layers/dense_1/vars/0" of a newer one, where the group is called head. ok is false for the state of an optimizer.
func kerasName(d hdf5.Dataset, attributes map[string]string) (name string, ok bool) {
	path := strings.Split(strings.TrimPrefix(d.Name, "model_weights/"), "/")
	if path[0] == "optimizer_weights" || path[0] == "optimizer" {
		return "", false
	}
	last := len(path) - 1
	index, err := strconv.Atoi(path[last])
	if err != nil || last == 0 || path[last-1] != "vars" {
		path[last] = strings.TrimSuffix(path[last], ":0")
		for i := last - 1; i > 0; i-- {
			if path[i] == path[0] { // in front of it are the layer again, and the model
				path = path[i:]
				break
			}
		}
		return strings.Join(path, "."), true
	}
	var parts []string
	for i := 0; i < last-1; i++ {
		if path[i] == "layers" && i+1 < last-1 {
			continue
		}
		part := path[i]
		if i > 0 && path[i-1] == "layers" {
			if called := attributes[strings.Join(path[:i+1], "/")+"/vars@name"]; called != "" {
				part = called
			}
		}
		parts = append(parts, part)
	}
	class := ""
	if last > 1 {
		class = serial.ReplaceAllString(path[last-2], "")
	}
	return strings.Join(append(parts, kerasVariable(class, index, len(d.Shape))), "."), true
}

// serial is the number that Keras appends to the name of a class to distinguish its layers.
var serial = regexp.MustCompile(`_[0-9]+$`)

// kerasVariable is the name of the variable of a number and of so many axes.
func kerasVariable(class string, index, axes int) string {
	names := kerasVariables[class]
	if names == nil && (index == 0) == (axes > 1) {
		names = []string{"kernel", "bias"}
	}
	if index < 0 || index >= len(names) {
		return strconv.Itoa(index)
	}
	return names[index]
}
