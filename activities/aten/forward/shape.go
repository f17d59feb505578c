package forward

import (
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/aten"
	"lossatlas/activities/internal/nodes"
)

// shapeOps change how elements are arranged, not their values.
var shapeOps = map[string]builder{
	"view":             one(view),
	"reshape":          one(view),
	"_unsafe_view":     one(view),
	"view_as":          one(viewAs),
	"reshape_as":       one(viewAs),
	"flatten":          one(flatten),
	"unflatten":        one(unflatten),
	"squeeze":          one(squeeze),
	"unsqueeze":        one(unsqueeze),
	"permute":          one(permute),
	"transpose":        one(transpose),
	"swapaxes":         one(transpose),
	"t":                one(matrixTranspose),
	"numpy_T":          one(matrixTranspose),
	"movedim":          one(moveAxes),
	"expand":           one(expand),
	"expand_as":        one(func(c *call) *graph.Node { return broadcast(c.tensor("self"), nodes.Dims(c.tensor("other"))) }),
	"broadcast_to":     one(expand),
	"contiguous":       one(same),
	"clone":            one(same),
	"alias":            one(same),
	"detach":           one(same), // derivatives are of the loss only
	"lift_fresh_copy":  one(same),
	"dropout":          one(dropout),
	"feature_dropout":  one(dropout),
	"alpha_dropout":    one(dropout),
	"native_dropout":   one(dropout),
	"pixel_shuffle":    one(pixelShuffle),
	"pixel_unshuffle":  one(pixelUnshuffle),
	"channel_shuffle":  one(channelShuffle),
	"slice":            one(slice),
	"select":           one(selectIndex),
	"narrow":           one(narrow),
	"unfold":           one(unfold),
	"flip":             one(flip),
	"roll":             one(roll),
	"slice_scatter":    one(sliceScatter),
	"select_scatter":   one(selectScatter),
	"as_strided":       one(asStrided),
	"constant_pad_nd":  one(padConstant),
	"pad":              one(padMode),
	"reflection_pad1d": one(func(c *call) *graph.Node { return padByIndex(c, "padding", reflected) }),
	"reflection_pad2d": one(func(c *call) *graph.Node { return padByIndex(c, "padding", reflected) }),
	"replication_pad1d": one(func(c *call) *graph.Node {
		return padByIndex(c, "padding", replicated)
	}),
	"replication_pad2d": one(func(c *call) *graph.Node {
		return padByIndex(c, "padding", replicated)
	}),
}

func same(c *call) *graph.Node { return c.tensor("self") }

// dropout does nothing in evaluation mode.
func dropout(c *call) *graph.Node {
	if c.flag("train", false) {
		fail("it is in training mode: call model.eval() before the export")
	}
	return c.tensor("input")
}

// reshaped is x in a shape of which one size may be −1.
func reshaped(x *graph.Node, shape []int) *graph.Node {
	size, open, product := x.Shape().Size(), -1, 1
	out := append([]int{}, shape...)
	for i, d := range shape {
		switch {
		case d == -1 && open < 0:
			open = i
		case d < 1 || product > size:
			fail("the shape %v does not fit the %d elements of %v", shape, size, nodes.Dims(x))
		default:
			product *= d
		}
	}
	if open >= 0 && size%product == 0 {
		out[open], product = size/product, size
	}
	if product != size {
		fail("the shape %v does not fit the %d elements of %v", shape, size, nodes.Dims(x))
	}
	return graph.Reshape(x, out...)
}

func view(c *call) *graph.Node {
	if c.has("shape") {
		return reshaped(c.tensor("self"), c.ints("shape"))
	}
	return reshaped(c.tensor("self"), c.ints("size"))
}

func viewAs(c *call) *graph.Node { return reshaped(c.tensor("self"), nodes.Dims(c.tensor("other"))) }

func flatten(c *call) *graph.Node {
	x := c.tensor("self")
	if x.Rank() == 0 {
		return graph.Reshape(x, 1)
	}
	from, to := c.axis("start_dim", 0, x.Rank()), c.axis("end_dim", -1, x.Rank())
	if to < from {
		fail("start_dim %d lies after end_dim %d", from, to)
	}
	d := append([]int{}, nodes.Dims(x)[:from]...)
	d = append(d, nodes.Size(nodes.Dims(x)[from:to+1]))
	return graph.Reshape(x, append(d, nodes.Dims(x)[to+1:]...)...)
}

