package problem

import (
	"fmt"

	"lossatlas/activities/trainlog"
)

// LossTitle names the loss in titles, "" for plain cross-entropy and for that of a network's program.
func (p Problem) LossTitle() string {
	name := p.Loss
	switch {
	case p.Smoothing > 0:
		name += fmt.Sprintf(", smoothing %g", p.Smoothing)
	case p.ClassWeights != nil:
		name = "weighted " + name
	case p.Loss == CrossEntropy, p.Loss == Program: // a program has no name for its loss
		return ""
	}
	return name
}

// ScoreTitle names the score in titles. That of several places in an example is the mean over them.
func (p Problem) ScoreTitle() trainlog.Score {
	name := ""
	switch p.ScoreName() {
	case NoScore:
		return trainlog.NoScore
	case Determination:
		return trainlog.Determination
	case TopFive:
		name = "top-5 accuracy"
	case Accuracy:
		if len(p.Labels) == 0 {
			return ""
		}
		name = "accuracy"
	}
	switch {
	case len(p.Labels) == 0:
		return trainlog.Score(name)
	case p.Type == Int32:
		return trainlog.Score("per-token " + name)
	case p.IsImage():
		return trainlog.Score("per-pixel " + name)
	}
	return trainlog.Score("per-place " + name)
}
