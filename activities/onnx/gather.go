package onnx

import (
	"slices"

	"lossatlas/activities/aten"
	"lossatlas/activities/onnx/proto"
)

// gatherRule takes entries of an axis. Indices that are known select; others look up.
func gatherRule(c *call) []*value {
	x, index := c.in(0), c.in(1)
	a := c.axis(c.int("axis", 0), len(x.shape))
	shape := slices.Concat(x.shape[:a], index.shape, x.shape[a+1:])
	if len(shape) > proto.MaxRank {
		c.fail("its result has %d axes", len(shape))
	}
	c.product(shape)
	if index.known == nil {
		return []*value{c.lookUp(x, index, a, shape)}
	}
	at := c.places(index, x.shape[a])
	if x.known != nil {
		if v := gatherKnown(x, a, at, shape); v != nil {
			return []*value{v}
		}
	}
	if len(index.shape) == 0 {
		return []*value{c.emit("select", args{"self": c.tensor(x), "dim": ofInt(a), "index": ofInt(at[0])}, x.kind, shape)}
	}
	return []*value{c.selectAll(x, a, at, shape)}
}

// places are known indices into an axis, counted from its front where its size is fixed.
func (c *call) places(index *value, size aten.Dim) []int {
	at := make([]int, len(index.known))
	for i, n := range index.known {
		d, ok := n.dim()
		low, high := -size.Fixed-size.Each, size.Fixed+size.Each // for a batch of one example
		if !ok || d.Each != 0 || d.Fixed < low || d.Fixed >= high {
			c.fail("the index %v is outside an axis of size %v", n.fixed, size)
		}
		if at[i] = d.Fixed; d.Fixed < 0 && size.Each == 0 {
			at[i] += size.Fixed
		}
	}
	return at
}

func gatherKnown(x *value, a int, at []int, shape []aten.Dim) *value {
	sizes := x.sizes()
	inner := count(sizes[a+1:])
	v := &value{kind: x.kind, shape: shape, known: []number{}}
	if count(sizes[:a])*len(at)*inner > max(maxFolded, len(x.known)) {
		return nil
	}
	for o := range count(sizes[:a]) {
		for _, i := range at {
			k := (o*sizes[a] + i) * inner
			v.known = append(v.known, x.known[k:k+inner]...)
		}
	}
	return v
}

// selectAll takes several known entries of an axis: a slice if they follow each other.
func (c *call) selectAll(x *value, a int, at []int, shape []aten.Dim) *value {
	if len(at) == 0 {
		c.fail("it takes no entry at all")
	}
	flat := slices.Clone(x.shape)
	flat[a] = fixed(len(at))
	var y *value
	if row := at[0] >= 0 && slices.Equal(at, following(at[0], len(at))); row {
		y = c.slice(x, cut{a, 1, at[0], fixed(len(at))})
	} else {
		index := &value{kind: "int64", shape: fixedAll(len(at))}
		for _, i := range at {
			index.known = append(index.known, number{fixed: float64(i)})
		}
		y = c.emit("index_select", args{"self": c.tensor(x), "dim": ofInt(a), "index": c.tensor(index)}, x.kind, flat)
	}
	return c.reshape(y, shape)
}

// following lists n numbers from a first one.
func following(from, n int) []int {
	out := identity(n)
	for i := range out {
		out[i] += from
	}
	return out
}

// lookUp takes the rows of a table that the data names.
func (c *call) lookUp(x, index *value, a int, shape []aten.Dim) *value {
	if a == 0 && len(x.shape) == 2 {
		return c.emit("embedding", args{"weight": c.tensor(x), "indices": c.tensor(index)}, x.kind, shape)
	}
	flat := slices.Clone(x.shape)
	flat[a] = c.product(index.shape)
	row := c.reshape(index, []aten.Dim{flat[a]})
	y := c.emit("index_select", args{"self": c.tensor(x), "dim": ofInt(a), "index": c.tensor(row)}, x.kind, flat)
	return c.reshape(y, shape)
}

// gatherElementsRule takes one entry of an axis for each place of the indices.
func gatherElementsRule(c *call) []*value {
	x, index := c.in(0), c.in(1)
	a := c.axis(c.int("axis", 0), len(x.shape))
	if len(index.shape) != len(x.shape) {
		c.fail("its indices have %d axes, its data %d", len(index.shape), len(x.shape))
	}
	return []*value{c.emit("gather", args{"self": c.tensor(x), "dim": ofInt(a), "index": c.tensor(index)}, x.kind, index.shape)}
}
