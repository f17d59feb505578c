package optim

import (
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
)

// compileGradient compiles one group's share of a step:
//
//	θ, state, g, examples, labels, 1/B  →  g + ∇(Σ loss)/B, state', [Σ loss, Σ score]
//
// with batch statistics of the group and B the size of the whole batch. A network with
// dropout takes the dice of the examples as well. Over the groups of a batch g becomes the mean gradient, and the running
// statistics are updated group after group. number is the type of all numbers.
func compileGradient(b *engine.Backend, net *nets.Net, size int, number dtypes.DType) (*engine.Program, error) {
	vector := shapes.Make(number, net.NumParams())
	examples, labels := net.Problem.Inputs(size)
	inputs := []shapes.Shape{vector, shapes.Make(number, net.NumState()), vector, examples, labels, shapes.Make(number)}
	if net.HasDropout() {
		inputs = append(inputs, shapes.Make(dtypes.Uint32, size, dicePerExample))
	}
	key := fmt.Sprintf("gradient-%s-%d-%s %s", net.Name, size, number, net.Signature())
	return b.Compile(key, inputs, func(in []*graph.Node) []*graph.Node {
		theta, state, sum, examples, labels, share := in[0], in[1], in[2], in[3], in[4], in[5]
		// The gradient is taken tensor by tensor and joined, because the gradient of
		// cutting θ into tensors would pad each of them to the length of θ.
		params := net.Split(theta)
		var dice *graph.Node
		if net.HasDropout() {
			dice = in[6]
		}
		outputs, newState := net.Train(b.Formulation(), params, state, net.Problem.Normalize(examples, number), dice)
		losses, scores := net.Problem.LossAndScore(outputs, labels)
		loss := graph.ReduceAllSum(losses)
		gradient := nets.Join(graph.Gradient(graph.Mul(loss, share), params...))
		return []*graph.Node{
			graph.Add(sum, gradient), newState,
			graph.Stack([]*graph.Node{loss, graph.ReduceAllSum(scores)}, 0),
		}
	})
}
