package aten

import (
	"fmt"
	"math"
)

// Limits of programs, far above the sizes of real networks.
const (
	MaxSize     = math.MaxInt32 // of one axis, and of an integer argument
	MaxElements = 1 << 36       // of one value, at the batch for which a graph is built

	maxOps  = 200_000
	maxRank = 12
)

// OpError is a fault of one operation of a program.
type OpError struct {
	Index int    // in Program.Ops
	Name  string // of the operation
	At    string // the module to which it belongs; may be empty
	Err   error
}

func (e *OpError) Error() string {
	if e.At == "" {
		return fmt.Sprintf("operation %d, %s: %v", e.Index, e.Name, e.Err)
	}
	return fmt.Sprintf("operation %d, %s in %s: %v", e.Index, e.Name, e.At, e.Err)
}

func (e *OpError) Unwrap() error { return e.Err }

// Validate checks what does not depend on shapes: names are set once and before they are used, operations are known and have
// the arguments of their schemas, shapes are positive, and constants as long as their shapes say.
func (p *Program) Validate() error {
	if len(p.Ops) > maxOps {
		return fmt.Errorf("the network has %d operations; at most %d are allowed", len(p.Ops), maxOps)
	}
	set := map[string]bool{}
	if err := p.validateNames(set); err != nil {
		return err
	}
	for i := range p.Ops {
		if err := validateOp(&p.Ops[i], set); err != nil {
			return &OpError{Index: i, Name: p.Ops[i].Name, At: p.Ops[i].At, Err: err}
		}
	}
	if !set[p.Output] {
		return fmt.Errorf("the output %q is not set by any operation", p.Output)
	}
	return nil
}

// validateNames checks input, parameters, buffers and constants, and enters their names into set.
func (p *Program) validateNames(set map[string]bool) error {
	if err := p.Input.validate(); err != nil {
		return fmt.Errorf("the input %q: %w", p.Input.Name, err)
	}
	if err := enter(set, p.Input.Name); err != nil {
		return err
	}
	names := map[string]bool{}
	for _, table := range [][]Tensor{p.Params, p.Buffers} {
		for _, t := range table {
			if t.Name == "" || names[t.Name] {
				return fmt.Errorf("the name %q of a parameter or buffer is empty or given twice", t.Name)
			}
			names[t.Name] = true
			if _, err := Elements(t.Shape); err != nil {
				return fmt.Errorf("parameter or buffer %q: %w", t.Name, err)
			}
			if err := enter(set, t.Value); err != nil {
				return err
			}
		}
	}
	for _, c := range p.Constants {
		if err := c.validate(); err != nil {
			return fmt.Errorf("constant %q: %w", c.Name, err)
		}
		if err := enter(set, c.Name); err != nil {
			return err
		}
	}
	return nil
}

// enter marks a name as set.
func enter(set map[string]bool, name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a value has no name")
	case set[name]:
		return fmt.Errorf("the value %q is set twice", name)
	}
	set[name] = true
	return nil
}

// validate checks the input: one whose first axis is the batch, and no other depends on it.
func (v Value) validate() error {
	if elementBytes[v.Type] == 0 {
		return fmt.Errorf("the type %q is not supported: %s are", v.Type, TypeNames())
	}
	if len(v.Shape) == 0 || v.Shape[0] != (Dim{Each: 1}) {
		return fmt.Errorf("the first axis must be the batch, of any size")
	}
	fixed := make([]int, 0, len(v.Shape))
	for _, d := range v.Shape[1:] {
		if d.Each != 0 {
			return fmt.Errorf("the shape %v depends on the batch beyond the first axis", v.Shape)
		}
		fixed = append(fixed, d.Fixed)
	}
	_, err := Elements(fixed)
	return err
}

func (c Constant) validate() error {
	size := elementBytes[c.Type]
	if size == 0 {
		return fmt.Errorf("the type %q is not supported: %s are", c.Type, TypeNames())
	}
	n, err := Elements(c.Shape)
	if err == nil && n*size != len(c.Data) {
		err = fmt.Errorf("%d bytes do not fit the shape %v of %s", len(c.Data), c.Shape, c.Type)
	}
	return err
}

// Elements is the number of elements of a shape. It is an error where a size is not positive, or a limit is exceeded.
func Elements(shape []int) (int, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("%d axes are more than %d", len(shape), maxRank)
	}
	n := 1
	for _, d := range shape {
		if d <= 0 || d > MaxSize {
			return 0, fmt.Errorf("the shape %v has a size outside 1…%d", shape, MaxSize)
		}
		if n > MaxElements/d {
			return 0, fmt.Errorf("the shape %v has more than %d elements", shape, MaxElements)
		}
		n *= d
	}
	return n, nil
}

// validateOp checks one operation, and enters its results into set.
func validateOp(op *Op, set map[string]bool) error {
	if err := checkArgs(op); err != nil {
		return err
	}
	for name, arg := range op.Args {
		if err := arg.validate(set); err != nil {
			return fmt.Errorf("the argument %q: %w", name, err)
		}
	}
	if len(op.Out) == 0 {
		return fmt.Errorf("it has no result")
	}
	for _, out := range op.Out {
		if out == "" { // an unused result
			continue
		}
		if err := enter(set, out); err != nil {
			return err
		}
	}
	return nil
}

// validate checks that values are set and integers within the limits.
func (a Arg) validate(set map[string]bool) error {
	for _, v := range append(a.Values[:len(a.Values):len(a.Values)], a.Value) {
		if v != "" && !set[v] {
			return fmt.Errorf("the value %q is used before it is set", v)
		}
	}
	dims := a.Ints
	if a.Int != nil {
		dims = []Dim{*a.Int}
	}
	for _, d := range dims {
		if d.Each < -MaxSize || d.Each > MaxSize {
			return fmt.Errorf("%s is out of range", d)
		}
	}
	return nil
}
