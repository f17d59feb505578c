package problem

import "github.com/gomlx/gomlx/core/graph"

// MeanSquaredError is the loss of regression: the mean over the outputs of the
// squares of their differences from the target. It has no score.
const MeanSquaredError = "mse"

func meanSquaredError(outputs, targets *graph.Node) (loss, score *graph.Node) {
	difference := graph.Sub(outputs, graph.ConvertDType(targets, outputs.DType()))
	loss = graph.ReduceMean(graph.Square(difference), 1)
	return loss, missing(loss)
}
