package conv

import (
	"github.com/gomlx/gomlx/core/graph"
	"golang.org/x/sys/cpu"

	"lossatlas/activities/internal/nodes"
)

// This file writes convolutions of images, and their gradients, so that XLA's CPU compiler hands each of them to oneDNN. It
// does so for convolutions over three dimensions with channels last only (two-dimensional ones go to a slower library), so
// images get a depth of one. The gradients are convolutions too, of shapes that oneDNN is good at. XLA's own choices take 1.2
// to 1.9 times as long, and for gradients of kernels up to 3 times (BenchmarkConvolution).

// oneDNN is the convolution of images with channels last, without groups and dilation.
func (k Kernel) oneDNN(x, filters *graph.Node) *graph.Node {
	return nodes.WithGradients(fastest(x, filters, k.Stride, k.Padding), []*graph.Node{x, filters},
		func(dy *graph.Node) *graph.Node { return k.inputGradient(dy, filters, nodes.Dims(x)[1:3]) },
		func(dy *graph.Node) *graph.Node { return k.filterGradient(x, dy, nodes.Dims(filters)) })
}

// fastest is withDepth, or winograd where that is faster.
func fastest(x, filters *graph.Node, stride []int, padding [][2]int) *graph.Node {
	if isWinograd(x, filters, stride, padding) {
		return winograd(x, filters, stride, padding)
	}
	return withDepth(x, filters, stride, padding)
}

// withDepth is the convolution of x [batch, rows, columns, in] with filters [rows, columns, in, out], as one over three
// dimensions with a depth of one.
func withDepth(x, filters *graph.Node, stride []int, padding [][2]int) *graph.Node {
	y := graph.Convolve(nodes.InsertAxis(x, 1), nodes.InsertAxis(filters, 0)).
		StridePerAxis(1, stride[0], stride[1]).PaddingPerDim([][2]int{{0, 0}, padding[0], padding[1]}).Done()
	return nodes.Select(y, 1, 0)
}

// inputGradient is dx, of a size, from dy and filters in the layouts of withDepth.
func (k Kernel) inputGradient(dy, filters *graph.Node, size []int) *graph.Node {
	g := geometry{k, channelsLast}
	switch {
	case k.isHalving(filters, size):
		return inputGradientByPhases(g.turned(filters), dy)
	case allOne(k.Stride):
		border, cuts := g.inputBorder(dy, filters, size)
		return g.crop(fastest(dy, g.turned(filters), k.Stride, border), cuts)
	}
	return g.inputGradient(dy, filters, size)
}

// isHalving says whether a convolution is 3×3 with stride 2 and padding 1 on an image of even size.
func (k Kernel) isHalving(filters *graph.Node, size []int) bool {
	for i := range 2 {
		if nodes.Dims(filters)[i] != 3 || k.Stride[i] != 2 || k.Padding[i] != [2]int{1, 1} || size[i]%2 != 0 {
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
		at := func(i int) *graph.Node { return nodes.Slice(k, axis, i, i+1, 1) }
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
	batch, height, width, in := nodes.Dims(dy)[0], nodes.Dims(dy)[1], nodes.Dims(dy)[2], nodes.Dims(turned)[3]
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
func (k Kernel) filterGradient(x, dy *graph.Node, shape []int) *graph.Node {
	in, out, batch := shape[2], shape[3], nodes.Dims(dy)[0]
	reach := [2]int{} // of x, where the last window ends
	for i := range 2 {
		reach[i] = (nodes.Dims(dy)[1+i]-1)*k.Stride[i] + shape[i] - k.Padding[i][0]
		x = nodes.Slice(x, 1+i, 0, min(reach[i], nodes.Dims(x)[1+i]), 1)
	}
	rows, columns := nodes.Dims(x)[1], nodes.Dims(x)[2]
	border := [][2]int{{0, 0}, {k.Padding[0][0], reach[0] - rows}, {k.Padding[1][0] * in, (reach[1] - columns) * in}}
	fold, parts := cutFilterGradient(x, dy)
	met := shape[1] + (fold-1)*k.Stride[1]
	var sum *graph.Node // [rows, met, in, fold, out]
	size := (batch + parts - 1) / parts
	for from := 0; from < batch; from += size {
		n := min(size, batch-from)
		images := graph.Reshape(nodes.Slice(x, 0, from, from+n, 1), 1, n, rows, columns*in, 1)
		filter := graph.Reshape(nodes.Slice(dy, 0, from, from+n, 1), n, nodes.Dims(dy)[1], nodes.Dims(dy)[2]/fold, 1, fold*out)
		g := graph.Convolve(images, filter).PaddingPerDim(border).DilationPerAxis(1, k.Stride[0], fold*k.Stride[1]*in).Done()
		sum = nodes.Plus(sum, graph.Reshape(g, shape[0], met, in, fold, out))
	}
	var gradient *graph.Node
	for f := range fold {
		part := nodes.Slice(nodes.Slice(sum, 1, f*k.Stride[1], f*k.Stride[1]+shape[1], 1), 3, f, f+1, 1)
		gradient = nodes.Plus(gradient, graph.Reshape(part, shape...))
	}
	return gradient
}

// HasLongVectors says whether oneDNN computes with vectors of 512 bits, by the instructions that AVX-512 code of XLA takes.
func HasLongVectors() bool {
	x := cpu.X86
	return x.HasAVX512F && x.HasAVX512VL && x.HasAVX512BW && x.HasAVX512DQ
}

// cutFilterGradient chooses how filterGradient does its work, by measurements of layers of the built-in networks at batches
// of 128. With AVX-512, in GFLOP per CPU-second:
//
//	out  in  fold  parts of    1 part, fold 1
//	 16  16    2   2 MB         52 (in one part folded 66)
//	 16   3    2   the batch    33
//	 32  any   1   the batch   166 (folded 116)
//	≥64  any   1   4 MB        111 to 189
//
// With AVX2, in CPU-milliseconds on a busy EPYC, the medians of three:
//
//	out  in  stride  fold 1, parts of 2 MB   before
//	 16  16    1     28                      40 (fold 2)
//	 32  32    1     25                      34 (the batch)
//	 32  16    2     15 (4 parts)            29 (the batch)
//	 64  64    1     18 (4 parts)            19 (the batch, as now)
//
// There each part and its offsets, 40 bytes for an element of dy without channels, are read once for each 6 numbers of a row
// of the gradient, so they have to stay in the cache. Matrix products of x and dy, each moved by the elements of one axis of
// the kernel, take as long as parts of 2 MB do.
func cutFilterGradient(x, dy *graph.Node) (fold, parts int) {
	const vector, cache = 16, 4 << 20 // numbers in a long vector of the processor; bytes of x and dy that stay in its cache
	const fewParts = 8                // for layers of many inputs and few outputs, of which networks have many
	bytes := x.DType().Size() * (x.Shape().Size() + dy.Shape().Size())
	pieces := func(size int) int { return min(nodes.Dims(x)[0], (bytes+size-1)/size, maxPieces) }
	switch in, out := nodes.Dims(x)[3], nodes.Dims(dy)[3]; {
	case out <= vector && nodes.Dims(dy)[2]%2 == 0 && in < vector:
		return 2, 1
	case out < 4*vector && !HasLongVectors():
		return 1, min(pieces(cache/2), fewParts)
	case out <= vector && nodes.Dims(dy)[2]%2 == 0:
		return 2, pieces(cache / 2)
	case out < 4*vector:
		return 1, 1
	}
	return 1, pieces(cache)
}
