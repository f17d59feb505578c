package forward

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/aten"
	"lossatlas/activities/conv"
	"lossatlas/activities/internal/nodes"
)

// This file has operations that take parts of tensors, put them together in
// another order, or surround them.

func slice(c *call) *graph.Node {
	x := c.tensor("self")
	if x.Rank() == 0 {
		fail("a scalar cannot be cut")
	}
	a := c.axis("dim", 0, x.Rank())
	n, step := nodes.Dims(x)[a], c.int("step", 1)
	from, to := clip(c.int("start", 0), n), clip(c.int("end", math.MaxInt), n)
	if step < 1 || from >= to {
		fail("the slice %d:%d:%d of an axis of %d elements is empty", from, to, step, n)
	}
	return nodes.Slice(x, a, from, to, step)
}

// clip is an index as Python counts it, from the end where negative, within 0…n.
func clip(i, n int) int {
	if i < 0 {
		i += n
	}
	return max(0, min(i, n))
}

func selectIndex(c *call) *graph.Node {
	x := c.tensor("self")
	a := c.axis("dim", 0, x.Rank())
	return nodes.Select(x, a, axisIndex(c.int("index", 0), x, a))
}

func axisIndex(i int, x *graph.Node, axis int) int {
	if x.Rank() == 0 || i < -nodes.Dims(x)[axis] || i >= nodes.Dims(x)[axis] {
		fail("the index %d is outside axis %d of %v", i, axis, nodes.Dims(x))
	}
	return (i + nodes.Dims(x)[axis]) % nodes.Dims(x)[axis]
}

func narrow(c *call) *graph.Node {
	x := c.tensor("self")
	a := c.axis("dim", 0, x.Rank())
	from := axisIndex(c.int("start", 0), x, a)
	n := c.int("length", 0)
	if n < 1 || n > nodes.Dims(x)[a]-from {
		fail("%d elements from %d do not fit axis %d of %v", n, from, a, nodes.Dims(x))
	}
	return nodes.Slice(x, a, from, from+n, 1)
}

func flip(c *call) *graph.Node {
	x := c.tensor("self")
	if x.Rank() == 0 {
		return x
	}
	axes := c.axes("dims", x.Rank())
	return nodes.WithGradients(graph.Reverse(x, axes...), []*graph.Node{x}, func(dy *graph.Node) *graph.Node { return graph.Reverse(dy, axes...) })
}

func roll(c *call) *graph.Node {
	x := c.tensor("self")
	shifts := c.ints("shifts")
	if !c.has("dims") {
		flat := graph.Reshape(x, x.Shape().Size())
		return graph.Reshape(rolled(flat, 0, shifts[0]), nodes.Dims(x)...)
	}
	axes := c.ints("dims")
	if len(axes) != len(shifts) {
		fail("%d shifts are given for %d axes", len(shifts), len(axes))
	}
	for i, a := range axes {
		x = rolled(x, axisOf(a, x.Rank()), shifts[i])
	}
	return x
}

// rolled moves elements towards higher indices of an axis, the last ones to its start.
func rolled(x *graph.Node, axis, shift int) *graph.Node {
	if x.Rank() == 0 {
		return x
	}
	n := nodes.Dims(x)[axis]
	cut := ((-shift)%n + n) % n
	if cut == 0 {
		return x
	}
	return graph.Concatenate([]*graph.Node{nodes.Slice(x, axis, cut, n, 1), nodes.Slice(x, axis, 0, cut, 1)}, axis)
}

func pixelShuffle(c *call) *graph.Node {
	x, r := c.tensor("self"), c.int("upscale_factor", 1)
	d := nodes.Dims(x)
	if x.Rank() != 4 || r < 1 || r > aten.MaxSize || d[1]%(r*r) != 0 {
		fail("a factor of %d does not fit %v", r, d)
	}
	y := graph.Reshape(x, d[0], d[1]/(r*r), r, r, d[2], d[3])
	y = graph.TransposeAllAxes(y, 0, 1, 4, 2, 5, 3)
	return graph.Reshape(y, d[0], d[1]/(r*r), d[2]*r, d[3]*r)
}

