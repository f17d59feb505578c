package nets

import (
	"fmt"

	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/conv"
	"lossatlas/activities/problem"
)

// Net is a network: a checked list of layers with its tables, built for a
// problem. It is immutable and safe for use by several goroutines.
type Net struct {
	// Name is the name under which ByName finds the network, or the caller's own.
	Name string
	// Problem describes the network's examples and the loss of its outputs.
	Problem problem.Problem

	layers  []Layer
	plan    planner
	ops     chain
	program *program // in place of layers
	foreign *foreign // in place of both
}

// New checks a list of layers that turns the examples of a problem into its
// outputs and makes the network's tables. Errors name the layer and what would fit.
func New(name string, layers []Layer, p problem.Problem) (*Net, error) {
	in, err := inputShape(p)
	if err != nil {
		return nil, fmt.Errorf("network %q: %w", name, err)
	}
	n := &Net{Name: name, Problem: p, layers: layers, plan: planner{names: map[string]bool{}}}
	ops, out, err := n.plan.sequence(layers, in)
	if err == nil {
		err = endError(out, p, len(layers))
	}
	if err != nil {
		return nil, fmt.Errorf("network %q: %w", name, err)
	}
	n.ops = ops
	return n, nil
}

// inputShape is the shape of an example as layers see it.
func inputShape(p problem.Problem) (Shape, error) {
	if err := checkProblem(p); err != nil {
		return Shape{}, err
	}
	switch {
	case p.Type == problem.Int32 && len(p.Shape) == 1:
		return Shape{Length: p.Shape[0]}, nil
	case p.Type == problem.Int32:
		return Shape{}, fmt.Errorf("the examples are integers of the shape %v: networks take sequences of them, [length]", p.Shape)
	case p.IsImage():
		height, width, channels := p.Image()
		return Shape{Height: height, Width: width, Channels: channels}, nil
	case len(p.Shape) == 2:
		return Shape{Length: p.Shape[0], Channels: p.Shape[1]}, nil
	case len(p.Shape) == 1:
		return Shape{Channels: p.Shape[0], Flat: true}, nil
	}
	return Shape{}, fmt.Errorf("the examples have the shape %v: networks take sequences, [length, features], images, [height, width, channels] or [channels, height, width], or vectors, [features]", p.Shape)
}

// endError says of the last of a number of layers that it does not give the outputs of the problem.
func endError(out Shape, p problem.Problem, layers int) error {
	want := Shape{Channels: p.Outputs, Flat: true}
	switch len(p.Labels) {
	case 1:
		want = Shape{Channels: p.Outputs, Length: p.Labels[0]}
	case 2:
		want = Shape{Channels: p.Outputs, Height: p.Labels[0], Width: p.Labels[1]}
	}
	var err error
	switch {
	case out == want:
		return nil
	case len(p.Labels) > 0:
		err = fmt.Errorf("the network ends with %v; the labels of the data set, of the shape %v, ask for %v", out, p.Labels, want)
	case out.IsImage():
		err = fmt.Errorf("the network ends with an image of %v: end it with a flatten and a linear layer of %d outputs", out, p.Outputs)
	case out.IsSequence():
		err = fmt.Errorf("the network ends with %v: end it with an avgpool, the mean over the tokens, or a pick of one, and a linear layer of %d outputs", out, p.Outputs)
	default:
		err = fmt.Errorf("the network ends with %d features; the data set asks for %d outputs, so end it with {linear: %d}", out.Channels, p.Outputs, p.Outputs)
	}
	return &LayerError{Layer: max(layers-1, 0), Err: err}
}

// Params is the parameter table: the tensors of θ in the order of PyTorch's
// net.parameters(). The caller must not change it.
func (n *Net) Params() []Param { return n.plan.params }

// State is the table of the running statistics in the order of PyTorch's
// buffers, without the counters. The caller must not change it.
func (n *Net) State() []Param { return n.plan.state }

