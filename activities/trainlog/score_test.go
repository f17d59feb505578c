package trainlog

import (
	"math"
	"testing"
)

// TestScore: a score has the names that tables and axes show, and an accuracy is shown by its error.
func TestScore(t *testing.T) {
	for score, want := range map[Score]struct {
		label, test, column string
		shown               float64 // of 30 percent
	}{
		"":                   {"accuracy (%)", "error (%)", "test_error", 70},
		"top-5 accuracy":     {"top-5 accuracy (%)", "top-5 error (%)", "test_top5_error", 70},
		"per-token accuracy": {"per-token accuracy (%)", "per-token error (%)", "test_per_token_error", 70},
		Determination:        {"R² (%)", "R² (%)", "test_r2", 30},
		NoScore:              {"", "", "", math.NaN()},
	} {
		shown := score.Shown(30)
		if score.Label() != want.label || score.TestLabel() != want.test || score.Column() != want.column || shown != want.shown && !math.IsNaN(want.shown) {
			t.Errorf("%q: %q, %q, %q, %g; want %+v", score, score.Label(), score.TestLabel(), score.Column(), shown, want)
		}
	}
}

// TestSampleNote: the standard error is the largest of the errors over few examples, with the same unit.
func TestSampleNote(t *testing.T) {
	for want, all := range map[string][]Tested{
		"": {{"", 12, 10_000}, {"", math.NaN(), 32}, {NoScore, 0, 0}},
		"test error over 512 examples, standard error at most 2.2 percentage points":         {{"", 13, 512}, {"", 45, 512}},
		"test error over 32 to 1,000 examples, standard error at most 5.1 percentage points": {{"", 9, 32}, {"top-5 accuracy", 50, 1000}, {"", 50, 20_000}},
		"test score over 20 examples": {{Determination, 80, 20}},
	} {
		if got := SampleNote(all); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestStop: a training goes on while each loss, or one within the patience, is below the smallest by more than the least difference.
func TestStop(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		losses   []float64
		patience int
		delta    float64
		stopped  bool
		best     int
		smallest float64
	}{
		{losses: nil, patience: 1},
		{losses: []float64{3, 2, 1}, patience: 1},
		{losses: []float64{3, 2, 2}, patience: 1, stopped: true, best: 2, smallest: 2},
		{losses: []float64{3, 2, 2, 1.9}, patience: 2},
		{losses: []float64{3, 2, 2.5, nan}, patience: 2, stopped: true, best: 2, smallest: 2},
		{losses: []float64{3, 2.95, 2.9}, patience: 2, delta: 0.1, stopped: true, best: 1, smallest: 3},
		{losses: []float64{3, 2.95, 2.89}, patience: 2, delta: 0.1},
		{losses: []float64{nan, nan}, patience: 2, stopped: true, smallest: math.Inf(1)},
	} {
		for _, split := range []string{"train", "test"} {
			var l Log
			for i, v := range c.losses {
				e := Epoch{Epoch: i + 1, TrainLoss: Number(v), TestLoss: Number(-float64(i))}
				if split == "test" {
					e.TrainLoss, e.TestLoss = e.TestLoss, e.TrainLoss
				}
				l.Epochs = append(l.Epochs, e)
			}
			got := l.Stop(split, c.patience, c.delta)
			if !c.stopped {
				if got != nil {
					t.Errorf("%v: %v", c, got)
				}
				continue
			}
			if want := (Stop{Epoch: len(c.losses), Best: c.best, Loss: Number(c.smallest), Split: split, Patience: c.patience}); got == nil || *got != want {
				t.Errorf("%v: %v, want %v", c, got, want)
			}
		}
	}
}
