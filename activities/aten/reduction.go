package aten

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// reductionOps combine the elements along axes.
var reductionOps = map[string]operation{
	"sum":                {"self tensor, dim ints?, keepdim flag?, dtype text?", one(sumAlong)},
	"mean":               {"self tensor, dim ints?, keepdim flag?, dtype text?", one(mean)},
	"amax":               {"self tensor, dim ints?, keepdim flag?", one(func(c *call) *graph.Node { return extremum(c, graph.ReduceMax) })},
	"amin":               {"self tensor, dim ints?, keepdim flag?", one(func(c *call) *graph.Node { return extremum(c, graph.ReduceMin) })},
	"max":                {"self tensor, dim int?, keepdim flag?, other tensor?", func(c *call) []*graph.Node { return best(c, larger, graph.ReduceMax) }},
	"min":                {"self tensor, dim int?, keepdim flag?, other tensor?", func(c *call) []*graph.Node { return best(c, smaller, graph.ReduceMin) }},
	"argmax":             {"self tensor, dim int?, keepdim flag?", one(func(c *call) *graph.Node { return argument(c, graph.ReduceMax) })},
	"argmin":             {"self tensor, dim int?, keepdim flag?", one(func(c *call) *graph.Node { return argument(c, graph.ReduceMin) })},
	"var":                {"self tensor, dim ints?, correction number?, unbiased flag?, keepdim flag?", one(variance)},
	"std":                {"self tensor, dim ints?, correction number?, unbiased flag?, keepdim flag?", one(func(c *call) *graph.Node { return graph.Sqrt(variance(c)) })},
	"var_mean":           {"self tensor, dim ints?, correction number?, unbiased flag?, keepdim flag?", func(c *call) []*graph.Node { return []*graph.Node{variance(c), mean(c)} }},
	"any":                {"self tensor, dim ints?, keepdim flag?", one(func(c *call) *graph.Node { return truth(c, graph.ReduceMax) })},
	"all":                {"self tensor, dim ints?, keepdim flag?", one(func(c *call) *graph.Node { return truth(c, graph.ReduceMin) })},
	"cumsum":             {"self tensor, dim int, dtype text?", one(cumulative)},
	"softmax":            {"self tensor, dim int, dtype text?", one(softmax)},
	"_softmax":           {"self tensor, dim int, half_to_float flag?", one(softmax)},
	"_safe_softmax":      {"self tensor, dim int, dtype text?", one(softmax)},
	"log_softmax":        {"self tensor, dim int, dtype text?", one(logSoftmax)},
	"_log_softmax":       {"self tensor, dim int, half_to_float flag?", one(logSoftmax)},
	"logsumexp":          {"self tensor, dim ints, keepdim flag?", one(logSumExp)},
	"linalg_vector_norm": {"self tensor, ord number?, dim ints?, keepdim flag?, dtype text?", one(func(c *call) *graph.Node { return norm(c, "ord") })},
	"norm":               {"self tensor, p number?, dim ints?, keepdim flag?, dtype text?", one(func(c *call) *graph.Node { return norm(c, "p") })},
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
	d := append([]int{}, dims(x)...)
	for _, a := range axes {
		d[a] = 1
	}
	return graph.Reshape(y, d...)
}

