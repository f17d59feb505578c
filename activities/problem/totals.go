package problem

import "math"

// Totals are what sums over examples are divided by to give the means over a data set.
type Totals struct {
	// Weight is the sum of the weights of all places: their number, unless classes are weighted or ignored.
	Weight float64
	// Places is the number of places that a score counts.
	Places float64
	// Variance is the sum over examples and outputs of the squares of the targets' differences from their means.
	Variance float64
}

// Totals of labels: classes, or targets of a regression.
func (p Problem) Totals(classes []int32, targets []float32) Totals {
	if p.HasTargets() {
		n := float64(len(targets) / p.Outputs)
		return Totals{Weight: n, Places: n, Variance: p.variance(targets)}
	}
	if p.Loss == Program {
		n := float64(len(classes) / p.Places())
		return Totals{Weight: n, Places: n}
	}
	t := Totals{}
	for _, c := range classes {
		if p.Ignore != nil && c == *p.Ignore {
			continue
		}
		t.Places++
		if p.ClassWeights == nil {
			t.Weight++
		} else if c >= 0 && int(c) < len(p.ClassWeights) {
			t.Weight += p.ClassWeights[c]
		}
	}
	return t
}

func (p Problem) variance(targets []float32) (sum float64) {
	n := len(targets) / p.Outputs
	for o := range p.Outputs {
		mean := 0.0
		for i := range n {
			mean += float64(targets[i*p.Outputs+o]) / float64(n)
		}
		for i := range n {
			d := float64(targets[i*p.Outputs+o]) - mean
			sum += d * d
		}
	}
	return sum
}

// ScoreIsMean says whether the score is a mean over examples or their labels.
func (p Problem) ScoreIsMean() bool {
	name := p.ScoreName()
	return name != NoScore && name != Determination
}

// Means is the mean loss and the mean score in percent, of sums over the examples of the totals.
func (p Problem) Means(loss, score float64, t Totals) (meanLoss, meanScore float64) {
	meanLoss = loss / t.Weight
	switch p.ScoreName() {
	case NoScore:
		return meanLoss, math.NaN()
	case Determination:
		return meanLoss, 100 * (1 - score/t.Variance)
	}
	return meanLoss, 100 * score / t.Places
}
