package onnx

import (
	"slices"

	"lossatlas/activities/aten"
)

// reductions are operators over axes: their name in ATen and, for elements that are
// known, the operator of two numbers that they repeat.
var reductions = map[string]struct{ op, fold string }{
	"ReduceMean": {"mean", ""},
	"ReduceSum":  {"sum", "Add"},
	"ReduceMax":  {"amax", "Max"},
	"ReduceMin":  {"amin", "Min"},
	"ReduceProd": {"", "Mul"},
}

func reduceRule(c *call) []*value {
	x := c.in(0)
	axes, _ := c.axesOf(1)
	if len(axes) == 0 {
		if c.int("noop_with_empty_axes", 0) != 0 {
			return []*value{x}
		}
		axes = identity(len(x.shape))
	}
	axes = c.axes(axes, len(x.shape))
	if len(slices.Compact(slices.Sorted(slices.Values(axes)))) != len(axes) {
		c.fail("the axes %v are given twice", axes)
	}
	rule := reductions[c.node.Op]
	if x.known != nil && rule.fold != "" {
		if v := c.reduceKnown(rule.fold, x, axes); v != nil {
			return []*value{v}
		}
	}
	if rule.op == "" {
		c.fail("products over an axis are not supported; sums are")
	}
	return []*value{c.reduce(rule.op, x, axes, c.int("keepdims", 1) != 0)}
}

func (c *call) reduce(op string, x *value, axes []int, keep bool) *value {
	if len(axes) == 0 {
		return x
	}
	return c.emit(op, args{"self": c.tensor(x), "dim": ofInts(axes...), "keepdim": ofFlag(keep)}, x.kind, reduced(x.shape, axes, keep))
}

// reduced is a shape without the given axes, or with length 1 in their place.
func reduced(shape []aten.Dim, axes []int, keep bool) []aten.Dim {
	out := []aten.Dim{}
	for a, d := range shape {
		switch {
		case !slices.Contains(axes, a):
			out = append(out, d)
		case keep:
			out = append(out, fixed(1))
		}
	}
	return out
}

// reduceKnown reduces all elements of a vector while reading, as the arithmetic on shapes does.
func (c *call) reduceKnown(op string, x *value, axes []int) *value {
	if len(axes) != len(x.shape) || len(x.known) == 0 {
		return nil
	}
	n := x.known[0]
	for _, m := range x.known[1:] {
		var ok bool
		if n, ok = foldNumbers(op, x.kind, n, m); !ok {
			return nil
		}
	}
	return &value{kind: x.kind, shape: reduced(x.shape, axes, c.int("keepdims", 1) != 0), known: []number{n}}
}

// normRule is the sum of absolute values, or the root of the sum of squares, over axes.
func normRule(c *call) []*value {
	x := c.in(0)
	axes, _ := c.axesOf(1)
	if len(axes) == 0 {
		axes = identity(len(x.shape))
	}
	axes = c.axes(axes, len(x.shape))
	keep := c.int("keepdims", 1) != 0
	switch c.node.Op {
	case "ReduceL1":
		return []*value{c.reduce("sum", c.unary("abs", x), axes, keep)}
	case "ReduceSumSquare":
		return []*value{c.reduce("sum", c.binary("Mul", x, x), axes, keep)}
	}
	return []*value{c.unary("sqrt", c.reduce("sum", c.binary("Mul", x, x), axes, keep))}
}

func (c *call) unary(op string, x *value) *value {
	return c.emit(op, args{"self": c.tensor(x)}, x.kind, x.shape)
}

// softmaxRule is the softmax or its logarithm over an axis; up to version 12 over all axes from one on.
func softmaxRule(c *call) []*value {
	x := c.in(0)
	op := map[string]string{"Softmax": "_softmax", "LogSoftmax": "_log_softmax"}[c.node.Op]
	old := c.Opsets[""] < 13
	or := -1
	if old {
		or = 1
	}
	a := c.axis(c.int("axis", or), len(x.shape))
	y, shape := x, x.shape
	if old && a != len(shape)-1 {
		y = c.reshape(x, []aten.Dim{c.product(shape[:a]), c.product(shape[a:])})
		a = 1
	}
	y = c.emit(op, args{"self": c.tensor(y), "dim": ofInt(a), "half_to_float": ofFlag(false)}, x.kind, y.shape)
	return []*value{c.reshape(y, shape)}
}

func argRule(c *call) []*value {
	x := c.in(0)
	a := c.axis(c.int("axis", 0), len(x.shape))
	keep := c.int("keepdims", 1) != 0
	if c.int("select_last_index", 0) != 0 {
		c.fail("select_last_index is not supported")
	}
	op := map[string]string{"ArgMax": "argmax", "ArgMin": "argmin"}[c.node.Op]
	return []*value{c.emit(op, args{"self": c.tensor(x), "dim": ofInt(a), "keepdim": ofFlag(keep)}, "int64", reduced(x.shape, []int{a}, keep))}
}

func cumSumRule(c *call) []*value {
	x, a := c.in(0), c.list(1)
	if len(a) != 1 || c.int("exclusive", 0) != 0 || c.int("reverse", 0) != 0 {
		c.fail("cumulative sums are supported along one axis, forward and inclusive")
	}
	return []*value{c.emit("cumsum", args{"self": c.tensor(x), "dim": ofInt(c.axis(a[0], len(x.shape)))}, x.kind, x.shape)}
}
