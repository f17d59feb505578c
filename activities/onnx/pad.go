package onnx

import (
	"slices"

	"lossatlas/activities/onnx/proto"
)

// padRule pads axes with a number, or crops them where the padding is negative.
func padRule(c *call) []*value {
	x := c.in(0)
	mode := c.text("mode", "constant")
	pads, with := c.padArgs()
	n := len(x.shape)
	axes := identity(n)
	if c.has(3) {
		axes = c.axes(c.list(3), n)
	}
	if len(pads) != 2*len(axes) {
		c.fail("%d pads are given for %d axes", len(pads), len(axes))
	}
	before, after := make([]int, n), make([]int, n)
	for i, a := range axes {
		before[a], after[a] = pads[i], pads[i+len(axes)]
		if size := x.shape[a].Fixed + x.shape[a].Each + before[a] + after[a]; size < 1 || size > proto.MaxElements {
			c.fail("pads of %d and %d are not possible for axis %d of %v", before[a], after[a], a, x.shape)
		}
	}
	if mode != "constant" {
		return []*value{c.padMode(x, before, after, mode)}
	}
	y := c.pad(x, before, after, with)
	c.product(y.shape)
	return []*value{y}
}

// padMode repeats the input at its edges, or reflects it, in the axes after the second.
func (c *call) padMode(x *value, before, after []int, mode string) *value {
	name := map[string]string{"reflect": "reflect", "edge": "replicate", "wrap": "circular"}[mode]
	if name == "" || len(before) < 3 || before[0] != 0 || after[0] != 0 || before[1] != 0 || after[1] != 0 {
		c.fail("padding by %q is supported in the axes after the second, as constant, reflect, edge and wrap", mode)
	}
	shape, list := slices.Clone(x.shape), []int{}
	for a := len(before) - 1; a > 1; a-- {
		list = append(list, before[a], after[a])
		shape[a].Fixed += before[a] + after[a]
	}
	c.product(shape)
	return c.emit("pad", args{"self": c.tensor(x), "pad": ofInts(list...), "mode": ofText(name), "value": {}}, x.kind, shape)
}

// padArgs are the pads and their number: attributes up to version 10, inputs later.
func (c *call) padArgs() (pads []int, with float64) {
	if !c.has(1) {
		return c.ints("pads", nil), c.float("value", 0)
	}
	if c.has(2) {
		with = c.scalar(2)
	}
	return c.list(1), with
}
