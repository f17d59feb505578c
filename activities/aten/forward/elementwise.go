package forward

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// indexType is the type in which indices are made.
const indexType = dtypes.Int64

// elementwiseOps are arithmetic and functions of each element.
var elementwiseOps = map[string]builder{
	"add":          one(sum),
	"sub":          one(difference),
	"rsub":         one(reverseDifference),
	"mul":          pairwise(multiply),
	"div":          one(quotient),
	"true_divide":  one(quotient),
	"floor_divide": one(floorQuotient),
	"remainder":    one(remainder),
	"fmod":         one(fmod),
	"pow":          one(power),
	"maximum":      pairwise(larger),
	"minimum":      pairwise(smaller),
	"addcmul":      one(func(c *call) *graph.Node { return withProduct(c, multiply) }),
	"addcdiv":      one(func(c *call) *graph.Node { return withProduct(c, graph.Div) }),
	"lerp":         one(lerp),
	"where":        one(where),
	"masked_fill":  one(maskedFill),
	"clamp":        one(clamp),
	"clamp_min":    one(clamp),
	"clamp_max":    one(clamp),

	"neg":        unary(graph.Neg),
	"abs":        unary(absolute),
	"square":     unary(graph.Square),
	"sign":       unary(piecewise(graph.Sign)),
	"floor":      unary(piecewise(graph.Floor)),
	"ceil":       unary(piecewise(graph.Ceil)),
	"round":      unary(piecewise(graph.Round)),
	"trunc":      unary(piecewise(truncate)),
	"exp":        floating(graph.Exp),
	"exp2":       floating(func(x *graph.Node) *graph.Node { return graph.Exp(graph.MulScalar(x, math.Ln2)) }),
	"expm1":      floating(expm1),
	"log":        floating(graph.Log),
	"log2":       floating(func(x *graph.Node) *graph.Node { return graph.DivScalar(graph.Log(x), math.Ln2) }),
	"log10":      floating(func(x *graph.Node) *graph.Node { return graph.DivScalar(graph.Log(x), math.Ln10) }),
	"log1p":      floating(graph.Log1P),
	"sqrt":       floating(graph.Sqrt),
	"rsqrt":      floating(func(x *graph.Node) *graph.Node { return graph.Reciprocal(graph.Sqrt(x)) }), // the library's Rsqrt has no gradient
	"reciprocal": floating(graph.Reciprocal),
	"sin":        floating(graph.Sin),
	"cos":        floating(graph.Cos),
	"tan":        floating(func(x *graph.Node) *graph.Node { return graph.Div(graph.Sin(x), graph.Cos(x)) }),
	"erf":        floating(graph.Erf),
	"erfc":       floating(func(x *graph.Node) *graph.Node { return graph.OneMinus(graph.Erf(x)) }),
}

// unary is an operation of one tensor called self.
func unary(f func(x *graph.Node) *graph.Node) builder {
	return one(func(c *call) *graph.Node { return f(c.tensor("self")) })
}

// floating is a unary operation whose result is a floating-point number also for integers.
func floating(f func(x *graph.Node) *graph.Node) builder {
	return one(func(c *call) *graph.Node { return f(c.asFloat(c.tensor("self"))) })
}

func (p *pass) asFloat(x *graph.Node) *graph.Node {
	if x.DType().IsFloat() {
		return x
	}
	return convert(x, p.float)
}

// pairwise is an operation of self and other, converted to a common type and shape.
func pairwise(f func(a, b *graph.Node) *graph.Node) builder {
	return one(func(c *call) *graph.Node { return f(c.pair("self", "other")) })
}

// larger is the maximum. Of equal elements each gets half the gradient, as in PyTorch.
func larger(a, b *graph.Node) *graph.Node { return chosen(a, b, graph.GreaterThan) }

// smaller is the minimum, with the gradient of larger.
func smaller(a, b *graph.Node) *graph.Node { return chosen(a, b, graph.LessThan) }

func chosen(a, b *graph.Node, better func(a, b *graph.Node) *graph.Node) *graph.Node {
	a, b = both(a, b)
	first, second := better(a, b), better(b, a)
	if !a.DType().IsFloat() {
		return graph.Where(first, a, b)
	}
	middle := graph.MulScalar(graph.Add(a, b), 0.5) // NaN where one is
	return graph.Where(first, a, graph.Where(second, b, middle))
}

func where(c *call) *graph.Node {
	a, b := c.tensor("self"), c.tensor("other")
	switch {
	case a == nil && b == nil:
		a, b = c.scalarOf(c.op.Args["self"], c.float), c.scalarOf(c.op.Args["other"], c.float)
	case a == nil:
		a = c.operand("self", b)
	case b == nil:
		b = c.operand("other", a)
	}
	a, b = promote(a, b)
	return choose(c.tensor("condition"), a, b)
}

