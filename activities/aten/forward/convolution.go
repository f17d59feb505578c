package forward

import (
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/conv"
	"lossatlas/activities/internal/nodes"
)

// convolutionOps are convolutions over one, two or three axes.
var convolutionOps = map[string]builder{
	"conv1d":           one(func(c *call) *graph.Node { return convolution(c, 1) }),
	"conv2d":           one(func(c *call) *graph.Node { return convolution(c, 2) }),
	"conv3d":           one(func(c *call) *graph.Node { return convolution(c, 3) }),
	"conv_transpose1d": one(func(c *call) *graph.Node { return transposedConvolution(c, 1) }),
	"conv_transpose2d": one(func(c *call) *graph.Node { return transposedConvolution(c, 2) }),
	"convolution":      one(anyConvolution),
}

func anyConvolution(c *call) *graph.Node {
	rank := c.tensor("input").Rank() - 2
	if c.flag("transposed", false) {
		return transposedConvolution(c, rank)
	}
	return convolution(c, rank)
}

// convolution has x [batch, in, …] and weight [out, in/groups, …].
func convolution(c *call, spatial int) *graph.Node {
	x, w, lifted := c.images("input", spatial)
	k := c.kernel(x, w, spatial)
	if nodes.Dims(x)[1] != nodes.Dims(w)[1]*k.Groups {
		fail("weights of %v with groups = %d do not fit %d channels", nodes.Dims(w), k.Groups, nodes.Dims(x)[1])
	}
	if !lifted && c.formulation.HasLast(k, x, w) {
		last, filters := c.lastOf(x), graph.TransposeAllAxes(w, 2, 3, 1, 0)
		var y *graph.Node
		if k.IsApart(filters) {
			y = conv.Patches(k, last, filters)
		} else {
			y = c.formulation.ConvolveLast(k, last, filters)
		}
		return c.first(withBias(y, c.tensor("bias"), 3))
	}
	y := withBias(c.formulation.Convolve(k, x, w), c.tensor("bias"), 1)
	if lifted {
		return nodes.Select(y, 0, 0)
	}
	return y
}

// images are input and weight. An input without a batch axis gets one of size 1, and lifted is true.
func (c *call) images(name string, spatial int) (x, w *graph.Node, lifted bool) {
	x, w = c.tensor(name), c.tensor("weight")
	if lifted = x.Rank() == spatial+1; lifted {
		x = nodes.InsertAxis(x, 0)
	}
	if spatial < 1 || x.Rank() != spatial+2 || w.Rank() != spatial+2 {
		fail("an input of %v and weights of %v are not those of a convolution over %d axes", nodes.Dims(x), nodes.Dims(w), spatial)
	}
	return x, w, lifted
}

// steps reads the geometry without the padding.
func (c *call) steps(spatial int) conv.Kernel {
	return conv.Kernel{Stride: c.each("stride", spatial, 1), Dilation: c.each("dilation", spatial, 1), Groups: c.int("groups", 1)}
}

// kernel reads the geometry of a convolution, and checks that at least one window fits.
func (c *call) kernel(x, w *graph.Node, spatial int) conv.Kernel {
	k := c.steps(spatial)
	pads := c.each("padding", spatial, 0)
	if k.Groups < 1 || nodes.Dims(w)[0]%k.Groups != 0 {
		fail("groups = %d does not fit weights of %v", k.Groups, nodes.Dims(w))
	}
	for i := range spatial {
		size, reach := nodes.Dims(x)[2+i], 0
		if inRange(k.Dilation[i]) {
			reach = k.Dilation[i] * (nodes.Dims(w)[2+i] - 1)
		}
		border := [2]int{pads[i], pads[i]}
		switch mode := c.text("mode"); mode {
		case "", "valid":
		case "same":
			border = [2]int{reach / 2, reach - reach/2}
		default:
			fail("the padding %q is not supported: same and valid are", mode)
		}
		k.Padding = append(k.Padding, border)
		if !inRange(k.Stride[i]) || !inRange(k.Dilation[i]) || border[0] < 0 || border[0] > maxWindow || size+border[0]+border[1] <= reach {
			fail("a kernel of %v with stride %v, padding %v and dilation %v does not fit %v", nodes.Dims(w)[2:], k.Stride, pads, k.Dilation, nodes.Dims(x)[2:])
		}
	}
	return k
}

// maxWindow is the largest stride, dilation and padding.
const maxWindow = 1 << 16

func inRange(step int) bool { return step >= 1 && step <= maxWindow }

// withBias adds a number to each channel; b may be nil. channels is the axis of channels of y.
func withBias(y, b *graph.Node, channels int) *graph.Node {
	if b == nil {
		return y
	}
	return graph.Add(y, channelwise(b, y, channels))
}

// channelwise is a vector along an axis of tensors like x.
func channelwise(v, x *graph.Node, axis int) *graph.Node {
	d := make([]int, x.Rank())
	for i := range d {
		d[i] = 1
	}
	if x.Rank() < 2 || v.Shape().Size() != nodes.Dims(x)[axis] && v.Shape().Size() != 1 {
		fail("%v numbers do not fit the channels of %v", nodes.Dims(v), nodes.Dims(x))
	}
	d[axis] = v.Shape().Size()
	return graph.Reshape(v, d...)
}

// transposedConvolution has x [batch, in, …] and weight [in, out/groups, …].
func transposedConvolution(c *call, spatial int) *graph.Node {
	x, w, lifted := c.images("input", spatial)
	k := c.steps(spatial)
	pads, extra := c.each("padding", spatial, 0), c.each("output_padding", spatial, 0)
	if k.Groups < 1 || nodes.Dims(w)[0]%k.Groups != 0 || nodes.Dims(x)[1] != nodes.Dims(w)[0] {
		fail("weights of %v with groups = %d do not fit %d channels", nodes.Dims(w), k.Groups, nodes.Dims(x)[1])
	}
	size := make([]int, spatial)
	for i := range size {
		if !inRange(k.Stride[i]) || !inRange(k.Dilation[i]) || pads[i] < 0 || pads[i] > maxWindow || extra[i] < 0 || extra[i] > maxWindow {
			fail("stride %v, padding %v, dilation %v and output_padding %v are out of range", k.Stride, pads, k.Dilation, extra)
		}
		k.Padding = append(k.Padding, [2]int{pads[i], pads[i]})
		size[i] = (nodes.Dims(x)[2+i]-1)*k.Stride[i] - 2*pads[i] + k.Dilation[i]*(nodes.Dims(w)[2+i]-1) + extra[i] + 1
		if size[i] < 1 || extra[i] >= max(k.Stride[i], k.Dilation[i]) {
			fail("output_padding %v and padding %v do not fit %v", extra, pads, nodes.Dims(x))
		}
	}
	y := withBias(conv.Transposed(k, x, w, size), c.tensor("bias"), 1)
	if lifted {
		return nodes.Select(y, 0, 0)
	}
	return y
}
