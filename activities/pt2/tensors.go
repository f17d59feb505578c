package pt2

import (
	"fmt"

	"lossatlas/activities/aten"
)

// tensors reads parameters, buffers and constants.
func (t *reader) tensors() error {
	used := t.used()
	tied := map[string]aten.Tensor{} // parameters by the member that holds them
	for _, s := range t.doc.Module.Signature.Inputs {
		var err error
		var name string
		switch {
		case s.Parameter != nil:
			name = s.Parameter.Name
			err = t.parameter(name, s.Parameter.Arg.Name, tied)
		case s.Buffer != nil && used[s.Buffer.Arg.Name]:
			name = s.Buffer.Name
			err = t.buffer(name, s.Buffer.Arg.Name)
		case s.Constant != nil && used[s.Constant.Arg.Name]:
			name = s.Constant.Name
			err = t.constant(name, s.Constant.Arg.Name, t.constants, "data/constants/")
		case s.Object != nil || s.Token != nil:
			err = fmt.Errorf("the network has an input that is a custom object or a token, which is not supported")
		}
		if err != nil && name != "" {
			return fmt.Errorf("the tensor %s: %w", name, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// used are the values that operations read.
func (t *reader) used() map[string]bool {
	used := map[string]bool{}
	mark := func(n *named) {
		if n != nil {
			used[n.Name] = true
		}
	}
	for _, n := range t.doc.Module.Graph.Nodes {
		if isCheck(n.Target) {
			continue
		}
		for _, in := range n.Inputs {
			mark(in.Arg.Tensor)
			if in.Arg.Tensors != nil {
				for _, x := range *in.Arg.Tensors {
					mark(&x)
				}
			}
			for _, x := range in.Arg.OptionalTensors {
				mark(x.Tensor)
			}
			if x := in.Arg.OptionalTensor; x != nil {
				mark(x.Tensor)
			}
		}
	}
	for _, o := range t.doc.Module.Graph.Outputs {
		mark(o.Tensor)
	}
	return used
}

// parameter reads a parameter. One that shares the memory of an earlier one is that one.
func (t *reader) parameter(name, value string, tied map[string]aten.Tensor) error {
	e, ok := t.weights.Config[name]
	if !ok {
		return fmt.Errorf("the file has no values of it")
	}
	if first, shared := tied[e.Path]; shared {
		if !sameMeta(t.weights.Config[first.Name].Meta, e.Meta) {
			return fmt.Errorf("it shares memory with %s, but not all of it: that is not supported", first.Name)
		}
		t.alias[value] = first.Value
		t.note("%s is tied to %s: it counts as one parameter, under that name.", name, first.Name)
		return nil
	}
	s, err := t.load("data/weights/", e)
	if err != nil {
		return err
	}
	if !s.isFloat() {
		return fmt.Errorf("it is a parameter of type %s: floating-point numbers are supported", s.dtype)
	}
	p := aten.Tensor{Name: name, Value: value, Shape: s.shape}
	tied[e.Path] = p
	t.converted(name, s)
	t.file.Program.Params = append(t.file.Program.Params, p)
	t.file.Params = append(t.file.Params, s.floats())
	return nil
}

// sameMeta reports whether two tensors have the same elements of a storage.
func sameMeta(a, b meta) bool {
	key := func(m meta) string {
		text := fmt.Sprint(m.Type)
		for _, list := range [][]symInt{m.Sizes, m.Strides, {m.Offset}} {
			text += ";"
			for _, v := range list {
				if v.Int != nil {
					text += fmt.Sprint(*v.Int, ",")
				}
			}
		}
		return text
	}
	return key(a) == key(b)
}

func (t *reader) converted(name string, s *stored) {
	if s.dtype != "float32" {
		t.note("%s is %s in the file; it was converted to float32.", name, s.dtype)
	}
}

// buffer reads a buffer that is used. Integers, and buffers outside the state_dict, are constants.
func (t *reader) buffer(name, value string) error {
	e, ok := t.weights.Config[name]
	if !ok {
		return t.constant(name, value, t.constants, "data/constants/")
	}
	s, err := t.load("data/weights/", e)
	if err != nil {
		return err
	}
	if !s.isFloat() {
		return t.constant(name, value, t.weights, "data/weights/")
	}
	t.converted(name, s)
	t.file.Program.Buffers = append(t.file.Program.Buffers, aten.Tensor{Name: name, Value: value, Shape: s.shape})
	t.file.Buffers = append(t.file.Buffers, s.floats())
	return nil
}

// constant reads a tensor that belongs to the computation.
func (t *reader) constant(name, value string, table weights, folder string) error {
	e, ok := table.Config[name]
	if !ok {
		return fmt.Errorf("the file has no values of it")
	}
	s, err := t.load(folder, e)
	if err != nil {
		return err
	}
	c := aten.Constant{Name: value, Type: s.dtype, Shape: s.shape, Data: s.data}
	if s.dtype == "float16" || s.dtype == "bfloat16" {
		c.Type, c.Data = "float32", bytesOf(s.floats())
	}
	t.file.Program.Constants = append(t.file.Program.Constants, c)
	return nil
}
