package conv

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// geometry is a kernel with the layout of its operands.
type geometry struct {
	Kernel
	layout
}

// layout names the axes of activations and weights.
type layout struct {
	channels, space int // of activations: the axis of channels, and the first of space
	out, in, window int // of weights: the axes of channels, and the first of space
}

var (
	channelsFirst = layout{channels: 1, space: 2, out: 0, in: 1, window: 2}
	channelsLast  = layout{channels: 3, space: 1, out: 3, in: 2, window: 0} // of images
)

// windowSize is the size of w along axes of space.
func (g geometry) windowSize(w *graph.Node) []int {
	return nodes.Dims(w)[g.window : g.window+len(g.Stride)]
}

// padBeyond surrounds x with its padding where that is larger than the window, so that every window has an element of x.
func (g geometry) padBeyond(x, w *graph.Node) (geometry, *graph.Node) {
	for i, size := range g.windowSize(w) {
		if max(g.Padding[i][0], g.Padding[i][1]) > g.Dilation[i]*(size-1) {
			border := make([][2]int, x.Rank())
			copy(border[g.space:], g.Padding)
			g.Padding = make([][2]int, len(g.Padding))
			return g, nodes.Pad(x, border, 0)
		}
	}
	return g, x
}

// plain is the backend's convolution with explicit gradients.
func (g geometry) plain(x, w *graph.Node) *graph.Node {
	size := nodes.Dims(x)[g.space : g.space+len(g.Stride)]
	return nodes.WithGradients(g.forward(x, w), []*graph.Node{x, w},
		func(dy *graph.Node) *graph.Node { return g.inputGradient(dy, w, size) },
		func(dy *graph.Node) *graph.Node { return g.weightGradient(x, dy, nodes.Dims(w)) })
}

func (g geometry) forward(x, w *graph.Node) *graph.Node {
	return convolve(x, w, g.axes(), g.Stride, g.Padding, nil, g.Dilation, g.Groups)
}

// axes are the axes of activations and weights for the graph library.
func (g geometry) axes() compute.ConvolveAxesConfig {
	space, window := nodes.Sequence(g.space, len(g.Stride)), nodes.Sequence(g.window, len(g.Stride))
	return compute.ConvolveAxesConfig{InputBatch: 0, InputChannels: g.channels, InputSpatial: space,
		KernelOutputChannels: g.out, KernelInputChannels: g.in, KernelSpatial: window,
		OutputBatch: 0, OutputChannels: g.channels, OutputSpatial: space}
}

// convolve leaves out dilations of 1, which makes backends choose their fastest algorithms.
func convolve(x, w *graph.Node, axes compute.ConvolveAxesConfig, stride []int, padding [][2]int, inputDilation, dilation []int, groups int) *graph.Node {
	if allOne(inputDilation) {
		inputDilation = nil
	}
	if allOne(dilation) {
		dilation = nil
	}
	return graph.ConvGeneral(x, w, axes, stride, padding, inputDilation, dilation, groups, 1)
}

// inputGradient is dx, of a size along the axes of space: the convolution of dy, with stride−1 zeros between its elements,
// with the turned kernel.
func (g geometry) inputGradient(dy, w *graph.Node, size []int) *graph.Node {
	border, cuts := g.inputBorder(dy, w, size)
	ones := make([]int, len(g.Stride))
	for i := range ones {
		ones[i] = 1
	}
	return g.crop(convolve(dy, g.turned(w), g.axes(), ones, border, g.Stride, g.Dilation, g.Groups), cuts)
}

// inputBorder is the padding of dy in inputGradient. Not every backend accepts negative padding, so there are elements to cut
// off the result instead.
func (g geometry) inputBorder(dy, w *graph.Node, size []int) (border, cuts [][2]int) {
	border, cuts = make([][2]int, len(size)), make([][2]int, len(size))
	for i, n := range g.windowSize(w) {
		reach := g.Dilation[i] * (n - 1)
		low := reach - g.Padding[i][0]
		high := size[i] + reach - low - ((nodes.Dims(dy)[g.space+i]-1)*g.Stride[i] + 1)
		border[i] = [2]int{max(0, low), max(0, high)}
		cuts[i] = [2]int{max(0, -low), max(0, -high)}
	}
	return border, cuts
}

// crop is x without elements at both ends of the axes of space.
func (g geometry) crop(x *graph.Node, cuts [][2]int) *graph.Node {
	for i, c := range cuts {
		x = nodes.Slice(x, g.space+i, c[0], nodes.Dims(x)[g.space+i]-c[1], 1)
	}
	return x
}

// turned is the kernel reversed in space, with input and output channels exchanged. Groups need channels first.
func (g geometry) turned(w *graph.Node) *graph.Node {
	w = graph.Reverse(w, nodes.Sequence(g.window, len(g.Stride))...)
	if g.Groups == 1 {
		return nodes.Swap(w, g.in, g.out)
	}
	d := nodes.Dims(w)
	split := append([]int{g.Groups, d[0] / g.Groups, d[1]}, d[2:]...)
	w = nodes.Swap(graph.Reshape(w, split...), 1, 2)
	return graph.Reshape(w, append([]int{g.Groups * d[1], d[0] / g.Groups}, d[2:]...)...)
}

// weightGradient is the correlation of x with dy over the batch: a convolution in which batch and channels have exchanged
// their roles. With groups, which need channels first, the channels are those of each image in turn for each group.
func (g geometry) weightGradient(x, dy *graph.Node, shape []int) *graph.Node {
	x = g.met(x, dy, shape)
	n := len(g.Stride)
	if g.Groups > 1 {
		batch, space := nodes.Dims(x)[0], nodes.Dims(x)[2:]
		x = graph.Reshape(x, append([]int{batch, g.Groups, shape[1]}, space...)...)
		x = graph.Reshape(nodes.Swap(x, 0, 1), append([]int{g.Groups * batch, shape[1]}, space...)...)
	}
	axes := compute.ConvolveAxesConfig{InputBatch: g.channels, InputChannels: 0, InputSpatial: nodes.Sequence(g.space, n),
		KernelOutputChannels: g.channels, KernelInputChannels: 0, KernelSpatial: nodes.Sequence(g.space, n),
		OutputBatch: g.in, OutputChannels: g.out, OutputSpatial: nodes.Sequence(g.window, n)}
	return convolve(x, dy, axes, g.Dilation, make([][2]int, n), nil, g.Stride, g.Groups)
}

// met is the part of the padded x that windows meet.
func (g geometry) met(x, dy *graph.Node, shape []int) *graph.Node {
	border := make([][2]int, x.Rank())
	for i, p := range g.Padding {
		axis := g.space + i
		need := (nodes.Dims(dy)[axis]-1)*g.Stride[i] + g.Dilation[i]*(shape[g.window+i]-1) + 1
		border[axis] = [2]int{p[0], need - p[0] - nodes.Dims(x)[axis]}
	}
	return nodes.Pad(x, border, 0)
}
