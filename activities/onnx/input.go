package onnx

import (
	"fmt"
	"strings"

	"lossatlas/activities/aten"
	"lossatlas/activities/onnx/proto"
)

// input is the input of a network, with the batch as its first axis. size is how many
// examples the file computes at once, 0 for any number.
type input struct {
	value *value
	size  int
}

// findInput finds the one input that is no initializer.
func findInput(m *proto.Model) (input, error) {
	initial := map[string]bool{}
	for _, t := range m.Graph.Initializers {
		initial[t.Name] = true
	}
	var free []proto.Info
	var names []string
	for _, i := range m.Graph.Inputs {
		if !initial[i.Name] {
			free, names = append(free, i), append(names, i.Name)
		}
	}
	if len(free) != 1 {
		return input{}, fmt.Errorf("the network has %d inputs (%s); networks with one input are read", len(free), strings.Join(names, ", "))
	}
	if len(m.Graph.Outputs) == 0 {
		return input{}, fmt.Errorf("the network has no output")
	}
	return inputOf(free[0])
}

// inputOf reads the shape of an input. Where the file fixes the size of the first axis,
// that is ignored: often nothing in the graph depends on it.
func inputOf(i proto.Info) (input, error) {
	kind, ok := proto.Kinds[i.Kind]
	if !ok || !i.Shaped || len(i.Shape) == 0 || len(i.Shape) > proto.MaxRank {
		return input{}, fmt.Errorf("the input %s has no shape or no numeric type; export it with both", i.Name)
	}
	shape := []aten.Dim{{Each: 1}}
	for a, d := range i.Shape[1:] {
		if d.Size <= 0 || d.Size > proto.MaxElements {
			return input{}, fmt.Errorf("axis %d of the input %s has no size; only the first axis, the batch, can have any: export the others with a fixed size", a+1, i.Name)
		}
		shape = append(shape, fixed(int(d.Size)))
	}
	if _, ok := product(shape); !ok {
		return input{}, fmt.Errorf("the input %s has the shape %v, which is too large", i.Name, shape)
	}
	size := max(0, saturate(float64(i.Shape[0].Size)))
	return input{&value{kind: kind, shape: shape, name: i.Name}, size}, nil
}
