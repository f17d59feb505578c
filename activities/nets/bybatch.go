package nets

import (
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/conv"
)

// CheckBatchNorm returns an error for a network from a file without running statistics, whose batch normalization, if it had any, can't be
// computed by other statistics.
func (n *Net) CheckBatchNorm() error {
	if n.StableHLO() != nil {
		return fmt.Errorf("network %s comes as StableHLO programs, whose batch normalization is fixed; map it with `batchnorm: running`", n.Name)
	}
	isRunning := func(p Param) bool { return p.Role == RunningMean }
	if n.program == nil || slices.ContainsFunc(n.State(), isRunning) {
		return nil
	}
	return fmt.Errorf("network %s has no operation of batch normalization with running statistics: exporting may have folded it into convolutions or "+
		"written it out as multiplications and additions; export the network with its batch normalization, or map it with batchnorm: running", n.Name)
}

// EvaluateByBatch is Evaluate with batch normalization by the statistics of the batch, as in training. statistics is the state vector of
// the batch alone: the mean and the unbiased variance that each layer sees.
func (n *Net) EvaluateByBatch(f conv.Formulation, params []*graph.Node, state, examples *graph.Node) (outputs, statistics *graph.Node) {
	var parts []*graph.Node
	if n.program != nil {
		outputs, parts = n.program.evaluateByBatch(f, params, split(state, n.State()), examples)
	} else {
		p := &pass{formulation: f, params: params, training: true, alone: true, newState: make([]*graph.Node, len(n.State()))}
		outputs = n.ops.forward(p, n.channelsLast(examples))
		parts = p.newState
	}
	if len(parts) == 0 {
		return outputs, state
	}
	return outputs, Join(parts)
}
