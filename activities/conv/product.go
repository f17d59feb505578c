package conv

import (
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// This file writes convolutions as matrix products and sums, whose gradients the graph library derives correctly. Where
// windows don't overlap, or outputs depend on single channels, they are also faster than the convolutions of backends.

// isPatches says whether windows lie side by side.
func (g geometry) isPatches(w *graph.Node) bool {
	for i, size := range g.windowSize(w) {
		if g.Stride[i] != size || g.Padding[i] != [2]int{} || g.Dilation[i] != 1 {
			return false
		}
	}
	return g.Groups == 1
}

// isPoint says whether windows are single elements, without padding.
func (g geometry) isPoint(w *graph.Node) bool {
	for i, size := range g.windowSize(w) {
		if size != 1 || g.Padding[i] != [2]int{} {
			return false
		}
	}
	return g.Groups == 1
}

// point is the product of the weights with every stride-th element of images with channels last.
func (g geometry) point(x, w *graph.Node) *graph.Node {
	for i, s := range g.Stride {
		x = nodes.Slice(x, g.space+i, 0, nodes.Dims(x)[g.space+i], s)
	}
	return graph.DotGeneral(x, []int{g.channels}, nil, graph.Reshape(w, nodes.Dims(w)[2:]...), []int{0}, nil)
}

// patches is the product of each window of x with the weights, for windows that don't overlap. Windows of single elements may
// lie further apart.
func (g geometry) patches(x, w *graph.Node) *graph.Node {
	shape, inX, inW := nodes.Dims(x)[:g.space:g.space], []int{}, []int{}
	for i, size := range g.windowSize(w) {
		axis := g.space + i
		if size == 1 {
			x = nodes.Slice(x, axis, 0, nodes.Dims(x)[axis], g.Stride[i])
		}
		count := nodes.Dims(x)[axis] / size
		x = nodes.Slice(x, axis, 0, count*size, 1)
		inX, inW = append(inX, len(shape)+1), append(inW, g.window+i)
		shape = append(shape, count, size)
	}
	if g.channels > g.space {
		inX, inW = append(inX, len(shape)), append(inW, g.in)
		shape = append(shape, nodes.Dims(x)[g.channels])
	} else {
		inX, inW = append([]int{g.channels}, inX...), append([]int{g.in}, inW...)
	}
	return g.placed(graph.DotGeneral(graph.Reshape(x, shape...), inX, nil, w, inW, nil))
}

// placed moves the channels of y [batch, …, out] to their place.
func (g geometry) placed(y *graph.Node) *graph.Node {
	if g.channels > g.space {
		return y
	}
	n := len(g.Stride)
	return nodes.Permute(y, append([]int{0, n + 1}, nodes.Sequence(1, n)...))
}

// isDepthwise says whether each output depends on one channel, with few weights.
func (g geometry) isDepthwise(x, w *graph.Node) bool {
	return nodes.Dims(w)[g.in] == 1 && g.Groups == nodes.Dims(x)[g.channels] && g.Groups > 1 && nodes.Size(g.windowSize(w)) <= maxTapsDepthwise
}

// maxTapsDepthwise is the largest number of weights of a channel for which depthwise is used.
const maxTapsDepthwise = 64

// depthwise is the sum over the elements of the window of their taps, times the weights.
func (g geometry) depthwise(x, w *graph.Node) *graph.Node {
	out := nodes.Dims(w)[g.out]
	x = nodes.Repeat(x, g.channels, out/g.Groups)
	shape := make([]int, x.Rank())
	for i := range shape {
		shape[i] = 1
	}
	shape[g.channels] = out
	var y *graph.Node
	for t, tap := range g.taps(x, w) {
		weight := nodes.Select(graph.Reshape(w, out, nodes.Size(g.windowSize(w))), 1, t)
		if g.out > g.window {
			weight = nodes.Select(graph.Reshape(w, nodes.Size(g.windowSize(w)), out), 0, t)
		}
		y = nodes.Plus(y, graph.Mul(tap, graph.Reshape(weight, shape...)))
	}
	return y
}

// taps are the parts of the padded x that meet each element of the window.
func (g geometry) taps(x, w *graph.Node) []*graph.Node {
	border := make([][2]int, x.Rank())
	copy(border[g.space:], g.Padding)
	x = nodes.Pad(x, border, 0)
	window := g.windowSize(w)
	all := make([]*graph.Node, nodes.Size(window))
	for t := range all {
		tap, rest := x, t
		for i := len(window) - 1; i >= 0; i-- {
			axis, size := g.space+i, window[i]
			from, count := rest%size*g.Dilation[i], (nodes.Dims(x)[axis]-g.Dilation[i]*(size-1)-1)/g.Stride[i]+1
			tap = nodes.Slice(tap, axis, from, from+(count-1)*g.Stride[i]+1, g.Stride[i])
			rest /= size
		}
		all[t] = tap
	}
	return all
}

// isProduct says whether product applies.
func (g geometry) isProduct(w *graph.Node) bool {
	return g.Groups == 1 && nodes.Size(g.windowSize(w)) <= MaxTaps
}

// product is the product of the weights with the elements of each window, concatenated (im2col). The convolution of the
// pure-Go backend is ten times slower.
func (g geometry) product(x, w *graph.Node) *graph.Node {
	columns := graph.Concatenate(g.taps(x, w), g.channels) // taps·in channels
	out, in, taps := nodes.Dims(w)[g.out], nodes.Dims(w)[g.in], nodes.Size(g.windowSize(w))
	if g.out > g.window {
		return graph.DotGeneral(columns, []int{g.channels}, nil, graph.Reshape(w, taps*in, out), []int{0}, nil)
	}
	rows := graph.Reshape(nodes.Swap(graph.Reshape(w, out, in, taps), 1, 2), out, taps*in)
	return g.placed(graph.DotGeneral(columns, []int{g.channels}, nil, rows, []int{1}, nil))
}
