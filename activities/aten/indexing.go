package aten

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// indexingOps take elements by indices, which are integers or truth values.
var indexingOps = map[string]operation{
	"embedding":    {"weight tensor, indices tensor, padding_idx int?, scale_grad_by_freq flag?, sparse flag?", one(embedding)},
	"index_select": {"self tensor, dim int, index tensor", one(indexSelect)},
	"index":        {"self tensor, indices tensors", one(index)},
	"gather":       {"self tensor, dim int, index tensor, sparse_grad flag?", one(gather)},
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
	n := graph.Scalar(x.Graph(), indices.DType(), dims(x)[0])
	zero := graph.ScalarZero(x.Graph(), indices.DType())
	indices = graph.Where(graph.LessThan(indices, zero), graph.Add(indices, n), indices)
	return graph.Gather(x, insertAxis(indices, indices.Rank()))
}

// embedding has the derivative of the loss also in the row of padding_idx, which
// PyTorch leaves out of gradients.
func embedding(c *call) *graph.Node { return rows(c.tensor("weight"), c.tensor("indices")) }

// taken is the slices of x along an axis at a vector of indices.
func taken(x *graph.Node, axis int, indices *graph.Node) *graph.Node {
	if axis == 0 {
		return rows(x, indices)
	}
	return swapped(rows(swapped(x, 0, axis), indices), 0, axis)
}

func indexSelect(c *call) *graph.Node {
	x, i := c.tensor("self"), c.tensor("index")
	if i.Rank() > 1 {
		fail("the index %v is no vector", dims(i))
	}
	return taken(x, c.axis("dim", 0, x.Rank()), graph.Reshape(i, i.Shape().Size()))
}

// index is x[i, j, …] with None for whole axes. The indexed axes must follow each
// other; they are broadcast together, and stand where the first of them was.
func index(c *call) *graph.Node {
	x, all := c.tensor("self"), c.tensors("indices")
	if len(all) > x.Rank() {
		fail("%d indices are given for %v", len(all), dims(x))
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
	order := append(sequence(first, len(given)), append(sequence(0, first), sequence(last+1, x.Rank()-last-1)...)...)
	moved := permuted(x, order)
	flat, sizes := flatIndex(given, dims(x)[first:last+1])
	y := rows(graph.Reshape(moved, append([]int{product(sizes)}, dims(moved)[len(given):]...)...), flat)
	n := flat.Rank() // axes of the indices, which go back to where the first was
	back := append(sequence(n, first), append(sequence(0, n), sequence(n+first, y.Rank()-n-first)...)...)
	return permuted(y, back)
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
		n := scalarLike(i, float64(sizes[k]))
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
		fail("indices of %v do not fit %v", dims(i), dims(x))
	}
	a := c.axis("dim", 0, x.Rank())
	flat := scalarLike(i, 0)
	for k := range x.Rank() {
		at := i
		if k != a {
			if dims(i)[k] > dims(x)[k] {
				fail("indices of %v do not fit %v", dims(i), dims(x))
			}
			at = graph.Iota(c.g, i.Shape(), k)
		}
		flat = graph.Add(graph.Mul(flat, scalarLike(i, float64(dims(x)[k]))), at)
	}
	return rows(graph.Reshape(x, x.Shape().Size()), flat)
}
