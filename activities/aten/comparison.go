package aten

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// comparisonOps give truth values, and combine them.
var comparisonOps = map[string]operation{
	"eq":          compared(graph.Equal),
	"ne":          compared(graph.NotEqual),
	"lt":          compared(graph.LessThan),
	"le":          compared(graph.LessOrEqual),
	"gt":          compared(graph.GreaterThan),
	"ge":          compared(graph.GreaterOrEqual),
	"logical_and": {"self tensor, other tensor", logical(graph.LogicalAnd)},
	"logical_or":  {"self tensor, other tensor", logical(graph.LogicalOr)},
	"logical_xor": {"self tensor, other tensor", logical(graph.LogicalXor)},
	"logical_not": unary(func(x *graph.Node) *graph.Node { return graph.LogicalNot(convert(x, dtypes.Bool)) }),
	"bitwise_and": {"self tensor, other operand", bitwise(graph.LogicalAnd)},
	"bitwise_or":  {"self tensor, other operand", bitwise(graph.LogicalOr)},
	"bitwise_xor": {"self tensor, other operand", bitwise(graph.LogicalXor)},
	"__and__":     {"self tensor, other operand", bitwise(graph.LogicalAnd)},
	"__or__":      {"self tensor, other operand", bitwise(graph.LogicalOr)},
	"__xor__":     {"self tensor, other operand", bitwise(graph.LogicalXor)},
	"bitwise_not": unary(bitwiseNot),
	"isnan":       unary(func(x *graph.Node) *graph.Node { return graph.NotEqual(x, x) }),
	"isinf":       unary(func(x *graph.Node) *graph.Node { return graph.Equal(graph.Abs(x), scalarLike(x, math.Inf(1))) }),
}

func compared(f func(a, b *graph.Node) *graph.Node) operation {
	return operation{"self operand, other operand", one(func(c *call) *graph.Node {
		a, b := both(c.pair("self", "other"))
		if a.DType() == dtypes.Bool {
			a, b = convert(a, dtypes.Int32), convert(b, dtypes.Int32)
		}
		return f(a, b)
	})}
}

func logical(f func(a, b *graph.Node) *graph.Node) func(c *call) []*graph.Node {
	return one(func(c *call) *graph.Node {
		return f(both(convert(c.tensor("self"), dtypes.Bool), convert(c.tensor("other"), dtypes.Bool)))
	})
}

// bitwise operations are supported on truth values.
func bitwise(f func(a, b *graph.Node) *graph.Node) func(c *call) []*graph.Node {
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
