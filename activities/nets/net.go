package nets

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"
)

// input is the shape of the images of every data set here.
var input = Shape{Height: 32, Width: 32, Channels: 3}

// Net is a network: a checked list of layers with its tables. It is immutable
// and safe for use by several goroutines.
type Net struct {
	// Name is the name under which ByName finds the network, or the caller's own.
	Name string
	// Classes is the number of logits.
	Classes int

	layers []Layer
	plan   planner
	ops    chain
}

// New checks a list of layers that turns 32×32 RGB images into logits and
// makes the network's tables. Errors name the layer and what would fit.
func New(name string, layers []Layer) (*Net, error) {
	n := &Net{Name: name, layers: layers, plan: planner{names: map[string]bool{}}}
	ops, out, err := n.plan.sequence(layers, input)
	if err != nil {
		return nil, fmt.Errorf("network %q: %w", name, err)
	}
	if !out.Flat {
		err := fmt.Errorf("the network ends with an image of %v: end it with a flatten and a linear layer, whose outputs are the classes", out)
		return nil, fmt.Errorf("network %q: %w", name, &LayerError{Layer: max(len(layers)-1, 0), Err: err})
	}
	n.ops, n.Classes = ops, out.Channels
	return n, nil
}

// Params is the parameter table: the tensors of θ in the order of PyTorch's
// net.parameters(). The caller must not change it.
func (n *Net) Params() []Param { return n.plan.params }

// State is the table of the running statistics in the order of PyTorch's
// buffers, without the counters. The caller must not change it.
func (n *Net) State() []Param { return n.plan.state }

// NumParams is the length of θ.
func (n *Net) NumParams() int { return n.plan.numParams }

// NumState is the length of the state vector.
func (n *Net) NumState() int { return n.plan.numState }

// Len is the number of layers, those within others not counted.
func (n *Net) Len() int { return len(n.layers) }

// MACs is the number of multiply-adds of the convolutions and linear layers for one image.
func (n *Net) MACs() int64 { return n.plan.macs }

// Signature identifies the computation: networks with equal signatures have
// equal graphs. Compiled programs are shared under it.
func (n *Net) Signature() string { return fmt.Sprintf("%#v", n.layers) }

// Evaluate adds the forward pass with stored statistics to a graph. images is
// [batch, 32, 32, 3], normalised; theta and state are the flat vectors. The
// result is the logits, [batch, Classes].
func (n *Net) Evaluate(f Formulation, theta, state, images *graph.Node) *graph.Node {
	return n.EvaluateAt(f, n.Split(theta), state, images)
}

// EvaluateAt is Evaluate with the tensors that Split cuts from θ in its place,
// so that gradients can be taken with respect to them.
func (n *Net) EvaluateAt(f Formulation, params []*graph.Node, state, images *graph.Node) *graph.Node {
	return n.ops.forward(&pass{formulation: f, params: params, state: split(state, n.State())}, images)
}

// Train adds the forward pass with batch statistics to a graph. params are the
// tensors that Split cuts from θ, so that gradients can be taken with respect
// to them. The result is the logits and the new flat state vector.
func (n *Net) Train(f Formulation, params []*graph.Node, state, images *graph.Node) (logits, newState *graph.Node) {
	p := &pass{formulation: f, params: params, state: split(state, n.State()), training: true, newState: make([]*graph.Node, len(n.State()))}
	logits = n.ops.forward(p, images)
	if len(p.newState) == 0 {
		return logits, state
	}
	return logits, Join(p.newState)
}

// Split cuts the flat vector θ into the tensors of the parameter table.
func (n *Net) Split(theta *graph.Node) []*graph.Node { return split(theta, n.Params()) }

func split(flat *graph.Node, table []Param) []*graph.Node {
	parts := make([]*graph.Node, len(table))
	for i, p := range table {
		parts[i] = graph.Reshape(graph.Slice(flat, graph.AxisRange(p.Offset, p.Offset+p.Size)), p.Shape...)
	}
	return parts
}

// Join is the inverse of Split: one flat vector from tensors in the table's order.
func Join(parts []*graph.Node) *graph.Node {
	flat := make([]*graph.Node, len(parts))
	for i, p := range parts {
		flat[i] = graph.Reshape(p, p.Shape().Size())
	}
	if len(flat) == 1 {
		return flat[0]
	}
	return graph.Concatenate(flat, 0)
}
