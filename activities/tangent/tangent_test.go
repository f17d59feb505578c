package tangent_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/tangent"
)

// operation is a function of arrays, made of the operation that it is named for.
type operation struct {
	name    string
	kind    graph.NodeType
	dims    [][]int // of the inputs
	low, up float64 // range of their elements
	build   func(in []*graph.Node) *graph.Node
}

func unary(name string, kind graph.NodeType, low, up float64, f func(*graph.Node) *graph.Node) operation {
	return operation{name, kind, [][]int{{2, 3}}, low, up, func(in []*graph.Node) *graph.Node { return f(in[0]) }}
}

func binary(name string, kind graph.NodeType, low, up float64, f func(a, b *graph.Node) *graph.Node) operation {
	return operation{name, kind, [][]int{{2, 3}, {2, 3}}, low, up, func(in []*graph.Node) *graph.Node { return f(in[0], in[1]) }}
}

// ints is a constant array of indices.
func ints(like *graph.Node, v any) *graph.Node { return graph.Const(like.Graph(), v) }

var operations = []operation{
	unary("neg", graph.NodeTypeNeg, -2, 2, graph.Neg),
	unary("reshape", graph.NodeTypeReshape, -2, 2, func(x *graph.Node) *graph.Node { return graph.Reshape(x, 6) }),
	unary("transpose", graph.NodeTypeTranspose, -2, 2, func(x *graph.Node) *graph.Node { return graph.Transpose(x, 0, 1) }),
	unary("broadcast", graph.NodeTypeBroadcastInDim, -2, 2, func(x *graph.Node) *graph.Node { return graph.BroadcastToDims(graph.Reshape(x, 6, 1), 6, 4) }),
	unary("reduce sum", graph.NodeTypeReduceSum, -2, 2, func(x *graph.Node) *graph.Node { return graph.ReduceSum(x, 1) }),
	unary("slice", graph.NodeTypeSlice, -2, 2, func(x *graph.Node) *graph.Node {
		return graph.Slice(x, graph.AxisRange(), graph.AxisRange(0, 3).Stride(2))
	}),
	unary("reverse", graph.NodeTypeReverse, -2, 2, func(x *graph.Node) *graph.Node { return graph.Reverse(x, 1) }),
	unary("identity", graph.NodeTypeIdentity, -2, 2, graph.Identity),
	unary("convert", graph.NodeTypeConvertDType, -2, 2, func(x *graph.Node) *graph.Node {
		return graph.ConvertDType(graph.ConvertDType(x, dtypes.Float32), dtypes.Float64)
	}),
	unary("pad", graph.NodeTypePad, -2, 2, func(x *graph.Node) *graph.Node {
		return graph.Pad(x, graph.ScalarZero(x.Graph(), x.DType()), compute.PadAxis{Start: 1}, compute.PadAxis{End: 2, Interior: 1})
	}),
	binary("concatenate", graph.NodeTypeConcatenate, -2, 2, func(a, b *graph.Node) *graph.Node { return graph.Concatenate([]*graph.Node{a, b}, 1) }),
	binary("add", graph.NodeTypeAdd, -2, 2, graph.Add),
	binary("sub", graph.NodeTypeSub, -2, 2, graph.Sub),
	binary("mul", graph.NodeTypeMul, -2, 2, graph.Mul),
	binary("div", graph.NodeTypeDiv, 0.5, 2, graph.Div),
	binary("pow", graph.NodeTypePow, 0.5, 2, graph.Pow),
	binary("max", graph.NodeTypeMax, -2, 2, graph.Max),
	binary("min", graph.NodeTypeMin, -2, 2, graph.Min),
	binary("where", graph.NodeTypeWhere, -2, 2, func(a, b *graph.Node) *graph.Node {
		return graph.Where(graph.GreaterThan(a, graph.ScalarZero(a.Graph(), a.DType())), a, b)
	}),
	{"add, broadcast", graph.NodeTypeAdd, [][]int{{1, 3}, {2, 3}}, -2, 2, func(in []*graph.Node) *graph.Node { return graph.Add(in[0], in[1]) }},
	{"sub, broadcast", graph.NodeTypeSub, [][]int{{2, 3}, {1, 3}}, -2, 2, func(in []*graph.Node) *graph.Node { return graph.Sub(in[0], in[1]) }},
	{"mul, broadcast", graph.NodeTypeMul, [][]int{{1, 3}, {2, 1}}, -2, 2, func(in []*graph.Node) *graph.Node { return graph.Mul(in[0], in[1]) }},
	{"div, broadcast", graph.NodeTypeDiv, [][]int{{1, 3}, {2, 3}}, 0.5, 2, func(in []*graph.Node) *graph.Node { return graph.Div(in[0], in[1]) }},
	{"max, broadcast", graph.NodeTypeMax, [][]int{{1, 3}, {2, 3}}, -2, 2, func(in []*graph.Node) *graph.Node { return graph.Max(in[0], in[1]) }},
	unary("gather", graph.NodeTypeGather, -2, 2, func(x *graph.Node) *graph.Node { return graph.Gather(x, ints(x, [][]int32{{1}, {0}, {1}})) }),
	{"scatter sum", graph.NodeTypeScatterSum, [][]int{{4, 3}, {2, 3}}, -2, 2, func(in []*graph.Node) *graph.Node {
		return graph.ScatterSum(in[0], ints(in[0], [][]int32{{2}, {0}}), in[1], false, true)
	}},
	{"dot", graph.NodeTypeDotGeneral, [][]int{{2, 3}, {4, 3}}, -2, 2, func(in []*graph.Node) *graph.Node {
		return graph.DotGeneral(in[0], []int{1}, nil, in[1], []int{1}, nil)
	}},
	{"convolution", graph.NodeTypeConvGeneral, [][]int{{2, 5, 5, 2}, {3, 3, 2, 3}}, -2, 2, func(in []*graph.Node) *graph.Node {
		return graph.Convolve(in[0], in[1]).Strides(2).PaddingPerDim([][2]int{{1, 1}, {1, 1}}).Done()
	}},
	unary("exp", graph.NodeTypeExp, -2, 2, graph.Exp),
	unary("log", graph.NodeTypeLog, 0.5, 2, graph.Log),
	unary("log1p", graph.NodeTypeLog1p, -0.5, 2, graph.Log1P),
	unary("sqrt", graph.NodeTypeSqrt, 0.5, 2, graph.Sqrt),
	unary("rsqrt", graph.NodeTypeRsqrt, 0.5, 2, graph.Rsqrt),
	unary("tanh", graph.NodeTypeTanh, -2, 2, graph.Tanh),
	unary("logistic", graph.NodeTypeLogistic, -2, 2, graph.Sigmoid),
	unary("erf", graph.NodeTypeErf, -2, 2, graph.Erf),
	unary("sin", graph.NodeTypeSin, -2, 2, graph.Sin),
	unary("cos", graph.NodeTypeCos, -2, 2, graph.Cos),
	unary("abs", graph.NodeTypeAbs, -2, 2, graph.Abs),
	unary("sign", graph.NodeTypeSign, -2, 2, graph.Sign),
	unary("floor", graph.NodeTypeFloor, 0.1, 0.9, graph.Floor),
	unary("ceil", graph.NodeTypeCeil, 0.1, 0.9, graph.Ceil),
	unary("round", graph.NodeTypeRound, 0.6, 0.9, graph.Round),
	unary("reduce max", graph.NodeTypeReduceMax, -2, 2, func(x *graph.Node) *graph.Node { return graph.ReduceMax(x, 1) }),
	unary("reduce min", graph.NodeTypeReduceMin, -2, 2, func(x *graph.Node) *graph.Node { return graph.ReduceMin(x, 1) }),
}

