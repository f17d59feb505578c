package aten

import (
	"cmp"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// Forward adds the forward pass to a graph, and returns the output. params and
// buffers are in the order of the program's tables and have their shapes; x is the
// input, with any number of examples along the first axis. All floating-point
// numbers are computed in the type of params.
//
// Like the graph library, it panics with an error on what it cannot build; Check
// finds that before.
func (p *Program) Forward(params, buffers []*graph.Node, x *graph.Node) *graph.Node {
	return p.ForwardAs(Plain, params, buffers, x)
}

// ForwardAs is Forward in a formulation that suits a backend.
func (p *Program) ForwardAs(f Formulation, params, buffers []*graph.Node, x *graph.Node) *graph.Node {
	pass := newPass(p, params, buffers, x)
	pass.formulation = f
	return pass.forward(p)
}

// ForwardByBatch is ForwardAs with batch normalization by the statistics of the batch in place of the running ones. statistics are the
// buffers with those of the batch in the places of running ones: means and unbiased variances.
func (p *Program) ForwardByBatch(f Formulation, params, buffers []*graph.Node, x *graph.Node) (y *graph.Node, statistics []*graph.Node) {
	pass := newPass(p, params, buffers, x)
	pass.formulation, pass.ofBatch = f, map[string]*graph.Node{}
	y = pass.forward(p)
	for i, t := range p.Buffers {
		statistics = append(statistics, cmp.Or(pass.ofBatch[t.Value], buffers[i]))
	}
	return y, statistics
}

func (pass *pass) forward(p *Program) *graph.Node {
	for i := range p.Ops {
		pass.run(i, &p.Ops[i])
	}
	y := pass.values[p.Output]
	if y == nil {
		panic(fmt.Errorf("the output %q is a result that is not supported", p.Output))
	}
	return y
}

// pass is one forward pass under construction.
type pass struct {
	g      *graph.Graph
	float  dtypes.DType // of all floating-point values
	batch  int
	values map[string]*graph.Node
	// ofBatch are the statistics of the batch by the values of running ones; nil where the running ones normalize.
	ofBatch map[string]*graph.Node

	formulation  Formulation
	last         map[*graph.Node]*graph.Node // images by their node in PyTorch's layout, with channels last
	channelsLast bool                        // the values are so
}

func newPass(prog *Program, params, buffers []*graph.Node, x *graph.Node) *pass {
	p := &pass{g: x.Graph(), float: dtypes.Float32, batch: x.Shape().Dim(0), values: map[string]*graph.Node{}, last: map[*graph.Node]*graph.Node{}}
	switch {
	case len(params) > 0:
		p.float = params[0].DType()
	case x.DType().IsFloat():
		p.float = x.DType()
	}
	for i, t := range prog.Params {
		p.values[t.Value] = params[i]
	}
	for i, t := range prog.Buffers {
		p.values[t.Value] = convert(buffers[i], p.float)
	}
	for _, c := range prog.Constants {
		p.values[c.Name] = p.constant(c)
	}
	p.values[prog.Input.Name] = convert(x, p.typeOf(prog.Input.Type))
	return p
}

// run adds one operation. What goes wrong is said with its place.
func (p *pass) run(i int, op *Op) {
	defer func() {
		if e := recover(); e != nil {
			panic(&OpError{Index: i, Name: op.Name, At: op.At, Err: asError(e)})
		}
	}()
	if len(p.g.Nodes()) > maxNodes {
		fail("the operations before it take more than %d operations of the graph", maxNodes)
	}
	results := (&call{pass: p, op: op}).build()
	for k, name := range op.Out {
		if name == "" || k >= len(results) || results[k] == nil { // unused, or an error where it is used
			continue
		}
		if n := results[k].Shape().Size(); n > maxElements {
			fail("the result %v has more than %d elements", results[k].Shape().Dimensions, maxElements)
		}
		p.values[name] = results[k]
	}
}

// asError is what a panic said. The graph library panics with errors.
func asError(e any) error {
	if err, ok := e.(error); ok {
		return err
	}
	return fmt.Errorf("%v", e)
}

// fail panics with an error; run adds the place.
func fail(format string, args ...any) { panic(fmt.Errorf(format, args...)) }

// call is one operation with its arguments.
type call struct {
	*pass
	op *Op
}

// one is the usual result: a single tensor.
func one(build func(c *call) *graph.Node) func(c *call) []*graph.Node {
	return func(c *call) []*graph.Node { return []*graph.Node{build(c)} }
}

func (c *call) has(name string) bool { return !c.op.Args[name].isNone() }

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

func (c *call) scalarOf(a Arg, dtype dtypes.DType) *graph.Node {
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

func (c *call) valueOf(a Arg) float64 {
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
