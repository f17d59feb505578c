package nets

import (
	"github.com/gomlx/gomlx/core/graph"
)

// This file writes convolutions and their gradients so that XLA's CPU
// compiler hands each of them to oneDNN. It does so for convolutions over
// three dimensions only (two-dimensional ones go to a slower library), so
// images get a depth of one. The gradients are convolutions too, of shapes
// that oneDNN is good at. XLA's own choices take 1.2 to 1.9 times as long, and for
// gradients of kernels up to 3 times (BenchmarkConvolution).

var oneDNN = rules{
	forward: func(x, kernel *graph.Node, stride, padding int) *graph.Node {
		return withDepth(x, kernel, stride, [2]int{padding, padding})
	},
	input:  inputGradientWithDepth,
	kernel: kernelGradientWithDepth,
}

// convolvePoints is a convolution with a kernel of one pixel: a matrix product for the pixels it meets.
func convolvePoints(x, kernel *graph.Node, stride int) *graph.Node {
	if stride > 1 {
		height, width := (x.Shape().Dim(1)-1)/stride+1, (x.Shape().Dim(2)-1)/stride+1
		x = tap(x, 0, 0, height, width, stride)
	}
	k := graph.Reshape(kernel, kernel.Shape().Dim(2), kernel.Shape().Dim(3))
	return graph.DotGeneral(x, []int{3}, nil, k, []int{0}, nil)
}

// withDepth is the convolution of x [batch, height, width, in] with kernel
// [height, width, in, out], as one over three dimensions with a depth of one.
// border is the padding before and after, along both axes.
func withDepth(x, kernel *graph.Node, stride int, border [2]int) *graph.Node {
	y := graph.Convolve(graph.InsertAxes(x, 1), graph.InsertAxes(kernel, 0)).
		StridePerAxis(1, stride, stride).PaddingPerDim([][2]int{{0, 0}, border, border}).Done()
	return graph.Squeeze(y, 1)
}

func inputGradientWithDepth(x, kernel, dy *graph.Node, stride, padding int) *graph.Node {
	k, height, width := kernel.Shape().Dim(0), x.Shape().Dim(1), x.Shape().Dim(2)
	switch {
	case stride == 1:
		return withDepth(dy, turned(kernel), 1, [2]int{k - 1 - padding, k - 1 - padding})
	case stride == 2 && k == 3 && padding == 1 && height%2 == 0 && width%2 == 0:
		return inputGradientByPhases(turned(kernel), dy)
	}
	return inputGradient(x, kernel, dy, stride, padding)
}

// inputGradientByPhases is dx of a 3×3 convolution with stride 2 and padding 1
// on an image of even size. Along each axis an even element of dx meets only
// the kernel's middle, an odd one its two ends, so the four phases of dx are
// four sets of filters of one 2×2 convolution of dy, and dx is their
// interleaving. turned is the kernel reversed in space, [3, 3, out, in].
func inputGradientByPhases(turned, dy *graph.Node) *graph.Node {
	halves := func(k *graph.Node, axis int) []*graph.Node { // what even and odd elements along an axis meet
		at := func(i int) *graph.Node { return graph.SliceAxis(k, axis, graph.AxisRange(i, i+1)) }
		return []*graph.Node{
			graph.Concatenate([]*graph.Node{at(1), graph.ZerosLike(at(0))}, axis),
			graph.Concatenate([]*graph.Node{at(0), at(2)}, axis),
		}
	}
	var phases []*graph.Node // four of [2, 2, out, in]
	for _, rows := range halves(turned, 0) {
		phases = append(phases, halves(rows, 1)...)
	}
	kernel := graph.Concatenate(phases, 3) // [2, 2, out, 4·in]
	all := withDepth(dy, kernel, 1, [2]int{0, 1})
	batch, height, width, in := dy.Shape().Dim(0), dy.Shape().Dim(1), dy.Shape().Dim(2), turned.Shape().Dim(3)
	all = graph.TransposeAllAxes(graph.Reshape(all, batch, height, width, 2, 2, in), 0, 1, 3, 2, 4, 5)
	return graph.Reshape(all, batch, 2*height, 2*width, in)
}

