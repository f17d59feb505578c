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

// crossEntropy is computed from the differences d_k = x_k − x_y as m + log1p(Σ_{k≠y} exp(d_k − m) + exp(−m) − 1) with
// m = max(0, d), so that a small loss, which a difference of logarithms would lose, keeps all its digits, and so does its gradient.
// Logits that overflow give infinite and NaN losses, which are values like others.
func crossEntropy(p Problem, logits, classes *graph.Node) *graph.Node {
	last := logits.Rank() - 1
	is, zero := isClass(logits, classes), graph.ZerosLike(logits)
	// Selected by Where and not by a product with 0 and 1, which would turn infinities elsewhere into NaN.
	own := graph.ReduceAndKeep(graph.Where(is, logits, zero), graph.ReduceSum, last)
	d := graph.Sub(logits, own)
	top := graph.StopGradient(graph.ReduceAndKeep(d, graph.ReduceMax, last))
	others := graph.ReduceAndKeep(graph.Where(is, zero, graph.Exp(graph.Sub(d, top))), graph.ReduceSum, last)
	plain := graph.Add(top, graph.Log1P(graph.Add(others, graph.AddScalar(graph.Exp(graph.Neg(top)), -1))))
	loss := graph.Squeeze(plain, last)
	weights := p.classWeights(logits)
	if weights != nil {
		loss = graph.Mul(loss, graph.ReduceSum(graph.Where(is, weights, zero), last))
	}
	if p.Smoothing > 0 {
		every := graph.Sub(plain, d) // −log p_k
		if weights != nil {
			every = graph.Mul(every, weights)
		}
		loss = graph.Add(graph.MulScalar(loss, 1-p.Smoothing), graph.MulScalar(graph.ReduceMean(every, last), p.Smoothing))
	}
	if p.Ignore != nil {
		loss = graph.Where(p.counts(classes), loss, graph.ZerosLike(loss))
	}
	return overPlaces(loss)
}

// classWeights are the weights of the classes in the shape of the logits, nil if unweighted.
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
