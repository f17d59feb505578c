package nets

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
)

// This file writes convolutions and their gradients so that XLA's CPU
// compiler hands each of them to oneDNN. It does so for convolutions over
// three dimensions only (two-dimensional ones go to a slower library), so
// images get a depth of one. The gradients are convolutions too, of shapes
// that oneDNN is good at; XLA's own choices run at a third to a tenth of the
// speed, depending on the number of channels (BenchmarkConvolution).

// convolveOneDNN is a convolution with gradients of its own making.
//
// The graph library takes a custom gradient only for an identity of one input.
// So there are three: the one around the result notes the incoming gradient dy,
// and those around x and the kernel, which are reached later on the way back,
// compute theirs from it. What the library derives for the convolution itself
// is not used by anything and is dropped by the compiler.
func convolveOneDNN(x, kernel *graph.Node, stride, padding int) *graph.Node {
	if kernel.Shape().Dim(0) == 1 && padding == 0 {
		return convolvePoints(x, kernel, stride)
	}
	var dy *graph.Node
	xIn := graph.IdentityWithCustomGradient(x, func(_, _ *graph.Node) *graph.Node {
		return inputGradient(x, kernel, dy, stride, padding)
	})
	kernelIn := graph.IdentityWithCustomGradient(kernel, func(_, _ *graph.Node) *graph.Node {
		return kernelGradient(x, kernel, dy, stride, padding)
	})
	y := withDepth(xIn, kernelIn, stride, [2]int{padding, padding}, [2]int{padding, padding})
	return graph.IdentityWithCustomGradient(y, func(_, v *graph.Node) *graph.Node {
		dy = v
		return v
	})
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
func withDepth(x, kernel *graph.Node, stride int, rows, columns [2]int) *graph.Node {
	y := graph.Convolve(graph.InsertAxes(x, 1), graph.InsertAxes(kernel, 0)).
		StridePerAxis(1, stride, stride).PaddingPerDim([][2]int{{0, 0}, rows, columns}).Done()
	return graph.Squeeze(y, 1)
}

// inputGradient is dx of a convolution, given dy.
func inputGradient(x, kernel, dy *graph.Node, stride, padding int) *graph.Node {
	k := kernel.Shape().Dim(0)
	turned := graph.Transpose(graph.Reverse(kernel, 0, 1), 2, 3) // [k, k, out, in]
	height, width := x.Shape().Dim(1), x.Shape().Dim(2)
	switch {
	case stride == 1:
		around := [2]int{k - 1 - padding, k - 1 - padding}
		return withDepth(dy, turned, 1, around, around)
	case stride == 2 && k == 3 && padding == 1 && height%2 == 0 && width%2 == 0:
		return inputGradientByPhases(turned, dy)
	}
	// The general case: dy with stride−1 zeros between its elements.
	border := func(size, out int) [2]int {
		low := k - 1 - padding
		return [2]int{low, size + k - 1 - low - ((out-1)*stride + 1)}
	}
	return graph.Convolve(dy, turned).InputDilationPerAxis(stride, stride).
		PaddingPerDim([][2]int{border(height, dy.Shape().Dim(1)), border(width, dy.Shape().Dim(2))}).Done()
}

// inputGradientByPhases is dx of a 3×3 convolution with stride 2 and padding 1
// on an image of even size. Along each axis an even element of dx meets only
// the kernel's middle, an odd one its two ends, so the four phases of dx are
// four sets of filters of one 2×2 convolution of dy, and dx is their
// interleaving. turned is the kernel reversed in space, [3, 3, out, in].
func inputGradientByPhases(turned, dy *graph.Node) *graph.Node {
	zeros := graph.ZerosLike(graph.Slice(turned, graph.AxisRange(0, 1)))
	row := func(i int) *graph.Node { return graph.Slice(turned, graph.AxisRange(i, i+1)) }
	evenRows := graph.Concatenate([]*graph.Node{row(1), zeros}, 0) // [2, 3, out, in]
	oddRows := graph.Concatenate([]*graph.Node{row(0), row(2)}, 0)
	var phases []*graph.Node
	for _, rows := range []*graph.Node{evenRows, oddRows} {
		zeros := graph.ZerosLike(graph.Slice(rows, graph.AxisRange(), graph.AxisRange(0, 1)))
		column := func(i int) *graph.Node { return graph.Slice(rows, graph.AxisRange(), graph.AxisRange(i, i+1)) }
		phases = append(phases,
			graph.Concatenate([]*graph.Node{column(1), zeros}, 1), // [2, 2, out, in]
			graph.Concatenate([]*graph.Node{column(0), column(2)}, 1))
	}
	kernel := graph.Concatenate(phases, 3) // [2, 2, out, 4·in]
	after := [2]int{0, 1}
	all := withDepth(dy, kernel, 1, after, after)
	batch, height, width, in := dy.Shape().Dim(0), dy.Shape().Dim(1), dy.Shape().Dim(2), turned.Shape().Dim(3)
	all = graph.TransposeAllAxes(graph.Reshape(all, batch, height, width, 2, 2, in), 0, 1, 3, 2, 4, 5)
	return graph.Reshape(all, batch, 2*height, 2*width, in)
}

// cacheBytes is how much of x and dy a kernel gradient works on at a time.
const cacheBytes = 8 << 20

// kernelGradient is the gradient with respect to the kernel, given dy.
//
// It is the correlation of x with dy. As a convolution over the three
// dimensions batch, row, and column-and-channel, of one input channel, with dy
// as its kernel as it lies in memory, dilated by the stride, nothing needs to
// be transposed. The batch is cut into parts that fit the cache.
func kernelGradient(x, kernel, dy *graph.Node, stride, padding int) *graph.Node {
	k, in, out := kernel.Shape().Dim(0), kernel.Shape().Dim(2), kernel.Shape().Dim(3)
	batch, outHeight, outWidth := dy.Shape().Dim(0), dy.Shape().Dim(1), dy.Shape().Dim(2)
	// The rows and columns of the padded image that the kernel reaches.
	height, width := (outHeight-1)*stride+k, (outWidth-1)*stride+k
	x = reach(reach(x, 1, padding, height), 2, padding, width)
	perImage := x.Shape().Size()/batch + dy.Shape().Size()/batch
	part := max(1, cacheBytes/(x.DType().Size()*perImage))
	var sum *graph.Node
	for from := 0; from < batch; from += part {
		n := min(part, batch-from)
		images := graph.Reshape(graph.Slice(x, graph.AxisRange(from, from+n)), 1, n, height, width*in, 1)
		filter := graph.Reshape(graph.Slice(dy, graph.AxisRange(from, from+n)), n, outHeight, outWidth, 1, out)
		g := graph.Convolve(images, filter).NoPadding().DilationPerAxis(1, stride, stride*in).Done()
		if g = graph.Reshape(g, k, k, in, out); sum == nil {
			sum = g
			continue
		}
		sum = graph.Add(sum, g)
	}
	return sum
}

// reach puts padding zeros before the image along an axis and cuts or pads it
// behind so that size elements are left.
func reach(x *graph.Node, axis, padding, size int) *graph.Node {
	have := x.Shape().Dim(axis)
	pads := make([]compute.PadAxis, x.Rank())
	pads[axis] = compute.PadAxis{Start: padding, End: max(0, size-padding-have)}
	x = graph.Pad(x, graph.ScalarZero(x.Graph(), x.DType()), pads...)
	return graph.SliceAxis(x, axis, graph.AxisRange(0, size))
}
