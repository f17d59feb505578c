package optim

import (
	"fmt"
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/engine"
)

// Adam are the constants of Kingma and Ba's method (2015, algorithm 1).
type Adam struct {
	Beta1, Beta2 float64 // decay of the first and second moment
	Epsilon      float64 // added to the root of the second moment
}

func (a Adam) check() error {
	switch {
	case !(a.Beta1 >= 0 && a.Beta1 < 1) || !(a.Beta2 >= 0 && a.Beta2 < 1):
		return fmt.Errorf("the two β of Adam are %g and %g: both must lie in [0, 1)", a.Beta1, a.Beta2)
	case !(a.Epsilon > 0) || math.IsInf(a.Epsilon, 0):
		return fmt.Errorf("the ε of Adam is %g: it must be a positive number", a.Epsilon)
	}
	return nil
}

// corrections are the two numbers of Adam that change from step to step: the
// rate divided by the first bias correction, 1 − β₁ᵗ, and the root of the
// second, √(1 − β₂ᵗ). t counts the steps of the whole training from 1.
func (a Adam) corrections(rate float64, t int) (step, root float64) {
	return rate / (1 - math.Pow(a.Beta1, float64(t))), math.Sqrt(1 - math.Pow(a.Beta2, float64(t)))
}

// compileAdam compiles the step of Adam as PyTorch does it, weight decay being
// part of the gradient (L2), with the corrections as inputs:
//
//	g ← g + λθ;  m ← β₁m + (1−β₁)g;  v ← β₂v + (1−β₂)g²;  θ ← θ − step·m/(√v/root + ε)
//
// and returns θ, m, v and a gradient of zeros for the next step.
func compileAdam(b *engine.Backend, n int, c Config, number dtypes.DType) (*engine.Program, error) {
	vector, scalar := shapes.Make(number, n), shapes.Make(number)
	a := *c.Adam
	key := fmt.Sprintf("adam-%d-%s-%g-%g-%g-%g", n, number, a.Beta1, a.Beta2, a.Epsilon, c.WeightDecay)
	return b.Compile(key, []shapes.Shape{vector, vector, vector, vector, scalar, scalar}, func(in []*graph.Node) []*graph.Node {
		theta, first, second, gradient, step, root := in[0], in[1], in[2], in[3], in[4], in[5]
		if c.WeightDecay > 0 {
			gradient = graph.Add(gradient, graph.MulScalar(theta, c.WeightDecay))
		}
		first = graph.Add(graph.MulScalar(first, a.Beta1), graph.MulScalar(gradient, 1-a.Beta1))
		second = graph.Add(graph.MulScalar(second, a.Beta2), graph.MulScalar(graph.Square(gradient), 1-a.Beta2))
		size := graph.AddScalar(graph.Div(graph.Sqrt(second), root), a.Epsilon)
		theta = graph.Sub(theta, graph.Mul(step, graph.Div(first, size)))
		return []*graph.Node{theta, first, second, graph.ZerosLike(theta)}
	})
}
