package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strconv"

	"lossatlas/activities/aten"
	"lossatlas/activities/onnx/proto"
)

// call is a node that is translated by a rule. A rule that can't translate it fails.
type call struct {
	*translator
	node *proto.Node
}

func (c *call) fail(format string, a ...any) { panic(failure{fmt.Errorf(format, a...)}) }

// has says whether an input is given.
func (c *call) has(i int) bool { return i < len(c.node.Inputs) && c.node.Inputs[i] != "" }

// in is an input, which must be given.
func (c *call) in(i int) *value {
	if !c.has(i) {
		c.fail("input %d is missing", i+1)
	}
	v := c.values[c.node.Inputs[i]]
	if v == nil {
		c.fail("its input %s is set by no operation before it", c.node.Inputs[i])
	}
	if v.list != nil && c.node.Op != "Identity" {
		c.fail("its input %s is a list of tensors", c.node.Inputs[i])
	}
	return v
}

// numbers are the elements of an input that must be known while reading.
func (c *call) numbers(i int) []number {
	v := c.in(i)
	if v.known == nil && v.weight != nil && v.weight.tensor != nil && isIdentity(v.perm) {
		n, err := numbersOf(v.weight.tensor.Numbers(c.folder))
		if err != nil {
			c.fail("%w", err)
		}
		return n
	}
	if v.known == nil {
		c.fail("its input %d (%s) depends on the data; only values that the file fixes are supported there", i+1, c.node.Inputs[i])
	}
	return v.known
}

// dims are the elements of an input that must be sizes.
func (c *call) dims(i int) []aten.Dim {
	return c.asDims(c.numbers(i))
}

func (c *call) asDims(numbers []number) []aten.Dim {
	out := make([]aten.Dim, len(numbers))
	for k, n := range numbers {
		d, ok := n.dim()
		if !ok {
			c.fail("%v is not an integer", n.fixed)
		}
		out[k] = d
	}
	return out
}

// list are the elements of an input that must be fixed integers.
func (c *call) list(i int) []int {
	out, ok := static(c.dims(i))
	if !ok {
		c.fail("its input %d depends on the batch, where only fixed numbers are supported", i+1)
	}
	return out
}

// scalar is the one fixed element of an input.
func (c *call) scalar(i int) float64 {
	n := c.numbers(i)
	if len(n) != 1 || n[0].each != 0 {
		c.fail("its input %d must be one fixed number", i+1)
	}
	return n[0].fixed
}

// int, float, text and ints read attributes, which are otherwise the given default.
func (c *call) int(name string, or int) int {
	if a := c.node.Attributes[name]; a != nil {
		return saturate(float64(a.Int))
	}
	return or
}

func (c *call) float(name string, or float64) float64 {
	if a := c.node.Attributes[name]; a != nil {
		return shortest(a.Float)
	}
	return or
}

// shortest is the shortest decimal number that rounds to a float32: 1e-5, where the
// file has 9.999999747378752e-06.
func shortest(f float64) float64 {
	s, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'g', -1, 32), 64)
	return s
}

func (c *call) text(name, or string) string {
	if a := c.node.Attributes[name]; a != nil {
		return a.Text
	}
	return or
}

func (c *call) ints(name string, or []int) []int {
	a := c.node.Attributes[name]
	if a == nil {
		return or
	}
	out := make([]int, len(a.Ints))
	for i, v := range a.Ints {
		out[i] = saturate(float64(v))
	}
	return out
}

// axis counts an axis from the front.
func (c *call) axis(a, rank int) int {
	if a < -rank || a >= rank {
		c.fail("axis %d of a tensor with %d axes does not exist", a, rank)
	}
	if a < 0 {
		a += rank
	}
	return a
}

func (c *call) axes(list []int, rank int) []int {
	out := make([]int, len(list))
	for i, a := range list {
		out[i] = c.axis(a, rank)
	}
	return out
}

// args are an operation's arguments.
type args map[string]aten.Arg

func ofDims(d []aten.Dim) aten.Arg { return aten.Arg{Ints: d} }
func ofInts(n ...int) aten.Arg     { return aten.Arg{Ints: fixedAll(n...)} }
func ofInt(n int) aten.Arg         { d := fixed(n); return aten.Arg{Int: &d} }
func ofNumber(f float64) aten.Arg  { n := aten.Number(f); return aten.Arg{Number: &n} }
func ofFlag(b bool) aten.Arg       { return aten.Arg{Flag: &b} }
func ofText(s string) aten.Arg     { return aten.Arg{Text: s} }

// tensor is an argument that is a value.
func (c *call) tensor(v *value) aten.Arg { return aten.Arg{Value: c.operand(v)} }

func (c *call) tensors(vs ...*value) aten.Arg {
	a := aten.Arg{}
	for _, v := range vs {
		a.Values = append(a.Values, c.operand(v))
	}
	return a
}

// emit adds an operation whose first output alone is used.
func (c *call) emit(op string, a args, kind string, shape []aten.Dim) *value {
	o := aten.Op{Name: op, Args: a, At: c.node.At(), Out: []string{c.fresh()}}
	c.program.Ops = append(c.program.Ops, o)
	return &value{kind: kind, shape: shape, name: o.Out[0]}
}

// fresh is a name that the program does not use yet.
func (t *translator) fresh() string {
	for {
		t.serial++
		if name := "v" + strconv.Itoa(t.serial); !t.taken[name] {
			t.taken[name] = true
			return name
		}
	}
}

// operand is the name of a value in the program, which declares it if necessary.
func (c *call) operand(v *value) string {
	switch {
	case v.name != "":
	case v.weight != nil:
		v.name = c.layout(v, nil)
	default:
		v.name = c.constant(v)
	}
	return v.name
}

// constant declares elements that are known as a constant.
func (c *call) constant(v *value) string {
	shape, ok := static(v.shape)
	if !ok || slices.ContainsFunc(v.known, func(n number) bool { return n.each != 0 }) {
		c.fail("a size that depends on the batch is used as a number, which is not supported")
	}
	k := aten.Constant{Name: c.fresh(), Type: v.kind, Shape: shape}
	for _, n := range v.known {
		k.Data = appendNumber(k.Data, v.kind, n.fixed)
	}
	c.program.Constants = append(c.program.Constants, k)
	return k.Name
}

// appendNumber appends a number, little-endian, in the width of its type.
func appendNumber(b []byte, kind string, f float64) []byte {
	switch kind {
	case "float32":
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(f)))
	case "int64":
		return binary.LittleEndian.AppendUint64(b, uint64(toInt64(f)))
	case "int32":
		return binary.LittleEndian.AppendUint32(b, uint32(toInt64(f)))
	case "int16":
		return binary.LittleEndian.AppendUint16(b, uint16(toInt64(f)))
	}
	return append(b, byte(toInt64(f)))
}

// toInt64 converts with the ends of the type as limits.
func toInt64(f float64) int64 {
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}
