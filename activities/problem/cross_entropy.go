package problem

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// CrossEntropy is the loss of classification: the cross-entropy of the softmax of
// the outputs, which are logits, against the class, with the natural logarithm. With
// label smoothing ε and class weights w it is PyTorch's
//
//	(1 − ε)·w_y·(−log p_y) + ε/K·Σ_k w_k·(−log p_k)
//
// at each place, and its mean is over Σ w_y.
const CrossEntropy = "cross-entropy"

// Logits that overflow give infinite and NaN losses, which are values like others.
func crossEntropy(p Problem, logits, classes *graph.Node) *graph.Node {
	last := logits.Rank() - 1
	top := graph.StopGradient(graph.ReduceAndKeep(logits, graph.ReduceMax, last))
	shifted := graph.Sub(logits, top)
	// Selected by Where and not by a product with 0 and 1, which would turn infinities elsewhere into NaN.
	own := graph.ReduceSum(graph.Where(isClass(logits, classes), shifted, graph.ZerosLike(shifted)), last)
	sum := graph.Log(graph.ReduceSum(graph.Exp(shifted), last))
	loss := graph.Sub(sum, own)
	weights := p.classWeights(logits)
	if weights != nil {
		loss = graph.Mul(loss, graph.ReduceSum(graph.Where(isClass(logits, classes), weights, graph.ZerosLike(logits)), last))
	}
	if p.Smoothing > 0 {
		others := graph.Sub(graph.ExpandAxes(sum, -1), shifted)
		if weights != nil {
			others = graph.Mul(others, weights)
		}
		loss = graph.Add(graph.MulScalar(loss, 1-p.Smoothing), graph.MulScalar(graph.ReduceMean(others, last), p.Smoothing))
	}
	if p.Ignore != nil {
		loss = graph.Where(p.counts(classes), loss, graph.ZerosLike(loss))
	}
	return overPlaces(loss)
}

// classWeights are the weights of the classes in the shape of the logits, nil for none.
func (p Problem) classWeights(logits *graph.Node) *graph.Node {
	if p.ClassWeights == nil {
		return nil
	}
	w := graph.ConstAsDType(logits.Graph(), logits.DType(), p.ClassWeights)
	return graph.BroadcastToDims(graph.ExpandLeftToRank(w, logits.Rank()), logits.Shape().Dimensions...)
}

// isClass says of each of the logits [batch, Labels…, classes] whether it is that of the place's class.
func isClass(logits, classes *graph.Node) *graph.Node {
	dims := logits.Shape().Dimensions
	column := graph.Iota(logits.Graph(), shapes.Make(dtypes.Int32, dims...), len(dims)-1)
	return graph.Equal(column, graph.BroadcastToDims(graph.ExpandAxes(classes, -1), dims...))
}
