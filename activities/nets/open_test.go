package nets

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/problem"
)

// images is the problem of 32×32 colour images with a number of outputs.
func images(outputs int) problem.Problem {
	return problem.Problem{Shape: []int{32, 32, 3}, Type: problem.Uint8, Outputs: outputs, Loss: problem.CrossEntropy}
}

// goBackend is the pure-Go backend, on which these tests run in float64.
func goBackend(t testing.TB) compute.Backend {
	t.Helper()
	b, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

// array is an array of float64 numbers for the graphs of the tests.
type array struct {
	dims []int
	data []float64
}

// normal is an array of normally distributed numbers that depend on the name.
func normal(name string, dims ...int) array {
	n := shapes.Make(dtypes.Float64, dims...).Size()
	v := make([]float32, n)
	fillNormal(v, 1, 7, name)
	a := array{dims: dims, data: make([]float64, n)}
	for i, x := range v {
		a.data[i] = float64(x)
	}
	return a
}

// run runs a graph once.
func run(t testing.TB, b compute.Backend, build func(in []*graph.Node) []*graph.Node, inputs ...array) [][]float64 {
	t.Helper()
	exec, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node { return build(in) })
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	args := make([]any, len(inputs))
	for i, a := range inputs {
		args[i] = tensors.FromFlatDataAndDimensions(a.data, a.dims...)
	}
	outputs, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	results := make([][]float64, len(outputs))
	for i, o := range outputs {
		results[i] = tensors.MustCopyFlatData[float64](o)
	}
	return results
}
