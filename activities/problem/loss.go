package problem

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
)

// loss is an entry of the table.
type loss struct {
	// targets says that labels are numbers and not classes, as of Problem.HasTargets.
	targets bool
	// options are the names of the fields of LossOptions that it takes.
	options []string
	// scores are the names of the scores that it can have, the usual one first.
	scores []string
	// graph adds to a graph the loss of each example, [batch], for outputs
	// [batch, Labels…, Outputs] and labels: a weighted sum over its places, which
	// Totals.Weight turns into the mean that is trained and mapped.
	graph func(p Problem, outputs, labels *graph.Node) *graph.Node
}

// losses is the table of losses. Each is defined in a file of its own.
var losses = map[string]loss{
	CrossEntropy:       {graph: crossEntropy, options: []string{"smoothing", "class_weights", "ignore"}, scores: classScores},
	Hinge:              {graph: hinge, scores: classScores},
	OneHot:             {graph: oneHot, scores: classScores},
	BinaryCrossEntropy: {targets: true, graph: binaryCrossEntropy, scores: []string{Accuracy, NoScore}},
	MeanSquaredError:   {targets: true, graph: meanSquaredError, scores: targetScores},
	MeanAbsoluteError:  {targets: true, graph: meanAbsoluteError, scores: targetScores},
	Huber:              {targets: true, graph: huber, options: []string{"delta"}, scores: targetScores},
	Program:            {options: []string{"ignore"}, scores: []string{Accuracy, NoScore}},
}

// Program is the loss that the network itself computes, of which LossAndScore knows nothing: for networks from StableHLO.
// Means are those over examples.
const Program = "program"

var (
	classScores  = []string{Accuracy, TopFive, NoScore}
	targetScores = []string{NoScore, Determination}
)

// Losses are the names of the losses.
func Losses() []string { return slices.Sorted(maps.Keys(losses)) }

// ScoreName is the score that the problem has.
func (p Problem) ScoreName() string {
	if p.Score != "" {
		return p.Score
	}
	return losses[p.Loss].scores[0]
}

// LossAndScore adds to a graph the loss and the score of each example, both [batch],
// given the outputs of a network, [batch, Labels…, Outputs], and the labels. Their
// sums over examples become means by Totals.
func (p Problem) LossAndScore(outputs, labels *graph.Node) (loss, score *graph.Node) {
	return losses[p.Loss].graph(p, outputs, labels), scores[p.ScoreName()].graph(p, outputs, labels)
}

// checkLoss returns an error unless loss, score and options fit each other.
func (p Problem) checkLoss() error {
	l, ok := losses[p.Loss]
	if !ok {
		return fmt.Errorf("there is no loss %q: choose one of %s", p.Loss, strings.Join(Losses(), ", "))
	}
	if p.Score != "" && !slices.Contains(l.scores, p.Score) {
		return fmt.Errorf("the loss %s has no score %q: choose one of %s", p.Loss, p.Score, strings.Join(l.scores, ", "))
	}
	if p.Targets && p.Loss != Program {
		return fmt.Errorf("targets is for the loss %s, and the loss is %s", Program, p.Loss)
	}
	if p.HasTargets() && len(p.Labels) > 0 {
		return fmt.Errorf("the loss %s compares with %d numbers for an example, and labels of the shape %v are classes", p.Loss, p.Outputs, p.Labels)
	}
	given := map[string]bool{"smoothing": p.Smoothing != 0, "class_weights": p.ClassWeights != nil, "ignore": p.Ignore != nil, "delta": p.Delta != 0}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if given[name] && !slices.Contains(l.options, name) {
			return fmt.Errorf("the loss %s has no %s", p.Loss, name)
		}
	}
	return p.LossOptions.check(p.Outputs)
}

func (o LossOptions) check(classes int) error {
	switch {
	case !(o.Smoothing >= 0 && o.Smoothing < 1):
		return fmt.Errorf("label smoothing of %g: it is at least 0 and less than 1", o.Smoothing)
	case !(o.Delta >= 0) || math.IsInf(o.Delta, 0):
		return fmt.Errorf("delta is %g: it is a positive number", o.Delta)
	case o.ClassWeights != nil && len(o.ClassWeights) != classes:
		return fmt.Errorf("%d class weights for %d classes: give one for each", len(o.ClassWeights), classes)
	}
	for i, w := range o.ClassWeights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return fmt.Errorf("the weight of class %d is %g: weights are finite and not negative", i, w)
		}
	}
	return nil
}