// TestRules compares the tangent of each operation, along all of its inputs and
// along each alone, with a central difference in float64.
func TestRules(t *testing.T) {
	b, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			x, v := make([][]float64, len(op.dims)), make([][]float64, len(op.dims))
			for i, dims := range op.dims {
				n := shapes.Make(dtypes.Float64, dims...).Size()
				x[i], v[i] = make([]float64, n), make([]float64, n)
				for k := range n {
					x[i][k], v[i][k] = op.low+(op.up-op.low)*random.Float64(), random.NormFloat64()
				}
			}
			for moving := range 1 << len(op.dims) {
				if moving == 0 {
					continue
				}
				u := make([][]float64, len(v)) // v in the inputs that move
				for i := range v {
					u[i] = make([]float64, len(v[i]))
					if moving>>i&1 == 1 {
						copy(u[i], v[i])
					}
				}
				check(t, b, op, x, u, moving)
			}
		})
	}
}

// check compares the tangent of op at x along v with a central difference. The
// inputs whose bits are not set in moving are told to be fixed.
func check(t *testing.T, b compute.Backend, op operation, x, v [][]float64, moving int) {
	t.Helper()
	n, found := len(x), false
	arrays, dims := slices.Clone(x), slices.Clone(op.dims)
	for i := range n {
		if moving>>i&1 == 1 {
			arrays, dims = append(arrays, v[i]), append(dims, op.dims[i])
		}
	}
	got := run(t, b, dims, arrays, func(in []*graph.Node) []*graph.Node {
		y := op.build(in[:n])
		for _, node := range y.Graph().Nodes() {
			found = found || node.Type() == op.kind
		}
		var inputs []*graph.Node
		for i := range n {
			if moving>>i&1 == 1 {
				inputs = append(inputs, in[i])
			}
		}
		return append(tangent.Along([]*graph.Node{y}, inputs, in[n:]), y)
	})
	if !found {
		t.Fatalf("the graph has no node of type %s", op.kind)
	}
	const h = 1e-6 // truncation of order h², cancellation of order 1e-16/h
	step, tolerance := h, 1e-8
	if op.kind == graph.NodeTypeConvertDType { // through float32: exact only in the powers of two
		step, tolerance = 0x1p-10, 1e-3
	}
	at := func(by float64) []float64 {
		moved := make([][]float64, n)
		for i := range x {
			moved[i] = make([]float64, len(x[i]))
			for k := range x[i] {
				moved[i][k] = x[i][k] + by*v[i][k]
			}
		}
		return run(t, b, op.dims, moved, func(in []*graph.Node) []*graph.Node { return []*graph.Node{op.build(in)} })
	}
	above, below := at(step), at(-step)
	if len(got) != len(above) {
		t.Fatalf("the tangent has %d elements, the value %d", len(got), len(above))
	}
	for i := range got {
		if want := (above[i] - below[i]) / (2 * step); math.Abs(got[i]-want) > tolerance*(1+math.Abs(want)) {
			t.Errorf("element %d, inputs %02b moving: tangent %.12g, difference quotient %.12g", i, moving, got[i], want)
		}
	}
}

// run runs a graph once, on arrays of the given sizes, and returns its first output.
func run(t *testing.T, b compute.Backend, dims [][]int, inputs [][]float64, build func([]*graph.Node) []*graph.Node) []float64 {
	t.Helper()
	exec, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node { return build(in) })
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	args := make([]any, len(inputs))
	for i, x := range inputs {
		args[i] = tensors.FromFlatDataAndDimensions(x, dims[i]...)
	}
	out, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	return tensors.MustCopyFlatData[float64](out[0])
}

// TestNoRule: an operation without a rule is named.
func TestNoRule(t *testing.T) {
	b, err := gobackend.New("")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	exec, err := graph.NewExec(b, func(x, v *graph.Node) *graph.Node {
		return tangent.Along([]*graph.Node{graph.ReduceMultiply(x, 0)}, []*graph.Node{x}, []*graph.Node{v})[0]
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	if _, err := exec.Call([]float64{1, 2}, []float64{1, 0}); err == nil || !strings.Contains(err.Error(), "ReduceProduct") {
		t.Errorf("error %v, want one that names ReduceProduct", err)
	}
}
