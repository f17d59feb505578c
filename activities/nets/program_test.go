package nets

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/aten"
	"lossatlas/activities/conv"
	"lossatlas/activities/problem"
)

// flatLinear is a program that flattens images of 2×2×3, channels first, and maps them to two outputs by one linear layer.
func flatLinear() *aten.Program {
	fixed := func(n int) aten.Dim { return aten.Dim{Fixed: n} }
	each := aten.Dim{Each: 1}
	return &aten.Program{
		Input:  aten.Value{Name: "x", Type: "float32", Shape: []aten.Dim{each, fixed(3), fixed(2), fixed(2)}},
		Output: "y",
		Params: []aten.Tensor{{Name: "fc.weight", Value: "w", Shape: []int{2, 12}}, {Name: "fc.bias", Value: "b", Shape: []int{2}}},
		Ops: []aten.Op{
			{Name: "view", Args: map[string]aten.Arg{"self": {Value: "x"}, "size": {Ints: []aten.Dim{each, fixed(12)}}}, Out: []string{"flat"}},
			{Name: "permute", Args: map[string]aten.Arg{"self": {Value: "w"}, "dims": {Ints: []aten.Dim{fixed(1), fixed(0)}}}, Out: []string{"t"}},
			{Name: "addmm", Args: map[string]aten.Arg{"self": {Value: "b"}, "mat1": {Value: "flat"}, "mat2": {Value: "t"}}, Out: []string{"y"}},
		},
	}
}

// TestFromProgram: images of either order reach a program in the order that it takes, and its tables carry the names of the file.
func TestFromProgram(t *testing.T) {
	last := problem.Problem{Shape: []int{2, 2, 3}, Type: problem.Float32, Outputs: 2, Loss: problem.CrossEntropy}
	first := last
	first.Shape, first.ChannelsFirst = []int{3, 2, 2}, true
	theta := array{dims: []int{26}, data: make([]float64, 26)}
	for i := range theta.data {
		theta.data[i] = float64(i)
	}
	images := map[bool]array{false: normal("images", 1, 2, 2, 3), true: {dims: []int{1, 3, 2, 2}, data: make([]float64, 12)}}
	for i, v := range images[false].data {
		images[true].data[i%3*4+i/3] = v
	}
	var outputs [][]float64
	for _, p := range []problem.Problem{last, first} {
		net, err := FromProgram("x", flatLinear(), p)
		if err != nil {
			t.Fatal(err)
		}
		if net.NumParams() != 26 || net.Params()[0].Role != Linear || net.Params()[1].Role != Bias || net.CheckTrainable() == nil {
			t.Errorf("the tables are %v", net.Params())
		}
		outputs = append(outputs, run(t, goBackend(t), func(in []*graph.Node) []*graph.Node {
			return []*graph.Node{net.Evaluate(conv.Plain, net.Split(in[0]), graph.Zeros(in[0].Graph(), in[0].Shape()), in[1])}
		}, theta, images[p.ChannelsFirst])[0])
	}
	for o := range 2 {
		want := theta.data[24+o]
		for i, v := range images[true].data {
			want += theta.data[12*o+i] * v
		}
		for k := range outputs {
			if math.Abs(outputs[k][o]-want) > 1e-12 {
				t.Errorf("output %d is %v, want %g", o, outputs[k], want)
			}
		}
	}
}

// TestFromProgramMistakes: examples and labels of another form are refused with both shapes.
func TestFromProgramMistakes(t *testing.T) {
	fits := problem.Problem{Shape: []int{2, 2, 3}, Type: problem.Float32, Outputs: 2, Loss: problem.CrossEntropy}
	for want, change := range map[string]func(*problem.Problem, *aten.Program){
		"takes examples of the shape [3 2 2], but the data have [4 4 3]":        func(p *problem.Problem, _ *aten.Program) { p.Shape = []int{4, 4, 3} },
		"numbers of the type float32, and the examples are of the type int32":   func(p *problem.Problem, _ *aten.Program) { p.Type = problem.Int32 },
		"returns the shape [3 2] for 3 examples":                                func(p *problem.Problem, _ *aten.Program) { p.Outputs = 5 },
		"scale the images to 2×2 pixels":                                        func(p *problem.Problem, _ *aten.Program) { p.Shape = []int{4, 4, 3} },
		"save the images with 3 channels in place of 1":                         func(p *problem.Problem, _ *aten.Program) { p.Shape = []int{2, 2, 1} },
		"the labels are classes up to 4, and the network tells 2 classes apart": func(p *problem.Problem, _ *aten.Program) { p.Outputs = 5 },
		"say `classes: 2`":                 func(p *problem.Problem, _ *aten.Program) { p.Outputs = 1 },
		"the first axis must be the batch": func(_ *problem.Problem, q *aten.Program) { q.Input.Shape[0] = aten.Dim{Fixed: 1} },
	} {
		p, q := fits, flatLinear()
		change(&p, q)
		if _, err := FromProgram("x", q, p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one that says %q", err, want)
		}
	}
}

// TestCostOfProgram: a linear layer from 12 features to 2 has 24 multiply-adds, and keeps its two outputs.
func TestCostOfProgram(t *testing.T) {
	p := problem.Problem{Shape: []int{3, 2, 2}, ChannelsFirst: true, Type: problem.Float32, Outputs: 2, Loss: problem.CrossEntropy}
	net, err := FromProgram("x", flatLinear(), p)
	if err != nil {
		t.Fatal(err)
	}
	if kept, peak := net.activations(); net.MACs() != 24 || kept != 2 || peak != 4 {
		t.Errorf("%d multiply-adds, %d numbers kept and %d at a time, want 24, 2 and 4", net.MACs(), kept, peak)
	}
}
