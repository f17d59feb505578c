package forward

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/aten"
	"lossatlas/activities/internal/nodes"
)

// call is one operation with its arguments.
type call struct {
	*pass
	op *aten.Op
}

// one is the usual result: a single tensor.
func one(build func(c *call) *graph.Node) builder {
	return func(c *call) []*graph.Node { return []*graph.Node{build(c)} }
}

func (c *call) has(name string) bool { return !c.op.Args[name].IsNone() }

// value is the node of a name.
func (c *call) value(name string) *graph.Node {
	n := c.values[name]
	if n == nil {
		fail("%q is a result of an earlier operation that is not supported", name)
	}
	return n
}

// tensor is a tensor argument, nil where it is absent.
func (c *call) tensor(name string) *graph.Node {
	a := c.op.Args[name]
	if a.Value == "" {
		return nil
	}
	return c.value(a.Value)
}

// tensors is a list of tensors, with nil for None.
func (c *call) tensors(name string) []*graph.Node {
	var all []*graph.Node
	for _, v := range c.op.Args[name].Values {
		if v == "" {
			all = append(all, nil)
			continue
		}
		all = append(all, c.value(v))
	}
	return all
}

// operand is a tensor, or a number as a scalar of the type that PyTorch gives it
// next to x: that of x, unless the number is a fraction and x holds integers.
func (c *call) operand(name string, x *graph.Node) *graph.Node {
	if t := c.tensor(name); t != nil {
		return t
	}
	return c.scalarOf(c.op.Args[name], x.DType())
}

func (c *call) scalarOf(a aten.Arg, dtype dtypes.DType) *graph.Node {
	switch {
	case a.Number != nil && !dtype.IsFloat():
		dtype = c.float
	case a.Int != nil && dtype == dtypes.Bool:
		dtype = dtypes.Int64
	case a.Flag != nil && dtype == dtypes.Bool:
		return convert(graph.Scalar(c.g, dtypes.Int32, c.valueOf(a)), dtypes.Bool)
	}
	return graph.Scalar(c.g, dtype, c.valueOf(a))
}

func (c *call) valueOf(a aten.Arg) float64 {
	switch {
	case a.Number != nil:
		return float64(*a.Number)
	case a.Int != nil:
		return float64(a.Int.At(c.batch))
	case a.Flag != nil && *a.Flag:
		return 1
	}
	return 0
}

func (c *call) number(name string, absent float64) float64 {
	if !c.has(name) {
		return absent
	}
	return c.valueOf(c.op.Args[name])
}

func (c *call) int(name string, absent int) int {
	if a := c.op.Args[name]; a.Int != nil {
		return a.Int.At(c.batch)
	}
	return absent
}

// ints is a list of integers, nil where it is absent. A single integer is a list of one.
func (c *call) ints(name string) []int {
	a := c.op.Args[name]
	if a.Int != nil {
		return []int{a.Int.At(c.batch)}
	}
	if a.Ints == nil {
		return nil
	}
	all := make([]int, len(a.Ints))
	for i, d := range a.Ints {
		all[i] = d.At(c.batch)
	}
	return all
}

// each is a list of n integers, of which one given stands for all.
func (c *call) each(name string, n, absent int) []int {
	given := c.ints(name)
	switch len(given) {
	case n:
		return given
	case 0:
		given = []int{absent}
	case 1:
	default:
		fail("%s has %d numbers, but there are %d axes", name, len(given), n)
	}
	all := make([]int, n)
	for i := range all {
		all[i] = given[0]
	}
	return all
}

func (c *call) flag(name string, absent bool) bool {
	if a := c.op.Args[name]; a.Flag != nil {
		return *a.Flag
	}
	return absent
}

func (c *call) text(name string) string { return c.op.Args[name].Text }

// axis is the axis that an argument names, counted from the end where it is negative.
func (c *call) axis(name string, absent, rank int) int { return axisOf(c.int(name, absent), rank) }

func axisOf(a, rank int) int {
	if rank == 0 && (a == 0 || a == -1) {
		return 0
	}
	if a < -rank || a >= rank {
		fail("there is no axis %d in a tensor of %d axes", a, rank)
	}
	return (a + rank) % rank
}

// axes are the axes that an argument names, all where it is absent or empty.
func (c *call) axes(name string, rank int) []int {
	given := c.ints(name)
	if len(given) == 0 {
		given = make([]int, rank)
		for i := range given {
			given[i] = i
		}
	}
	all, seen := make([]int, len(given)), map[int]bool{}
	for i, a := range given {
		all[i] = axisOf(a, rank)
		if seen[all[i]] {
			fail("the axis %d is named twice", a)
		}
		seen[all[i]] = true
	}
	return all
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
		for i, n := range nodes.Dims(x) {
			k := rank - x.Rank() + i
			if n != 1 && out[k] != 1 && out[k] != n {
				fail("the shapes %v and %v do not fit together", nodes.Dims(all[0]), nodes.Dims(x))
			}
			out[k] = max(out[k], n)
		}
	}
	if _, err := aten.Elements(out); err != nil {
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

// both broadcasts two tensors to one shape.
func both(a, b *graph.Node) (*graph.Node, *graph.Node) {
	d := joint(a, b)
	return broadcast(a, d), broadcast(b, d)
}
