package onnx

import (
	"slices"

	"lossatlas/activities/aten"
)

// window is the geometry of a convolution or pooling over the axes after the second.
type window struct {
	kernel, stride, dilation []int
	before, after            []int // padding
	size                     []int // of the input
}

// spatial are the sizes of the axes after batch and channels.
func (c *call) spatial(x *value) []int {
	if len(x.shape) < 3 {
		c.fail("its input has the shape %v; batch, channels and at least one more axis are needed", x.shape)
	}
	s, ok := static(x.shape[2:])
	if !ok {
		c.fail("its input has the shape %v, whose third or a later axis depends on the batch", x.shape)
	}
	return s
}

// window reads the attributes that convolutions and poolings share.
func (c *call) window(x *value, kernel []int) window {
	size := c.spatial(x)
	n := len(size)
	ones := make([]int, n)
	for i := range ones {
		ones[i] = 1
	}
	w := window{kernel, c.ints("strides", ones), c.ints("dilations", ones), nil, nil, size}
	pads := c.ints("pads", make([]int, 2*n))
	if len(w.kernel) != n || len(w.stride) != n || len(w.dilation) != n || len(pads) != 2*n {
		c.fail("its kernel, strides, dilations or pads don't fit an input of the shape %v", x.shape)
	}
	for _, list := range [][]int{w.kernel, w.stride, w.dilation} {
		if slices.Min(list) < 1 || slices.Max(list) > 1<<20 {
			c.fail("its kernel %v, strides %v or dilations %v are not possible", w.kernel, w.stride, w.dilation)
		}
	}
	if slices.Min(pads) < 0 || slices.Max(pads) > 1<<20 {
		c.fail("its pads %v are not possible", pads)
	}
	w.before, w.after = slices.Clone(pads[:n]), slices.Clone(pads[n:])
	c.autoPad(&w)
	return w
}

// autoPad sets the padding that auto_pad asks for: with SAME, the output has
// ⌈input/stride⌉ places, and an odd place is added at the end (UPPER) or front (LOWER).
func (c *call) autoPad(w *window) {
	mode := c.text("auto_pad", "NOTSET")
	for i := range w.size {
		switch mode {
		case "NOTSET", "":
			return
		case "VALID":
			w.before[i], w.after[i] = 0, 0
		case "SAME_UPPER", "SAME_LOWER":
			out := (w.size[i] + w.stride[i] - 1) / w.stride[i]
			all := max(0, (out-1)*w.stride[i]+w.reach(i)-w.size[i])
			w.before[i], w.after[i] = all/2, all-all/2
			if mode == "SAME_LOWER" {
				w.before[i], w.after[i] = w.after[i], w.before[i]
			}
		default:
			c.fail("auto_pad %q is not supported", mode)
		}
	}
}

// reach is how many places of the input a kernel spans.
func (w window) reach(i int) int { return (w.kernel[i]-1)*w.dilation[i] + 1 }

func (w window) symmetric() bool { return slices.Equal(w.before, w.after) }

// out is the output's size.
func (c *call) out(w window, ceil bool) []int {
	out := make([]int, len(w.size))
	for i, n := range w.size {
		span := n + w.before[i] + w.after[i] - w.reach(i)
		if span < 0 {
			c.fail("a kernel of %v is larger than its padded input of %v", w.kernel, w.size)
		}
		out[i] = span/w.stride[i] + 1
		if ceil && span%w.stride[i] != 0 && out[i]*w.stride[i] < n+w.before[i] {
			out[i]++ // a window that starts in the padding behind the input is dropped
		}
	}
	return out
}

// pad puts a number around the axes after the second.
func (c *call) pad(x *value, before, after []int, with float64) *value {
	shape := slices.Clone(x.shape)
	var list []int
	any := false
	for i := len(before) - 1; i >= 0; i-- {
		list = append(list, before[i], after[i])
		any = any || before[i] != 0 || after[i] != 0
		shape[len(shape)-len(before)+i].Fixed += before[i] + after[i]
	}
	if !any {
		return x
	}
	return c.emit("constant_pad_nd", args{"self": c.tensor(x), "pad": ofInts(list...), "value": ofNumber(with)}, x.kind, shape)
}

