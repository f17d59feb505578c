package forward

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// reductionOps combine the elements along axes.
var reductionOps = map[string]builder{
	"sum":                one(sumAlong),
	"mean":               one(mean),
	"amax":               one(func(c *call) *graph.Node { return extremum(c, graph.ReduceMax) }),
	"amin":               one(func(c *call) *graph.Node { return extremum(c, graph.ReduceMin) }),
	"max":                func(c *call) []*graph.Node { return best(c, larger, graph.ReduceMax) },
	"min":                func(c *call) []*graph.Node { return best(c, smaller, graph.ReduceMin) },
	"argmax":             one(func(c *call) *graph.Node { return argument(c, graph.ReduceMax) }),
	"argmin":             one(func(c *call) *graph.Node { return argument(c, graph.ReduceMin) }),
	"var":                one(variance),
	"std":                one(func(c *call) *graph.Node { return graph.Sqrt(variance(c)) }),
	"var_mean":           func(c *call) []*graph.Node { return []*graph.Node{variance(c), mean(c)} },
	"any":                one(func(c *call) *graph.Node { return truth(c, graph.ReduceMax) }),
	"all":                one(func(c *call) *graph.Node { return truth(c, graph.ReduceMin) }),
	"cumsum":             one(cumulative),
	"softmax":            one(softmax),
	"_softmax":           one(softmax),
	"_safe_softmax":      one(softmax),
	"log_softmax":        one(logSoftmax),
	"_log_softmax":       one(logSoftmax),
	"logsumexp":          one(logSumExp),
	"linalg_vector_norm": one(func(c *call) *graph.Node { return norm(c, "ord") }),
	"norm":               one(func(c *call) *graph.Node { return norm(c, "p") }),
}

type reducer = func(x *graph.Node, axes ...int) *graph.Node

// reduce applies a reduction, and keeps the axes as size 1 where keepdim asks for it.
func (c *call) reduce(x *graph.Node, f reducer) *graph.Node {
	axes := c.axes("dim", x.Rank())
	if x.Rank() == 0 {
		return x
	}
	y := f(x, axes...)
	if c.flag("keepdim", false) {
		return kept(y, x, axes)
	}
	return y
}

// kept is a reduction of x with the reduced axes as size 1.
func kept(y, x *graph.Node, axes []int) *graph.Node {
	d := append([]int{}, nodes.Dims(x)...)
	for _, a := range axes {
		d[a] = 1
	}
	return graph.Reshape(y, d...)
}

// count is the number of elements that are reduced to one.
func count(x *graph.Node, axes []int) int {
	n := 1
	for _, a := range axes {
		n *= nodes.Dims(x)[a]
	}
	return n
}

func sumAlong(c *call) *graph.Node {
	x := c.tensor("self")
	if c.has("dtype") {
		x = convert(x, c.typeOf(c.text("dtype")))
	} else if !x.DType().IsFloat() {
		x = convert(x, dtypes.Int64)
	}
	return c.reduce(x, graph.ReduceSum)
}

func mean(c *call) *graph.Node {
	x := c.asFloat(c.tensor("self"))
	axes := c.axes("dim", x.Rank())
	return graph.DivScalar(c.reduce(x, graph.ReduceSum), float64(count(x, axes)))
}

// extremum has PyTorch's gradient: equal extremes share it evenly.
func extremum(c *call, f reducer) *graph.Node {
	x := c.tensor("self")
	return c.reduce(x, func(x *graph.Node, axes ...int) *graph.Node {
		return weighted(x, axes, func(is *graph.Node) *graph.Node {
			n := kept(graph.ReduceSum(is, axes...), x, axes)
			return graph.Div(is, n)
		}, f)
	})
}

