package module

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lossatlas/activities/aten"
)

// Module is a layer as a program of package aten, for a shape that comes in.
type Module struct {
	Out     Shape // of the result
	Params  []Param
	Program *aten.Program // its parameters are in the order of Params
	// ChannelsFirst says that the program takes and returns images in PyTorch's layout, [batch, channels, rows, columns].
	// Other programs take and return activations with channels or features last.
	ChannelsFirst bool
	MACs          int64 // multiply-adds for one example
	Kept          int64 // elements that the way back needs beyond the result, for one example
}

// Param is a parameter of a module.
type Param struct {
	Suffix    string // follows the name of the layer: ".weight"
	Role      Role
	Shape     []int
	Deviation float64 // standard deviation of initial weights; 0 is the role's own
}

// layers is the table of layers by their kind.
var layers = map[string]func(f Fields, in Shape) (*Module, error){
	"gelu":         gelu,
	"silu":         activation("silu"),
	"tanh":         activation("tanh"),
	"sigmoid":      activation("sigmoid"),
	"hardswish":    activation("hardswish"),
	"hardsigmoid":  activation("hardsigmoid"),
	"relu6":        activation("relu6"),
	"leakyrelu":    leakyReLU,
	"elu":          elu,
	"layernorm":    layerNorm,
	"groupnorm":    groupNorm,
	"instancenorm": instanceNorm,
	"conv":         convolution,
	"maxpool":      maxPool,
	"avgpool":      avgPool,
	"tokens":       tokens,
	"classtoken":   classToken,
	"pick":         pick,
	"embedding":    embedding,
	"positional":   positional,
	"attention":    attention,
}

// Kinds are the kinds of layers, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(layers)) }

// Has reports whether a kind of layer is one of the table.
func Has(kind string) bool { return layers[kind] != nil }

// New translates a layer for the shape that comes in. The error names the layer and what would fit.
func New(f Fields, in Shape) (*Module, error) {
	build := layers[f.Kind]
	if build == nil {
		return nil, fmt.Errorf("there is no layer of kind %q: choose one of %s", f.Kind, strings.Join(Kinds(), ", "))
	}
	if in.IsIndices() && f.Kind != "embedding" {
		return nil, fmt.Errorf("%s needs features but gets %v: put an embedding before it", f.title(), in)
	}
	return build(f, in)
}

// title is a layer in messages.
func (f Fields) title() string {
	if f.Name == "" {
		return f.Kind
	}
	return fmt.Sprintf("%s %q", f.Kind, f.Name)
}

// input is the name of a module's input.
const input = "x"

// start is a module without operations. kind is the type of the numbers that come in.
func start(kind string, out Shape) *Module {
	return &Module{Out: out, Program: &aten.Program{Input: aten.Value{Name: input, Type: kind}, Output: input}}
}

// floats is a module of floating-point numbers.
func floats(out Shape) *Module { return start("float32", out) }

// param adds a parameter and returns the name of its value.
func (m *Module) param(p Param) arg {
	name := fmt.Sprint("p", len(m.Params))
	m.Params = append(m.Params, p)
	m.Program.Params = append(m.Program.Params, aten.Tensor{Name: p.Suffix, Value: name, Shape: p.Shape})
	return tensor(name)
}

// affine adds scale and shift of a normalization of as many channels, where it has them.
func (m *Module) affine(f Fields, a args, channels int) args {
	if f.Affine {
		a["weight"] = m.param(Param{Suffix: ".weight", Role: BNScale, Shape: []int{channels}})
		a["bias"] = m.param(Param{Suffix: ".bias", Role: BNShift, Shape: []int{channels}})
	}
	return a
}

// do adds an operation, whose result is the module's so far, and returns its name.
func (m *Module) do(name string, a args) arg {
	out := fmt.Sprint("v", len(m.Program.Ops))
	m.Program.Ops = append(m.Program.Ops, aten.Op{Name: name, Args: a, Out: []string{out}})
	m.Program.Output = out
	return tensor(out)
}

type (
	arg  = aten.Arg
	args = map[string]aten.Arg
)

// Arguments of operations.
var each = aten.Dim{Each: 1} // the size of the batch

func tensor(name string) arg  { return arg{Value: name} }
func integer(n int) arg       { return arg{Int: &aten.Dim{Fixed: n}} }
func number(v float64) arg    { n := aten.Number(v); return arg{Number: &n} }
func flag(v bool) arg         { return arg{Flag: &v} }
func sides(s Sides) arg       { return integers(s[:]...) }
func sizes(d ...aten.Dim) arg { return arg{Ints: d} }
func fixed(n int) aten.Dim    { return aten.Dim{Fixed: n} }
func integers(all ...int) arg {
	d := make([]aten.Dim, len(all))
	for i, n := range all {
		d[i] = fixed(n)
	}
	return arg{Ints: d}
}
