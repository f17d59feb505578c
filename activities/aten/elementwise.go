package aten

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// indexType is the type in which indices are made.
const indexType = dtypes.Int64

// elementwiseOps are arithmetic and functions of each element.
var elementwiseOps = map[string]operation{
	"add":          {"self operand, other operand, alpha number?", one(sum)},
	"sub":          {"self operand, other operand, alpha number?", one(difference)},
	"rsub":         {"self tensor, other operand, alpha number?", one(reverseDifference)},
	"mul":          {"self operand, other operand", pairwise(multiply)},
	"div":          {"self operand, other operand, rounding_mode text?", one(quotient)},
	"true_divide":  {"self operand, other operand", one(quotient)},
	"floor_divide": {"self operand, other operand", one(floorQuotient)},
	"remainder":    {"self operand, other operand", one(remainder)},
	"fmod":         {"self operand, other operand", one(fmod)},
	"pow":          {"self operand, exponent operand", one(power)},
	"maximum":      {"self tensor, other tensor", pairwise(larger)},
	"minimum":      {"self tensor, other tensor", pairwise(smaller)},
	"addcmul":      {"self tensor, tensor1 tensor, tensor2 tensor, value number?", one(func(c *call) *graph.Node { return withProduct(c, multiply) })},
	"addcdiv":      {"self tensor, tensor1 tensor, tensor2 tensor, value number?", one(func(c *call) *graph.Node { return withProduct(c, graph.Div) })},
	"lerp":         {"self tensor, end tensor, weight operand", one(lerp)},
	"where":        {"condition tensor, self operand, other operand", one(where)},
	"masked_fill":  {"self tensor, mask tensor, value operand", one(maskedFill)},
	"clamp":        {"self tensor, min operand?, max operand?", one(clamp)},
	"clamp_min":    {"self tensor, min operand", one(clamp)},
	"clamp_max":    {"self tensor, max operand", one(clamp)},

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
func unary(f func(x *graph.Node) *graph.Node) operation {
	return operation{"self tensor", one(func(c *call) *graph.Node { return f(c.tensor("self")) })}
}

// floating is a unary operation whose result is a floating-point number also for integers.
func floating(f func(x *graph.Node) *graph.Node) operation {
	return operation{"self tensor", one(func(c *call) *graph.Node { return f(c.asFloat(c.tensor("self"))) })}
}

func (p *pass) asFloat(x *graph.Node) *graph.Node {
	if x.DType().IsFloat() {
		return x
	}
	return convert(x, p.float)
}

// pairwise is an operation of self and other, converted to a common type and shape.
func pairwise(f func(a, b *graph.Node) *graph.Node) func(c *call) []*graph.Node {
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
