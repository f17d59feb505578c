package forward

import (
	"math"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/aten"
	"lossatlas/activities/internal/nodes"
)

// creationOps make tensors from numbers, and convert types.
var creationOps = map[string]builder{
	"full":          one(full),
	"zeros":         one(filled(0)),
	"empty":         one(filled(0)), // what PyTorch leaves undefined is not read
	"new_empty":     one(filled(0)),
	"empty_like":    one(filled(0)),
	"ones":          one(filled(1)),
	"full_like":     one(full),
	"zeros_like":    one(filled(0)),
	"ones_like":     one(filled(1)),
	"new_full":      one(full),
	"new_zeros":     one(filled(0)),
	"new_ones":      one(filled(1)),
	"scalar_tensor": one(scalarTensor),
	"arange":        one(arange),
	"linspace":      one(linspace),
	"eye":           one(eye),
	"fill":          one(fill),
	"copy": one(func(c *call) *graph.Node {
		return convert(broadcast(c.tensor("src"), nodes.Dims(c.tensor("self"))), c.tensor("self").DType())
	}),
	"zero":     unary(graph.ZerosLike),
	"to":       one(cast),
	"_to_copy": one(cast),
	"type_as":  one(func(c *call) *graph.Node { return convert(c.tensor("self"), c.tensor("other").DType()) }),
	"tril":     one(func(c *call) *graph.Node { return triangle(c, graph.LessOrEqual) }),
	"triu":     one(func(c *call) *graph.Node { return triangle(c, graph.GreaterOrEqual) }),
}

// shapeArg is the shape of a new tensor: that of self where only it is given.
func (c *call) shapeArg() []int {
	d := c.ints("size")
	if x := c.tensor("self"); x != nil && strings.HasSuffix(c.op.Name, "_like") {
		d = nodes.Dims(x)
	}
	if _, err := aten.Elements(d); err != nil {
		fail("%v", err)
	}
	return d
}

// dtypeArg is the type that an operation asks for, else the one of self, else that of a number.
func (c *call) dtypeArg(number aten.Arg) dtypes.DType {
	x := c.tensor("self")
	switch {
	case c.has("dtype"):
		return c.typeOf(c.text("dtype"))
	case x != nil:
		return x.DType()
	case number.Int != nil:
		return dtypes.Int64
	case number.Flag != nil:
		return dtypes.Bool
	}
	return c.float
}

// number as a scalar node of a type.
func (c *call) scalar(v float64, dtype dtypes.DType) *graph.Node {
	if dtype == dtypes.Bool {
		return graph.Const(c.g, v != 0)
	}
	if !dtype.IsFloat() {
		return graph.Scalar(c.g, dtype, int64(v))
	}
	return graph.Scalar(c.g, dtype, v)
}

func full(c *call) *graph.Node {
	a := c.op.Args["fill_value"]
	return broadcast(c.scalar(c.valueOf(a), c.dtypeArg(a)), c.shapeArg())
}

func fill(c *call) *graph.Node {
	x := c.tensor("self")
	return broadcast(convert(c.operand("value", x), x.DType()), nodes.Dims(x))
}

func filled(v float64) func(c *call) *graph.Node {
	return func(c *call) *graph.Node { return broadcast(c.scalar(v, c.dtypeArg(aten.Arg{})), c.shapeArg()) }
}

func scalarTensor(c *call) *graph.Node {
	return c.scalar(c.number("s", 0), c.dtypeArg(aten.Arg{}))
}

func arange(c *call) *graph.Node {
	start, end, step := c.number("start", 0), c.number("end", 0), c.number("step", 1)
	n := math.Ceil((end - start) / step)
	if !(n >= 1 && n <= aten.MaxSize) {
		fail("the sequence from %v to %v in steps of %v is empty or has more than %d numbers", start, end, step, aten.MaxSize)
	}
	dtype := c.dtypeArg(aten.Arg{Int: &aten.Dim{}})
	for _, name := range []string{"start", "end", "step"} {
		if !c.has("dtype") && c.op.Args[name].Number != nil {
			dtype = c.float
		}
	}
	return c.ramp(start, step, int(n), dtype)
}

// ramp is start, start + step, … of n elements.
func (c *call) ramp(start, step float64, n int, dtype dtypes.DType) *graph.Node {
	x := graph.Iota(c.g, shapes.Make(dtype, n), 0)
	return graph.Add(graph.Mul(x, c.scalar(step, dtype)), c.scalar(start, dtype))
}

func linspace(c *call) *graph.Node {
	start, end, n := c.number("start", 0), c.number("end", 0), c.int("steps", 1)
	if n < 1 || n > aten.MaxSize {
		fail("%d steps", n)
	}
	return c.ramp(start, (end-start)/float64(max(n-1, 1)), n, c.dtypeArg(aten.Arg{}))
}

func eye(c *call) *graph.Node {
	n := c.int("n", 1)
	m := c.int("m", n)
	if _, err := aten.Elements([]int{n, m}); err != nil {
		fail("%v", err)
	}
	rows, columns := c.grid(n, m)
	return convert(graph.Equal(rows, columns), c.dtypeArg(aten.Arg{}))
}

// grid is the row and the column of each element of an n×m matrix.
func (c *call) grid(n, m int) (rows, columns *graph.Node) {
	s := shapes.Make(indexType, n, m)
	return graph.Iota(c.g, s, 0), graph.Iota(c.g, s, 1)
}

func cast(c *call) *graph.Node {
	x := c.tensor("self")
	if !c.has("dtype") {
		return x
	}
	return convert(x, c.typeOf(c.text("dtype")))
}

// triangle keeps the elements of matrices for which column − row compares with the diagonal.
func triangle(c *call, compare func(a, b *graph.Node) *graph.Node) *graph.Node {
	x := c.tensor("self")
	if x.Rank() < 2 {
		fail("%v is no matrix", nodes.Dims(x))
	}
	n, m := nodes.Dims(x)[x.Rank()-2], nodes.Dims(x)[x.Rank()-1]
	rows, columns := c.grid(n, m)
	keep := compare(graph.Sub(columns, rows), c.scalar(c.number("diagonal", 0), indexType))
	if x.DType() == dtypes.Bool {
		return graph.LogicalAnd(x, broadcast(keep, nodes.Dims(x)))
	}
	return graph.Where(broadcast(keep, nodes.Dims(x)), x, graph.ZerosLike(x))
}
