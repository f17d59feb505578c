package aten

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
)

// convolutionOps are convolutions over one, two or three axes.
var convolutionOps = map[string]operation{
	"conv1d":           {convArgs, one(func(c *call) *graph.Node { return convolution(c, 1) })},
	"conv2d":           {convArgs, one(func(c *call) *graph.Node { return convolution(c, 2) })},
	"conv3d":           {convArgs, one(func(c *call) *graph.Node { return convolution(c, 3) })},
	"conv_transpose1d": {transposedArgs, one(func(c *call) *graph.Node { return transposedConvolution(c, 1) })},
	"conv_transpose2d": {transposedArgs, one(func(c *call) *graph.Node { return transposedConvolution(c, 2) })},
	"convolution": {"input tensor, weight tensor, bias tensor?, stride ints, padding ints, dilation ints, transposed flag, output_padding ints?, groups int",
		one(anyConvolution)},
}

const (
	convArgs       = "input tensor, weight tensor, bias tensor?, stride ints?, padding ints?, dilation ints?, groups int?, mode text?"
	transposedArgs = "input tensor, weight tensor, bias tensor?, stride ints?, padding ints?, output_padding ints?, groups int?, dilation ints?"
)

func anyConvolution(c *call) *graph.Node {
	rank := c.tensor("input").Rank() - 2
	if c.flag("transposed", false) {
		return transposedConvolution(c, rank)
	}
	return convolution(c, rank)
}

// kernel is the geometry of a convolution.
type kernel struct {
	stride, dilation []int
	padding          [][2]int
	groups           int
	formulation      Formulation
}

// convolution has x [batch, in, …] and weight [out, in/groups, …].
func convolution(c *call, spatial int) *graph.Node {
	x, w, lifted := c.images("input", spatial)
	k := c.kernel(x, w, spatial)
	if dims(x)[1] != dims(w)[1]*k.groups {
		fail("weights of %v with groups = %d do not fit %d channels", dims(w), k.groups, dims(x)[1])
	}
	if k.formulation == OneDNN && spatial == 2 && !lifted && (k.groups == 1 && allOne(k.dilation) || k.isDepthwise(x, w)) {
		return c.convolveLast(k, x, w)
	}
	y := withBias(k.convolve(x, w), c.tensor("bias"))
	if lifted {
		return selected(y, 0, 0)
	}
	return y
}

// images are input and weight, with a batch of one where the input has none.
func (c *call) images(name string, spatial int) (x, w *graph.Node, lifted bool) {
	x, w = c.tensor(name), c.tensor("weight")
	if lifted = x.Rank() == spatial+1; lifted {
		x = insertAxis(x, 0)
	}
	if spatial < 1 || x.Rank() != spatial+2 || w.Rank() != spatial+2 {
		fail("an input of %v and weights of %v are not those of a convolution over %d axes", dims(x), dims(w), spatial)
	}
	return x, w, lifted
}

// kernel reads the geometry, and checks that one window at least fits.
func (c *call) kernel(x, w *graph.Node, spatial int) kernel {
	k := kernel{stride: c.each("stride", spatial, 1), dilation: c.each("dilation", spatial, 1), groups: c.int("groups", 1), formulation: c.formulation}
	pads := c.each("padding", spatial, 0)
	if k.groups < 1 || dims(w)[0]%k.groups != 0 {
		fail("groups = %d does not fit weights of %v", k.groups, dims(w))
	}
	for i := range spatial {
		size, reach := dims(x)[2+i], 0
		if inRange(k.dilation[i]) {
			reach = k.dilation[i] * (dims(w)[2+i] - 1)
		}
		border := [2]int{pads[i], pads[i]}
		switch mode := c.text("mode"); mode {
		case "", "valid":
		case "same":
			border = [2]int{reach / 2, reach - reach/2}
		default:
			fail("the padding %q is not supported: same and valid are", mode)
		}
		k.padding = append(k.padding, border)
		if !inRange(k.stride[i]) || !inRange(k.dilation[i]) || border[0] < 0 || border[0] > maxWindow || size+border[0]+border[1] <= reach {
			fail("a kernel of %v with stride %v, padding %v and dilation %v does not fit %v", dims(w)[2:], k.stride, pads, k.dilation, dims(x)[2:])
		}
	}
	return k
}

// maxWindow is the largest stride, dilation and padding.
const maxWindow = 1 << 16

func inRange(step int) bool { return step >= 1 && step <= maxWindow }

// withBias adds a number to each channel; b may be nil.
func withBias(y, b *graph.Node) *graph.Node {
	if b == nil {
		return y
	}
	return graph.Add(y, channelwise(b, y, 1))
}

// channelwise is a vector along an axis of tensors like x.
func channelwise(v, x *graph.Node, axis int) *graph.Node {
	d := make([]int, x.Rank())
	for i := range d {
		d[i] = 1
	}
	if x.Rank() < 2 || v.Shape().Size() != dims(x)[axis] && v.Shape().Size() != 1 {
		fail("%v numbers do not fit the channels of %v", dims(v), dims(x))
	}
	d[axis] = v.Shape().Size()
	return graph.Reshape(v, d...)
}

// layout says that batch and channels come first, and then n axes of space.
func layout(n int) compute.ConvolveAxesConfig {
	space := make([]int, n)
	for i := range space {
		space[i] = i + 2
	}
	return compute.ConvolveAxesConfig{InputBatch: 0, InputChannels: 1, InputSpatial: space,
		KernelOutputChannels: 0, KernelInputChannels: 1, KernelSpatial: space,
		OutputBatch: 0, OutputChannels: 1, OutputSpatial: space}
}

