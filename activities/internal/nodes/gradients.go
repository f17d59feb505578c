package nodes

import (
	"github.com/gomlx/gomlx/core/graph"
)

// WithGradients is y with explicit gradients with respect to the inputs from which it was computed. Each is a function of dy,
// the gradient of the loss with respect to y; nil stands for no gradient.
//
// The graph library accepts a custom gradient only for an identity of one input. So there is an identity around y, which
// stores dy, and one around each input, which computes the input's gradient from dy. They are connected by a scalar that is
// zero, which compilers remove. Gradients stop at y itself, where the library's own derivation may be wrong, slow or missing.
func WithGradients(y *graph.Node, inputs []*graph.Node, gradients ...func(dy *graph.Node) *graph.Node) *graph.Node {
	var dy, zero *graph.Node
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
	return graph.IdentityWithCustomGradient(graph.Add(graph.StopGradient(y), zero), func(_, v *graph.Node) *graph.Node {
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
	return graph.Where(never, x, ScalarLike(x, 0))
}
