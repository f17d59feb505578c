package forward

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// activationOps are nonlinearities. Their gradients at kinks are PyTorch's.
var activationOps = map[string]builder{
	"relu":                one(func(c *call) *graph.Node { return relu(c.tensor("self")) }),
	"relu6":               one(func(c *call) *graph.Node { return between(c.tensor("self"), 0, 6) }),
	"hardtanh":            one(hardtanh),
	"sigmoid":             floating(graph.Sigmoid),
	"tanh":                floating(graph.Tanh),
	"silu":                unary(silu),
	"mish":                unary(func(x *graph.Node) *graph.Node { return graph.Mul(x, graph.Tanh(softplusOf(x, 1, 20))) }),
	"gelu":                one(gelu),
	"hardsigmoid":         unary(hardsigmoid),
	"hardswish":           unary(hardswish),
	"leaky_relu":          one(leaky),
	"prelu":               one(prelu),
	"_prelu_kernel":       one(prelu),
	"elu":                 one(elu),
	"celu":                one(celu),
	"selu":                one(selu),
	"softplus":            one(softplus),
	"softsign":            unary(func(x *graph.Node) *graph.Node { return graph.Div(x, graph.OnePlus(absolute(x))) }),
	"log_sigmoid":         unary(logSigmoid),
	"log_sigmoid_forward": unary(logSigmoid),
	"hardshrink":          one(hardshrink),
	"softshrink":          one(softshrink),
	"threshold":           one(threshold),
	"glu":                 one(glu),
}

// relu has the derivative 0 at 0, and keeps NaN.
func relu(x *graph.Node) *graph.Node {
	return graph.Where(graph.LessOrEqual(x, nodes.ScalarLike(x, 0)), graph.ZerosLike(x), x)
}

// between is x limited to low…high, with the gradient 0 at both.
func between(x *graph.Node, low, high float64) *graph.Node {
	x = graph.Where(graph.LessOrEqual(x, nodes.ScalarLike(x, low)), nodes.ScalarLike(x, low), x)
	return graph.Where(graph.GreaterOrEqual(x, nodes.ScalarLike(x, high)), nodes.ScalarLike(x, high), x)
}

func hardtanh(c *call) *graph.Node {
	return between(c.tensor("self"), c.number("min_val", -1), c.number("max_val", 1))
}

func silu(x *graph.Node) *graph.Node { return graph.Mul(x, graph.Sigmoid(x)) }

func gelu(c *call) *graph.Node {
	x := c.tensor("self")
	switch kind := c.text("approximate"); kind {
	case "tanh":
		inner := graph.MulScalar(graph.Add(x, graph.MulScalar(graph.Mul(x, graph.Square(x)), 0.044715)), math.Sqrt(2/math.Pi))
		return graph.MulScalar(graph.Mul(x, graph.OnePlus(graph.Tanh(inner))), 0.5)
	case "", "none":
		return graph.MulScalar(graph.Mul(x, graph.OnePlus(graph.Erf(graph.MulScalar(x, 1/math.Sqrt2)))), 0.5)
	default:
		fail("the approximation %q is not supported: none and tanh are", kind)
		return nil
	}
}

// hardsigmoid is (x + 3)/6 limited to 0…1.
func hardsigmoid(x *graph.Node) *graph.Node {
	return graph.MulScalar(between(graph.AddScalar(x, 3), 0, 6), 1.0/6)
}

// hardswish is x·hardsigmoid(x). At −3 and 3 its gradient is 0 and 1.
func hardswish(x *graph.Node) *graph.Node {
	middle := graph.Mul(x, graph.MulScalar(graph.AddScalar(x, 3), 1.0/6))
	y := graph.Where(graph.GreaterOrEqual(x, nodes.ScalarLike(x, 3)), x, middle)
	return graph.Where(graph.LessOrEqual(x, nodes.ScalarLike(x, -3)), graph.ZerosLike(x), y)
}

// positive is whether x > 0.
func positive(x *graph.Node) *graph.Node { return graph.GreaterThan(x, nodes.ScalarLike(x, 0)) }

func leaky(c *call) *graph.Node {
	x := c.tensor("self")
	return graph.Where(positive(x), x, graph.MulScalar(x, c.number("negative_slope", 0.01)))
}

