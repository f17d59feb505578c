package weights

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lossatlas/activities/internal/ziplist"
	"lossatlas/activities/npz"
	"lossatlas/activities/safetensors"
	"lossatlas/activities/weights/torch"
)

// file is an open file of named tensors.
type file struct {
	*os.File
	names  []string
	header func(i int) (kind string, shape []int, err error)
	read   func(i int) ([]float32, error)
	notes  []string // which parts of the file these are
	// layouts are the layouts of the tensors that the file stores with axes in another order.
	layouts map[string]Layout

	scalars func() map[string]any // the file's numbers and texts about itself
}

// maxList is the length in bytes of the longest list of tensors that is read for a
// network: ten times that of a checkpoint with the network's tensors alone, and
// room for metadata that a program may have written.
func maxList(tensors int) int64 { return 1<<20 + int64(tensors)<<10 }

// maxValues is the memory in bytes for the values of a pickle: twice that of a checkpoint
// with the state of Adam, and room for a history of the training.
func maxValues(tensors int) int64 { return 32<<20 + int64(tensors)<<15 }

// open recognizes a file by its first bytes and reads its list of tensors. tensors is how many are wanted.
func open(path string, tensors int) (*file, error) {
	r, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("there is no such file")
	} else if err != nil {
		return nil, fmt.Errorf("can't be read: %w", err)
	}
	f := &file{File: r}
	if err := f.list(path, tensors); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return f, nil
}

func (f *file) list(path string, tensors int) error {
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("can't be read: %w", err)
	}
	if info.IsDir() {
		return errors.New("is a folder; name one file in it: " + readFrom)
	}
	if !info.Mode().IsRegular() {
		return errors.New("is not a file whose parts can be read in any order")
	}
	start := make([]byte, 16)
	n, _ := f.ReadAt(start, 0) // a short file is refused below
	switch kind := recognize(string(start[:n]), strings.ToLower(filepath.Ext(path))); kind {
	case isSafetensors:
		return f.listSafetensors(info.Size(), tensors)
	case isZip:
		return f.listZip(path, info.Size(), tensors)
	case isKeras:
		if err := f.listKeras(f, info.Size(), tensors); err != nil {
			return fmt.Errorf("is no usable Keras or HDF5 file: %w", err)
		}
		return nil
	case isPickle:
		t, err := torch.Legacy(f, info.Size(), maxValues(tensors))
		if err != nil && recognize(string(start[:n]), "") != isPickle { // the extension alone says that it is one
			return convert(path, notPickle(string(start[:n])))
		}
		return f.listTorch(t, err)
	default:
		return convert(path, kind)
	}
}

// listZip reads the list of an archive, whose format shows in its entries' names.
func (f *file) listZip(path string, size int64, tensors int) error {
	archive, err := ziplist.Open(f, size, maxList(tensors))
	if err != nil {
		return fmt.Errorf("is a damaged or cut zip archive, the form of %s: %w", cmp.Or(byExtension[strings.ToLower(filepath.Ext(path))], isZip), err)
	}
	switch kind := archiveOf(archive); kind {
	case isZip:
		return f.listNPZ(npz.Of(archive))
	case isKeras:
		return f.listKerasArchive(archive, tensors)
	case isPickle:
		t, err := torch.Archive(f, archive, maxValues(tensors))
		return f.listTorch(t, err)
	default:
		return convert(path, kind)
	}
}

func (f *file) listTorch(t *torch.File, err error) error {
	if err != nil {
		return fmt.Errorf("is no usable PyTorch checkpoint: %w", err)
	}
	f.names, f.header, f.read, f.notes, f.scalars = t.Names, t.Header, t.Read, t.Notes, t.Scalars
	return nil
}

func (f *file) listSafetensors(size int64, tensors int) error {
	s, err := safetensors.Open(f, size, maxList(tensors))
	if err != nil {
		return err
	}
	f.names, f.read = s.Names, s.Read
	f.scalars = func() map[string]any { return parsed(s.Metadata) }
	f.header = func(i int) (string, []int, error) {
		dtype, shape := s.Header(i)
		return dtype, shape, nil
	}
	return nil
}

func (f *file) listNPZ(z *npz.File, err error) error {
	if err != nil {
		return err
	}
	f.names, f.header = z.Names, z.Header
	f.scalars = func() map[string]any { return scalarsOf(z) }
	f.read = func(i int) ([]float32, error) {
		_, shape, err := z.Header(i)
		if err != nil {
			return nil, err
		}
		n := 1
		for _, d := range shape {
			n *= d
		}
		a, err := z.Read(i, 8*int64(n))
		if err != nil {
			return nil, err
		}
		switch v := a.Data.(type) {
		case []float32:
			return v, nil
		case []float64:
			out := make([]float32, len(v))
			for i, x := range v {
				out[i] = float32(x)
			}
			return out, nil
		}
		return nil, fmt.Errorf("array %s does not hold floating-point numbers", a.Name)
	}
	return nil
}
