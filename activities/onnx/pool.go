package onnx

import (
	"math"
	"slices"

	"lossatlas/activities/aten"
)

// flatPool pools axes of the input: over one axis it is done with a second one of
// length 1, because PyTorch's core operations pool over two.
func (c *call) flatPool(pool func(x *value, w window) *value) []*value {
	x := c.in(0)
	w := c.window(x, c.ints("kernel_shape", nil))
	switch len(w.size) {
	case 2:
		return []*value{pool(x, w)}
	case 1:
		x = c.reshape(x, append(slices.Clone(x.shape), fixed(1)))
		one := window{
			append(w.kernel, 1), append(w.stride, 1), append(w.dilation, 1), append(w.before, 0), append(w.after, 0), append(w.size, 1),
		}
		y := pool(x, one)
		return []*value{c.reshape(y, y.shape[:3])}
	}
	c.fail("pooling over %d axes is not supported; over 1 and 2 it is", len(w.size))
	return nil
}

func maxPoolRule(c *call) []*value {
	return c.flatPool(func(x *value, w window) *value {
		ceil := c.int("ceil_mode", 0) != 0
		x = c.evenPad(x, &w, -math.MaxFloat32, true)
		shape := append(slices.Clone(x.shape[:2]), fixedAll(c.out(w, ceil)...)...)
		return c.emit("max_pool2d_with_indices", args{
			"self": c.tensor(x), "kernel_size": ofInts(w.kernel...), "stride": ofInts(w.stride...),
			"padding": ofInts(w.before...), "dilation": ofInts(w.dilation...), "ceil_mode": ofFlag(ceil),
		}, x.kind, shape)
	})
}

func averagePoolRule(c *call) []*value {
	return c.flatPool(func(x *value, w window) *value {
		if slices.Max(w.dilation) > 1 {
			c.fail("average pooling with dilations is not supported")
		}
		ceil, whole := c.int("ceil_mode", 0) != 0, c.int("count_include_pad", 0) != 0
		plain := w
		padded := c.evenPad(x, &w, 0, true)
		if padded != x && ceil {
			c.fail("average pooling with ceil_mode and different pads at both ends is not supported")
		}
		shape := append(slices.Clone(x.shape[:2]), fixedAll(c.out(w, ceil)...)...)
		y := c.emit("avg_pool2d", args{
			"self": c.tensor(padded), "kernel_size": ofInts(w.kernel...), "stride": ofInts(w.stride...), "padding": ofInts(w.before...),
			"ceil_mode": ofFlag(ceil), "count_include_pad": ofFlag(whole || padded != x), "divisor_override": {},
		}, x.kind, shape)
		if padded != x && !whole {
			y = c.binary("Mul", y, c.shares(plain, w, shape[2:]))
		}
		return y
	})
}

// shares are the factors by which means over whole windows, with zeros in the padding,
// become means over the places inside the input.
func (c *call) shares(plain, padded window, out []aten.Dim) *value {
	v := &value{kind: "float32", shape: out}
	inside := func(axis, at int) int {
		from := at*plain.stride[axis] - plain.before[axis]
		return min(plain.size[axis], from+plain.kernel[axis]) - max(0, from)
	}
	walk(v.sizes(), func(index []int) {
		n := max(0, inside(0, index[0])) * max(0, inside(1, index[1]))
		v.known = append(v.known, number{fixed: float64(count(padded.kernel)) / float64(max(1, n))})
	})
	return v
}

// globalPoolRule is the mean or maximum over the axes after the second.
func globalPoolRule(c *call) []*value {
	x := c.in(0)
	dims := following(2, len(c.spatial(x)))
	op := "mean"
	if c.node.Op == "GlobalMaxPool" {
		op = "amax"
	}
	shape := slices.Clone(x.shape)
	for _, a := range dims {
		shape[a] = fixed(1)
	}
	return []*value{c.emit(op, args{"self": c.tensor(x), "dim": ofInts(dims...), "keepdim": ofFlag(true)}, x.kind, shape)}
}