// weighted is the extremum of x along axes as the sum of x times weights that are
// made from a mask of extremes, so that all derivatives are the weights' derivatives.
// NaN counts as extreme.
func weighted(x *graph.Node, axes []int, weights func(is *graph.Node) *graph.Node, f reducer) *graph.Node {
	if !x.DType().IsFloat() {
		return f(x, axes...)
	}
	fixed := graph.StopGradient(x)
	top := broadcast(kept(f(fixed, axes...), x, axes), nodes.Dims(x))
	is := graph.LogicalOr(graph.Equal(fixed, top), graph.NotEqual(fixed, fixed))
	w := weights(graph.ConvertDType(is, x.DType()))
	used := graph.GreaterThan(w, graph.ZerosLike(w))
	return graph.ReduceSum(graph.Mul(graph.Where(used, x, graph.ZerosLike(x)), w), axes...)
}

// best is the largest or smallest element: of all, along an axis together with
// its index, or of two tensors.
func best(c *call, of func(a, b *graph.Node) *graph.Node, f reducer) []*graph.Node {
	if c.has("other") {
		return []*graph.Node{of(c.pair("self", "other"))}
	}
	if !c.has("dim") {
		return []*graph.Node{extremum(c, f)}
	}
	x := c.tensor("self")
	if x.Rank() == 0 {
		return []*graph.Node{x, graph.ScalarZero(c.g, indexType)}
	}
	a := c.axis("dim", 0, x.Rank())
	index := firstIndex(x, a, f)
	value := weighted(x, []int{a}, func(*graph.Node) *graph.Node {
		at := broadcast(nodes.InsertAxis(index, a), nodes.Dims(x))
		return graph.ConvertDType(graph.Equal(at, graph.Iota(c.g, shapes.Make(indexType, nodes.Dims(x)...), a)), x.DType())
	}, f)
	if c.flag("keepdim", false) {
		return []*graph.Node{kept(value, x, []int{a}), kept(index, x, []int{a})}
	}
	return []*graph.Node{value, index}
}

// firstIndex is the index of the first extreme element along an axis.
func firstIndex(x *graph.Node, axis int, f reducer) *graph.Node {
	if x.DType().IsFloat() {
		x = graph.StopGradient(x)
	}
	top := broadcast(kept(f(x, axis), x, []int{axis}), nodes.Dims(x))
	at := graph.Iota(x.Graph(), shapes.Make(indexType, nodes.Dims(x)...), axis)
	beyond := graph.Scalar(x.Graph(), indexType, nodes.Dims(x)[axis]-1)
	return graph.ReduceMin(graph.Where(graph.Equal(x, top), at, beyond), axis)
}

func argument(c *call, f reducer) *graph.Node {
	x := c.tensor("self")
	all := !c.has("dim")
	if all {
		x = graph.Reshape(x, x.Shape().Size())
	}
	a := c.axis("dim", 0, x.Rank())
	index := firstIndex(x, a, f)
	if c.flag("keepdim", false) && !all {
		return kept(index, x, []int{a})
	}
	return index
}

// variance divides by n − correction, where the correction is 1 unless given.
func variance(c *call) *graph.Node {
	x := c.asFloat(c.tensor("self"))
	correction := 1.0
	if c.has("unbiased") && !c.flag("unbiased", true) {
		correction = 0
	}
	correction = c.number("correction", correction)
	axes := c.axes("dim", x.Rank())
	n := float64(count(x, axes))
	return graph.DivScalar(c.reduce(graph.Square(centred(x, axes)), graph.ReduceSum), n-correction)
}

// centred is x minus its mean along axes.
func centred(x *graph.Node, axes []int) *graph.Node {
	if x.Rank() == 0 {
		return graph.ZerosLike(x)
	}
	return graph.Sub(x, kept(graph.DivScalar(graph.ReduceSum(x, axes...), float64(count(x, axes))), x, axes))
}

// truth reduces truth values as the numbers 0 and 1.
func truth(c *call, f reducer) *graph.Node {
	x := convert(convert(c.tensor("self"), dtypes.Bool), dtypes.Int32)
	return convert(c.reduce(x, f), dtypes.Bool)
}
