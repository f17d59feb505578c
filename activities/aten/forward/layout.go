package forward

import (
	"strings"

	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/conv"
)

// This file keeps images with channels last between the operations that can work
// on them so, in the formulation OneDNN. Each value still has a node in PyTorch's
// layout, which compilers drop where no operation reads it.

// elementwiseNames are operations without axes: they work in any layout.
var elementwiseNames = names("add sub mul div maximum minimum where clamp clamp_min clamp_max neg abs square exp sqrt rsqrt reciprocal pow",
	"relu relu6 hardtanh sigmoid tanh silu mish gelu hardsigmoid hardswish leaky_relu elu celu selu softplus",
	"contiguous clone alias detach dropout feature_dropout")

// imageNames are operations on images that know both layouts. The images are their
// first argument.
var imageNames = names("batch_norm native_batch_norm _native_batch_norm_legit _native_batch_norm_legit_no_training",
	"max_pool2d max_pool2d_with_indices avg_pool2d")

func names(lists ...string) map[string]bool {
	all := map[string]bool{}
	for _, l := range lists {
		for _, n := range strings.Fields(l) {
			all[n] = true
		}
	}
	return all
}

// build computes the results of an operation, with channels last where its images
// are at hand so and it can.
func (c *call) build() []*graph.Node {
	f := builders[c.op.Name]
	values, ok := c.lastArguments()
	if !ok {
		return f(c)
	}
	inner := *c.pass
	inner.values, inner.channelsLast = values, true
	results := f(&call{&inner, c.op})
	for i, y := range results {
		if y != nil && y.Rank() == 4 {
			results[i] = c.first(y)
		}
	}
	return results
}

// lastArguments are the tensors of the operation with channels last; ok says
// whether it can work on them.
func (c *call) lastArguments() (all map[string]*graph.Node, ok bool) {
	elementwise := elementwiseNames[c.op.Name] || c.op.Name == "cat"
	if c.formulation != conv.OneDNN || !elementwise && !imageNames[c.op.Name] {
		return nil, false
	}
	all = map[string]*graph.Node{}
	for arg, a := range c.op.Args {
		for _, v := range a.Tensors() {
			x := c.values[v]
			if x == nil {
				return nil, false
			}
			all[v] = x
			if !elementwise && arg != "input" && arg != "self" {
				continue
			}
			switch {
			case x.Rank() == 4:
				ok = ok || c.last[x] != nil
				all[v] = c.lastOf(x)
			case x.Rank() > 0:
				return nil, false
			}
		}
	}
	return all, ok
}

// lastOf is x, [batch, channels, rows, columns], with channels last.
func (p *pass) lastOf(x *graph.Node) *graph.Node {
	if y := p.last[x]; y != nil {
		return y
	}
	return graph.TransposeAllAxes(x, 0, 2, 3, 1)
}

// first is y, which has channels last, in PyTorch's layout.
func (p *pass) first(y *graph.Node) *graph.Node {
	x := graph.TransposeAllAxes(y, 0, 3, 1, 2)
	p.last[x] = y
	return x
}

// spaceAxis is the first of n axes of space of x.
func (p *pass) spaceAxis(x *graph.Node, n int) int {
	if p.channelsLast {
		return 1
	}
	return x.Rank() - n
}

// channelAxis is the axis of channels.
func (p *pass) channelAxis() int {
	if p.channelsLast {
		return 3
	}
	return 1
}

// placed is where an axis of PyTorch's layout lies.
func (p *pass) placed(axis int) int {
	if p.channelsLast {
		return [4]int{0, 3, 1, 2}[axis]
	}
	return axis
}
