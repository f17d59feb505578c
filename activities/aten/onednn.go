package aten

import (
	"github.com/gomlx/gomlx/core/graph"
)

// This file writes convolutions over images and their gradients so that XLA's CPU
// compiler hands each of them to oneDNN, as nets.OneDNN does, for any kernel,
// stride and padding. The compiler does so for convolutions over three dimensions
// with channels last, so images get a depth of one and change their layout around
// each. It drops the changes between neighbouring operations by its choice of
// layouts in memory.

// Formulation says how convolutions are written. Results are the same but for the
// order of summation; the speed on a backend is not.
type Formulation int

// The formulations, in the order of package nets.
const (
	Plain   Formulation = iota // as the backend takes them
	Product                    // matrix products of image patches, for backends with a slow convolution
	OneDNN                     // as XLA's CPU compiler hands them to oneDNN
)

// convolveLast is the convolution of x with w, and bias, computed with channels last.
func (c *call) convolveLast(k kernel, x, w *graph.Node) *graph.Node {
	last, filters := c.lastOf(x), graph.TransposeAllAxes(w, 2, 3, 1, 0)
	var y *graph.Node
	switch {
	case k.isDepthwise(x, w):
		y = k.depthwise(last, w, 3)
	case k.isPatches(w) || dims(w)[2] == 1 && dims(w)[3] == 1 && k.padding[0] == [2]int{} && k.padding[1] == [2]int{}:
		y = k.points(last, filters)
	default:
		y = withGradients(withDepth(last, filters, k.stride, k.padding), []*graph.Node{last, filters},
			func(dy *graph.Node) *graph.Node { return k.inputGradient(dy, filters, dims(last)) },
			func(dy *graph.Node) *graph.Node { return k.filterGradient(last, dy, dims(filters)) })
	}
	if b := c.tensor("bias"); b != nil {
		y = graph.Add(y, channelwise(b, y, 3))
	}
	return c.first(y)
}

// points is a convolution whose windows do not overlap: a matrix product for the
// pixels that each meets, of which there is one where the stride is larger.
func (k kernel) points(x, filters *graph.Node) *graph.Node {
	shape := dims(x)[:1:1]
	for i, s := range k.stride {
		size := dims(filters)[i]
		if size == 1 {
			x = along(x, 1+i, 0, dims(x)[1+i], s)
		}
		count := dims(x)[1+i] / size
		x = along(x, 1+i, 0, count*size, 1)
		shape = append(shape, count, size)
	}
	x = graph.Reshape(x, append(shape, dims(x)[3])...)
	return graph.DotGeneral(x, []int{2, 4, 5}, nil, filters, []int{0, 1, 2}, nil)
}

// withDepth is the convolution of x [batch, rows, columns, in] with filters [rows,
// columns, in, out], as one over three dimensions with a depth of one.
func withDepth(x, filters *graph.Node, stride []int, padding [][2]int) *graph.Node {
	y := graph.Convolve(insertAxis(x, 1), insertAxis(filters, 0)).
		StridePerAxis(1, stride[0], stride[1]).PaddingPerDim([][2]int{{0, 0}, padding[0], padding[1]}).Done()
	return selected(y, 1, 0)
}

// inputGradient is dx, of a shape, from dy and filters in the layouts of withDepth.
func (k kernel) inputGradient(dy, filters *graph.Node, shape []int) *graph.Node {
	turned := swapped(graph.Reverse(filters, 0, 1), 2, 3)
	if k.halves(filters, shape) {
		return inputGradientByPhases(turned, dy)
	}
	border := make([][2]int, 2)
	for i := range border {
		reach := dims(filters)[i] - 1
		low := reach - k.padding[i][0]
		border[i] = [2]int{low, shape[1+i] + reach - low - ((dims(dy)[1+i]-1)*k.stride[i] + 1)}
	}
	cuts := cutNegative(border)
	var dx *graph.Node
	if allOne(k.stride) {
		dx = withDepth(dy, turned, k.stride, border)
	} else {
		dx = graph.Convolve(dy, turned).PaddingPerDim(border).InputDilationPerAxis(k.stride...).Done()
	}
	for i, c := range cuts {
		dx = along(dx, 1+i, c[0], dims(dx)[1+i]-c[1], 1)
	}
	return dx
}

// halves is whether a convolution is 3×3 with stride 2 and padding 1 on an image of even size.
func (k kernel) halves(filters *graph.Node, shape []int) bool {
	for i := range 2 {
		if dims(filters)[i] != 3 || k.stride[i] != 2 || k.padding[i] != [2]int{1, 1} || shape[1+i]%2 != 0 {
			return false
		}
	}
	return true
}

