package onnx

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"lossatlas/activities/aten"
	"lossatlas/activities/onnx/proto"
)

// File is what an ONNX model holds.
type File struct {
	Program *aten.Program
	// Params and Buffers are the values, in the order of the program's tables and in C
	// order of the shapes that it declares. Half and double precision is converted.
	Params, Buffers [][]float32
	// Stored says for each parameter that the program declares otherwise than the file
	// stores it how to bring stored values to the declared shape.
	Stored map[string]Layout
	// Notes are remarks on the network for people: parameters without names,
	// what was merged, a batch that is fixed.
	Notes []string

	producer  string   // of the file, as it calls itself
	nameNotes []string // the last of Notes: on missing names
}

// Layout says how a parameter is stored in the file: with Shape, whose axes in the
// order Perm are the axes of the declared shape, apart from axes of length 1 of vectors.
type Layout struct{ Shape, Perm []int }

// maxFile is the size that the format allows a model file, without the numbers that stand next to it.
const maxFile = 2 << 30

// Read reads a model file. Numbers that the exporter wrote to another file are read
// from the model's folder. The error names what in the file can't be read, and for an
// operator that is not supported where it stands and which similar ones are.
func Read(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("can't be read: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("can't be read: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("the file has %d bytes; an ONNX model has at most %d", info.Size(), maxFile)
	}
	b := make([]byte, info.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, fmt.Errorf("can't be read: %w", err)
	}
	file, err := Parse(b, filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// Parse reads a model from the bytes of its file. folder is where numbers outside it stand.
func Parse(b []byte, folder string) (*File, error) {
	m, err := proto.Parse(b)
	if err != nil {
		return nil, err
	}
	if m.Opsets[""] < minOpset {
		return nil, fmt.Errorf("the model uses version %d of ONNX's operators; versions from %d are read", m.Opsets[""], minOpset)
	}
	in, err := findInput(m)
	if err != nil {
		return nil, err
	}
	t := newTranslator(m, folder)
	err = t.translate(in.value)
	switch {
	case err != nil && in.size > 0:
		return nil, fmt.Errorf("%w\n  The file was exported for batches of exactly %d examples. Export it for any number: %s", err, in.size, dynamicLine)
	case err != nil:
		return nil, err
	}
	return t.file(), nil
}

// minOpset is the oldest version of ONNX's operators whose meaning is known here.
const minOpset = 7

// dynamicLine exports a PyTorch model for batches of any size.
const dynamicLine = `torch.onnx.export(model, (x,), file, dynamic_shapes=({0: torch.export.Dim("batch")},))`
