// Package torch reads checkpoints that PyTorch wrote with torch.save, pickled
// modules, TorchScript archives, and pickled NumPy arrays. It executes nothing of
// them: it looks for the calls that make tensors, and reads their numbers itself.
//
// The forms are defined in torch/serialization.py: an archive of data.pkl and one entry
// per storage, and the older row of pickles with the storages behind them.
package torch

import "fmt"

// File is a checkpoint whose tensors are read one at a time.
type File struct {
	// Names are the names of the tensors in the file's order: keys of nested dictionaries
	// with slashes between them, where a module's tensors have PyTorch's names.
	Names []string
	// Notes say which of the file's entries were taken and which were ignored.
	Notes   []string
	tensors []tensor
	top     []entry
}

// Header is the type of a tensor's elements, as the safetensors format spells it ("F32"),
// and its shape. The error says why the tensor can't be read.
func (f *File) Header(i int) (kind string, shape []int, err error) {
	t := f.tensors[i]
	if err := t.check(); err != nil {
		return "", nil, fmt.Errorf("tensor %s: %w", f.Names[i], err)
	}
	return t.kind, t.shape, nil
}

// Read reads the elements of a tensor in C order and converts them to float32, float64
// numbers and integers rounded. It allocates the memory of the shape.
func (f *File) Read(i int) ([]float32, error) {
	_, shape, err := f.Header(i)
	if err != nil {
		return nil, err
	}
	n, _ := elements(shape) // was checked
	out := make([]float32, n)
	if err := f.tensors[i].read(func(i int, x float64) { out[i] = float32(x) }); err != nil {
		return nil, fmt.Errorf("tensor %s: %w", f.Names[i], err)
	}
	return out, nil
}
