package nets

import (
	"github.com/gomlx/gomlx/core/graph"
)

// dual is a value with its tangent, its derivative along a direction v in
// parameter space: f(θ + tv) = value + t·tangent + O(t²). A nil tangent is
// zero: what no parameter has touched does not move.
type dual struct {
	value, tangent *graph.Node
}

// linear is the dual of f(x) for a linear f.
func (x dual) linear(f func(*graph.Node) *graph.Node) dual {
	y := dual{value: f(x.value)}
	if x.tangent != nil {
		y.tangent = f(x.tangent)
	}
	return y
}

// before is the channels of x followed by those of y.
func (x dual) before(y dual) dual {
	join := func(a, b *graph.Node) *graph.Node { return graph.Concatenate([]*graph.Node{a, b}, -1) }
	z := dual{value: join(x.value, y.value)}
	if x.tangent != nil || y.tangent != nil {
		z.tangent = join(x.moved(), y.moved())
	}
	return z
}

// moved is the tangent, written out where it is zero.
func (x dual) moved() *graph.Node {
	if x.tangent == nil {
		return graph.ZerosLike(x.value)
	}
	return x.tangent
}

// plus is a + b where either may be nil, which is zero.
func plus(a, b *graph.Node) *graph.Node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return graph.Add(a, b)
}

// Tangent adds to a graph the forward pass with stored statistics and its
// derivative along a direction in parameter space. params and direction are
// tensors as Split cuts them from θ and from the direction v. The results are
// the logits and d/dt of the logits at θ + tv for t = 0, [batch, Classes] both.
//
// A gradient of a function of the two is a second derivative: the gradient of
// the loss's derivative along v, ∇⟨∇L, v⟩, is the Hessian times v.
func (n *Net) Tangent(f Formulation, params, direction []*graph.Node, state, images *graph.Node) (logits, tangent *graph.Node) {
	p := &pass{formulation: f, params: params, tangents: direction, state: split(state, n.State())}
	y := n.ops.tangent(p, dual{value: images})
	return y.value, y.moved()
}
