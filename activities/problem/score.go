package problem

import (
	"maps"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// The scores.
const (
	Accuracy      = "accuracy" // share of places whose largest output is the class, or of outputs on the right side of 0
	TopFive       = "top-5"    // share of places whose class is among the five largest outputs
	Determination = "r2"       // coefficient of determination, 1 − Σ(f − y)²/Σ(y − ȳ)²
	NoScore       = "none"
)

// score is an entry of the table.
type score struct {
	// graph adds to a graph what Problem.Means makes the score of, for each example, [batch].
	graph func(p Problem, outputs, labels *graph.Node) *graph.Node
}

var scores = map[string]score{
	Accuracy: {hits},
	TopFive:  {func(p Problem, outputs, labels *graph.Node) *graph.Node { return amongLargest(p, outputs, labels, 5) }},
	Determination: {func(_ Problem, outputs, targets *graph.Node) *graph.Node {
		return graph.ReduceSum(graph.Square(difference(outputs, targets)), 1)
	}},
	NoScore: {func(_ Problem, outputs, _ *graph.Node) *graph.Node {
		return graph.AddScalar(graph.Zeros(outputs.Graph(), shapes.Make(outputs.DType(), outputs.Shape().Dim(0))), math.NaN())
	}},
}

// hits counts the places where the largest output is that of the class, the first
// of equal ones, or for targets the share of outputs whose sign agrees. It is NaN
// where an output of the place is not finite: such a network classifies nothing,
// and NaN would count as the first class.
func hits(p Problem, outputs, labels *graph.Node) *graph.Node {
	if p.HasTargets() {
		differs := graph.LogicalXor(graph.GreaterThan(outputs, graph.ScalarZero(outputs.Graph(), outputs.DType())), graph.GreaterThan(labels, graph.Scalar(labels.Graph(), labels.DType(), 0.5)))
		hit := graph.OneMinus(graph.ReduceMean(graph.ConvertDType(differs, outputs.DType()), 1))
		return graph.Where(graph.LogicalAll(graph.IsFinite(outputs), 1), hit, missing(hit))
	}
	last := outputs.Rank() - 1
	hit := graph.ConvertDType(graph.Equal(graph.ArgMax(outputs, last, dtypes.Int32), labels), outputs.DType())
	return p.count(hit, outputs, labels)
}

// amongLargest counts the places where fewer than n outputs are larger than that of the class.
func amongLargest(p Problem, outputs, classes *graph.Node, n int) *graph.Node {
	last := outputs.Rank() - 1
	own := graph.ReduceAndKeep(graph.Where(isClass(outputs, classes), outputs, graph.ZerosLike(outputs)), graph.ReduceSum, last)
	larger := graph.ReduceSum(graph.ConvertDType(graph.GreaterThan(outputs, own), outputs.DType()), last)
	hit := graph.ConvertDType(graph.LessThan(larger, graph.Scalar(larger.Graph(), larger.DType(), n)), outputs.DType())
	return p.count(hit, outputs, classes)
}

// count is the sum of hits [batch, Labels…] over the places of an example that are not ignored.
func (p Problem) count(hit, outputs, classes *graph.Node) *graph.Node {
	hit = graph.Where(graph.LogicalAll(graph.IsFinite(outputs), outputs.Rank()-1), hit, missing(hit))
	return overPlaces(graph.Where(p.counts(classes), hit, graph.ZerosLike(hit)))
}

// counts says of each class [batch, Labels…] whether it is not the ignored one.
func (p Problem) counts(classes *graph.Node) *graph.Node {
	if p.Ignore == nil {
		return graph.Equal(classes, classes)
	}
	return graph.NotEqual(classes, graph.Scalar(classes.Graph(), classes.DType(), *p.Ignore))
}

// overPlaces is the sum of v [batch, Labels…] over the places, [batch].
func overPlaces(v *graph.Node) *graph.Node {
	if v.Rank() == 1 {
		return v
	}
	axes := make([]int, v.Rank()-1)
	for i := range axes {
		axes[i] = i + 1
	}
	return graph.ReduceSum(v, axes...)
}

// missing is a score of NaN for each element of v.
func missing(v *graph.Node) *graph.Node { return graph.AddScalar(graph.ZerosLike(v), math.NaN()) }

// Scores are the names of the scores.
func Scores() []string { return slices.Sorted(maps.Keys(scores)) }
