package engine

import (
	"fmt"
	"math"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"lossatlas/activities/hlo"
	"lossatlas/activities/nets"
)

// function writes a StableHLO function, one operation a line. Values are called %0, %1 and so on.
type function struct {
	args, types, body []string
	returned, results []string
	values            int
}

// arg adds an argument and returns its name.
func (f *function) arg(kind string) string {
	name := fmt.Sprintf("%%a%d", len(f.args))
	f.args, f.types = append(f.args, name+": "+kind), append(f.types, kind)
	return name
}

// op adds an operation and returns the name of its result.
func (f *function) op(format string, args ...any) string {
	name := fmt.Sprintf("%%%d", f.values)
	f.values++
	f.body = append(f.body, name+" = stablehlo."+fmt.Sprintf(format, args...))
	return name
}

// give adds a result.
func (f *function) give(value, kind string) {
	f.returned, f.results = append(f.returned, value), append(f.results, kind)
}

// reshape is a value in another shape, itself where the types are equal.
func (f *function) reshape(value, from, to string) string {
	if from == to {
		return value
	}
	return f.op("reshape %s : (%s) -> %s", value, from, to)
}

// String is a module with the function.
func (f *function) String() string {
	return fmt.Sprintf("module {\n func.func public @main(%s) -> (%s) {\n  %s\n  return %s : %s\n }\n}\n", strings.Join(f.args, ", "), strings.Join(f.results, ", "),
		strings.Join(f.body, "\n  "), strings.Join(f.returned, ", "), strings.Join(f.results, ", "))
}

// elementTypes are the names in StableHLO of the types of examples and labels.
var elementTypes = map[dtypes.DType]string{dtypes.Float32: "f32", dtypes.Int32: "i32", dtypes.Uint8: "ui8"}

func typeOf(s shapes.Shape) string {
	return hlo.Array{Shape: s.Dimensions, Type: elementTypes[s.DType]}.String()
}

func floats(dims ...int) string { return hlo.Array{Shape: dims, Type: "f32"}.String() }

// splitText is a program from the inputs of Evaluator.compile, and another vector like θ, to the arguments of a network's programs.
func splitText(net *nets.Net, vector bool) string {
	f, p := &function{}, net.StableHLO()
	examples, labels := net.Problem.Inputs(p.Batch)
	theta, state := f.arg(floats(net.NumParams())), f.arg(floats(net.NumState()))
	x, y, count := f.arg(typeOf(examples)), f.arg(typeOf(labels)), f.arg("tensor<i32>")
	f.split(theta, net.NumParams(), net.Params())
	f.split(state, net.NumState(), net.State())
	args := p.Functions()[0].Args
	wantX, wantY, mask := args[len(args)-3].String(), args[len(args)-2].String(), args[len(args)-1].String()
	f.give(f.reshape(x, typeOf(examples), wantX), wantX)
	f.give(f.reshape(y, typeOf(labels), wantY), wantY)
	ints, bits := fmt.Sprintf("tensor<%dxi32>", p.Batch), fmt.Sprintf("tensor<%dxi1>", p.Batch)
	row := f.op("iota dim = 0 : %s", ints)
	end := f.op("broadcast_in_dim %s, dims = [] : (tensor<i32>) -> %s", count, ints)
	inside := f.op("compare LT, %s, %s, SIGNED : (%s, %s) -> %s", row, end, ints, ints, bits)
	f.give(f.op("convert %s : (%s) -> %s", inside, bits, mask), mask)
	if vector {
		f.split(f.arg(floats(net.NumParams())), net.NumParams(), net.Params())
	}
	return f.String()
}

// split cuts a flat vector into tensors, which it gives as results.
func (f *function) split(flat string, n int, table []nets.Param) {
	for _, t := range table {
		slice := f.op("slice %s [%d:%d] : (%s) -> %s", flat, t.Offset, t.Offset+t.Size, floats(n), floats(t.Size))
		f.give(f.reshape(slice, floats(t.Size), floats(t.Shape...)), floats(t.Shape...))
	}
}

// joinText is a program from arrays to one flat vector. It is the inverse of split.
func joinText(parts []hlo.Array) string {
	f := &function{}
	var values, types []string
	total := 0
	for _, a := range parts {
		n := 1
		for _, d := range a.Shape {
			n *= d
		}
		values, types = append(values, f.reshape(f.arg(a.String()), a.String(), floats(n))), append(types, floats(n))
		total += n
	}
	f.give(f.op("concatenate %s, dim = 0 : (%s) -> %s", strings.Join(values, ", "), strings.Join(types, ", "), floats(total)), floats(total))
	return f.String()
}

// sumsText is a program from the sums of losses and scores to a vector of both. A score that is missing is NaN.
func sumsText(sums []hlo.Array) string {
	if len(sums) == 2 {
		return joinText(sums)
	}
	f := &function{}
	loss := f.reshape(f.arg("tensor<f32>"), "tensor<f32>", floats(1))
	nan := f.op("constant dense<0x%X> : %s", math.Float32bits(float32(math.NaN())), floats(1))
	f.give(f.op("concatenate %s, %s, dim = 0 : (%s, %s) -> %s", loss, nan, floats(1), floats(1), floats(2)), floats(2))
	return f.String()
}

// firstText is a program from the sums of losses and scores to the first.
func firstText(sums []hlo.Array) string {
	f := &function{}
	for i := range sums {
		if a := f.arg("tensor<f32>"); i == 0 {
			f.give(a, "tensor<f32>")
		}
	}
	return f.String()
}

// moveText is a program from vectors of n numbers and a number to from + by·direction.
func moveText(n int) string {
	f := &function{}
	from, direction, by := f.arg(floats(n)), f.arg(floats(n)), f.arg("tensor<f32>")
	factor := f.op("broadcast_in_dim %s, dims = [] : (tensor<f32>) -> %s", by, floats(n))
	step := f.op("multiply %s, %s : %s", factor, direction, floats(n))
	f.give(f.op("add %s, %s : %s", from, step, floats(n)), floats(n))
	return f.String()
}
