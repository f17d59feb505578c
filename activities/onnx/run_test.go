package onnx_test

import (
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/aten"
	"lossatlas/activities/aten/forward"
	"lossatlas/activities/conv"
	"lossatlas/activities/internal/numtest"
	"lossatlas/activities/onnx"
	"lossatlas/activities/tangent"
)

// run computes a network in double precision.
type run struct {
	file    *onnx.File
	backend compute.Backend
	x, y    *tensors.Tensor
	params  [][]float64
	along   [2][][]float64 // directions, parameter by parameter
}

func newRun(t *testing.T, f *onnx.File) *run {
	t.Helper()
	b, err := gobackend.New("ops_sequential") // operations in parallel may wait for each other for ever
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	encoded, err := f.Program.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if f.Program, err = aten.Parse(encoded); err != nil { // as workers get it
		t.Fatal(err)
	}
	r := &run{file: f, backend: b}
	for _, p := range f.Params {
		r.params = append(r.params, numtest.Widen(p))
	}
	return r
}

// data reads examples and labels.
func (r *run) data(t *testing.T, path string) {
	t.Helper()
	read := array(t, path)
	labels := read("y")
	y := make([]int64, len(labels))
	for i, v := range labels {
		y[i] = int64(v)
	}
	r.input(read("x"), len(y))
	r.y = tensors.FromFlatDataAndDimensions(y, len(y))
}

// input sets the examples, in the type that the network takes.
func (r *run) input(x []float64, batch int) {
	in := r.file.Program.Input
	shape := make([]int, len(in.Shape))
	for i, d := range in.Shape {
		shape[i] = d.At(batch)
	}
	if in.Type == "float32" {
		r.x = tensors.FromFlatDataAndDimensions(x, shape...)
		return
	}
	tokens := make([]int64, len(x))
	for i, v := range x {
		tokens[i] = int64(v)
	}
	r.x = tensors.FromFlatDataAndDimensions(tokens, shape...)
}

// directions reads two directions, which are zero for parameters that the file lacks.
func (r *run) directions(t *testing.T, path string) {
	t.Helper()
	read := array(t, path)
	for i, axis := range []string{"x/", "y/"} {
		for _, p := range r.file.Program.Params {
			r.along[i] = append(r.along[i], read(axis+p.Name))
		}
	}
}

// call runs a graph of the parameters, buffers, further vectors for each parameter and the data.
func (r *run) call(t *testing.T, params [][]float64, more [][]float64, build func(params, buffers, more []*graph.Node, x, y *graph.Node) []*graph.Node) []*tensors.Tensor {
	t.Helper()
	p := r.file.Program
	var args []any
	for i, v := range params {
		args = append(args, tensors.FromFlatDataAndDimensions(v, p.Params[i].Shape...))
	}
	for i, v := range r.file.Buffers {
		args = append(args, tensors.FromFlatDataAndDimensions(numtest.Widen(v), p.Buffers[i].Shape...))
	}
	for i, v := range more {
		args = append(args, tensors.FromFlatDataAndDimensions(v, p.Params[i].Shape...))
	}
	args = append(args, r.x)
	if r.y != nil {
		args = append(args, r.y)
	}
	n, m, k := len(params), len(r.file.Buffers), len(more)
	out, err := graph.CallOnceN(r.backend, func(in []*graph.Node) []*graph.Node {
		var y *graph.Node
		if r.y != nil {
			y = in[n+m+k+1]
		}
		return build(in[:n], in[n:n+m], in[n+m:n+m+k], in[n+m+k], y)
	}, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// logits is the output for all examples.
func (r *run) logits(t *testing.T) []float64 {
	t.Helper()
	out := r.call(t, r.params, nil, func(params, buffers, _ []*graph.Node, x, _ *graph.Node) []*graph.Node {
		return []*graph.Node{forward.Add(r.file.Program, conv.Plain, params, buffers, x)}
	})
	return tensors.MustCopyFlatData[float64](out[0])
}

// loss is the mean cross-entropy at θ + αx + βy.
func (r *run) loss(t *testing.T, alpha, beta float64) float64 {
	t.Helper()
	moved := make([][]float64, len(r.params))
	for i, p := range r.params {
		moved[i] = append([]float64{}, p...)
		for axis, by := range []float64{alpha, beta} {
			for k := range moved[i] {
				if by != 0 {
					moved[i][k] += by * r.along[axis][i][k]
				}
			}
		}
	}
	out := r.call(t, moved, nil, func(params, buffers, _ []*graph.Node, x, y *graph.Node) []*graph.Node {
		return []*graph.Node{numtest.CrossEntropy(forward.Add(r.file.Program, conv.Plain, params, buffers, x), y)}
	})
	return tensors.ToScalar[float64](out[0])
}

// derivatives are the gradient and the Hessian's product with v, parameter by parameter.
func (r *run) derivatives(t *testing.T, v [][]float64) (gradient, hv [][]float64) {
	t.Helper()
	out := r.call(t, r.params, v, func(params, buffers, v []*graph.Node, x, y *graph.Node) []*graph.Node {
		loss := numtest.CrossEntropy(forward.Add(r.file.Program, conv.Plain, params, buffers, x), y)
		g := graph.Gradient(loss, params...)
		return append(g, tangent.Along(g, params, v)...)
	})
	for i, o := range out {
		if flat := tensors.MustCopyFlatData[float64](o); i < len(r.params) {
			gradient = append(gradient, flat)
		} else {
			hv = append(hv, flat)
		}
	}
	return gradient, hv
}

// ordered splits a vector in the order of the reference by the program's parameters.
func (r *run) ordered(t *testing.T, want expected, flat []float64) [][]float64 {
	t.Helper()
	parts := map[string][]float64{}
	for _, p := range want.Order {
		for i, mine := range r.file.Program.Params {
			if mine.Name == p.Name {
				n := len(r.params[i])
				parts[p.Name], flat = flat[:n], flat[n:]
			}
		}
	}
	if len(flat) != 0 {
		t.Fatalf("the vector has %d numbers more than the parameters", len(flat))
	}
	var out [][]float64
	for _, mine := range r.file.Program.Params {
		out = append(out, parts[mine.Name])
	}
	return out
}

// inOrder joins vectors of the program's parameters in the order of the reference.
func (r *run) inOrder(t *testing.T, want expected, parts [][]float64) (flat []float64) {
	t.Helper()
	for _, p := range want.Order {
		for i, mine := range r.file.Program.Params {
			if mine.Name == p.Name {
				flat = append(flat, parts[i]...)
			}
		}
	}
	return flat
}

// near compares the distance of two vectors with the length of the wanted one.
func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	var distance, length float64
	for i := range got {
		distance += (got[i] - want[i]) * (got[i] - want[i])
		length += want[i] * want[i]
	}
	if r := math.Sqrt(distance / max(length, 1e-30)); !(r <= tolerance) {
		t.Errorf("%s: relative distance %.3g, more than %.3g", what, r, tolerance)
	} else {
		t.Logf("%s: relative distance %.3g", what, r)
	}
}
