package aten

import (
	"github.com/gomlx/gomlx/core/graph"
)

// shapeOps change how elements are arranged, not their values.
var shapeOps = map[string]operation{
	"view":             {"self tensor, size ints?", one(view)},
	"reshape":          {"self tensor, shape ints?", one(view)},
	"_unsafe_view":     {"self tensor, size ints?", one(view)},
	"view_as":          {"self tensor, other tensor", one(viewAs)},
	"reshape_as":       {"self tensor, other tensor", one(viewAs)},
	"flatten":          {"self tensor, start_dim int?, end_dim int?", one(flatten)},
	"unflatten":        {"self tensor, dim int, sizes ints", one(unflatten)},
	"squeeze":          {"self tensor, dim ints?", one(squeeze)},
	"unsqueeze":        {"self tensor, dim int", one(unsqueeze)},
	"permute":          {"self tensor, dims ints?", one(permute)},
	"transpose":        {"self tensor, dim0 int, dim1 int", one(transpose)},
	"swapaxes":         {"self tensor, axis0 int, axis1 int", one(transpose)},
	"t":                {"self tensor", one(matrixTranspose)},
	"numpy_T":          {"self tensor", one(matrixTranspose)},
	"movedim":          {"self tensor, source ints, destination ints", one(moveAxes)},
	"expand":           {"self tensor, size ints?, implicit flag?", one(expand)},
	"expand_as":        {"self tensor, other tensor", one(func(c *call) *graph.Node { return broadcast(c.tensor("self"), dims(c.tensor("other"))) })},
	"broadcast_to":     {"self tensor, size ints?", one(expand)},
	"contiguous":       {"self tensor", one(same)},
	"clone":            {"self tensor", one(same)},
	"alias":            {"self tensor", one(same)},
	"detach":           {"self tensor", one(same)}, // the derivatives are those of the loss
	"lift_fresh_copy":  {"self tensor", one(same)},
	"dropout":          {"input tensor, p number, train flag", one(dropout)},
	"feature_dropout":  {"input tensor, p number, train flag", one(dropout)},
	"alpha_dropout":    {"input tensor, p number, train flag", one(dropout)},
	"native_dropout":   {"input tensor, p number, train flag?", one(dropout)},
	"pixel_shuffle":    {"self tensor, upscale_factor int", one(pixelShuffle)},
	"pixel_unshuffle":  {"self tensor, downscale_factor int", one(pixelUnshuffle)},
	"channel_shuffle":  {"self tensor, groups int", one(channelShuffle)},
	"slice":            {"self tensor, dim int?, start int?, end int?, step int?", one(slice)},
	"select":           {"self tensor, dim int, index int", one(selectIndex)},
	"narrow":           {"self tensor, dim int, start int, length int", one(narrow)},
	"unfold":           {"self tensor, dimension int, size int, step int", one(unfold)},
	"flip":             {"self tensor, dims ints", one(flip)},
	"roll":             {"self tensor, shifts ints, dims ints?", one(roll)},
	"slice_scatter":    {"self tensor, src tensor, dim int?, start int?, end int?, step int?", one(sliceScatter)},
	"select_scatter":   {"self tensor, src tensor, dim int, index int", one(selectScatter)},
	"as_strided":       {"self tensor, size ints?, stride ints?, storage_offset int?", one(asStrided)},
	"constant_pad_nd":  {"self tensor, pad ints, value number?", one(padConstant)},
	"pad":              {"self tensor, pad ints, mode text?, value number?", one(padMode)},
	"reflection_pad1d": {"self tensor, padding ints", one(func(c *call) *graph.Node { return padByIndex(c, "padding", reflected) })},
	"reflection_pad2d": {"self tensor, padding ints", one(func(c *call) *graph.Node { return padByIndex(c, "padding", reflected) })},
	"replication_pad1d": {"self tensor, padding ints", one(func(c *call) *graph.Node {
		return padByIndex(c, "padding", replicated)
	})},
	"replication_pad2d": {"self tensor, padding ints", one(func(c *call) *graph.Node {
		return padByIndex(c, "padding", replicated)
	})},
}

func dims(x *graph.Node) []int { return x.Shape().Dimensions }

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
			fail("the shape %v does not fit the %d elements of %v", shape, size, dims(x))
		default:
			product *= d
		}
	}
	if open >= 0 && size%product == 0 {
		out[open], product = size/product, size
	}
	if product != size {
		fail("the shape %v does not fit the %d elements of %v", shape, size, dims(x))
	}
	return graph.Reshape(x, out...)
}

