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

// level gives two tensors the same number of axes, and checks that their shapes fit.
func level(a, b *graph.Node) (*graph.Node, *graph.Node) {
	joint(a, b)
	if a.Rank() == 0 || b.Rank() == 0 {
		return a, b
	}
	rank := max(a.Rank(), b.Rank())
	return lift(a, rank), lift(b, rank)
}

// joint is the shape to which tensors are broadcast together.
func joint(all ...*graph.Node) []int {
	rank := 0
	for _, x := range all {
		rank = max(rank, x.Rank())
	}
	out := make([]int, rank)
	for i := range out {
		out[i] = 1
	}
	for _, x := range all {
		for i, n := range dims(x) {
			k := rank - x.Rank() + i
			if n != 1 && out[k] != 1 && out[k] != n {
				fail("the shapes %v and %v do not fit together", dims(all[0]), dims(x))
			}
			out[k] = max(out[k], n)
		}
	}
	if _, err := elements(out); err != nil {
		fail("%v", err)
	}
	return out
}

// promote converts two tensors to the wider of their types: floating-point numbers
// before integers before truth values; of one kind, a scalar adapts to the other.
func promote(a, b *graph.Node) (*graph.Node, *graph.Node) {
	if a.DType() == b.DType() {
		return a, b
	}
	kind := func(t dtypes.DType) int {
		switch {
		case t.IsFloat():
			return 2
		case t == dtypes.Bool:
			return 0
		}
		return 1
	}
	ka, kb := kind(a.DType()), kind(b.DType())
	wider := a.DType().Size() > b.DType().Size()
	if scalarA, scalarB := a.Rank() == 0, b.Rank() == 0; scalarA != scalarB {
		wider = scalarB
	}
	if ka > kb || ka == kb && wider {
		return a, convert(b, a.DType())
	}
	return convert(a, b.DType()), b
}

func multiply(a, b *graph.Node) *graph.Node {
	if a.DType() == dtypes.Bool {
		return graph.LogicalAnd(both(a, b))
	}
	return graph.Mul(a, b)
}

// both broadcasts two tensors to one shape.
func both(a, b *graph.Node) (*graph.Node, *graph.Node) {
	d := joint(a, b)
	return broadcast(a, d), broadcast(b, d)
}

// scaled is x times the argument alpha or beta.
func (c *call) scaled(x *graph.Node, name string) *graph.Node {
	if f := c.number(name, 1); f != 1 {
		return graph.Mul(x, c.scalarLike(c.op.Args[name], x.DType()))
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
	return generalPower(x, graph.Scalar(x.Graph(), x.DType(), e))
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
	return withGradients(graph.Pow(a, b), []*graph.Node{a, b},
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

func where(c *call) *graph.Node {
	a, b := c.tensor("self"), c.tensor("other")
	switch {
	case a == nil && b == nil:
		a, b = c.scalarLike(c.op.Args["self"], c.float), c.scalarLike(c.op.Args["other"], c.float)
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