// count is the number of elements that are reduced to one.
func count(x *graph.Node, axes []int) int {
	n := 1
	for _, a := range axes {
		n *= dims(x)[a]
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
// made from a mask of extremes, so that all derivatives are those of the weights.
// NaN counts as extreme.
func weighted(x *graph.Node, axes []int, weights func(is *graph.Node) *graph.Node, f reducer) *graph.Node {
	if !x.DType().IsFloat() {
		return f(x, axes...)
	}
	fixed := graph.StopGradient(x)
	top := broadcast(kept(f(fixed, axes...), x, axes), dims(x))
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
		at := broadcast(insertAxis(index, a), dims(x))
		return graph.ConvertDType(graph.Equal(at, graph.Iota(c.g, shapes.Make(indexType, dims(x)...), a)), x.DType())
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
	top := broadcast(kept(f(x, axis), x, []int{axis}), dims(x))
	at := graph.Iota(x.Graph(), shapes.Make(indexType, dims(x)...), axis)
	beyond := graph.Scalar(x.Graph(), indexType, dims(x)[axis]-1)
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

// cumulative is the product with a triangular matrix of ones.
func cumulative(c *call) *graph.Node {
	x := c.tensor("self")
	if x.Rank() == 0 {
		return x
	}
	a := c.axis("dim", 0, x.Rank())
	if dims(x)[a] > 4096 {
		fail("an axis of %d elements is longer than the 4096 that are supported", dims(x)[a])
	}
	kind := x.DType()
	if !kind.IsFloat() {
		kind = dtypes.Int64
	}
	rows, columns := c.grid(dims(x)[a], dims(x)[a])
	ones := graph.ConvertDType(graph.LessOrEqual(rows, columns), c.float)
	y := graph.DotGeneral(convert(x, c.float), []int{a}, nil, ones, []int{0}, nil) // the axis is now the last
	order := make([]int, 0, x.Rank())
	for i := range x.Rank() {
		switch {
		case i < a:
			order = append(order, i)
		case i == a:
			order = append(order, x.Rank()-1)
		default:
			order = append(order, i-1)
		}
	}
	return convert(permuted(y, order), kind)
}

func softmax(c *call) *graph.Node {
	x := c.asFloat(c.tensor("self"))
	return softmaxAlong(x, c.axis("dim", -1, x.Rank()))
}

// softmaxAlong subtracts the largest element. Where all elements are −∞, as in rows
// that are masked throughout, it is 0: PyTorch's softmax gives NaN there, and its
// attention 0.
func softmaxAlong(x *graph.Node, axis int) *graph.Node {
	if x.Rank() == 0 {
		return graph.OnesLike(x)
	}
	m := largest(x, axis)
	hidden := graph.Equal(m, scalarLike(m, math.Inf(-1)))
	e := graph.Exp(graph.Sub(x, graph.Where(hidden, graph.ZerosLike(m), m)))
	sum := kept(graph.ReduceSum(e, axis), x, []int{axis})
	return graph.Div(e, graph.Where(hidden, graph.OnesLike(sum), sum))
}

// largest is the largest element along axes, which are kept, as a constant for gradients.
func largest(x *graph.Node, axes ...int) *graph.Node {
	return kept(graph.ReduceMax(graph.StopGradient(x), axes...), x, axes)
}

func logSoftmax(c *call) *graph.Node {
	x := c.asFloat(c.tensor("self"))
	if x.Rank() == 0 {
		return graph.ZerosLike(x)
	}
	a := c.axis("dim", -1, x.Rank())
	d := graph.Sub(x, largest(x, a))
	return graph.Sub(d, graph.Log(kept(graph.ReduceSum(graph.Exp(d), a), x, []int{a})))
}

func logSumExp(c *call) *graph.Node {
	x := c.asFloat(c.tensor("self"))
	if x.Rank() == 0 {
		return x
	}
	axes := c.axes("dim", x.Rank())
	m := largest(x, axes...)
	s := graph.Log(c.reduce(graph.Exp(graph.Sub(x, m)), graph.ReduceSum))
	return graph.Add(s, graph.Reshape(m, dims(s)...))
}

// norm is the p-norm. Its derivative at 0 is 0.
func norm(c *call, name string) *graph.Node {
	x, p := c.asFloat(c.tensor("self")), c.number(name, 2)
	switch {
	case p == 1:
		return c.reduce(absolute(x), graph.ReduceSum)
	case math.IsInf(p, 1):
		return extremumOf(c, absolute(x))
	case p == 2:
		return rootAboveZero(c.reduce(graph.Square(x), graph.ReduceSum), graph.Sqrt)
	case p > 0 && !math.IsInf(p, 0):
		powers := c.reduce(rootAboveZero(absolute(x), func(x *graph.Node) *graph.Node { return powerOf(x, p) }), graph.ReduceSum)
		return rootAboveZero(powers, func(s *graph.Node) *graph.Node { return powerOf(s, 1/p) })
	}
	fail("the norm of order %v is not supported: positive orders are", p)
	return nil
}

func extremumOf(c *call, x *graph.Node) *graph.Node {
	return c.reduce(x, func(x *graph.Node, axes ...int) *graph.Node {
		return weighted(x, axes, func(is *graph.Node) *graph.Node {
			return graph.Div(is, kept(graph.ReduceSum(is, axes...), x, axes))
		}, graph.ReduceMax)
	})
}

// rootAboveZero is f(x), and 0 with derivative 0 where x is 0.
func rootAboveZero(x *graph.Node, f func(x *graph.Node) *graph.Node) *graph.Node {
	zero := graph.Equal(x, graph.ZerosLike(x))
	return graph.Where(zero, graph.ZerosLike(x), f(graph.Where(zero, graph.OnesLike(x), x)))
}
