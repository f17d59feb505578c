package proto

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
)

// Model is a ModelProto with the fields that matter here.
type Model struct {
	Producer  string
	Opsets    map[string]int // version by domain, "" for ONNX's own operators
	Functions int            // how many functions the file defines
	Graph     *Graph
}

// Graph is a GraphProto: operators, the numbers that the file fixes, inputs and outputs.
type Graph struct {
	Nodes           []*Node
	Initializers    []*Tensor
	Inputs, Outputs []Info
}

// Node is one operator with its inputs and outputs by name; "" is an input that is not given.
type Node struct {
	Op, Domain, name string
	Inputs, Outputs  []string
	Attributes       map[string]*Attribute
	Metadata         map[string]string
}

// At says where a node stands: its name, or that of its first output.
func (n *Node) At() string {
	if n.name == "" && len(n.Outputs) > 0 {
		return n.Outputs[0]
	}
	return n.name
}

// Attribute has one field set, by its type.
type Attribute struct {
	Float  float64
	Int    int64
	Text   string
	Tensor *Tensor
	floats []byte // 32-bit, little-endian
	Ints   []int64
	Texts  []string
	Graph  *Graph
}

// Info describes an input or output of the graph.
type Info struct {
	Name   string
	Kind   int // of TensorProto
	Shaped bool
	Shape  []Dim
}

// Dim is a size, or the name of one that is not fixed.
type Dim struct {
	Size   int64
	symbol string
}

// List reads the attribute's floats.
func (a *Attribute) List() []float64 {
	out := make([]float64, 0, len(a.floats)/4)
	for b := a.floats; len(b) >= 4; b = b[4:] {
		out = append(out, float64(math.Float32frombits(binary.LittleEndian.Uint32(b))))
	}
	return out
}

// All are the texts of an attribute that may be missing.
func (a *Attribute) All() []string {
	if a == nil {
		return nil
	}
	return a.Texts
}

// IsKeras says whether Keras exported the model.
func (m *Model) IsKeras() bool {
	return slices.ContainsFunc(m.Graph.Inputs, func(i Info) bool { return strings.HasPrefix(i.Name, "keras_tensor") })
}
