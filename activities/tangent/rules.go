package tangent

import (
	"math"

	"github.com/gomlx/gomlx/core/graph"
)

// rule returns the tangent of node n, given its inputs and their tangents, of
// which at least one is not nil. A nil tangent is zero.
type rule func(n *graph.Node, in, dot []*graph.Node) *graph.Node

// rules has a rule for each operation that networks, losses and their gradients
// are made of. Operations whose derivative needs parameters that the library
// does not export are applied again, to tangents in place of values.
var rules = map[graph.NodeType]rule{
	// Linear in all inputs.
	graph.NodeTypeNeg:            linear,
	graph.NodeTypeReshape:        linear,
	graph.NodeTypeTranspose:      linear,
	graph.NodeTypeBroadcastInDim: linear,
	graph.NodeTypeReduceSum:      linear,
	graph.NodeTypeSlice:          linear,
	graph.NodeTypeReverse:        linear,
	graph.NodeTypeConvertDType:   linear,
	graph.NodeTypeConcatenate:    linear,
	graph.NodeTypePad:            linear,
	graph.NodeTypeIdentity:       func(_ *graph.Node, _, dot []*graph.Node) *graph.Node { return dot[0] },
	graph.NodeTypeAdd:            func(n *graph.Node, _, dot []*graph.Node) *graph.Node { return broadcast(sum(dot[0], dot[1]), n) },
	graph.NodeTypeSub:            func(n *graph.Node, _, dot []*graph.Node) *graph.Node { return broadcast(difference(dot[0], dot[1]), n) },

	// Linear in some inputs; the others select.
	graph.NodeTypeWhere: func(n *graph.Node, in, dot []*graph.Node) *graph.Node {
		return n.CloneWithInputs(in[0], filled(dot[1], in[1]), filled(dot[2], in[2]))
	},
	graph.NodeTypeGather: func(n *graph.Node, in, dot []*graph.Node) *graph.Node { return n.CloneWithInputs(dot[0], in[1]) },
	graph.NodeTypeScatterSum: func(n *graph.Node, in, dot []*graph.Node) *graph.Node {
		return n.CloneWithInputs(filled(dot[0], in[0]), in[1], filled(dot[2], in[2]))
	},

	// Linear in each of two inputs.
	graph.NodeTypeMul:         bilinear,
	graph.NodeTypeDotGeneral:  bilinear,
	graph.NodeTypeConvGeneral: bilinear,

	// Other functions of two inputs.
	graph.NodeTypeDiv: quotient,
	graph.NodeTypePow: power,
	graph.NodeTypeMax: func(n *graph.Node, in, dot []*graph.Node) *graph.Node {
		return chosen(graph.GreaterOrEqual(in[0], in[1]), n, in, dot)
	},
	graph.NodeTypeMin: func(n *graph.Node, in, dot []*graph.Node) *graph.Node {
		return chosen(graph.LessThan(in[0], in[1]), n, in, dot)
	},

	// Functions of one number, by their derivative.
	graph.NodeTypeExp:      slope(func(_, y *graph.Node) *graph.Node { return y }),
	graph.NodeTypeLog:      slope(func(x, _ *graph.Node) *graph.Node { return graph.Reciprocal(x) }),
	graph.NodeTypeLog1p:    slope(func(x, _ *graph.Node) *graph.Node { return graph.Reciprocal(graph.OnePlus(x)) }),
	graph.NodeTypeSqrt:     slope(func(_, y *graph.Node) *graph.Node { return graph.MulScalar(graph.Reciprocal(y), 0.5) }),
	graph.NodeTypeRsqrt:    slope(func(_, y *graph.Node) *graph.Node { return graph.MulScalar(graph.Mul(y, graph.Square(y)), -0.5) }),
	graph.NodeTypeTanh:     slope(func(_, y *graph.Node) *graph.Node { return graph.OneMinus(graph.Square(y)) }),
	graph.NodeTypeLogistic: slope(func(_, y *graph.Node) *graph.Node { return graph.Mul(y, graph.OneMinus(y)) }),
	graph.NodeTypeErf: slope(func(x, _ *graph.Node) *graph.Node {
		return graph.MulScalar(graph.Exp(graph.Neg(graph.Square(x))), 2/math.Sqrt(math.Pi))
	}),
	graph.NodeTypeSin: slope(func(x, _ *graph.Node) *graph.Node { return graph.Cos(x) }),
	graph.NodeTypeCos: slope(func(x, _ *graph.Node) *graph.Node { return graph.Neg(graph.Sin(x)) }),
	graph.NodeTypeAbs: slope(func(x, _ *graph.Node) *graph.Node { return graph.Sign(x) }),

	// Piecewise constant.
	graph.NodeTypeSign:  constant,
	graph.NodeTypeFloor: constant,
	graph.NodeTypeCeil:  constant,
	graph.NodeTypeRound: constant,

	graph.NodeTypeReduceMax: transposed,
	graph.NodeTypeReduceMin: transposed,
}

