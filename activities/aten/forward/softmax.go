package forward

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// cumulative is the product with a triangular matrix of ones.
func cumulative(c *call) *graph.Node {
	x := c.tensor("self")
	if x.Rank() == 0 {
		return x
	}
	a := c.axis("dim", 0, x.Rank())
	if nodes.Dims(x)[a] > 4096 {
		fail("an axis of %d elements is longer than the 4096 that are supported", nodes.Dims(x)[a])
	}
	kind := x.DType()
	if !kind.IsFloat() {
		kind = dtypes.Int64
	}
	rows, columns := c.grid(nodes.Dims(x)[a], nodes.Dims(x)[a])
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
	return convert(nodes.Permute(y, order), kind)
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
	hidden := graph.Equal(m, nodes.ScalarLike(m, math.Inf(-1)))
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
	return graph.Add(s, graph.Reshape(m, nodes.Dims(s)...))
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