// choose is a where the condition holds, else b, all broadcast together.
func choose(condition, a, b *graph.Node) *graph.Node {
	d := joint(condition, a, b)
	return graph.Where(broadcast(convert(condition, dtypes.Bool), d), broadcast(a, d), broadcast(b, d))
}

func maskedFill(c *call) *graph.Node {
	x := c.tensor("self")
	return choose(c.tensor("mask"), convert(c.operand("value", x), x.DType()), x)
}

// clamp has PyTorch's gradient at its bounds: 0 at numbers, half at tensors.
func clamp(c *call) *graph.Node {
	x := c.tensor("self")
	if c.has("min") {
		x = c.bounded(x, "min", larger, graph.LessOrEqual)
	}
	if c.has("max") {
		x = c.bounded(x, "max", smaller, graph.GreaterOrEqual)
	}
	return x
}

// bounded is x limited on one side.
func (c *call) bounded(x *graph.Node, name string, of, beyond func(a, b *graph.Node) *graph.Node) *graph.Node {
	x, limit := promote(x, c.operand(name, x))
	if c.tensor(name) != nil {
		return of(level(x, limit))
	}
	return graph.Where(beyond(x, limit), limit, x)
}

// absolute has the gradient 0 at 0, where the library's is 1.
func absolute(x *graph.Node) *graph.Node {
	if !x.DType().IsFloat() {
		return graph.Abs(x)
	}
	return graph.Mul(x, piecewise(graph.Sign)(x))
}

// piecewise is a function whose derivative is zero.
func piecewise(f func(x *graph.Node) *graph.Node) func(x *graph.Node) *graph.Node {
	return func(x *graph.Node) *graph.Node {
		if x.DType().IsFloat() {
			x = graph.StopGradient(x)
		}
		return f(x)
	}
}

func truncate(x *graph.Node) *graph.Node {
	if !x.DType().IsFloat() {
		return x
	}
	return graph.Where(graph.LessThan(x, graph.ScalarZero(x.Graph(), x.DType())), graph.Ceil(x), graph.Floor(x))
}

// expm1 is tanh(x/2)·(eˣ+1), which is exact near zero.
func expm1(x *graph.Node) *graph.Node {
	return graph.Mul(graph.Tanh(graph.MulScalar(x, 0.5)), graph.OnePlus(graph.Exp(x)))
}

// comparisonOps give truth values, and combine them.
var comparisonOps = map[string]builder{
	"eq":          compared(graph.Equal),
	"ne":          compared(graph.NotEqual),
	"lt":          compared(graph.LessThan),
	"le":          compared(graph.LessOrEqual),
	"gt":          compared(graph.GreaterThan),
	"ge":          compared(graph.GreaterOrEqual),
	"logical_and": logical(graph.LogicalAnd),
	"logical_or":  logical(graph.LogicalOr),
	"logical_xor": logical(graph.LogicalXor),
	"logical_not": unary(func(x *graph.Node) *graph.Node { return graph.LogicalNot(convert(x, dtypes.Bool)) }),
	"bitwise_and": bitwise(graph.LogicalAnd),
	"bitwise_or":  bitwise(graph.LogicalOr),
	"bitwise_xor": bitwise(graph.LogicalXor),
	"__and__":     bitwise(graph.LogicalAnd),
	"__or__":      bitwise(graph.LogicalOr),
	"__xor__":     bitwise(graph.LogicalXor),
	"bitwise_not": unary(bitwiseNot),
	"isnan":       unary(func(x *graph.Node) *graph.Node { return graph.NotEqual(x, x) }),
	"isinf":       unary(func(x *graph.Node) *graph.Node { return graph.Equal(graph.Abs(x), nodes.ScalarLike(x, math.Inf(1))) }),
}

func compared(f func(a, b *graph.Node) *graph.Node) builder {
	return one(func(c *call) *graph.Node {
		a, b := both(c.pair("self", "other"))
		if a.DType() == dtypes.Bool {
			a, b = convert(a, dtypes.Int32), convert(b, dtypes.Int32)
		}
		return f(a, b)
	})
}

func logical(f func(a, b *graph.Node) *graph.Node) builder {
	return one(func(c *call) *graph.Node {
		return f(both(convert(c.tensor("self"), dtypes.Bool), convert(c.tensor("other"), dtypes.Bool)))
	})
}

// bitwise operations are supported on truth values.
func bitwise(f func(a, b *graph.Node) *graph.Node) builder {
	return one(func(c *call) *graph.Node {
		a, b := c.pair("self", "other")
		if a.DType() != dtypes.Bool {
			fail("it is supported on truth values only, not on integers")
		}
		return f(both(a, b))
	})
}

func bitwiseNot(x *graph.Node) *graph.Node {
	if x.DType() != dtypes.Bool {
		return graph.Sub(graph.Neg(x), graph.OnesLike(x))
	}
	return graph.LogicalNot(x)
}
