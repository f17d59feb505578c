package forward

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/aten"
	"lossatlas/activities/internal/nodes"
)

// indexingOps take elements by indices, which are integers or truth values.
var indexingOps = map[string]builder{
	"embedding":    one(embedding),
	"index_select": one(indexSelect),
	"index":        one(index),
	"gather":       one(gather),
}

// rows are the slices of x at indices of its first axis: [indices…, rest of x…].
// Negative indices count from the end.
func rows(x, indices *graph.Node) *graph.Node {
	if x.Rank() == 0 {
		fail("a scalar has no elements to choose from")
	}
	if indices.DType().IsFloat() || indices.DType() == dtypes.Bool {
		fail("indices of type %s are not supported here: integers are", indices.DType())
	}
	n := graph.Scalar(x.Graph(), indices.DType(), nodes.Dims(x)[0])
	zero := graph.ScalarZero(x.Graph(), indices.DType())
	indices = graph.Where(graph.LessThan(indices, zero), graph.Add(indices, n), indices)
	return graph.Gather(x, nodes.InsertAxis(indices, indices.Rank()))
}

// embedding has the derivative of the loss also in the row of padding_idx, which
// PyTorch leaves out of gradients.
func embedding(c *call) *graph.Node { return rows(c.tensor("weight"), c.tensor("indices")) }

// taken is the slices of x along an axis at a vector of indices.
func taken(x *graph.Node, axis int, indices *graph.Node) *graph.Node {
	if axis == 0 {
		return rows(x, indices)
	}
	return nodes.Swap(rows(nodes.Swap(x, 0, axis), indices), 0, axis)
}

func indexSelect(c *call) *graph.Node {
	x, i := c.tensor("self"), c.tensor("index")
	if i.Rank() > 1 {
		fail("the index %v is no vector", nodes.Dims(i))
	}
	return taken(x, c.axis("dim", 0, x.Rank()), graph.Reshape(i, i.Shape().Size()))
}

// index is x[i, j, …] with None for whole axes. The indexed axes must follow each
// other; they are broadcast together, and stand where the first of them was.
func index(c *call) *graph.Node {
	x, all := c.tensor("self"), c.tensors("indices")
	if len(all) > x.Rank() {
		fail("%d indices are given for %v", len(all), nodes.Dims(x))
	}
	first, last := -1, -1
	var given []*graph.Node
	for a, i := range all {
		if i == nil {
			continue
		}
		if first >= 0 && last != a-1 {
			fail("indices with whole axes between them are not supported")
		}
		if first < 0 {
			first = a
		}
		last = a
		given = append(given, i)
	}
	if first < 0 {
		return x
	}
	// The indexed axes are put first and counted as one.
	order := append(nodes.Sequence(first, len(given)), append(nodes.Sequence(0, first), nodes.Sequence(last+1, x.Rank()-last-1)...)...)
	moved := nodes.Permute(x, order)
	flat, sizes := flatIndex(given, nodes.Dims(x)[first:last+1])
	y := rows(graph.Reshape(moved, append([]int{nodes.Size(sizes)}, nodes.Dims(moved)[len(given):]...)...), flat)
	n := flat.Rank() // axes of the indices, which go back to where the first was
	back := append(nodes.Sequence(n, first), append(nodes.Sequence(0, n), nodes.Sequence(n+first, y.Rank()-n-first)...)...)
	return nodes.Permute(y, back)
}

// flatIndex joins indices of several axes into one of the axes taken together.
func flatIndex(given []*graph.Node, sizes []int) (*graph.Node, []int) {
	var flat *graph.Node
	shape := joint(given...)
	for k, i := range given {
		if i.DType().IsFloat() || i.DType() == dtypes.Bool {
			fail("indices of type %s are not supported: integers are, since a mask gives a result of unknown size", i.DType())
		}
		i = convert(broadcast(i, shape), indexType)
		n := nodes.ScalarLike(i, float64(sizes[k]))
		i = graph.Where(graph.LessThan(i, graph.ScalarZero(i.Graph(), indexType)), graph.Add(i, n), i)
		if flat == nil {
			flat = i
			continue
		}
		flat = graph.Add(graph.Mul(flat, n), i)
	}
	return flat, sizes
}