// evenPad pads in advance what the operation can't pad itself: it takes the same
// number on both sides, at most half a kernel for pooling.
func (c *call) evenPad(x *value, w *window, with float64, half bool) *value {
	fits := w.symmetric()
	for i := range w.before {
		fits = fits && (!half || w.before[i] <= w.kernel[i]/2)
	}
	if fits {
		return x
	}
	x = c.pad(x, w.before, w.after, with)
	w.size = c.spatial(x)
	w.before, w.after = make([]int, len(w.size)), make([]int, len(w.size))
	return x
}

func convRule(c *call) []*value {
	x, k := c.in(0), c.in(1)
	size := c.spatial(x)
	kernel, ok := static(k.shape)
	groups := c.int("group", 1)
	if !ok || len(kernel) != len(size)+2 || groups < 1 || x.shape[1] != fixed(kernel[1]*groups) || kernel[0]%groups != 0 {
		c.fail("weights of the shape %v in %d groups don't fit an input of the shape %v", k.shape, groups, x.shape)
	}
	w := c.window(x, c.ints("kernel_shape", kernel[2:]))
	if !slices.Equal(w.kernel, kernel[2:]) {
		c.fail("its kernel %v differs from its weights' shape %v", w.kernel, k.shape)
	}
	x = c.evenPad(x, &w, 0, false)
	shape := append([]aten.Dim{x.shape[0], fixed(kernel[0])}, fixedAll(c.out(w, false)...)...)
	return []*value{c.convolution(x, c.filters(k, identity(len(kernel))...), w, groups, nil, shape)}
}

// convolution emits the operation, transposed if outputPadding is given.
func (c *call) convolution(x, k *value, w window, groups int, outputPadding []int, shape []aten.Dim) *value {
	a := args{
		"input": c.tensor(x), "weight": c.tensor(k), "bias": {}, "stride": ofInts(w.stride...), "padding": ofInts(w.before...),
		"dilation": ofInts(w.dilation...), "transposed": ofFlag(outputPadding != nil), "output_padding": ofInts(make([]int, len(w.size))...),
		"groups": ofInt(groups),
	}
	if outputPadding != nil {
		a["output_padding"] = ofInts(outputPadding...)
	}
	if c.has(2) {
		a["bias"] = c.tensor(c.in(2))
	}
	return c.emit("convolution", a, x.kind, shape)
}

// convTransposeRule is the transposed convolution with the same padding on both sides.
func convTransposeRule(c *call) []*value {
	x, k := c.in(0), c.in(1)
	size := c.spatial(x)
	kernel, ok := static(k.shape)
	groups := c.int("group", 1)
	if !ok || len(kernel) != len(size)+2 || groups < 1 || x.shape[1] != fixed(kernel[0]) {
		c.fail("weights of the shape %v in %d groups don't fit an input of the shape %v", k.shape, groups, x.shape)
	}
	w := c.window(x, c.ints("kernel_shape", kernel[2:]))
	more := c.ints("output_padding", make([]int, len(size)))
	if !w.symmetric() || c.ints("output_shape", nil) != nil || c.text("auto_pad", "NOTSET") != "NOTSET" || len(more) != len(size) {
		c.fail("transposed convolutions with output_shape, auto_pad or different pads at both ends are not supported")
	}
	shape := []aten.Dim{x.shape[0], fixed(kernel[1] * groups)}
	for i, n := range size {
		out := (n-1)*w.stride[i] - 2*w.before[i] + w.reach(i) + more[i]
		if out < 1 {
			c.fail("its output would have %d places", out)
		}
		shape = append(shape, fixed(out))
	}
	return []*value{c.convolution(x, k, w, groups, more, shape)}
}
