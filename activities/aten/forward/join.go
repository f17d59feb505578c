package forward

import (
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/aten"
	"lossatlas/activities/internal/nodes"
)

// joinOps put tensors together and take them apart.
var joinOps = map[string]builder{
	"cat":               one(cat),
	"concat":            one(cat),
	"stack":             one(stack),
	"split":             split,
	"split_with_sizes":  split,
	"chunk":             chunk,
	"unbind":            unbind,
	"repeat":            one(repeat),
	"tile":              one(repeat),
	"repeat_interleave": one(interleave),
}

// maxParts is the largest number of results of one operation.
const maxParts = 4096

func cat(c *call) *graph.Node {
	all := c.promoted(c.tensors("tensors"))
	return graph.Concatenate(all, c.placed(c.axis("dim", 0, all[0].Rank())))
}

// promoted converts tensors to their common type.
func (c *call) promoted(all []*graph.Node) []*graph.Node {
	for _, x := range all {
		if x == nil {
			fail("a tensor of the list is None")
		}
	}
	out := append([]*graph.Node{}, all...)
	for _, x := range all {
		out[0], _ = promote(out[0], x)
	}
	for i := range out {
		out[i] = convert(all[i], out[0].DType())
	}
	return out
}

func stack(c *call) *graph.Node {
	all := c.promoted(c.tensors("tensors"))
	a := axisOf(c.int("dim", 0), all[0].Rank()+1)
	for i, x := range all {
		all[i] = nodes.InsertAxis(x, a)
	}
	return graph.Concatenate(all, a)
}

// split cuts into parts of one size, or of the sizes of a list.
func split(c *call) []*graph.Node {
	x, name := c.tensor("self"), "split_size"
	if c.has("split_sizes") {
		name = "split_sizes"
	}
	a := c.axis("dim", 0, x.Rank())
	if c.op.Args[name].Int == nil {
		return cut(x, a, c.ints(name))
	}
	return cutEvenly(x, a, c.int(name, 1))
}

func cutEvenly(x *graph.Node, axis, size int) []*graph.Node {
	if x.Rank() == 0 || size < 1 || nodes.Dims(x)[axis]/size > maxParts {
		fail("parts of %d elements do not fit %v", size, nodes.Dims(x))
	}
	var sizes []int
	for left := nodes.Dims(x)[axis]; left > 0; left -= size {
		sizes = append(sizes, min(left, size))
	}
	return cut(x, axis, sizes)
}

func cut(x *graph.Node, axis int, sizes []int) []*graph.Node {
	var parts []*graph.Node
	from := 0
	for _, n := range sizes {
		if n < 1 || n > nodes.Dims(x)[axis]-from || len(sizes) > maxParts {
			fail("parts of %v elements do not fit axis %d of %v", sizes, axis, nodes.Dims(x))
		}
		parts = append(parts, nodes.Slice(x, axis, from, from+n, 1))
		from += n
	}
	return parts
}

func chunk(c *call) []*graph.Node {
	x, n := c.tensor("self"), c.int("chunks", 1)
	a := c.axis("dim", 0, x.Rank())
	if x.Rank() == 0 || n < 1 || n > aten.MaxSize {
		fail("%d chunks do not fit %v", n, nodes.Dims(x))
	}
	return cutEvenly(x, a, (nodes.Dims(x)[a]+n-1)/n)
}

func unbind(c *call) []*graph.Node {
	x := c.tensor("self")
	a := c.axis("dim", 0, x.Rank())
	if x.Rank() == 0 || nodes.Dims(x)[a] > maxParts {
		fail("%v cannot be taken apart", nodes.Dims(x))
	}
	parts := make([]*graph.Node, nodes.Dims(x)[a])
	for i := range parts {
		parts[i] = nodes.Select(x, a, i)
	}
	return parts
}

func repeat(c *call) *graph.Node {
	x, times := c.tensor("self"), c.ints("repeats")
	if c.has("dims") {
		times = c.ints("dims")
	}
	if len(times) < x.Rank() {
		if c.has("repeats") {
			fail("%d repeats are given for %d axes", len(times), x.Rank())
		}
		for len(times) < x.Rank() {
			times = append([]int{1}, times...)
		}
	}
	x = lift(x, len(times))
	var wide, to, final []int
	for i, n := range times {
		wide, to, final = append(wide, 1, nodes.Dims(x)[i]), append(to, n, nodes.Dims(x)[i]), append(final, n*nodes.Dims(x)[i])
	}
	return graph.Reshape(broadcast(graph.Reshape(x, wide...), to), final...)
}

// interleave repeats each element along an axis.
func interleave(c *call) *graph.Node {
	x, n := c.tensor("self"), c.int("repeats", 1)
	if !c.has("dim") {
		x = graph.Reshape(x, x.Shape().Size())
	}
	a := c.axis("dim", 0, x.Rank())
	if n < 1 || n > aten.MaxSize || x.Rank() == 0 || n > aten.MaxElements/x.Shape().Size() {
		fail("%d repeats of %v are out of range", n, nodes.Dims(x))
	}
	return nodes.Repeat(x, a, n)
}
