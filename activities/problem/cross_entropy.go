package problem

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// CrossEntropy is the loss of classification: the cross-entropy of the softmax of
// the outputs, which are logits, against the class, with the natural logarithm.
const CrossEntropy = "cross-entropy"

// crossEntropy scores 1 where the largest logit is that of the class, else 0, and
// NaN where a logit of the example is not finite: such a network classifies
// nothing, and NaN would count as the first class. Logits that overflow give
// infinite and NaN losses, which are values like others.
func crossEntropy(logits, classes *graph.Node) (loss, score *graph.Node) {
	batch := logits.Shape().Dim(0)
	top := graph.StopGradient(graph.ReduceMax(logits, 1))
	shifted := graph.Sub(logits, graph.Reshape(top, batch, 1))
	// Selected by Where and not by a product with 0 and 1, which would turn infinities elsewhere into NaN.
	own := graph.ReduceSum(graph.Where(isClass(logits, classes), shifted, graph.ZerosLike(shifted)), 1)
	loss = graph.Sub(graph.Log(graph.ReduceSum(graph.Exp(shifted), 1)), own)
	hit := graph.ConvertDType(graph.Equal(graph.ArgMax(logits, 1, dtypes.Int32), classes), logits.DType())
	return loss, graph.Where(graph.LogicalAll(graph.IsFinite(logits), 1), hit, missing(hit))
}

// isClass says of each of the logits [batch, classes] whether it is that of the example's class.
func isClass(logits, classes *graph.Node) *graph.Node {
	batch, count := logits.Shape().Dim(0), logits.Shape().Dim(1)
	column := graph.Iota(logits.Graph(), shapes.Make(dtypes.Int32, batch, count), 1)
	return graph.Equal(column, graph.BroadcastToDims(graph.Reshape(classes, batch, 1), batch, count))
}
