package nets

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
)

// Formulation says how convolutions and their gradients are written as
// operations of a backend. Results are the same but for the order of
// summation; the speed on a backend is not.
type Formulation int

// The formulations.
const (
	Plain   Formulation = iota // the backend's convolution over two dimensions
	Product                    // matrix products of image patches, for backends with a slow convolution
	OneDNN                     // forms that XLA's CPU compiler hands to oneDNN
)

// convolve is the one place where a convolution becomes operations. x is
// [batch, height, width, in], kernel [size, size, in, out].
func (f Formulation) convolve(x, kernel *graph.Node, stride, padding int) *graph.Node {
	if padding > (kernel.Shape().Dim(0)-1)/2 {
		// The library's derivation below panics beyond half the kernel.
		x, padding = padded(x, padding, 0), 0
	}
	switch {
	case f == Product:
		return convolveProduct(x, kernel, stride, padding)
	case f == OneDNN && kernel.Shape().Dim(0) == 1 && padding == 0:
		return convolvePoints(x, kernel, stride)
	case f == OneDNN:
		return oneDNN.convolve(x, kernel, stride, padding)
	}
	return plain.convolve(x, kernel, stride, padding)
}

// rules is a convolution with its two gradients.
type rules struct {
	forward func(x, kernel *graph.Node, stride, padding int) *graph.Node
	input   func(x, kernel, dy *graph.Node, stride, padding int) *graph.Node // dx
	kernel  func(x, kernel, dy *graph.Node, stride, padding int) *graph.Node
}

// convolve applies the rules. What the library derives for the convolution
// itself is wrong for kernels of even size.
func (r rules) convolve(x, kernel *graph.Node, stride, padding int) *graph.Node {
	return withGradients([]*graph.Node{x, kernel},
		func(in []*graph.Node) *graph.Node { return r.forward(in[0], in[1], stride, padding) },
		func(dy *graph.Node) *graph.Node { return r.input(x, kernel, dy, stride, padding) },
		func(dy *graph.Node) *graph.Node { return r.kernel(x, kernel, dy, stride, padding) })
}

// withGradients is y = forward(inputs) with the gradient of each input written
// out, as a function of dy, the gradient that reaches y.
//
// The graph library takes a custom gradient only for an identity of one input.
// So there is one around the result, which notes dy, and one around each
// input, which are reached later on the way back and compute theirs from it.
// What the library derives in between is used by nothing and dropped when the
// graph is compiled.
func withGradients(inputs []*graph.Node, forward func(in []*graph.Node) *graph.Node, gradients ...func(dy *graph.Node) *graph.Node) *graph.Node {
	var dy *graph.Node
	in := make([]*graph.Node, len(inputs))
	for i, x := range inputs {
		in[i] = graph.IdentityWithCustomGradient(x, func(_, _ *graph.Node) *graph.Node { return gradients[i](dy) })
	}
	return graph.IdentityWithCustomGradient(forward(in), func(_, v *graph.Node) *graph.Node {
		dy = v
		return v
	})
}

// plain are the rules in the usual form.
var plain = rules{
	forward: func(x, kernel *graph.Node, stride, padding int) *graph.Node {
		around := [2]int{padding, padding}
		return graph.Convolve(x, kernel).Strides(stride).PaddingPerDim([][2]int{around, around}).Done()
	},
	input:  inputGradient,
	kernel: kernelGradient,
}

// inputGradient is dx: the convolution of dy, with stride−1 zeros put between
// its elements, and the kernel turned by half a circle.
func inputGradient(x, kernel, dy *graph.Node, stride, padding int) *graph.Node {
	k := kernel.Shape().Dim(0)
	border := func(axis int) [2]int {
		low := k - 1 - padding
		return [2]int{low, x.Shape().Dim(axis) + k - 1 - low - ((dy.Shape().Dim(axis)-1)*stride + 1)}
	}
	c := graph.Convolve(dy, turned(kernel)).PaddingPerDim([][2]int{border(1), border(2)})
	if stride > 1 {
		c = c.InputDilationPerAxis(stride, stride)
	}
	return c.Done()
}

// turned is the kernel reversed in space, with input and output exchanged: [size, size, out, in].
func turned(kernel *graph.Node) *graph.Node {
	return graph.Transpose(graph.Reverse(kernel, 0, 1), 2, 3)
}

// kernelGradient is the gradient with respect to the kernel: the correlation
// of x with dy over the batch, which is a convolution in which batch and
// channels have changed places.
func kernelGradient(x, kernel, dy *graph.Node, stride, padding int) *graph.Node {
	axes := compute.ConvolveAxesConfig{
		InputBatch: 3, InputChannels: 0, InputSpatial: []int{1, 2},
		KernelInputChannels: 0, KernelOutputChannels: 3, KernelSpatial: []int{1, 2},
		OutputBatch: 2, OutputChannels: 3, OutputSpatial: []int{0, 1},
	}
	x = met(x, kernel, dy, stride, padding)
	return graph.Convolve(x, dy).AxesConfig(axes).NoPadding().DilationPerAxis(stride, stride).Done()
}

// met is the part of the padded images x that the kernel meets.
func met(x, kernel, dy *graph.Node, stride, padding int) *graph.Node {
	for axis := 1; axis <= 2; axis++ {
		size := (dy.Shape().Dim(axis)-1)*stride + kernel.Shape().Dim(axis-1)
		pads := make([]compute.PadAxis, x.Rank())
		pads[axis] = compute.PadAxis{Start: padding, End: max(0, size-padding-x.Shape().Dim(axis))}
		x = graph.Pad(x, graph.ScalarZero(x.Graph(), x.DType()), pads...)
		x = graph.SliceAxis(x, axis, graph.AxisRange(0, size))
	}
	return x
}