func pixelUnshuffle(c *call) *graph.Node {
	x, r := c.tensor("self"), c.int("downscale_factor", 1)
	d := nodes.Dims(x)
	if x.Rank() != 4 || r < 1 || d[2]%r != 0 || d[3]%r != 0 {
		fail("a factor of %d does not fit %v", r, d)
	}
	y := graph.Reshape(x, d[0], d[1], d[2]/r, r, d[3]/r, r)
	y = graph.TransposeAllAxes(y, 0, 1, 3, 5, 2, 4)
	return graph.Reshape(y, d[0], d[1]*r*r, d[2]/r, d[3]/r)
}

func channelShuffle(c *call) *graph.Node {
	x, groups := c.tensor("self"), c.int("groups", 1)
	if x.Rank() < 2 || groups < 1 || nodes.Dims(x)[1]%groups != 0 {
		fail("%d groups do not fit %v", groups, nodes.Dims(x))
	}
	d := nodes.Dims(x)
	split := append([]int{d[0], groups, d[1] / groups}, d[2:]...)
	return graph.Reshape(nodes.Swap(graph.Reshape(x, split...), 1, 2), d...)
}

// sliceScatter is self with the part that slice would take replaced by src.
func sliceScatter(c *call) *graph.Node {
	x, src := c.tensor("self"), c.tensor("src")
	if x.Rank() == 0 {
		fail("a scalar cannot be cut")
	}
	a := c.axis("dim", 0, x.Rank())
	n := nodes.Dims(x)[a]
	from, to := clip(c.int("start", 0), n), clip(c.int("end", math.MaxInt), n)
	if c.int("step", 1) != 1 {
		fail("a step of %d is not supported: 1 is", c.int("step", 1))
	}
	return replaced(x, a, from, to, src)
}

func selectScatter(c *call) *graph.Node {
	x := c.tensor("self")
	a := c.axis("dim", 0, x.Rank())
	i := axisIndex(c.int("index", 0), x, a)
	return replaced(x, a, i, i+1, nodes.InsertAxis(c.tensor("src"), min(a, c.tensor("src").Rank())))
}

// replaced is x with the elements from…to of an axis taken from src.
func replaced(x *graph.Node, axis, from, to int, src *graph.Node) *graph.Node {
	if from >= to {
		return x
	}
	d := append([]int{}, nodes.Dims(x)...)
	d[axis] = to - from
	parts := []*graph.Node{convert(broadcast(src, d), x.DType())}
	if from > 0 {
		parts = append([]*graph.Node{nodes.Slice(x, axis, 0, from, 1)}, parts...)
	}
	if to < nodes.Dims(x)[axis] {
		parts = append(parts, nodes.Slice(x, axis, to, nodes.Dims(x)[axis], 1))
	}
	return graph.Concatenate(parts, axis)
}

// asStrided is supported where it describes the tensor as it is, which
// run_decompositions writes to note how a tensor lies in memory.
func asStrided(c *call) *graph.Node {
	x := c.tensor("self")
	size, stride := c.ints("size"), c.ints("stride")
	same, n := len(size) == x.Rank() && len(stride) == x.Rank() && c.int("storage_offset", 0) == 0, 1
	for i := x.Rank() - 1; i >= 0 && same; i-- {
		same = size[i] == nodes.Dims(x)[i] && (size[i] == 1 || stride[i] == n)
		n *= nodes.Dims(x)[i]
	}
	if !same {
		fail("the shape %v with strides %v is not that of %v: export without run_decompositions()", size, stride, nodes.Dims(x))
	}
	return x
}

// unfold gives each window of an axis, a step apart, its elements along a new last axis.
func unfold(c *call) *graph.Node {
	x, size, step := c.tensor("self"), c.int("size", 1), c.int("step", 1)
	if x.Rank() == 0 {
		fail("a scalar has no windows")
	}
	a := c.axis("dimension", 0, x.Rank())
	if size < 1 || size > nodes.Dims(x)[a] || size > conv.MaxTaps || !inRange(step) {
		fail("windows of %d elements with step %d do not fit axis %d of %v", size, step, a, nodes.Dims(x))
	}
	n := (nodes.Dims(x)[a]-size)/step + 1
	taps := make([]*graph.Node, size)
	for i := range taps {
		taps[i] = nodes.InsertAxis(nodes.Slice(x, a, i, i+(n-1)*step+1, step), x.Rank())
	}
	return graph.Concatenate(taps, x.Rank())
}
