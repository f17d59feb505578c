// Package numtest has what numeric tests and benchmarks share: distances of vectors, and a loss in
// double precision. Unlike package shared it needs no network, so that tests inside package nets can use it.
package numtest

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
)

// Distance is the largest difference of two vectors in units of the largest element of want, infinite for different lengths.
func Distance(got, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	difference, size := 0.0, 1e-300
	for i := range want {
		difference, size = max(difference, math.Abs(got[i]-want[i])), max(size, math.Abs(want[i]))
	}
	return difference / size
}

// Widen is a vector in double precision.
func Widen(v []float32) []float64 {
	wide := make([]float64, len(v))
	for i, x := range v {
		wide[i] = float64(x)
	}
	return wide
}

// CrossEntropy is the mean of ln Σ exp(z) − z at the label, of logits z with the shape [N, classes] and labels y of N integers.
func CrossEntropy(z, y *graph.Node) *graph.Node {
	hot := graph.OneHot(y, z.Shape().Dim(-1), z.DType())
	z = graph.Sub(z, graph.StopGradient(graph.ReduceAndKeep(z, graph.ReduceMax, -1)))
	sums := graph.Log(graph.ReduceSum(graph.Exp(z), -1))
	return graph.ReduceAllMean(graph.Sub(sums, graph.ReduceSum(graph.Mul(z, hot), -1)))
}
