package nets

import (
	"errors"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/conv"
	"lossatlas/activities/nets/module"
)

// Layer is one element of a network's definition: Convolution, BatchNorm, ReLU,
// MaxPool, AvgPool, Flatten, FullyConnected, Dropout, Residual, Dense, or Translated. A
// layer with parameters carries the name that they have at the border.
type Layer interface {
	// plan checks the layer against the shape it receives, enters its
	// parameters into the table and returns the operation bound to them,
	// with the shape that comes out.
	plan(p *planner, in Shape) (op, Shape, error)
}

// op adds a layer, bound to its places in the parameter table, to a graph. x is
// [batch, height, width, channels], [batch, features] of flat activations, or
// [batch, length, features] of sequences.
type op func(p *pass, x *graph.Node) *graph.Node

// Shape is the shape of one example's activations.
type Shape = module.Shape

// window returns the number of positions of a kernel×kernel window on the padded image.
func window(in Shape, kind string, kernel, stride, padding int) (height, width int, err error) {
	w := module.Window{Kernel: module.Square(kernel), Stride: module.Square(stride), Padding: module.Square(padding)}
	return w.Over(kind, in)
}

// maxParams is far above what trains here, and low enough that a slip of the pen does
// not exhaust the memory of a machine.
const maxParams = 1 << 30

// planner collects the entries of a network's layers in its tables.
type planner struct {
	params, state []Param
	macs          int64
	names         map[string]bool
	dropouts      int // so far, in the order in which they are computed
}

// add enters a parameter and returns its index.
func (p *planner) add(name string, role Role, shape ...int) (int, error) {
	return len(p.params), p.enter(&p.params, name, role, shape)
}

// addState enters a buffer and returns its index.
func (p *planner) addState(name string, role Role, shape ...int) (int, error) {
	return len(p.state), p.enter(&p.state, name, role, shape)
}

func (p *planner) enter(table *[]Param, name string, role Role, shape []int) error {
	if p.names[name] {
		return fmt.Errorf("two tensors are called %q: give each layer its own name", name)
	}
	p.names[name] = true
	size, total := 1, Length(*table)
	for _, n := range shape {
		if n < 1 {
			return fmt.Errorf("%s has the shape %v: every size is at least 1", name, shape)
		}
		if n > (maxParams-total)/size { // before the product, which could overflow
			return fmt.Errorf("with %s of shape %v the network has more than %d parameters", name, shape, maxParams)
		}
		size *= n
	}
	*table = append(*table, Param{Name: name, Shape: shape, Offset: total, Size: size, Role: role})
	return nil
}

// sequence plans layers one after another.
func (p *planner) sequence(layers []Layer, in Shape) (chain, Shape, error) {
	ops := make(chain, 0, len(layers))
	for i, l := range layers {
		if l == nil {
			return nil, Shape{}, &LayerError{Layer: i, Err: errors.New("it is missing")}
		}
		if _, ok := l.(Translated); in.IsIndices() && !ok {
			return nil, Shape{}, &LayerError{Layer: i, Err: fmt.Errorf("the examples are %v: begin with an embedding", in)}
		}
		o, out, err := l.plan(p, in)
		if err != nil {
			return nil, Shape{}, &LayerError{Layer: i, Err: err}
		}
		ops, in = append(ops, o), out
	}
	return ops, in, nil
}

// part plans the layers of a part of a layer.
func (p *planner) part(kind, part string, layers []Layer, in Shape) (chain, Shape, error) {
	ops, out, err := p.sequence(layers, in)
	if err != nil {
		err = &partError{kind, part, err}
	}
	return ops, out, err
}

// chain is a sequence of operations.
type chain []op

func (c chain) forward(p *pass, x *graph.Node) *graph.Node {
	for _, o := range c {
		x = o(p, x)
	}
	return x
}

// pass is one walk through a network while its graph is being built.
type pass struct {
	formulation conv.Formulation
	params      []*graph.Node // by index in the parameter table, in PyTorch's shapes
	state       []*graph.Node // by index in the state table
	training    bool          // normalise by the batch's statistics and put the new running ones into newState
	newState    []*graph.Node
	dice        *graph.Node            // random numbers of each example, for dropout: uint32 [batch, 2]
	alone       bool                   // newState is the statistics of the batch alone
	inputs      map[string]*graph.Node // of the layers that make new units, by the names of their weights; nil keeps no inputs
}

// keep notes what a layer with weights takes in.
func (p *pass) keep(layer string, x *graph.Node) {
	if p.inputs != nil {
		p.inputs[layer+".weight"] = x
	}
}

// padded surrounds the images x [batch, height, width, channels] with border
// rows and columns of the given value. It concatenates constants because the
// graph library has no gradient for its padding operation.
func padded(x *graph.Node, border int, value float64) *graph.Node {
	for axis := 1; border > 0 && axis <= 2; axis++ {
		dims := append([]int(nil), x.Shape().Dimensions...)
		dims[axis] = border
		edge := graph.FillScalar(x.Graph(), shapes.Make(x.DType(), dims...), value)
		x = graph.Concatenate([]*graph.Node{edge, x, edge}, axis)
	}
	return x
}

// tap is the part of the padded images x that the element (row, column) of a
// window meets at each of its height×width positions, stride apart.
func tap(x *graph.Node, row, column, height, width, stride int) *graph.Node {
	span := func(from, n int) graph.SliceAxisSpec {
		s := graph.AxisRange(from, from+(n-1)*stride+1)
		if stride > 1 {
			s = s.Stride(stride)
		}
		return s
	}
	return graph.Slice(x, graph.AxisRange(), span(row, height), span(column, width), graph.AxisRange())
}

// lowest is the value that no activation is below, for padding a maximum.
func lowest(dtype dtypes.DType) float64 {
	if dtype == dtypes.Float64 {
		return -1.7976931348623157e308
	}
	return -3.4028234663852886e38
}
