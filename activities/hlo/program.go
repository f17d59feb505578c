package hlo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// Program is a network and its loss. Its functions take the parameters and buffers in their order, examples x, labels y, and
// a mask (float32 [Batch], 1 for examples and 0 for padding); HVP takes a vector after them, in the shapes of the parameters.
type Program struct {
	Version int      `json:"stablehlo"` // of this form
	Batch   int      `json:"batch"`     // examples in a batch
	X       Value    `json:"x"`         // of one example
	Y       Value    `json:"y"`         // of its label
	Params  []Tensor `json:"params"`
	Buffers []Tensor `json:"buffers,omitempty"`
	// Score says that Loss has a second result, the sum of the scores (1 for a correct example).
	Score bool `json:"score,omitempty"`
	// Loss is the sum of the losses over a batch, a scalar. Gradient is its gradient and HVP the product of its Hessian with the
	// vector, both in the shapes of the parameters; they may be missing.
	Loss     []byte `json:"loss"`
	Gradient []byte `json:"gradient,omitempty"`
	HVP      []byte `json:"hvp,omitempty"`
}

// Value is the type and shape of the examples or labels, without the batch.
type Value struct {
	Shape []int  `json:"shape"`
	Type  string `json:"dtype"` // a key of elements
}

// Tensor is a parameter or buffer of float32 numbers.
type Tensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	// Filters are the slices of a parameter that directions normalize one by one; "" means the default of its name and shape.
	Filters string `json:"filters,omitempty"`
}

// Where the filters of a parameter are.
const (
	Last  = "last"  // along its last axis, as kernels of Flax and Keras have them: the default with two axes or more
	First = "first" // along its first axis, as the rows of an embedding
	None  = "none"  // it has none, and directions leave it out: the default of scalars and vectors
)

// embedding is the last part of the names that Flax gives to embeddings.
const embedding = "embedding"

// elements are the types of numbers, with their names in StableHLO.
var elements = map[string]string{"float32": "f32", "int32": "i32", "uint8": "ui8"}

// Limits far above what runs here, and low enough that no manifest exhausts the memory of a machine.
const (
	maxBytes   = 512 << 20
	maxBatch   = 1 << 20
	maxTensors = 100_000
	maxNumbers = 1 << 30 // of one array
	maxAxes    = 16
)

// Version is that of the encoding and of manifests.
const Version = 1

var prefix = []byte(`{"stablehlo":`)

// Is says whether an encoded network is a Program.
func Is(encoded []byte) bool { return bytes.HasPrefix(encoded, prefix) }

// Encode checks a program and writes it as JSON. Equal programs give equal bytes.
func (p *Program) Encode() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return json.Marshal(p)
}

// Parse reads and checks what Encode wrote.
func Parse(b []byte) (*Program, error) {
	if len(b) > 2*maxBytes {
		return nil, fmt.Errorf("a network of %d bytes is larger than the %d that are allowed", len(b), 2*maxBytes)
	}
	p := &Program{}
	if err := Strict(b, p); err != nil {
		return nil, err
	}
	return p, p.check()
}

// Strict decodes one JSON value without unknown fields.
func Strict(b []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is more text after the JSON object")
	}
	return nil
}

// FieldError names the field of a Program that is wrong: "x.dtype", "params[3].shape", "loss".
type FieldError struct {
	Field string
	Err   error
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap is the fault.
func (e *FieldError) Unwrap() error { return e.Err }

func wrong(field, format string, args ...any) error {
	return &FieldError{field, fmt.Errorf(format, args...)}
}

// check returns a FieldError for the first fault.
func (p *Program) check() error {
	if p.Version != Version {
		return wrong("version", "%d is not supported; this program reads version %d", p.Version, Version)
	}
	if p.Batch < 1 || p.Batch > maxBatch {
		return wrong("batch", "%d examples; allowed are 1 to %d", p.Batch, maxBatch)
	}
	if err := p.X.check("x", []string{"float32", "int32", "uint8"}, p.Batch); err != nil {
		return err
	}
	if err := p.Y.check("y", []string{"float32", "int32"}, p.Batch); err != nil {
		return err
	}
	if len(p.Params) == 0 {
		return wrong("params", "the list is empty: name the parameters in the order of the programs' arguments")
	}
	names := map[string]bool{}
	for _, list := range []struct {
		field   string
		tensors []Tensor
	}{{"params", p.Params}, {"buffers", p.Buffers}} {
		if len(list.tensors) > maxTensors {
			return wrong(list.field, "%d tensors; at most %d are allowed", len(list.tensors), maxTensors)
		}
		for i, t := range list.tensors {
			if err := t.check(fmt.Sprintf("%s[%d]", list.field, i), names); err != nil {
				return err
			}
		}
	}
	return p.checkFunctions()
}

func (v Value) check(field string, types []string, batch int) error {
	if !slices.Contains(types, v.Type) {
		return wrong(field+".dtype", "%q is not supported; choose one of %q, and convert the data to it", v.Type, types)
	}
	return checkShape(field+".shape", v.Shape, batch)
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

func (t Tensor) check(field string, names map[string]bool) error {
	switch {
	case !nameForm.MatchString(t.Name) || len(t.Name) > 1000:
		return wrong(field, "the name %q: allowed are letters, digits, _ and -, with . or / between parts, as jax.tree_util.keystr(path, simple=True, separator='.') writes them", t.Name)
	case names[t.Name]:
		return wrong(field, "two tensors are called %s", t.Name)
	case !slices.Contains([]string{"", First, Last, None}, t.Filters):
		return wrong(field+".filters", "%q is not known; choose %s, %s or %s", t.Filters, Last, First, None)
	case len(t.Shape) == 0 && (t.Filters == First || t.Filters == Last):
		return wrong(field+".filters", "%s is a scalar, which has no filters", t.Name)
	}
	names[t.Name] = true
	return checkShape(field+".shape", t.Shape, 1)
}

func checkShape(field string, shape []int, batch int) error {
	if len(shape) > maxAxes {
		return wrong(field, "%d axes; at most %d are allowed", len(shape), maxAxes)
	}
	n := batch
	for _, d := range shape {
		if d < 1 || d > maxNumbers/n {
			return wrong(field, "%v: sizes are at least 1, and an array has at most %d numbers", shape, maxNumbers)
		}
		n *= d
	}
	return nil
}

// FiltersAt is where the filters of a parameter are, with the default filled in: for an embedding, as Flax names it, its rows.
func (t Tensor) FiltersAt() string {
	switch {
	case t.Filters != "":
		return t.Filters
	case len(t.Shape) == 2 && (t.Name == embedding || strings.HasSuffix(t.Name, "."+embedding)):
		return First
	case len(t.Shape) >= 2:
		return Last
	}
	return None
}

// CheckHVP returns an error that says how to export the products with the Hessian where they are missing.
func (p *Program) CheckHVP() error {
	if p.HVP != nil {
		return nil
	}
	return errors.New("second derivatives need the program hvp.mlir, which the folder does not have; export it like loss.mlir, with a vector v after the mask: " +
		"hvp = lambda p, x, y, m, v: jax.jvp(lambda q: jax.grad(loss)(q, x, y, m), (p,), (v,))[1]")
}
