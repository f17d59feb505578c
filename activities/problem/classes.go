package problem

import "github.com/gomlx/gomlx/core/graph"

// Hinge is the multi-class margin loss: Σ_{k≠y} max(0, 1 − x_y + x_k)/K at each place.
const Hinge = "hinge"

func hinge(_ Problem, outputs, classes *graph.Node) *graph.Node {
	last := outputs.Rank() - 1
	is := isClass(outputs, classes)
	own := graph.ReduceAndKeep(graph.Where(is, outputs, graph.ZerosLike(outputs)), graph.ReduceSum, last)
	margin := graph.AddScalar(graph.Sub(outputs, own), 1)
	counts := graph.LogicalAnd(graph.LogicalNot(is), graph.GreaterThan(margin, graph.ScalarZero(margin.Graph(), margin.DType())))
	return overPlaces(graph.ReduceMean(graph.Where(counts, margin, graph.ZerosLike(margin)), last))
}

// BinaryCrossEntropy is the mean over the outputs, which are logits x, of
// max(x, 0) − x·y + log(1 + exp(−|x|)) for targets y between 0 and 1.
const BinaryCrossEntropy = "binary-cross-entropy"

func binaryCrossEntropy(_ Problem, logits, targets *graph.Node) *graph.Node {
	y := graph.ConvertDType(targets, logits.DType())
	zero := graph.ZerosLike(logits)
	// Where and not Max and Abs, so that the derivative at 0 is that of the smooth function, x − y with x = 1/2.
	isPositive := graph.GreaterOrEqual(logits, zero)
	positive := graph.Where(isPositive, logits, zero)
	size := graph.Where(isPositive, logits, graph.Neg(logits))
	return graph.ReduceMean(graph.Add(graph.Sub(positive, graph.Mul(logits, y)), graph.Log1P(graph.Exp(graph.Neg(size)))), 1)
}

// OneHot is the squared error of the outputs against 1 for the class and 0 for the others, the mean over outputs at each place:
// mse of classes, as networks are trained that classify by regression.
const OneHot = "one-hot-mse"

func oneHot(_ Problem, outputs, classes *graph.Node) *graph.Node {
	is := isClass(outputs, classes)
	d := graph.Sub(outputs, graph.ConvertDType(is, outputs.DType()))
	return overPlaces(graph.ReduceMean(graph.Square(d), outputs.Rank()-1))
}
