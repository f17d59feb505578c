package onnx

import (
	"fmt"
	"strings"

	"lossatlas/activities/aten"
)

// input is the input of a network, with the batch as its first axis. size is how many
// examples the file computes at once, 0 for any number.
type input struct {
	value *value
	size  int
}

// input finds the one input that is no initializer.
func (m *model) input() (input, error) {
	initial := map[string]bool{}
	for _, t := range m.graph.initializers {
		initial[t.name] = true
	}
	var free []info
	var names []string
	for _, i := range m.graph.inputs {
		if !initial[i.name] {
			free, names = append(free, i), append(names, i.name)
		}
	}
	if len(free) != 1 {
		return input{}, fmt.Errorf("the network has %d inputs (%s); networks with one input are read", len(free), strings.Join(names, ", "))
	}
	if len(m.graph.outputs) == 0 {
		return input{}, fmt.Errorf("the network has no output")
	}
	return free[0].input()
}

// input reads the shape of an input. Where the file fixes the size of the first axis,
// that is ignored: often nothing in the graph depends on it.
func (i info) input() (input, error) {
	kind, ok := kinds[i.kind]
	if !ok || !i.shaped || len(i.shape) == 0 || len(i.shape) > maxRank {
		return input{}, fmt.Errorf("the input %s has no shape or no numeric type; export it with both", i.name)
	}
	shape := []aten.Dim{{Each: 1}}
	for a, d := range i.shape[1:] {
		if d.size <= 0 || d.size > maxElements {
			return input{}, fmt.Errorf("axis %d of the input %s has no size; only the first axis, the batch, can have any: export the others with a fixed size", a+1, i.name)
		}
		shape = append(shape, fixed(int(d.size)))
	}
	if _, ok := product(shape); !ok {
		return input{}, fmt.Errorf("the input %s has the shape %v, which is too large", i.name, shape)
	}
	size := max(0, saturate(float64(i.shape[0].size)))
	return input{&value{kind: kind, shape: shape, name: i.name}, size}, nil
}
