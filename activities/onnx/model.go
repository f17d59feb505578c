package onnx

import (
	"encoding/binary"
	"math"
)

// model is a ModelProto with the fields that matter here.
type model struct {
	producer  string
	opsets    map[string]int // version by domain, "" for ONNX's own operators
	functions int            // how many functions the file defines
	graph     *graph
}

type graph struct {
	nodes           []*node
	initializers    []*tensor
	inputs, outputs []info
}

// node is one operator with its inputs and outputs by name; "" is an input that is not given.
type node struct {
	op, domain, name string
	inputs, outputs  []string
	attributes       map[string]*attribute
}

// at says where a node stands: its name, or that of its first output.
func (n *node) at() string {
	if n.name == "" && len(n.outputs) > 0 {
		return n.outputs[0]
	}
	return n.name
}

// attribute has one field set, by its type.
type attribute struct {
	float  float64
	int    int64
	text   string
	tensor *tensor
	floats []byte // 32-bit, little-endian
	ints   []int64
	texts  []string
	graph  *graph
}

// info describes an input or output of the graph.
type info struct {
	name   string
	kind   int // of TensorProto
	shaped bool
	shape  []dim
}

// dim is a size, or the name of one that is not fixed.
type dim struct {
	size   int64
	symbol string
}

// list reads the attribute's floats.
func (a *attribute) list() []float64 {
	out := make([]float64, 0, len(a.floats)/4)
	for b := a.floats; len(b) >= 4; b = b[4:] {
		out = append(out, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	}
	return out
}