func linear(n *graph.Node, in, dot []*graph.Node) *graph.Node {
	all := make([]*graph.Node, len(in))
	for i, x := range in {
		all[i] = filled(dot[i], x)
	}
	return n.CloneWithInputs(all...)
}

// bilinear is the product rule: ȧ·b + a·ḃ.
func bilinear(n *graph.Node, in, dot []*graph.Node) *graph.Node {
	var first, second *graph.Node
	if dot[0] != nil {
		first = n.CloneWithInputs(dot[0], in[1])
	}
	if dot[1] != nil {
		second = n.CloneWithInputs(in[0], dot[1])
	}
	return sum(first, second)
}

// quotient is (ȧ − (a/b)·ḃ)/b.
func quotient(n *graph.Node, in, dot []*graph.Node) *graph.Node {
	var scaled *graph.Node
	if dot[1] != nil {
		scaled = graph.Mul(n, dot[1])
	}
	return broadcast(graph.Div(difference(dot[0], scaled), in[1]), n)
}

// power is b·a^(b−1)·ȧ + a^b·ln(a)·ḃ.
func power(n *graph.Node, in, dot []*graph.Node) *graph.Node {
	var base, exponent *graph.Node
	if dot[0] != nil {
		base = graph.Mul(dot[0], graph.Mul(in[1], graph.Pow(in[0], graph.AddScalar(in[1], -1))))
	}
	if dot[1] != nil {
		exponent = graph.Mul(dot[1], graph.Mul(n, graph.Log(in[0])))
	}
	return broadcast(sum(base, exponent), n)
}

// chosen is the tangent of the input that was chosen, of the first where first is
// true. Of equal inputs it is the one that gets the library's gradient.
func chosen(first, n *graph.Node, in, dot []*graph.Node) *graph.Node {
	return graph.Where(first, broadcast(filled(dot[0], in[0]), n), broadcast(filled(dot[1], in[1]), n))
}

// slope is the rule for y = f(x) elementwise, by f′ as a function of x and y.
func slope(derivative func(x, y *graph.Node) *graph.Node) rule {
	return func(n *graph.Node, in, dot []*graph.Node) *graph.Node {
		return graph.Mul(dot[0], derivative(in[0], n))
	}
}

func constant(*graph.Node, []*graph.Node, []*graph.Node) *graph.Node { return nil }

// transposed is J·ẋ as the gradient of ⟨Jᵀu, ẋ⟩ with respect to u, for operations
// that the library differentiates in reverse, with a Jᵀ that it can transpose.
func transposed(n *graph.Node, _, dot []*graph.Node) *graph.Node {
	u := graph.ZerosLike(n)
	back := graph.VJPRegistration[n.Type()](n, []*graph.Node{u}, n.Shape())
	return graph.Gradient(graph.ReduceAllSum(graph.Mul(back[0], dot[0])), u)[0]
}

// filled is the tangent t of x, written out where it is zero.
func filled(t, x *graph.Node) *graph.Node {
	if t == nil {
		return graph.ZerosLike(x)
	}
	return t
}

// sum is a + b, of which one may be nil, which is zero.
func sum(a, b *graph.Node) *graph.Node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return graph.Add(a, b)
}

// difference is a − b, of which one may be nil, which is zero.
func difference(a, b *graph.Node) *graph.Node {
	switch {
	case a == nil:
		return graph.Neg(b)
	case b == nil:
		return a
	}
	return graph.Sub(a, b)
}

// broadcast gives a tangent the shape of node n, whose other input was the larger one.
func broadcast(t, n *graph.Node) *graph.Node {
	if t.Shape().Equal(n.Shape()) {
		return t
	}
	return graph.Add(t, graph.ZerosLike(n))
}
