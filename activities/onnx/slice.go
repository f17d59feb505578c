package onnx

import (
	"math"
	"slices"

	"lossatlas/activities/aten"
)

// cut is a range of an axis.
type cut struct {
	axis, step int
	from       int
	size       aten.Dim
}

// slice takes a range of one axis. A negative step goes backwards.
func (c *call) slice(x *value, k cut) *value {
	if k.from == 0 && k.step == 1 && k.size == x.shape[k.axis] {
		return x
	}
	shape := append([]aten.Dim{}, x.shape...)
	shape[k.axis] = k.size
	if x.known != nil {
		return c.sliceKnown(x, k, shape)
	}
	if k.step < 0 {
		if k.size != x.shape[k.axis] || k.step != -1 {
			c.fail("a backward step is supported over a whole axis only, and by 1")
		}
		return c.emit("flip", args{"self": c.tensor(x), "dims": ofInts(k.axis)}, x.kind, shape)
	}
	if k.size == fixed(0) {
		return &value{kind: x.kind, shape: shape, known: []number{}}
	}
	end := aten.Dim{Fixed: k.from + (k.size.Fixed-1)*k.step + 1, Each: k.size.Each}
	if end.Each != 0 {
		end = x.shape[k.axis]
	}
	return c.emit("slice", args{"self": c.tensor(x), "dim": ofInt(k.axis), "start": ofInt(k.from), "end": {Int: &end}, "step": ofInt(k.step)}, x.kind, shape)
}

func (c *call) sliceKnown(x *value, k cut, shape []aten.Dim) *value {
	sizes := x.sizes()
	return moved(x, shape, func(index []int) int {
		at := 0
		for a, d := range sizes {
			i := index[a]
			if a == k.axis {
				i = k.from + i*k.step
			}
			at = at*d + i
		}
		return at
	})
}

func sliceRule(c *call) []*value {
	x := c.in(0)
	starts, ends, axes, steps := c.sliceArgs(len(x.shape))
	for i, a := range axes {
		x = c.slice(x, c.cut(x.shape[a], a, starts[i], ends[i], steps[i]))
	}
	return []*value{x}
}

// sliceArgs are the arguments of Slice: attributes up to version 9, inputs later.
func (c *call) sliceArgs(rank int) (starts, ends []aten.Dim, axes, steps []int) {
	var list []int
	if c.has(1) {
		starts, ends = c.dims(1), c.dims(2)
		if c.has(3) {
			list = c.list(3)
		}
		if c.has(4) {
			steps = c.list(4)
		}
	} else {
		starts, ends = fixedAll(c.ints("starts", nil)...), fixedAll(c.ints("ends", nil)...)
		list = c.ints("axes", nil)
	}
	if list == nil {
		list = identity(len(starts))
	}
	if steps == nil {
		steps = make([]int, len(starts))
		for i := range steps {
			steps[i] = 1
		}
	}
	if len(ends) != len(starts) || len(list) != len(starts) || len(steps) != len(starts) {
		c.fail("its lists of starts, ends, axes and steps have different lengths")
	}
	return starts, ends, c.axes(list, rank), steps
}

// cut clips a range to an axis of the given size.
func (c *call) cut(size aten.Dim, axis int, start, end aten.Dim, step int) cut {
	if step == 0 {
		c.fail("a step of 0 is not possible")
	}
	if size.Each != 0 {
		return c.cutBatch(size, axis, start, end, step)
	}
	n := size.Fixed
	clip := func(d aten.Dim, low, high int) int {
		if d.Each != 0 {
			c.fail("the range %v … %v of axis %d, of size %v, depends on the batch", start, end, axis, size)
		}
		if d.Fixed < 0 {
			d.Fixed += n
		}
		return max(low, min(high, d.Fixed))
	}
	if step > 0 {
		from, to := clip(start, 0, n), clip(end, 0, n)
		return cut{axis, step, from, fixed(max(0, (to-from+step-1)/step))}
	}
	from, to := clip(start, 0, n-1), clip(end, -1, n-1)
	return cut{axis, step, from, fixed(max(0, (from-to-step-1)/-step))}
}

