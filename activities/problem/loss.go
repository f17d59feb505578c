package problem

import (
	"maps"
	"math"
	"slices"

	"github.com/gomlx/gomlx/core/graph"
)

// loss is an entry of the table.
type loss struct {
	// targets says that labels are numbers and not classes, as of Problem.HasTargets.
	targets bool
	// graph adds to a graph, for outputs [batch, Outputs] and labels, the loss of
	// each example and its score, both [batch]. The mean of the losses is
	// trained and mapped. The mean of the scores is the accuracy; a loss without
	// one gives NaN, a missing value.
	graph func(outputs, labels *graph.Node) (loss, score *graph.Node)
}

// losses is the table of losses. Each is defined in a file of its own.
var losses = map[string]loss{
	CrossEntropy:     {graph: crossEntropy},
	MeanSquaredError: {targets: true, graph: meanSquaredError},
}

// Losses are the names of the losses.
func Losses() []string { return slices.Sorted(maps.Keys(losses)) }

// missing is a score of NaN for each element of v.
func missing(v *graph.Node) *graph.Node { return graph.AddScalar(graph.ZerosLike(v), math.NaN()) }