func unflatten(c *call) *graph.Node {
	x := c.tensor("self")
	a := c.axis("dim", 0, x.Rank())
	d := append([]int{}, nodes.Dims(x)[:a]...)
	d = append(d, c.ints("sizes")...)
	return reshaped(x, append(d, nodes.Dims(x)[a+1:]...))
}

func squeeze(c *call) *graph.Node {
	x := c.tensor("self")
	drop := map[int]bool{}
	for _, a := range c.axes("dim", x.Rank()) {
		drop[a] = true
	}
	d := []int{}
	for i, n := range nodes.Dims(x) {
		if !drop[i] || n != 1 {
			d = append(d, n)
		}
	}
	return graph.Reshape(x, d...)
}

func unsqueeze(c *call) *graph.Node {
	x := c.tensor("self")
	return nodes.InsertAxis(x, axisOf(c.int("dim", 0), x.Rank()+1))
}

func permute(c *call) *graph.Node {
	x := c.tensor("self")
	order := c.axes("dims", x.Rank())
	if len(order) != x.Rank() {
		fail("%d axes are given for a tensor of %d", len(order), x.Rank())
	}
	return nodes.Permute(x, order)
}

func transpose(c *call) *graph.Node {
	x := c.tensor("self")
	names := [2]string{"dim0", "dim1"}
	if c.has("axis0") {
		names = [2]string{"axis0", "axis1"}
	}
	return nodes.Swap(x, c.axis(names[0], 0, x.Rank()), c.axis(names[1], 1, x.Rank()))
}

// matrixTranspose reverses the order of the axes.
func matrixTranspose(c *call) *graph.Node {
	x := c.tensor("self")
	if x.Rank() < 2 {
		return x
	}
	order := make([]int, x.Rank())
	for i := range order {
		order[i] = x.Rank() - 1 - i
	}
	return graph.TransposeAllAxes(x, order...)
}

func moveAxes(c *call) *graph.Node {
	x := c.tensor("self")
	from, to := c.axes("source", x.Rank()), c.axes("destination", x.Rank())
	if len(from) != len(to) {
		fail("source has %d axes, destination %d", len(from), len(to))
	}
	order, taken := make([]int, x.Rank()), make([]bool, x.Rank())
	for i := range order {
		order[i] = -1
	}
	for i := range from {
		order[to[i]], taken[from[i]] = from[i], true
	}
	next := 0
	for i := range order {
		if order[i] >= 0 {
			continue
		}
		for taken[next] {
			next++
		}
		order[i], taken[next] = next, true
	}
	return nodes.Permute(x, order)
}

func expand(c *call) *graph.Node {
	x, d := c.tensor("self"), append([]int{}, c.ints("size")...)
	if len(d) < x.Rank() {
		fail("the size %v has fewer axes than %v", d, nodes.Dims(x))
	}
	for i := range d {
		k := i - (len(d) - x.Rank())
		if d[i] == -1 && k >= 0 {
			d[i] = nodes.Dims(x)[k]
		}
	}
	return broadcast(x, d)
}

// lift puts axes of size 1 before the others until there are rank.
func lift(x *graph.Node, rank int) *graph.Node {
	if x.Rank() >= rank {
		return x
	}
	d := make([]int, rank)
	for i := range d {
		d[i] = 1
	}
	copy(d[rank-x.Rank():], nodes.Dims(x))
	return graph.Reshape(x, d...)
}

// broadcast repeats x along axes of size 1, and along new ones before the others.
func broadcast(x *graph.Node, to []int) *graph.Node {
	n, err := aten.Elements(to)
	x = lift(x, len(to))
	fits := err == nil && x.Rank() == len(to)
	for i := range to {
		fits = fits && (nodes.Dims(x)[i] == 1 || nodes.Dims(x)[i] == to[i])
	}
	switch {
	case !fits:
		fail("%v cannot be expanded to %v", nodes.Dims(x), to)
	case n == x.Shape().Size():
		return x
	}
	return graph.BroadcastToDims(x, to...)
}
