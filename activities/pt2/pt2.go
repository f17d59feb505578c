package pt2

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"lossatlas/activities/aten"
	"lossatlas/activities/aten/forward"
)

// File is a network with the weights that were exported with it.
type File struct {
	Program *aten.Program
	// Params and Buffers are the values, in the order of the program's tables and
	// in C order. Half and double precision is converted.
	Params, Buffers [][]float32
	// Torch is the version of PyTorch that wrote the file.
	Torch string
	// Notes are sentences about changes made while reading.
	Notes []string
}

// Read reads a file of torch.export.save. Errors name the file, the operation and
// its module, and what to do.
func Read(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := Decode(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// Decode reads a file of a number of bytes.
func Decode(r io.ReaderAt, size int64) (*File, error) {
	a, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	t := &reader{archive: a, file: &File{Program: &aten.Program{}}, alias: map[string]string{}, parts: map[string]aten.Op{}}
	if err := t.read(); err != nil {
		return nil, err
	}
	return t.file, nil
}

// reader turns one archive into a File.
type reader struct {
	*archive
	doc       document
	weights   weights
	constants weights
	file      *File
	symbols   symbols
	// alias maps a value to the one that has taken its place: of tied parameters,
	// and of tensors that were changed in place.
	alias map[string]string
	parts map[string]aten.Op // the operations that made slices
	views views
}

func (t *reader) read() error {
	if err := t.json(t.model, maxModel, &t.doc); err != nil {
		return err
	}
	folder := t.top + "data/"
	if err := t.json(folder+"weights/model_weights_config.json", maxConfig, &t.weights); err != nil {
		return err
	}
	if err := t.json(folder+"constants/model_constants_config.json", maxConfig, &t.constants); err != nil {
		return err
	}
	if v := t.doc.Schema.Major; v != 8 {
		return fmt.Errorf("version %d of the format is not supported: 8 is, which PyTorch 2.8 and later write", v)
	}
	t.file.Torch = t.doc.Torch
	for _, step := range []func() error{t.input, t.tensors, t.output, t.operations, t.batch, t.check} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// input finds the one input, and the symbol that stands for the batch.
func (t *reader) input() error {
	var names []string
	for _, s := range t.doc.Module.Signature.Inputs {
		if s.User == nil {
			continue
		}
		if s.User.Arg.Tensor == nil {
			return errors.New("an input is not a tensor: networks take one tensor")
		}
		names = append(names, s.User.Arg.Tensor.Name)
	}
	if len(names) != 1 {
		return fmt.Errorf("the network has %d inputs (%s): one tensor is supported, so wrap the model in a module that takes one", len(names), strings.Join(names, ", "))
	}
	m, ok := t.doc.Module.Graph.Tensors[names[0]]
	if !ok {
		return fmt.Errorf("the file says nothing about the input %s", names[0])
	}
	v := aten.Value{Name: names[0], Type: scalarTypes[m.Type]}
	if strings.HasSuffix(v.Type, "float16") {
		v.Type = "float32"
		t.note("The input has half precision in the file; all is computed in single precision.")
	}
	var err error
	if len(m.Sizes) > 0 && m.Sizes[0].Int != nil && *m.Sizes[0].Int > 0 {
		t.symbols.fixed = *m.Sizes[0].Int
	} else if t.symbols.batch, err = batchSymbol(m); err != nil {
		return err
	}
	v.Shape, err = t.dims(m)
	if t.symbols.fixed > 0 && err == nil {
		v.Shape[0] = aten.Dim{Each: 1}
	}
	t.file.Program.Input = v
	return err
}

func (t *reader) note(format string, args ...any) {
	t.file.Notes = append(t.file.Notes, fmt.Sprintf(format, args...))
}

// batchSymbol is the symbol that is the first size of the input.
func batchSymbol(m meta) (string, error) {
	if len(m.Sizes) == 0 {
		return "", errors.New("the input is a scalar: it must be a batch of examples")
	}
	e := m.Sizes[0].Expr
	if e == nil {
		return "", fmt.Errorf("the size of the batch is neither a positive number nor a symbol: export with a dynamic batch: %s", exportLine)
	}
	name := e.Text
	if inside, ok := strings.CutPrefix(name, "Symbol('"); ok {
		name, _, _ = strings.Cut(inside, "'")
	}
	if word := (&expression{rest: name}).word(); word != name || name == "" {
		return "", fmt.Errorf("the batch has the size %q: export with a plain dynamic batch: %s", e.Text, exportLine)
	}
	return name, nil
}

// dims is the shape of a value.
func (t *reader) dims(m meta) ([]aten.Dim, error) {
	shape := make([]aten.Dim, len(m.Sizes))
	for i, v := range m.Sizes {
		var err error
		if shape[i], err = t.symbols.resolve(v); err != nil {
			return nil, err
		}
	}
	return shape, nil
}

// output finds the one output, and refuses networks that change buffers or inputs.
func (t *reader) output() error {
	var users int
	for _, s := range t.doc.Module.Signature.Outputs {
		for kind := range s {
			switch kind {
			case "user_output":
				users++
			case "buffer_mutation":
				return fmt.Errorf("the network changes its buffers, as batch normalization does in training mode: call model.eval() before the export")
			default:
				return fmt.Errorf("the network has an output of the kind %s, which is not supported", kind)
			}
		}
	}
	outputs := t.doc.Module.Graph.Outputs
	if users != 1 || len(outputs) != 1 || outputs[0].Tensor == nil {
		return fmt.Errorf("the network has %d outputs: one tensor is supported, so wrap the model in a module that returns one", max(users, len(outputs)))
	}
	return nil
}

// batch makes the size of the batch free where the file fixes it.
func (t *reader) batch() error {
	if t.symbols.fixed == 0 {
		return nil
	}
	return t.freeBatch()
}

// check compares the shapes of our operations' results with the shapes in the file.
func (t *reader) check() error {
	p := t.file.Program
	p.Output = t.current(t.doc.Module.Graph.Outputs[0].Tensor.Name)
	batch := 2
	if r, ok := t.doc.Ranges[t.symbols.batch]; ok && r.Min != nil && *r.Min > batch && *r.Min < 1<<20 {
		batch = *r.Min
	}
	if t.symbols.fixed > 0 {
		batch = t.symbols.fixed
	}
	got, err := forward.Shapes(p, batch)
	if err != nil {
		return err
	}
	for i, op := range p.Ops {
		for _, out := range op.Out {
			m, ok := t.doc.Module.Graph.Tensors[out]
			if !ok || got[out] == nil {
				continue
			}
			want, err := t.sizes(m, batch)
			if err == nil && !slices.Equal(got[out], want) {
				err = fmt.Errorf("its result would have the shape %v, but %v in PyTorch", got[out], want)
			}
			if err != nil {
				return &aten.OpError{Index: i, Name: op.Name, At: op.At, Err: err}
			}
		}
	}
	return nil
}

func (t *reader) sizes(m meta, batch int) ([]int, error) {
	shape, err := t.dims(m)
	out := make([]int, len(shape))
	for i, d := range shape {
		out[i] = d.At(batch)
	}
	return out, err
}