// prelu has one slope for all channels, or one for each.
func prelu(c *call) *graph.Node {
	x, w := c.tensor("self"), c.tensor("weight")
	if c.op.Name == "prelu" && w.Rank() == 1 && x.Rank() > 1 {
		w = channelwise(w, x, 1)
	}
	a, b := level(x, w)
	return graph.Where(positive(x), x, graph.Mul(a, b))
}

// exponentials are computed of negative numbers only, where they are used: what
// overflows elsewhere would make NaN of the gradient.
func expm1OfNegative(x *graph.Node) *graph.Node {
	return expm1(graph.Where(positive(x), graph.ZerosLike(x), x))
}

func elu(c *call) *graph.Node {
	x := c.tensor("self")
	alpha, scale, inner := c.number("alpha", 1), c.number("scale", 1), c.number("input_scale", 1)
	low := graph.MulScalar(expm1OfNegative(graph.MulScalar(x, inner)), alpha*scale)
	return graph.Where(positive(x), graph.MulScalar(x, scale), low)
}

func celu(c *call) *graph.Node {
	x, alpha := c.tensor("self"), c.number("alpha", 1)
	return graph.Where(positive(x), x, graph.MulScalar(expm1OfNegative(graph.DivScalar(x, alpha)), alpha))
}

func selu(c *call) *graph.Node {
	const alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
	x := c.tensor("self")
	return graph.Where(positive(x), graph.MulScalar(x, scale), graph.MulScalar(expm1OfNegative(x), alpha*scale))
}

func softplus(c *call) *graph.Node {
	return softplusOf(c.tensor("self"), c.number("beta", 1), c.number("threshold", 20))
}

// softplusOf is ln(1 + exp(βx))/β, and x where βx is above the threshold.
func softplusOf(x *graph.Node, beta, threshold float64) *graph.Node {
	z := graph.MulScalar(x, beta)
	linear := graph.GreaterThan(z, nodes.ScalarLike(x, threshold))
	small := graph.Where(linear, graph.ZerosLike(z), z)
	return graph.Where(linear, x, graph.DivScalar(graph.Log1P(graph.Exp(small)), beta))
}

// logSigmoid is −ln(1 + exp(−x)) = min(x, 0) − ln(1 + exp(−|x|)).
func logSigmoid(x *graph.Node) *graph.Node {
	up := positive(x)
	size := graph.Where(up, x, graph.Neg(x))
	return graph.Sub(graph.Where(up, graph.ZerosLike(x), x), graph.Log1P(graph.Exp(graph.Neg(size))))
}

func hardshrink(c *call) *graph.Node {
	x, l := c.tensor("self"), c.number("lambd", 0.5)
	inside := graph.LogicalAnd(graph.GreaterOrEqual(x, nodes.ScalarLike(x, -l)), graph.LessOrEqual(x, nodes.ScalarLike(x, l)))
	return graph.Where(inside, graph.ZerosLike(x), x)
}

func softshrink(c *call) *graph.Node {
	x, l := c.tensor("self"), c.number("lambd", 0.5)
	low := graph.Where(graph.LessThan(x, nodes.ScalarLike(x, -l)), graph.AddScalar(x, l), graph.ZerosLike(x))
	return graph.Where(graph.GreaterThan(x, nodes.ScalarLike(x, l)), graph.AddScalar(x, -l), low)
}

func threshold(c *call) *graph.Node {
	x := c.tensor("self")
	return graph.Where(graph.LessOrEqual(x, nodes.ScalarLike(x, c.number("threshold", 0))), nodes.ScalarLike(x, c.number("value", 0)), x)
}

func glu(c *call) *graph.Node {
	x := c.tensor("self")
	a := c.axis("dim", -1, x.Rank())
	if x.Rank() == 0 || nodes.Dims(x)[a]%2 != 0 {
		fail("axis %d of %v has no two halves", a, nodes.Dims(x))
	}
	half := nodes.Dims(x)[a] / 2
	return graph.Mul(nodes.Slice(x, a, 0, half, 1), graph.Sigmoid(nodes.Slice(x, a, half, 2*half, 1)))
}