func view(c *call) *graph.Node {
	if c.has("shape") {
		return reshaped(c.tensor("self"), c.ints("shape"))
	}
	return reshaped(c.tensor("self"), c.ints("size"))
}

func viewAs(c *call) *graph.Node { return reshaped(c.tensor("self"), dims(c.tensor("other"))) }

func flatten(c *call) *graph.Node {
	x := c.tensor("self")
	if x.Rank() == 0 {
		return graph.Reshape(x, 1)
	}
	from, to := c.axis("start_dim", 0, x.Rank()), c.axis("end_dim", -1, x.Rank())
	if to < from {
		fail("start_dim %d lies after end_dim %d", from, to)
	}
	d := append([]int{}, dims(x)[:from]...)
	d = append(d, product(dims(x)[from:to+1]))
	return graph.Reshape(x, append(d, dims(x)[to+1:]...)...)
}

func product(sizes []int) int {
	n := 1
	for _, s := range sizes {
		n *= s
	}
	return n
}

func unflatten(c *call) *graph.Node {
	x := c.tensor("self")
	a := c.axis("dim", 0, x.Rank())
	d := append([]int{}, dims(x)[:a]...)
	d = append(d, c.ints("sizes")...)
	return reshaped(x, append(d, dims(x)[a+1:]...))
}

func squeeze(c *call) *graph.Node {
	x := c.tensor("self")
	drop := map[int]bool{}
	for _, a := range c.axes("dim", x.Rank()) {
		drop[a] = true
	}
	d := []int{}
	for i, n := range dims(x) {
		if !drop[i] || n != 1 {
			d = append(d, n)
		}
	}
	return graph.Reshape(x, d...)
}

func unsqueeze(c *call) *graph.Node {
	x := c.tensor("self")
	return insertAxis(x, axisOf(c.int("dim", 0), x.Rank()+1))
}

func insertAxis(x *graph.Node, at int) *graph.Node {
	d := append([]int{}, dims(x)[:at]...)
	d = append(d, 1)
	return graph.Reshape(x, append(d, dims(x)[at:]...)...)
}

func permute(c *call) *graph.Node {
	x := c.tensor("self")
	order := c.axes("dims", x.Rank())
	if len(order) != x.Rank() {
		fail("%d axes are given for a tensor of %d", len(order), x.Rank())
	}
	return permuted(x, order)
}

func permuted(x *graph.Node, order []int) *graph.Node {
	if x.Rank() < 2 {
		return x
	}
	return graph.TransposeAllAxes(x, order...)
}

func transpose(c *call) *graph.Node {
	x := c.tensor("self")
	names := [2]string{"dim0", "dim1"}
	if c.has("axis0") {
		names = [2]string{"axis0", "axis1"}
	}
	return swapped(x, c.axis(names[0], 0, x.Rank()), c.axis(names[1], 1, x.Rank()))
}

// swapped is x with two axes exchanged.
func swapped(x *graph.Node, a, b int) *graph.Node {
	if a == b {
		return x
	}
	order := make([]int, x.Rank())
	for i := range order {
		order[i] = i
	}
	order[a], order[b] = b, a
	return graph.TransposeAllAxes(x, order...)
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
	return permuted(x, order)
}

func expand(c *call) *graph.Node {
	x, d := c.tensor("self"), append([]int{}, c.ints("size")...)
	if len(d) < x.Rank() {
		fail("the size %v has fewer axes than %v", d, dims(x))
	}
	for i := range d {
		k := i - (len(d) - x.Rank())
		if d[i] == -1 && k >= 0 {
			d[i] = dims(x)[k]
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
	copy(d[rank-x.Rank():], dims(x))
	return graph.Reshape(x, d...)
}

// broadcast repeats x along axes of size 1, and along new ones before the others.
func broadcast(x *graph.Node, to []int) *graph.Node {
	n, err := elements(to)
	x = lift(x, len(to))
	fits := err == nil && x.Rank() == len(to)
	for i := range to {
		fits = fits && (dims(x)[i] == 1 || dims(x)[i] == to[i])
	}
	switch {
	case !fits:
		fail("%v cannot be expanded to %v", dims(x), to)
	case n == x.Shape().Size():
		return x
	}
	return graph.BroadcastToDims(x, to...)
}