// inputGradientByPhases is dx of a 3×3 convolution with stride 2 and padding 1.
// Along each axis an even element of dx meets only the kernel's middle, an odd one
// its two ends, so the four phases of dx are four sets of filters of one 2×2
// convolution of dy, and dx is their interleaving. turned is the kernel reversed
// in space, [3, 3, out, in].
func inputGradientByPhases(turned, dy *graph.Node) *graph.Node {
	halves := func(k *graph.Node, axis int) []*graph.Node { // what even and odd elements along an axis meet
		at := func(i int) *graph.Node { return along(k, axis, i, i+1, 1) }
		return []*graph.Node{
			graph.Concatenate([]*graph.Node{at(1), graph.ZerosLike(at(0))}, axis),
			graph.Concatenate([]*graph.Node{at(0), at(2)}, axis),
		}
	}
	var phases []*graph.Node // four of [2, 2, out, in]
	for _, rows := range halves(turned, 0) {
		phases = append(phases, halves(rows, 1)...)
	}
	all := withDepth(dy, graph.Concatenate(phases, 3), []int{1, 1}, [][2]int{{0, 1}, {0, 1}})
	batch, height, width, in := dims(dy)[0], dims(dy)[1], dims(dy)[2], dims(turned)[3]
	all = graph.TransposeAllAxes(graph.Reshape(all, batch, height, width, 2, 2, in), 0, 1, 3, 2, 4, 5)
	return graph.Reshape(all, batch, 2*height, 2*width, in)
}

// maxPieces is how many parts a gradient is the sum of at most: the plugin fuses
// their additions into one convolution, and oneDNN has room for 32 operations
// after one. Beyond it the plugin ends the process.
const maxPieces = 32

// filterGradient is the gradient with respect to filters of a shape [rows, columns,
// in, out], as a convolution over the three dimensions batch, row, and
// column-and-channel, of one input channel. Its kernel is dy as it lies in memory,
// dilated by the stride, so that nothing needs to be transposed or padded before.
//
// fold neighbouring pixels of dy count as one with fold times the channels,
// which gives the gradient of a kernel moved by each of them: together they
// meet more columns of x than the kernel has.
func (k kernel) filterGradient(x, dy *graph.Node, shape []int) *graph.Node {
	in, out, batch := shape[2], shape[3], dims(dy)[0]
	reach := [2]int{} // of x, where the last window ends
	for i := range 2 {
		reach[i] = (dims(dy)[1+i]-1)*k.stride[i] + shape[i] - k.padding[i][0]
		x = along(x, 1+i, 0, min(reach[i], dims(x)[1+i]), 1)
	}
	rows, columns := dims(x)[1], dims(x)[2]
	border := [][2]int{{0, 0}, {k.padding[0][0], reach[0] - rows}, {k.padding[1][0] * in, (reach[1] - columns) * in}}
	fold, parts := cutFilterGradient(x, dy)
	met := shape[1] + (fold-1)*k.stride[1]
	var sum *graph.Node // [rows, met, in, fold, out]
	size := (batch + parts - 1) / parts
	for from := 0; from < batch; from += size {
		n := min(size, batch-from)
		images := graph.Reshape(along(x, 0, from, from+n, 1), 1, n, rows, columns*in, 1)
		filter := graph.Reshape(along(dy, 0, from, from+n, 1), n, dims(dy)[1], dims(dy)[2]/fold, 1, fold*out)
		g := graph.Convolve(images, filter).PaddingPerDim(border).DilationPerAxis(1, k.stride[0], fold*k.stride[1]*in).Done()
		sum = plus(sum, graph.Reshape(g, shape[0], met, in, fold, out))
	}
	var gradient *graph.Node
	for f := range fold {
		part := along(along(sum, 1, f*k.stride[1], f*k.stride[1]+shape[1], 1), 3, f, f+1, 1)
		gradient = plus(gradient, graph.Reshape(part, shape...))
	}
	return gradient
}

// plus is sum + x, or x where there is no sum yet.
func plus(sum, x *graph.Node) *graph.Node {
	if sum == nil {
		return x
	}
	return graph.Add(sum, x)
}

// cutFilterGradient chooses how filterGradient does its work, by measurements of
// package nets (see cutKernelGradient there).
func cutFilterGradient(x, dy *graph.Node) (fold, parts int) {
	const vector, cache = 16, 4 << 20 // numbers in a vector of the processor; bytes of x and dy that stay in its cache
	bytes := x.DType().Size() * (x.Shape().Size() + dy.Shape().Size())
	pieces := func(size int) int { return min(dims(x)[0], (bytes+size-1)/size, maxPieces) }
	switch in, out := dims(x)[3], dims(dy)[3]; {
	case out <= vector && dims(dy)[2]%2 == 0 && in < vector:
		return 2, 1
	case out <= vector && dims(dy)[2]%2 == 0:
		return 2, pieces(cache / 2)
	case out < 4*vector:
		return 1, 1
	}
	return 1, pieces(cache)
}
