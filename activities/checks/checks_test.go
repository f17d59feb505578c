package checks_test

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lossatlas/activities/aten"
	"lossatlas/activities/checks"
	"lossatlas/activities/data"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
	"lossatlas/activities/npz"
	"lossatlas/activities/problem"
	"lossatlas/activities/pt2"
)

// own is a network that PyTorch wrote, with examples.
type own struct {
	file   *pt2.File
	x, y   npz.Array
	logits []float64 // of the first example
}

func open(t *testing.T, name string) own {
	t.Helper()
	dir := filepath.Join(shared.Dir(t), "reference", "own", name)
	f, err := pt2.Read(filepath.Join(dir, "model.pt2"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Logits []float64 `json:"logits_first"`
	}
	text, err := os.ReadFile(filepath.Join(dir, "reference.json"))
	if err == nil {
		err = json.Unmarshal(text, &want)
	}
	raw, e := os.ReadFile(filepath.Join(dir, "data.npz"))
	if err != nil || e != nil {
		t.Fatal(err, e)
	}
	arrays, err := npz.Decode(raw, 1<<28)
	if err != nil {
		t.Fatal(err)
	}
	o := own{file: f, logits: want.Logits}
	for _, a := range arrays {
		if a.Name == "x" {
			o.x = a
		} else if a.Name == "y" {
			o.y = a
		}
	}
	return o
}

// write writes arrays to an .npz file.
func write(t *testing.T, arrays ...npz.Array) string {
	t.Helper()
	b, err := npz.Encode(arrays)
	path := filepath.Join(t.TempDir(), "expect.npz")
	if err == nil {
		err = os.WriteFile(path, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// first is the first of the examples.
func (o own) first() npz.Array {
	a := npz.Array{Name: "x", Shape: append([]int{1}, o.x.Shape[1:]...)}
	n := 1
	for _, d := range a.Shape {
		n *= d
	}
	a.Data = o.x.Data.([]float32)[:n]
	return a
}

func (o own) outputs(path string) (checks.Agreement, error) {
	return checks.Outputs(o.file.Program, o.file.Params, o.file.Buffers, path)
}

// TestOutputs: the outputs that PyTorch computed agree, and one that is another is named, with its example.
func TestOutputs(t *testing.T) {
	o := open(t, "lenet")
	y := npz.Array{Name: "logits", Shape: []int{1, len(o.logits)}, Data: o.logits}
	a, err := o.outputs(write(t, o.first(), y))
	if err != nil || a.Examples != 1 || a.Difference > 1e-7 {
		t.Errorf("%v, %v", a, err)
	}
	classes := o.y
	classes.Name = "y"
	two := npz.Array{Name: "x", Shape: append([]int{2}, o.x.Shape[1:]...), Data: append(append([]float32{}, o.first().Data.([]float32)...), o.first().Data.([]float32)...)}
	wrong := append(append([]float64{}, o.logits...), o.logits...)
	wrong[len(o.logits)+3] += 0.01
	for want, path := range map[string]string{
		"output 3 of example 1 is":             write(t, two, npz.Array{Name: "y", Shape: []int{2, len(o.logits)}, Data: wrong}),
		"whole numbers, as labels are":         write(t, o.x, classes),
		"no array is called y or output":       write(t, o.first()),
		"want examples of the shape [1 28 28]": write(t, npz.Array{Name: "x", Shape: []int{1, 28, 28, 1}, Data: o.first().Data}, y),
		"and the network's have [1 10]":        write(t, o.first(), npz.Array{Name: "y", Shape: []int{1, 5, 2}, Data: o.logits}),
		"can't be read":                        filepath.Join(t.TempDir(), "none.npz"),
	} {
		if _, err := o.outputs(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// split is the examples as a split of a problem.
func (o own) split(t *testing.T) (*nets.Net, data.Split) {
	t.Helper()
	p := problem.Problem{Shape: o.x.Shape[1:], ChannelsFirst: len(o.x.Shape) == 4, Type: problem.Float32, Outputs: len(o.logits), Loss: problem.CrossEntropy}
	s := data.Split{Name: "train", Problem: p}
	var err error
	if s.Examples, err = binary.Append(nil, binary.LittleEndian, o.x.Data); err != nil {
		t.Fatal(err)
	}
	for _, class := range o.y.Data.([]int64) {
		s.Classes = append(s.Classes, int32(class))
	}
	net, err := nets.FromProgram("own", o.file.Program, p)
	if err != nil {
		t.Fatal(err)
	}
	return net, s
}

// TestGradient: the gradients of networks that PyTorch wrote agree with differences, those of smooth ones to many digits.
func TestGradient(t *testing.T) {
	for name, tolerance := range map[string]float64{"mlp": 1e-7, "lenet": 1e-5, "vit": 1e-7, "convnext": 1e-7, "resnet": 1e-4} {
		o := open(t, name)
		net, s := o.split(t)
		var theta, state []float32
		for _, v := range o.file.Params {
			theta = append(theta, v...)
		}
		for _, v := range o.file.Buffers {
			state = append(state, v...)
		}
		g, err := checks.CheckGradient(t.Context(), net, theta, state, s)
		if err != nil || g.Examples == 0 || g.Difference > tolerance {
			t.Errorf("%s: %+v, %v", name, g, err)
		}
		t.Logf("%s: %v %+v", name, g, g)
	}
}

// TestGradientOfSteps: a network that rounds its outputs has a gradient of zero, which the differences contradict.
func TestGradientOfSteps(t *testing.T) {
	fixed := func(n int) aten.Dim { return aten.Dim{Fixed: n} }
	million := aten.Number(1e12)
	p := &aten.Program{
		Input: aten.Value{Name: "x", Type: "float32", Shape: []aten.Dim{{Each: 1}, fixed(2)}}, Output: "y",
		Params: []aten.Tensor{{Name: "w", Value: "w", Shape: []int{2, 2}}},
		Ops: []aten.Op{
			{Name: "linear", Args: map[string]aten.Arg{"input": {Value: "x"}, "weight": {Value: "w"}}, Out: []string{"a"}},
			{Name: "mul", Args: map[string]aten.Arg{"self": {Value: "a"}, "other": {Number: &million}}, Out: []string{"b"}},
			{Name: "round", Args: map[string]aten.Arg{"self": {Value: "b"}}, Out: []string{"c"}},
			{Name: "div", Args: map[string]aten.Arg{"self": {Value: "c"}, "other": {Number: &million}}, Out: []string{"y"}},
		},
	}
	of := problem.Problem{Shape: []int{2}, Type: problem.Float32, Outputs: 2, Loss: problem.CrossEntropy}
	net, err := nets.FromProgram("steps", p, of)
	if err != nil {
		t.Fatal(err)
	}
	s := data.Split{Problem: of, Examples: make([]byte, 8), Classes: []int32{1}}
	if _, err := binary.Encode(s.Examples, binary.LittleEndian, []float32{1, -2}); err != nil {
		t.Fatal(err)
	}
	g, err := checks.CheckGradient(t.Context(), net, []float32{1, 0.5, -0.25, 0.125}, nil, s)
	if err != nil || g.Difference < 0.9 || !strings.Contains(g.String(), "DIFFERS from differences of the loss by 1e+00 along parameters of the role weight") {
		t.Errorf("%+v, %v: %v", g, err, g)
	}
}
