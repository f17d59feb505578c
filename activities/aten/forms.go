package aten

import (
	"github.com/gomlx/gomlx/core/graph"
)

// This file writes convolutions whose windows do not overlap, and those of single
// channels, as other operations. They are faster than the convolutions of the
// backends, and the library derives their gradients.

// isPatches is whether windows lie side by side.
func (k kernel) isPatches(w *graph.Node) bool {
	for i, s := range k.stride {
		if s != dims(w)[2+i] || k.padding[i] != [2]int{} || k.dilation[i] != 1 {
			return false
		}
	}
	return k.groups == 1
}

// patches is the product of each window of x with the weights.
func (k kernel) patches(x, w *graph.Node) *graph.Node {
	n := len(k.stride)
	shape, inX := dims(x)[:2:2], []int{1}
	for i, s := range k.stride {
		count := dims(x)[2+i] / s
		x = along(x, 2+i, 0, count*s, 1)
		inX = append(inX, len(shape)+1)
		shape = append(shape, count, s)
	}
	y := graph.DotGeneral(graph.Reshape(x, shape...), inX, nil, w, sequence(1, n+1), nil) // [batch, …, out]
	return permuted(y, append([]int{0, n + 1}, sequence(1, n)...))
}

// isDepthwise is whether each output is made of one channel, by few weights.
func (k kernel) isDepthwise(x, w *graph.Node) bool {
	return dims(w)[1] == 1 && k.groups == dims(x)[1] && k.groups > 1 && product(dims(w)[2:]) <= maxTapsDepthwise
}

// maxTapsDepthwise is the largest number of weights of a channel that are written out.
const maxTapsDepthwise = 64

// depthwise is the sum over the places of the kernel of the part of x that lies
// there, times the weight. channels is the axis of channels of x, 1 or the last.
func (k kernel) depthwise(x, w *graph.Node, channels int) *graph.Node {
	space := 2
	if channels > 1 {
		space = 1
	}
	x = repeated(x, channels, dims(w)[0]/k.groups)
	var y *graph.Node
	for t, part := range k.taps(x, w, space) {
		weight := selected(graph.Reshape(w, dims(w)[0], product(dims(w)[2:])), 1, t)
		y = plus(y, graph.Mul(part, channelwise(weight, part, channels)))
	}
	return y
}

// taps are the parts of the padded x that lie at the places of the kernel. space
// is the first axis of space of x.
func (k kernel) taps(x, w *graph.Node, space int) []*graph.Node {
	border := make([][2]int, x.Rank())
	copy(border[space:], k.padding)
	x = padded(x, border, 0)
	all := make([]*graph.Node, product(dims(w)[2:]))
	for t := range all {
		part, rest := x, t
		for i := len(k.stride) - 1; i >= 0; i-- {
			size := dims(w)[2+i]
			from, count := rest%size*k.dilation[i], (dims(x)[space+i]-k.dilation[i]*(size-1)-1)/k.stride[i]+1
			part = along(part, space+i, from, from+(count-1)*k.stride[i]+1, k.stride[i])
			rest /= size
		}
		all[t] = part
	}
	return all
}

// product is the product of the weights with all elements of each window, put
// side by side.
func (k kernel) product(x, w *graph.Node) *graph.Node {
	columns := graph.Concatenate(k.taps(x, w, 2), 1) // [batch, places·in, …]
	out, in, places := dims(w)[0], dims(w)[1], product(dims(w)[2:])
	rows := graph.Reshape(swapped(graph.Reshape(w, out, in, places), 1, 2), out, places*in)
	y := graph.DotGeneral(columns, []int{1}, nil, rows, []int{1}, nil) // [batch, …, out]
	n := len(k.stride)
	return permuted(y, append([]int{0, n + 1}, sequence(1, n)...))
}

// repeated is x with each element along an axis several times in a row.
func repeated(x *graph.Node, axis, times int) *graph.Node {
	if times == 1 {
		return x
	}
	y := insertAxis(x, axis+1)
	to, final := append([]int{}, dims(y)...), append([]int{}, dims(x)...)
	to[axis+1] = times
	final[axis] *= times
	return graph.Reshape(broadcast(y, to), final...)
}