// cutBatch takes a range of an axis whose size depends on the batch: all of it, or a fixed number of entries.
func (c *call) cutBatch(size aten.Dim, axis int, start, end aten.Dim, step int) cut {
	whole := end == size || end.Fixed >= math.MaxInt32
	switch {
	case step == -1 && start == fixed(-1) && end.Fixed <= math.MinInt32:
		return cut{axis, step, 0, size}
	case step == 1 && whole && start == fixed(0):
		return cut{axis, 1, 0, size}
	case step == 1 && whole && start.Each == 0 && start.Fixed > 0 && size.Fixed >= 0 && size.Each+size.Fixed > start.Fixed:
		return cut{axis, 1, start.Fixed, aten.Dim{Fixed: size.Fixed - start.Fixed, Each: size.Each}}
	case step == 1 && start.Each == 0 && end.Each == 0 && start.Fixed >= 0 && end.Fixed > start.Fixed && end.Fixed <= size.Fixed+size.Each:
		return cut{axis, 1, start.Fixed, fixed(end.Fixed - start.Fixed)}
	}
	c.fail("the range %v … %v of axis %d, of size %v, is not the same for each batch", start, end, axis, size)
	return cut{}
}

func splitRule(c *call) []*value {
	x := c.in(0)
	a := c.axis(c.int("axis", 0), len(x.shape))
	parts := fixedAll(c.ints("split", nil)...)
	if c.has(1) {
		parts = c.dims(1)
	}
	if len(parts) == 0 {
		parts = c.equalParts(x.shape[a], max(1, c.int("num_outputs", len(c.node.Outputs))))
	}
	if len(parts) != len(c.node.Outputs) {
		c.fail("it has %d parts, but %d outputs", len(parts), len(c.node.Outputs))
	}
	var outs []*value
	from := 0
	for _, p := range parts {
		if p.Each != 0 && len(parts) > 1 || p.Fixed < 0 || from+p.Fixed > x.shape[a].Fixed && x.shape[a].Each == 0 {
			c.fail("parts of the sizes %v don't fit an axis of size %v", parts, x.shape[a])
		}
		outs = append(outs, c.slice(x, cut{a, 1, from, p}))
		from += p.Fixed
	}
	return outs
}

// equalParts divides an axis into n parts, of which the last may be smaller.
func (c *call) equalParts(size aten.Dim, n int) []aten.Dim {
	if n == 1 {
		return []aten.Dim{size}
	}
	if size.Each != 0 || n > size.Fixed {
		c.fail("an axis of size %v can't be split into %d parts", size, n)
	}
	each := (size.Fixed + n - 1) / n
	var parts []aten.Dim
	for rest := size.Fixed; rest > 0; rest -= each {
		parts = append(parts, fixed(min(each, rest)))
	}
	return parts
}

// splitToSequenceRule splits an axis into a list of values, all of one size where one is given.
func splitToSequenceRule(c *call) []*value {
	x := c.in(0)
	a := c.axis(c.int("axis", 0), len(x.shape))
	parts := []int{1}
	if c.has(1) {
		parts = c.list(1)
	}
	n, ok := static(x.shape[a : a+1])
	if !ok || len(parts) == 0 || c.has(1) && len(c.in(1).shape) == 0 && parts[0] < 1 || n[0] > maxFolded {
		c.fail("an axis of size %v can't be split into %v", x.shape[a], parts)
	}
	if !c.has(1) || len(c.in(1).shape) == 0 {
		each := parts[0]
		parts = nil
		for rest := n[0]; rest > 0; rest -= each {
			parts = append(parts, min(each, rest))
		}
	}
	list := &value{kind: x.kind, list: []*value{}}
	from := 0
	for _, p := range parts {
		if p < 0 || from+p > n[0] {
			c.fail("parts of the sizes %v don't fit an axis of size %v", parts, x.shape[a])
		}
		part := c.slice(x, cut{a, 1, from, fixed(p)})
		if !c.has(1) && c.int("keepdims", 1) == 0 {
			part = c.reshape(part, slices.Delete(slices.Clone(part.shape), a, a+1))
		}
		list.list, from = append(list.list, part), from+p
	}
	return []*value{list}
}

// sequenceAtRule takes one value of a list.
func sequenceAtRule(c *call) []*value {
	list, at := c.values[c.node.Inputs[0]], int(c.scalar(1))
	if list == nil || list.list == nil || at < -len(list.list) || at >= len(list.list) {
		c.fail("the list has no value %d", at)
	}
	if at < 0 {
		at += len(list.list)
	}
	return []*value{list.list[at]}
}
