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
