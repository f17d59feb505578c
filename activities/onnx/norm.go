package onnx

import (
	"slices"

	"lossatlas/activities/aten"
)

// affine checks that a scale or shift has one number for each channel.
func (c *call) affine(slot int, channels aten.Dim) *value {
	v := c.in(slot)
	if !slices.Equal(v.shape, []aten.Dim{channels}) {
		c.fail("its input %d has the shape %v, but there are %v channels", slot+1, v.shape, channels)
	}
	return v
}

func (c *call) channels(x *value) aten.Dim {
	if len(x.shape) < 2 || x.shape[1].Each != 0 || x.shape[1].Fixed < 1 {
		c.fail("its input has the shape %v, which has no axis of channels", x.shape)
	}
	return x.shape[1]
}

func batchNormRule(c *call) []*value {
	x := c.in(0)
	n := c.channels(x)
	if c.int("training_mode", 0) != 0 || c.int("spatial", 1) == 0 {
		c.note("The file was exported in training mode. Batch normalization is computed with the running statistics all the same.")
	}
	return []*value{c.emit("_native_batch_norm_legit_no_training", args{
		"input": c.tensor(x), "weight": c.tensor(c.affine(1, n)), "bias": c.tensor(c.affine(2, n)),
		"running_mean": c.tensor(c.affine(3, n)), "running_var": c.tensor(c.affine(4, n)),
		"momentum": ofNumber(0.1), "eps": ofNumber(c.float("epsilon", 1e-5)),
	}, x.kind, x.shape)}
}

// instanceNormRule is group normalization in which each channel is a group.
func instanceNormRule(c *call) []*value {
	x := c.in(0)
	return []*value{c.groupNorm(x, c.channels(x).Fixed)}
}

func groupNormRule(c *call) []*value {
	return []*value{c.groupNorm(c.in(0), c.int("num_groups", 1))}
}

func (c *call) groupNorm(x *value, groups int) *value {
	n := c.channels(x)
	if groups < 1 || n.Fixed%groups != 0 {
		c.fail("%v channels can't be divided into %d groups", n, groups)
	}
	a := args{
		"input": c.tensor(x), "weight": {}, "bias": {}, "N": {Int: &x.shape[0]}, "C": {Int: &n},
		"group": ofInt(groups), "eps": ofNumber(c.float("epsilon", 1e-5)),
	}
	inner := c.product(x.shape[2:])
	a["HxW"] = aten.Arg{Int: &inner}
	if scale, shift := c.affine(1, n), c.affine(2, n); !scale.isAll(1) || !shift.isAll(0) {
		a["weight"], a["bias"] = c.tensor(scale), c.tensor(shift)
	}
	return c.emit("native_group_norm", a, x.kind, x.shape)
}

// isAll says whether a value's elements are known and equal to a number.
func (v *value) isAll(f float64) bool {
	return v.known != nil && !slices.ContainsFunc(v.known, func(n number) bool { return n != number{fixed: f} })
}

func layerNormRule(c *call) []*value {
	x := c.in(0)
	a := c.axis(c.int("axis", -1), len(x.shape))
	tail := x.shape[a:]
	over, ok := static(tail)
	if !ok {
		c.fail("it normalizes over the batch: axes from %d of %v", a, x.shape)
	}
	arg := args{
		"input": c.tensor(x), "normalized_shape": ofInts(over...), "weight": {}, "bias": {}, "eps": ofNumber(c.float("epsilon", 1e-5)),
	}
	fits := slices.Equal(c.in(1).shape, tail) && (!c.has(2) || slices.Equal(c.in(2).shape, tail))
	if fits {
		arg["weight"] = c.tensor(c.in(1))
		if c.has(2) {
			arg["bias"] = c.tensor(c.in(2))
		}
	}
	y := c.emit("native_layer_norm", arg, x.kind, x.shape)
	if !fits {
		y = c.binary("Mul", y, c.in(1))
		if c.has(2) {
			y = c.binary("Add", y, c.in(2))
		}
	}
	return []*value{y}
}
