package problem

import (
	"testing"

	"lossatlas/activities/trainlog"
)

// TestTitles: losses and scores are named by what the problem is.
func TestTitles(t *testing.T) {
	images, tokens := []int{8, 8, 3}, []int{16}
	for name, c := range map[string]struct {
		p     Problem
		loss  string
		score trainlog.Score
	}{
		"classes":   {Problem{Shape: images, Type: Uint8, Loss: CrossEntropy}, "", ""},
		"five":      {Problem{Shape: images, Type: Uint8, Loss: CrossEntropy, Score: TopFive}, "", "top-5 accuracy"},
		"smoothed":  {Problem{Shape: images, Type: Uint8, Loss: CrossEntropy, LossOptions: LossOptions{Smoothing: 0.1}}, "cross-entropy, smoothing 0.1", ""},
		"language":  {Problem{Shape: tokens, Type: Int32, Labels: tokens, Loss: CrossEntropy}, "", "per-token accuracy"},
		"pixels":    {Problem{Shape: images, Type: Uint8, Labels: []int{8, 8}, Loss: CrossEntropy}, "", "per-pixel accuracy"},
		"numbers":   {Problem{Shape: tokens, Type: Float32, Loss: MeanSquaredError, Score: Determination}, "mse", trainlog.Determination},
		"unscored":  {Problem{Shape: tokens, Type: Float32, Loss: Huber}, "huber", trainlog.NoScore},
		"attribute": {Problem{Shape: tokens, Type: Float32, Loss: BinaryCrossEntropy}, "binary-cross-entropy", ""},
	} {
		if loss, score := c.p.LossTitle(), c.p.ScoreTitle(); loss != c.loss || score != c.score {
			t.Errorf("%s: %q and %q, want %q and %q", name, loss, score, c.loss, c.score)
		}
	}
}
