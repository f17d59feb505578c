package forward

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// This file has the arithmetic of two operands.

func multiply(a, b *graph.Node) *graph.Node {
	if a.DType() == dtypes.Bool {
		return graph.LogicalAnd(both(a, b))
	}
	return graph.Mul(a, b)
}

// scaled is x times the argument alpha or beta.
func (c *call) scaled(x *graph.Node, name string) *graph.Node {
	if f := c.number(name, 1); f != 1 {
		return graph.Mul(x, c.scalarOf(c.op.Args[name], x.DType()))
	}
	return x
}

func sum(c *call) *graph.Node {
	a, b := c.pair("self", "other")
	if a.DType() == dtypes.Bool {
		return graph.LogicalOr(both(a, b))
	}
	return graph.Add(a, c.scaled(b, "alpha"))
}

func difference(c *call) *graph.Node {
	a, b := c.pair("self", "other")
	return graph.Sub(a, c.scaled(b, "alpha"))
}

func reverseDifference(c *call) *graph.Node {
	a, b := c.pair("self", "other")
	return graph.Sub(b, c.scaled(a, "alpha"))
}

func quotient(c *call) *graph.Node {
	a, b := c.pair("self", "other")
	mode := c.text("rounding_mode")
	if mode == "floor" && !a.DType().IsFloat() {
		return floorDivide(a, b)
	}
	integers := !a.DType().IsFloat()
	y := graph.Div(c.asFloat(a), c.asFloat(b))
	switch mode {
	case "":
		return y
	case "floor":
		y = piecewise(graph.Floor)(y)
	case "trunc":
		y = piecewise(truncate)(y)
	default:
		fail("the rounding mode %q is not supported: floor and trunc are", mode)
	}
	if integers {
		return convert(y, a.DType())
	}
	return y
}

func floorQuotient(c *call) *graph.Node {
	a, b := c.pair("self", "other")
	if a.DType().IsFloat() {
		return piecewise(graph.Floor)(graph.Div(a, b))
	}
	return floorDivide(a, b)
}

// floorDivide divides integers, rounded down.
func floorDivide(a, b *graph.Node) *graph.Node {
	a, b = both(a, b)
	rest := graph.Rem(a, b)
	zero := graph.ScalarZero(a.Graph(), a.DType())
	negative := func(x *graph.Node) *graph.Node { return graph.LessThan(x, zero) }
	below := graph.LogicalAnd(graph.NotEqual(rest, zero), graph.LogicalXor(negative(rest), negative(b)))
	q := graph.Div(graph.Sub(a, rest), b)
	return graph.Where(below, graph.Sub(q, graph.OnesLike(q)), q)
}

// remainder has the sign of the divisor.
func remainder(c *call) *graph.Node {
	a, b := c.pair("self", "other")
	if a.DType().IsFloat() {
		return graph.Sub(a, graph.Mul(b, piecewise(graph.Floor)(graph.Div(a, b))))
	}
	return graph.Sub(a, graph.Mul(b, floorDivide(a, b)))
}

// fmod has the sign of the dividend.
func fmod(c *call) *graph.Node {
	a, b := c.pair("self", "other")
	if a.DType().IsFloat() {
		return graph.Sub(a, graph.Mul(b, piecewise(truncate)(graph.Div(a, b))))
	}
	return graph.Rem(both(a, b))
}

// power writes small whole exponents as products, whose derivatives are right
// for every base; the library's logarithm of the base is not.
func power(c *call) *graph.Node {
	e := c.op.Args["exponent"]
	if e.Value == "" {
		x := c.tensor("self")
		if e.Number != nil {
			x = c.asFloat(x)
		}
		return powerOf(x, c.valueOf(e))
	}
	if base := c.op.Args["self"]; base.Value == "" {
		exponent := c.asFloat(c.tensor("exponent"))
		return graph.Exp(graph.MulScalar(exponent, math.Log(c.valueOf(base))))
	}
	return generalPower(c.pair("self", "exponent"))
}

func powerOf(x *graph.Node, e float64) *graph.Node {
	switch {
	case e == 0:
		return graph.OnesLike(x)
	case e == 0.5:
		return graph.Sqrt(x)
	case e == -0.5:
		return graph.Reciprocal(graph.Sqrt(x))
	case e < 0 && e == math.Trunc(e) && e >= -16:
		return graph.Reciprocal(powerOf(x, -e))
	case e == math.Trunc(e) && e > 0 && e <= 16:
		return repeatedProduct(x, int(e))
	}
	return generalPower(x, nodes.ScalarLike(x, e))
}

// repeatedProduct is xⁿ by squaring.
func repeatedProduct(x *graph.Node, n int) *graph.Node {
	var y *graph.Node
	for ; n > 0; n /= 2 {
		if n%2 == 1 {
			if y == nil {
				y = x
			} else {
				y = graph.Mul(y, x)
			}
		}
		if n > 1 {
			x = graph.Mul(x, x)
		}
	}
	return y
}

// generalPower is a^b. Its gradient is b·a^(b−1), and ln(a)·a^b, which is zero where a is.
func generalPower(a, b *graph.Node) *graph.Node {
	if !a.DType().IsFloat() {
		return graph.Pow(both(a, b))
	}
	a, b = both(a, b)
	return nodes.WithGradients(graph.Pow(a, b), []*graph.Node{a, b},
		func(dy *graph.Node) *graph.Node {
			zero := graph.ZerosLike(b)
			g := graph.Mul(b, graph.Pow(a, graph.AddScalar(b, -1)))
			return graph.Mul(dy, graph.Where(graph.Equal(b, zero), zero, g))
		},
		func(dy *graph.Node) *graph.Node {
			zero := graph.Equal(a, graph.ZerosLike(a))
			base := graph.Where(zero, graph.OnesLike(a), a)
			return graph.Mul(dy, graph.Mul(graph.Log(base), graph.Pow(base, b)))
		})
}

func withProduct(c *call, f func(a, b *graph.Node) *graph.Node) *graph.Node {
	a, b := c.pair("tensor1", "tensor2")
	x, y := level(promote(c.tensor("self"), c.scaled(f(a, b), "value")))
	return graph.Add(x, y)
}

func lerp(c *call) *graph.Node {
	a, b := c.pair("self", "end")
	d, w := level(graph.Sub(b, a), c.operand("weight", a))
	x, y := level(a, graph.Mul(d, w))
	return graph.Add(x, y)
}

// pair are two operands of a common type and rank.
func (c *call) pair(first, second string) (a, b *graph.Node) {
	a, b = c.tensor(first), c.tensor(second)
	switch {
	case a == nil && b == nil:
		fail("one of %s and %s must be a tensor", first, second)
	case a == nil:
		a = c.operand(first, b)
	case b == nil:
		b = c.operand(second, a)
	}
	return level(promote(a, b))
}