// maxParts is how many parts a kernel gradient is the sum of at most: the plugin
// fuses their additions into one convolution, and oneDNN has room for 32 operations
// after one. Beyond it the plugin ends the process.
const maxParts = 32

// kernelGradientWithDepth is the gradient with respect to the kernel as a
// convolution over the three dimensions batch, row, and column-and-channel, of
// one input channel. Its kernel is dy as it lies in memory, dilated by the
// stride, so that nothing needs to be transposed or padded before.
//
// fold neighbouring pixels of dy count as one with fold times the channels,
// which gives the gradient of a kernel moved by each of them: together they
// meet more columns of x than the kernel has.
func kernelGradientWithDepth(x, kernel, dy *graph.Node, stride, padding int) *graph.Node {
	k, in, out := kernel.Shape().Dim(0), kernel.Shape().Dim(2), kernel.Shape().Dim(3)
	batch, height, width := dy.Shape().Dim(0), dy.Shape().Dim(1), dy.Shape().Dim(2)
	reach := func(positions int) int { return (positions-1)*stride + k - padding } // of x, where the last window ends
	x = graph.Slice(x, graph.AxisRange(), graph.AxisRange(0, min(reach(height), x.Shape().Dim(1))), graph.AxisRange(0, min(reach(width), x.Shape().Dim(2))))
	rows, columns := x.Shape().Dim(1), x.Shape().Dim(2)
	border := [][2]int{{0, 0}, {padding, reach(height) - rows}, {padding * in, (reach(width) - columns) * in}}
	fold, parts := cutKernelGradient(x, dy)
	met := k + (fold-1)*stride
	var sum *graph.Node // [k, met, in, fold, out]
	size := (batch + parts - 1) / parts
	for from := 0; from < batch; from += size {
		n := min(size, batch-from)
		images := graph.Reshape(graph.Slice(x, graph.AxisRange(from, from+n)), 1, n, rows, columns*in, 1)
		filter := graph.Reshape(graph.Slice(dy, graph.AxisRange(from, from+n)), n, height, width/fold, 1, fold*out)
		g := graph.Convolve(images, filter).PaddingPerDim(border).DilationPerAxis(1, stride, fold*stride*in).Done()
		sum = plus(sum, graph.Reshape(g, k, met, in, fold, out))
	}
	if fold == 1 {
		return graph.Reshape(sum, k, k, in, out)
	}
	var gradient *graph.Node
	for f := range fold {
		g := graph.Slice(sum, graph.AxisRange(), graph.AxisRange(f*stride, f*stride+k), graph.AxisRange(), graph.AxisRange(f, f+1))
		gradient = plus(gradient, graph.Reshape(g, k, k, in, out))
	}
	return gradient
}

// cutKernelGradient chooses how kernelGradientWithDepth does its work, by
// what was measured for layers of the built-in networks at batches of 128, in
// GFLOP per CPU-second, on one machine and another:
//
//	out  in  fold  parts of    1 part, fold 1   so
//	 16  16    2   2 MB         52, 45           —, 47 (in one part  66, 38)
//	 16   3    2   the batch    33, 18          51, 28 (in parts      —, 17)
//	 32  any   1   the batch   166, 88         166, 88 (folded      116, 73)
//	≥64  any   1   4 MB        111 to 189      161 to 242, —
func cutKernelGradient(x, dy *graph.Node) (fold, parts int) {
	const vector, cache = 16, 4 << 20 // numbers in a vector of the processor; bytes of x and dy that stay in its cache
	bytes := x.DType().Size() * (x.Shape().Size() + dy.Shape().Size())
	pieces := func(size int) int { return min(x.Shape().Dim(0), (bytes+size-1)/size, maxParts) }
	switch in, out := x.Shape().Dim(3), dy.Shape().Dim(3); {
	case out <= vector && dy.Shape().Dim(2)%2 == 0 && in < vector:
		return 2, 1
	case out <= vector && dy.Shape().Dim(2)%2 == 0:
		return 2, pieces(cache / 2)
	case out < 4*vector:
		return 1, 1
	}
	return 1, pieces(cache)
}
