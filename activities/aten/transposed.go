package aten

import (
	"github.com/gomlx/gomlx/core/graph"
)

// transposedConvolution has weights [in, out/groups, …]. It is the input's
// gradient of a convolution with these weights, and its own gradients are those
// of that convolution.
func transposedConvolution(c *call, spatial int) *graph.Node {
	x, w, lifted := c.images("input", spatial)
	k := kernel{stride: c.each("stride", spatial, 1), dilation: c.each("dilation", spatial, 1), groups: c.int("groups", 1), formulation: c.formulation}
	pads, extra := c.each("padding", spatial, 0), c.each("output_padding", spatial, 0)
	if k.groups < 1 || dims(w)[0]%k.groups != 0 || dims(x)[1] != dims(w)[0] {
		fail("weights of %v with groups = %d do not fit %d channels", dims(w), k.groups, dims(x)[1])
	}
	size := make([]int, spatial)
	for i := range size {
		if !inRange(k.stride[i]) || !inRange(k.dilation[i]) || pads[i] < 0 || pads[i] > maxWindow || extra[i] < 0 || extra[i] > maxWindow {
			fail("stride %v, padding %v, dilation %v and output_padding %v are out of range", k.stride, pads, k.dilation, extra)
		}
		k.padding = append(k.padding, [2]int{pads[i], pads[i]})
		size[i] = (dims(x)[2+i]-1)*k.stride[i] - 2*pads[i] + k.dilation[i]*(dims(w)[2+i]-1) + extra[i] + 1
		if size[i] < 1 || extra[i] >= max(k.stride[i], k.dilation[i]) {
			fail("output_padding %v and padding %v do not fit %v", extra, pads, dims(x))
		}
	}
	y := withGradients(k.backward(x, w, size), []*graph.Node{x, w},
		func(dy *graph.Node) *graph.Node { return k.trimmed(dy, w, dims(x)) },
		func(dy *graph.Node) *graph.Node { return k.weightGradient(dy, x, dims(w)) })
	y = withBias(y, c.tensor("bias"))
	if lifted {
		return selected(y, 0, 0)
	}
	return y
}

// trimmed is the convolution of dy without the windows beyond the shape of x.
func (k kernel) trimmed(dy, w *graph.Node, shape []int) *graph.Node {
	y := k.forward(dy, w)
	for i := range k.stride {
		y = along(y, 2+i, 0, shape[2+i], 1)
	}
	return y
}
