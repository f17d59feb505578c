// Package forward builds graphs from programs of package aten.
//
// Check and Shapes build the forward pass of a batch without running it, and Add adds it to a graph. Each operation checks its
// arguments and has a function that adds its nodes; tables list them by subject.
//
// Gradients and tangents of the graph are part of what an operation must get right: where the graph library has no
// derivative, or a wrong one (kernels of even size, 0 in absolute values, conversions to integers, powers of 0), the operation
// is written with other nodes or with its own gradient. At ties and kinks first derivatives are PyTorch's;
// testdata/operations.py has the cases.
package forward

import (
	"cmp"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/aten"
	"lossatlas/activities/conv"
	"lossatlas/activities/internal/nodes"
)

// maxNodes is the largest number of nodes of a graph.
const maxNodes = 4 << 20

// builder adds the nodes of an operation to a graph, and returns its results.
type builder func(c *call) []*graph.Node

// builders has a builder for each operation of package aten.
var builders = merge(shapeOps, joinOps, creationOps, elementwiseOps, activationOps, comparisonOps, reductionOps,
	productOps, convolutionOps, poolingOps, normalizationOps, attentionOps, recurrentOps, indexingOps, resizeOps)

func merge(tables ...map[string]builder) map[string]builder {
	all := map[string]builder{}
	for _, t := range tables {
		for name, build := range t {
			if all[name] != nil || aten.Schema(name) == nil {
				panic("forward: the operation " + name + " is defined twice, or has no schema in package aten")
			}
			all[name] = build
		}
	}
	for _, name := range aten.Operations() {
		if all[name] == nil {
			panic("forward: the operation " + name + " of package aten is not defined")
		}
	}
	return all
}

// Add adds the forward pass of a program to a graph, and returns the output. params and buffers are in the order of the
// program's tables and have their shapes; x is the input, with any number of examples along the first axis. All
// floating-point numbers are computed in the type of params. f is the formulation of convolutions.
//
// Like the graph library, it panics with an error on a program that it cannot build; Check returns that error.
func Add(p *aten.Program, f conv.Formulation, params, buffers []*graph.Node, x *graph.Node) *graph.Node {
	pass := newPass(p, params, buffers, x)
	pass.formulation = f
	y, err := pass.runAll(p)
	if err != nil {
		panic(err)
	}
	return y
}

// AddByBatch is Add with batch normalization by the statistics of the batch in place of the running ones. statistics are the
// buffers with the batch's statistics in place of the running ones: means and unbiased variances.
func AddByBatch(p *aten.Program, f conv.Formulation, params, buffers []*graph.Node, x *graph.Node) (y *graph.Node, statistics []*graph.Node) {
	pass := newPass(p, params, buffers, x)
	pass.formulation, pass.ofBatch = f, map[string]*graph.Node{}
	y, err := pass.runAll(p)
	if err != nil {
		panic(err)
	}
	for i, t := range p.Buffers {
		statistics = append(statistics, cmp.Or(pass.ofBatch[t.Value], buffers[i]))
	}
	return y, statistics
}

// pass is one forward pass under construction.
type pass struct {
	g      *graph.Graph
	float  dtypes.DType // of all floating-point values
	batch  int
	values map[string]*graph.Node
	// ofBatch are the statistics of the batch by the values of running ones; nil where the running ones normalize.
	ofBatch map[string]*graph.Node

	formulation  conv.Formulation
	last         map[*graph.Node]*graph.Node // images by their node in PyTorch's layout, with channels last
	channelsLast bool                        // values of four axes have channels last
}

func newPass(prog *aten.Program, params, buffers []*graph.Node, x *graph.Node) *pass {
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
		p.values[c.Name] = p.fromFlat(c.Decode(), c.Shape, p.typeOf(c.Type))
	}
	p.values[prog.Input.Name] = convert(x, p.typeOf(prog.Input.Type))
	return p
}

// runAll adds all operations and returns the output.
func (p *pass) runAll(prog *aten.Program) (*graph.Node, error) {
	for i := range prog.Ops {
		p.run(i, &prog.Ops[i])
	}
	y := p.values[prog.Output]
	if y == nil {
		return nil, fmt.Errorf("the output %q is a result that is not supported", prog.Output)
	}
	return y, nil
}

// run adds one operation. It panics with an OpError.
func (p *pass) run(i int, op *aten.Op) {
	defer func() {
		if e := recover(); e != nil {
			panic(&aten.OpError{Index: i, Name: op.Name, At: op.At, Err: asError(e)})
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
		if n := results[k].Shape().Size(); n > aten.MaxElements {
			fail("the result %v has more than %d elements", results[k].Shape().Dimensions, aten.MaxElements)
		}
		p.values[name] = results[k]
	}
}

// asError is the error of a panic. The graph library panics with errors.
func asError(e any) error {
	if err, ok := e.(error); ok {
		return err
	}
	return fmt.Errorf("%v", e)
}

// fail panics with an error; run adds the place.
func fail(format string, args ...any) { panic(fmt.Errorf(format, args...)) }

// integerTypes are the dtypes of the types of values that have no fraction.
var integerTypes = map[string]dtypes.DType{"int64": dtypes.Int64, "int32": dtypes.Int32, "int16": dtypes.Int32, "int8": dtypes.Int32,
	"uint8": dtypes.Int32, "bool": dtypes.Bool}

// typeOf is the dtype of a type of values. All floating-point types, half precision included, are computed in the type of the
// parameters.
func (p *pass) typeOf(name string) dtypes.DType {
	switch name {
	case "float16", "bfloat16", "float32", "float64":
		return p.float
	}
	t, ok := integerTypes[name]
	if !ok {
		fail("the type %q is not supported: %s are", name, aten.TypeNames())
	}
	return t
}

// fromFlat is a constant of a type from []float64, []int64 or []bool in C order.
func (p *pass) fromFlat(flat any, shape []int, dtype dtypes.DType) *graph.Node {
	var t *tensors.Tensor
	switch v := flat.(type) {
	case []float64:
		if dtype == dtypes.Float32 {
			narrow := make([]float32, len(v))
			for i, x := range v {
				narrow[i] = float32(x)
			}
			t = tensors.FromFlatDataAndDimensions(narrow, shape...)
			break
		}
		t = tensors.FromFlatDataAndDimensions(v, shape...)
	case []int64:
		t = tensors.FromFlatDataAndDimensions(v, shape...)
	case []bool:
		t = tensors.FromFlatDataAndDimensions(v, shape...)
	}
	return convert(graph.ConstTensor(p.g, t), dtype)
}

// convert changes the type of a node where it is another.
func convert(x *graph.Node, dtype dtypes.DType) *graph.Node {
	switch {
	case x.DType() == dtype:
		return x
	case dtype == dtypes.Bool:
		return graph.NotEqual(x, nodes.ScalarLike(x, 0))
	case !dtype.IsFloat() && x.DType().IsFloat(): // the library lets gradients pass
		x = graph.StopGradient(x)
	}
	return graph.ConvertDType(x, dtype)
}
