package checks

import (
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/aten"
	"lossatlas/activities/aten/forward"
	"lossatlas/activities/conv"
)

// Tolerances of relative differences: what rounding in single precision leaves over many layers, and in half precision.
const (
	Tolerance     = 1e-4
	HalfTolerance = 2e-2
)

// Agreement is how far the outputs of a network are from those of its own framework.
type Agreement struct {
	Examples int // that were compared, the first of the file
	// Difference is the largest |y − e| over the largest |e|, for outputs y and the expected ones e.
	Difference, Tolerance float64
}

// Outputs computes the outputs of a program for the inputs in an .npz file and compares them with the outputs in it. params
// and buffers are values in the order of the program's tables. The error names the example and the output that differ by more
// than the tolerance, which is HalfTolerance where the file has half precision, else Tolerance. Of a long file the
// first examples are compared.
func Outputs(p *aten.Program, params, buffers [][]float32, path string) (Agreement, error) {
	e, err := readExpected(path, p)
	if err != nil {
		return Agreement{}, fmt.Errorf("%s: %w", path, err)
	}
	shapes, err := forward.Shapes(p, 1)
	if err != nil {
		return Agreement{}, err
	}
	if err := e.cut(int(max(1, maxMACs/max(p.Cost(shapes).MACs, 1)))); err != nil {
		return Agreement{}, fmt.Errorf("%s: %w", path, err)
	}
	shape, y, err := outputs(p, params, buffers, e)
	if err != nil {
		return Agreement{}, err
	}
	a, err := e.compare(shape, y)
	if err != nil {
		return a, fmt.Errorf("%s: %w", path, err)
	}
	return a, nil
}

// outputs runs the program in float64.
func outputs(p *aten.Program, params, buffers [][]float32, e *expected) (shape []int, y []float64, err error) {
	b, err := backend()
	if err != nil {
		return nil, nil, err
	}
	defer b.Finalize()
	var in []any
	for i, v := range params {
		in = append(in, tensors.FromFlatDataAndDimensions(widened(v), p.Params[i].Shape...))
	}
	for i, v := range buffers {
		in = append(in, tensors.FromFlatDataAndDimensions(widened(v), p.Buffers[i].Shape...))
	}
	n := len(params)
	exec, err := graph.NewExec(b, func(in []*graph.Node) *graph.Node {
		return forward.Add(p, conv.Product, in[:n], in[n:len(in)-1], in[len(in)-1])
	})
	if err != nil {
		return nil, nil, err
	}
	defer exec.Finalize()
	out, err := exec.Call(append(in, e.tensor(p.Input.Type))...)
	if err != nil {
		return nil, nil, err
	}
	return out[0].Shape().Dimensions, tensors.MustCopyFlatData[float64](out[0]), nil
}

// compare compares outputs with the expected ones.
func (e *expected) compare(shape []int, got []float64) (Agreement, error) {
	if !slices.Equal(shape, e.y.Shape) {
		return Agreement{}, fmt.Errorf("the array %s has outputs of the shape %v, and the network's have %v", e.y.Name, e.y.Shape, shape)
	}
	largest, worst := 0.0, 0
	for i, want := range e.outputs {
		if math.IsNaN(want) || math.IsInf(want, 0) {
			return Agreement{}, fmt.Errorf("the array %s has a number that is not finite in example %d", e.y.Name, i/e.width())
		}
		largest = max(largest, math.Abs(want))
	}
	apart := func(i int) float64 {
		d := math.Abs(got[i]-e.outputs[i]) / max(largest, math.SmallestNonzeroFloat32)
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		return d
	}
	for i := range got {
		if apart(i) > apart(worst) {
			worst = i
		}
	}
	a := Agreement{Examples: e.y.Shape[0], Difference: apart(worst), Tolerance: e.tolerance}
	if a.Difference > e.tolerance {
		return a, fmt.Errorf("output %d of example %d is %.6g, and the network gives %.6g: they differ by %.1e of the largest output; rounding explains %.0e. "+
			"Were the expected outputs computed with these weights, and after model.eval()?", worst%e.width(), worst/e.width(), e.outputs[worst], got[worst], a.Difference, e.tolerance)
	}
	return a, nil
}

func widened(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}