// gather is x[i…][index] along one axis, with indices of the result's shape.
func gather(c *call) *graph.Node {
	x, i := c.tensor("self"), convert(c.tensor("index"), indexType)
	if x.Rank() == 0 || i.Rank() != x.Rank() {
		fail("indices of %v do not fit %v", nodes.Dims(i), nodes.Dims(x))
	}
	a := c.axis("dim", 0, x.Rank())
	flat := nodes.ScalarLike(i, 0)
	for k := range x.Rank() {
		at := i
		if k != a {
			if nodes.Dims(i)[k] > nodes.Dims(x)[k] {
				fail("indices of %v do not fit %v", nodes.Dims(i), nodes.Dims(x))
			}
			at = graph.Iota(c.g, i.Shape(), k)
		}
		flat = graph.Add(graph.Mul(flat, nodes.ScalarLike(i, float64(nodes.Dims(x)[k]))), at)
	}
	return rows(graph.Reshape(x, x.Shape().Size()), flat)
}

// This file surrounds tensors with numbers or with their own elements.

// borders are PyTorch's pads, pairs from the last axis to the first, as pairs for each axis of x.
func borders(x *graph.Node, pads []int) [][2]int {
	all := make([][2]int, x.Rank())
	if len(pads)%2 != 0 || len(pads)/2 > x.Rank() {
		fail("the padding %v does not fit a tensor of %d axes", pads, x.Rank())
	}
	for i := 0; i < len(pads); i += 2 {
		all[x.Rank()-1-i/2] = [2]int{pads[i], pads[i+1]}
	}
	for i, b := range all {
		n := nodes.Dims(x)[i]
		if b[0] < -n || b[1] < -n || b[0] > aten.MaxSize || b[1] > aten.MaxSize || n+b[0]+b[1] < 1 {
			fail("the padding %v does not fit %v", pads, nodes.Dims(x))
		}
	}
	return all
}

func padConstant(c *call) *graph.Node {
	x := c.tensor("self")
	return nodes.Pad(x, borders(x, c.ints("pad")), c.number("value", 0))
}

func padMode(c *call) *graph.Node {
	switch mode := c.text("mode"); mode {
	case "", "constant":
		return padConstant(c)
	case "reflect":
		return padByIndex(c, "pad", reflected)
	case "replicate":
		return padByIndex(c, "pad", replicated)
	case "circular":
		return padByIndex(c, "pad", wrapped)
	default:
		fail("the mode %q of padding is not supported: constant, reflect, replicate and circular are", mode)
		return nil
	}
}

// Which element of an axis of n elements stands at i, which may be outside.
func reflected(i, n int) int {
	if i < 0 {
		i = -i
	}
	if i >= n {
		i = 2*(n-1) - i
	}
	return i
}
func replicated(i, n int) int { return max(0, min(i, n-1)) }
func wrapped(i, n int) int    { return ((i % n) + n) % n }

// padByIndex surrounds a tensor with its own elements.
func padByIndex(c *call, name string, source func(i, n int) int) *graph.Node {
	x := c.tensor("self")
	for a, b := range borders(x, c.ints(name)) {
		if b == [2]int{} {
			continue
		}
		n := nodes.Dims(x)[a]
		table(n+b[0]+b[1], 1)
		index := make([]int64, n+b[0]+b[1])
		for i := range index {
			index[i] = int64(source(i-b[0], n))
			if index[i] < 0 || index[i] >= int64(n) {
				fail("the padding %v is larger than axis %d of %v", c.ints(name), a, nodes.Dims(x))
			}
		}
		x = taken(x, a, c.fromFlat(index, []int{len(index)}, indexType))
	}
	return x
}
