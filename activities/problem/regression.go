package problem

import "github.com/gomlx/gomlx/core/graph"

// The losses of regression are means over the outputs of an example, as in PyTorch.
const (
	MeanSquaredError  = "mse"
	MeanAbsoluteError = "l1"
	Huber             = "huber" // d²/2 below Delta, and Delta·(|d| − Delta/2) above
)

func meanSquaredError(_ Problem, outputs, targets *graph.Node) *graph.Node {
	return graph.ReduceMean(graph.Square(difference(outputs, targets)), 1)
}

func meanAbsoluteError(_ Problem, outputs, targets *graph.Node) *graph.Node {
	return graph.ReduceMean(graph.Abs(difference(outputs, targets)), 1)
}

func huber(p Problem, outputs, targets *graph.Node) *graph.Node {
	delta := p.Delta
	if delta == 0 {
		delta = 1
	}
	d := difference(outputs, targets)
	size := graph.Abs(d)
	line := graph.MulScalar(graph.AddScalar(size, -delta/2), delta)
	inside := graph.LessThan(size, graph.Scalar(d.Graph(), d.DType(), delta))
	return graph.ReduceMean(graph.Where(inside, graph.MulScalar(graph.Square(d), 0.5), line), 1)
}

// difference is outputs − targets, [batch, Outputs].
func difference(outputs, targets *graph.Node) *graph.Node {
	return graph.Sub(outputs, graph.ConvertDType(targets, outputs.DType()))
}
