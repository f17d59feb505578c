package aten

import (
	"github.com/gomlx/gomlx/core/graph"
)

// withGradients is y = forward(inputs) with the gradient of each input written
// out, as a function of dy, the gradient that reaches y. A nil function stands for
// no gradient.
//
// The graph library takes a custom gradient only for an identity of one input. So
// there is one around the result, which notes dy, and one around each input, which
// computes the input's gradient from it. Forward itself is built on inputs that
// stop gradients, since the library's own derivation may be wrong, slow or
// missing. The identities are connected to the result by a scalar that is zero,
// which compilers remove.
func withGradients(inputs []*graph.Node, forward func(in []*graph.Node) *graph.Node, gradients ...func(dy *graph.Node) *graph.Node) *graph.Node {
	var dy *graph.Node
	fixed := make([]*graph.Node, len(inputs))
	for i, x := range inputs {
		fixed[i] = graph.StopGradient(x)
	}
	y := forward(fixed)
	var zero *graph.Node
	for i, x := range inputs {
		if gradients[i] == nil {
			continue
		}
		link := zeroOf(graph.IdentityWithCustomGradient(x, func(_, _ *graph.Node) *graph.Node { return gradients[i](dy) }))
		if zero != nil {
			link = graph.Add(zero, link)
		}
		zero = link
	}
	return graph.IdentityWithCustomGradient(graph.Add(y, zero), func(_, v *graph.Node) *graph.Node {
		dy = v
		return v
	})
}

// zeroOf is a scalar that depends on x for the graph library, and is always zero.
func zeroOf(x *graph.Node) *graph.Node {
	first := make([]graph.SliceAxisSpec, x.Rank())
	for i := range first {
		first[i] = graph.AxisRange(0, 1)
	}
	if x.Rank() > 0 {
		x = graph.Reshape(graph.Slice(x, first...))
	}
	never := graph.Const(x.Graph(), false)
	return graph.Where(never, x, graph.ScalarZero(x.Graph(), x.DType()))
}
