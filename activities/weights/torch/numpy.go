package torch

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"

	"lossatlas/activities/weights/pickle"
)

// array reads a NumPy array: its state is (version, shape, type, whether in Fortran order, bytes).
func (s source) array(o *pickle.Object) (tensor, bool) {
	state, _ := o.State.(pickle.Tuple)
	fortran, _ := argument(state, 3).(bool)
	return s.dense(argument(state, 4), argument(state, 2), argument(state, 1), fortran), true
}

// fromBuffer reads a NumPy array of protocol 5: (bytes, type, shape, "C" or "F").
func (s source) fromBuffer(args pickle.Tuple) (tensor, bool) {
	return s.dense(argument(args, 0), argument(args, 1), argument(args, 2), argument(args, 3) == "F"), true
}

// scalar reads a NumPy number: (type, bytes).
func (s source) scalar(args pickle.Tuple) (tensor, bool) {
	return s.dense(argument(args, 1), argument(args, 0), pickle.Tuple{}, false), true
}

func (s source) dense(data, dtype, shape pickle.Value, fortran bool) (t tensor) {
	dims, ok := integers(shape)
	if !ok {
		t.err = errors.New("its shape is not written as it should be")
		return t
	}
	if _, t.err = elements(dims); t.err != nil {
		return t
	}
	class, order, ok := parseType(dtype)
	if !ok {
		t.err = errors.New("its type is not one of NumPy's numbers")
		return t
	}
	if t.storage, t.err = s.bytes(data); t.err != nil {
		return t
	}
	t.order, t.kind, t.shape, t.strides = order, kindName(class), dims, denseStrides(dims, fortran)
	return t
}

// denseStrides are the strides of an array without gaps.
func denseStrides(shape []int, fortran bool) []int {
	strides, n := make([]int, len(shape)), 1
	for i := range shape {
		if !fortran {
			i = len(shape) - 1 - i
		}
		strides[i] = n
		n *= shape[i]
	}
	return strides
}

// parseType reads a NumPy type: numpy.dtype("f4", …) with the state (version, "<", …).
func parseType(v pickle.Value) (class string, order binary.ByteOrder, ok bool) {
	o, ok := v.(*pickle.Object)
	if !ok || o.Name() != "numpy.dtype" {
		return "", nil, false
	}
	class, _ = argument(o.Args, 0).(string)
	state, _ := o.State.(pickle.Tuple)
	if argument(state, 1) == ">" {
		return class, binary.BigEndian, true
	}
	return class, binary.LittleEndian, true
}

// bytes finds a byte string: at its place in the file, as a text of Python 2, or as the call
// by which Python 3 writes one in Python 2's protocol.
func (s source) bytes(v pickle.Value) (storage, error) {
	switch v := v.(type) {
	case pickle.Bytes:
		out, err := s(v)
		out.text = v.Text
		return out, err
	case string:
		return storage{file: strings.NewReader(v), size: int64(len(v))}, nil
	case *pickle.Object:
		return s.encoded(v)
	}
	return storage{}, errors.New("its bytes are not found")
}

func (s source) encoded(o *pickle.Object) (storage, error) {
	switch {
	case o.Name() == "_codecs.encode" && slices.Contains([]pickle.Value{"latin1", "latin-1"}, argument(o.Args, 1)):
		if place, ok := argument(o.Args, 0).(pickle.Bytes); ok {
			return s.bytes(place)
		}
		text, ok := argument(o.Args, 0).(string)
		if ok {
			return storage{file: strings.NewReader(text), size: int64(len(text)), text: true}, nil
		}
	case (o.Name() == "builtins.bytes" || o.Name() == "__builtin__.bytes") && len(o.Args) == 0:
		return storage{file: strings.NewReader("")}, nil
	}
	return storage{}, errors.New("its bytes are not found")
}