// convolve writes the gradients out, since the library's are wrong for kernels
// of even size.
func (k kernel) convolve(x, w *graph.Node) *graph.Node {
	switch {
	case k.isPatches(w):
		return k.patches(x, w)
	case k.isDepthwise(x, w):
		return k.depthwise(x, w, 1)
	case k.formulation == Product && k.groups == 1 && product(dims(w)[2:]) <= maxTaps:
		return k.product(x, w)
	}
	return withGradients(k.forward(x, w), []*graph.Node{x, w},
		func(dy *graph.Node) *graph.Node { return k.backward(dy, w, dims(x)[2:]) },
		func(dy *graph.Node) *graph.Node { return k.weightGradient(x, dy, dims(w)) })
}

func (k kernel) forward(x, w *graph.Node) *graph.Node {
	return k.convolved(x, w, k.stride, k.padding, nil, k.dilation)
}

// backward is the transposed convolution, which is the input's gradient: the
// convolution of dy, with stride−1 zeros between its elements, with the kernel
// reversed in space. size is that of the result.
func (k kernel) backward(dy, w *graph.Node, size []int) *graph.Node {
	n := len(k.stride)
	border := make([][2]int, n)
	for i := range n {
		reach := k.dilation[i] * (dims(w)[2+i] - 1)
		low := reach - k.padding[i][0]
		border[i] = [2]int{low, size[i] + reach - low - ((dims(dy)[2+i]-1)*k.stride[i] + 1)}
	}
	cuts := cutNegative(border)
	ones := make([]int, n)
	for i := range ones {
		ones[i] = 1
	}
	y := k.convolved(dy, k.turned(w), ones, border, k.stride, k.dilation)
	for i, c := range cuts {
		y = along(y, 2+i, c[0], dims(y)[2+i]-c[1], 1)
	}
	return y
}

// cutNegative sets negative borders, which not every backend takes, to zero, and
// returns how many elements must be cut off the result in their place.
func cutNegative(border [][2]int) [][2]int {
	cuts := make([][2]int, len(border))
	for i, b := range border {
		for side := range 2 {
			cuts[i][side], border[i][side] = max(0, -b[side]), max(0, b[side])
		}
	}
	return cuts
}

// turned is the kernel reversed in space, with input and output channels
// exchanged within each group: [in, out/groups, …].
func (k kernel) turned(w *graph.Node) *graph.Node {
	space := make([]int, len(k.stride))
	for i := range space {
		space[i] = i + 2
	}
	w = graph.Reverse(w, space...)
	if k.groups == 1 {
		return swapped(w, 0, 1)
	}
	d := dims(w)
	split := append([]int{k.groups, d[0] / k.groups, d[1]}, d[2:]...)
	w = swapped(graph.Reshape(w, split...), 1, 2)
	return graph.Reshape(w, append([]int{k.groups * d[1], d[0] / k.groups}, d[2:]...)...)
}

// weightGradient is the correlation of x with dy over the batch: a convolution
// in which batch and channels have changed places, of x as [in/groups,
// groups·batch, …] with dy as [groups·out/groups, batch, …].
func (k kernel) weightGradient(x, dy *graph.Node, shape []int) *graph.Node {
	x = k.met(x, dy, shape)
	n, batch, space := len(k.stride), dims(x)[0], dims(x)[2:]
	x = graph.Reshape(x, append([]int{batch, k.groups, shape[1]}, space...)...)
	x = permuted(x, append([]int{2, 1, 0}, sequence(3, n)...))
	x = graph.Reshape(x, append([]int{shape[1], k.groups * batch}, space...)...)
	y := k.convolved(x, swapped(dy, 0, 1), k.dilation, make([][2]int, n), nil, k.stride) // [in/groups, out, …]
	return swapped(y, 0, 1)
}

// sequence is from, from+1, … of n numbers.
func sequence(from, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = from + i
	}
	return all
}

// met is the part of the padded x that windows meet.
func (k kernel) met(x, dy *graph.Node, shape []int) *graph.Node {
	pads := make([]compute.PadAxis, x.Rank())
	some := false
	for i, p := range k.padding {
		need := (dims(dy)[2+i]-1)*k.stride[i] + k.dilation[i]*(shape[2+i]-1) + 1
		x = along(x, 2+i, 0, min(dims(x)[2+i], need-p[0]), 1)
		pads[2+i] = compute.PadAxis{Start: p[0], End: need - p[0] - dims(x)[2+i]}
		some = some || pads[2+i] != compute.PadAxis{}
	}
	if !some {
		return x
	}
	return graph.Pad(x, scalarLike(x, 0), pads...)
}

// convolved leaves out the dilations that are 1, which backends handle fastest.
func (k kernel) convolved(x, w *graph.Node, stride []int, padding [][2]int, inputDilation, dilation []int) *graph.Node {
	if allOne(inputDilation) {
		inputDilation = nil
	}
	if allOne(dilation) {
		dilation = nil
	}
	return graph.ConvGeneral(x, w, layout(len(stride)), stride, padding, inputDilation, dilation, k.groups, 1)
}

func allOne(steps []int) bool {
	for _, s := range steps {
		if s != 1 {
			return false
		}
	}
	return true
}