// NumParams is the length of θ.
func (n *Net) NumParams() int { return Length(n.plan.params) }

// NumState is the length of the state vector.
func (n *Net) NumState() int { return Length(n.plan.state) }

// MACs is the number of multiply-adds of the convolutions and linear layers for one example.
func (n *Net) MACs() int64 { return n.plan.macs }

// Signature identifies the computation, the problem included: networks with equal
// signatures have equal graphs and losses. Compiled programs are shared under it.
func (n *Net) Signature() string {
	switch {
	case n.program != nil:
		return fmt.Sprintf("%s program %x", n.Problem, n.program.digest)
	case n.foreign != nil:
		return fmt.Sprintf("%s stablehlo %x", n.Problem, n.foreign.digest)
	}
	return fmt.Sprintf("%s %#v", n.Problem, n.layers)
}

// CheckTrainable returns an error for a network from a file, which computes in evaluation mode only.
func (n *Net) CheckTrainable() error {
	if n.program != nil || n.foreign != nil {
		return fmt.Errorf("network %s comes from a file and can't be trained: it was exported in evaluation mode", n.Name)
	}
	return nil
}

// Evaluate adds the forward pass with stored statistics to a graph. params are the
// tensors that Split cuts from θ, so that gradients can be taken with respect to
// them; examples is [batch, Shape…] of the problem, normalized; state is the flat
// vector. The result is the outputs, [batch, Labels…, Outputs]. Networks with StableHLO programs have no graph.
func (n *Net) Evaluate(f conv.Formulation, params []*graph.Node, state, examples *graph.Node) *graph.Node {
	if n.program != nil {
		return n.program.evaluate(f, params, split(state, n.State()), examples)
	}
	return n.ops.forward(&pass{formulation: f, params: params, state: split(state, n.State())}, n.channelsLast(examples))
}

// Inputs adds the forward pass of Evaluate of a network that is not from a file to a graph, and returns what the layers with weights take in, by the names of the weights:
// [batch, height, width, channels], [batch, length, features] or [batch, features].
func (n *Net) Inputs(f conv.Formulation, params []*graph.Node, state, examples *graph.Node) map[string]*graph.Node {
	p := &pass{formulation: f, params: params, state: split(state, n.State()), inputs: map[string]*graph.Node{}}
	n.ops.forward(p, n.channelsLast(examples))
	return p.inputs
}

// Entries is the number of different indices that examples may hold, 0 for networks that do not begin with an embedding.
func (n *Net) Entries() int {
	if len(n.layers) > 0 {
		if l, ok := n.layers[0].(Translated); ok && l.Kind == "embedding" {
			return l.Fields.Entries
		}
	}
	return 0
}

// HasDropout reports whether training passes take random numbers.
func (n *Net) HasDropout() bool { return n.plan.dropouts > 0 }

// Train adds the forward pass with batch statistics to a graph, with inputs as of
// Evaluate. dice are two random numbers for each example, uint32 [batch, 2], of which
// dropout makes its masks; networks without ignore it. The result is the outputs and
// the new flat state vector.
func (n *Net) Train(f conv.Formulation, params []*graph.Node, state, examples, dice *graph.Node) (outputs, newState *graph.Node) {
	p := &pass{formulation: f, params: params, state: split(state, n.State()), training: true, newState: make([]*graph.Node, len(n.State())), dice: dice}
	outputs = n.ops.forward(p, n.channelsLast(examples))
	if len(p.newState) == 0 {
		return outputs, state
	}
	return outputs, Join(p.newState)
}

// channelsLast is a batch of examples in the order of the layers.
func (n *Net) channelsLast(examples *graph.Node) *graph.Node {
	if n.Problem.IsImage() && n.Problem.ChannelsFirst {
		return graph.TransposeAllAxes(examples, 0, 2, 3, 1)
	}
	return examples
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
