package trainlog

import (
	"math"
	"strings"
)

// Score names a score in percent as pictures and tables show it: "top-5 accuracy", "per-token accuracy". "" is accuracy.
type Score string

// The scores that are no accuracies.
const (
	NoScore       Score = "none"
	Determination Score = "R²" // coefficient of determination
)

// Name is the score in words, "" without a score.
func (s Score) Name() string {
	switch s {
	case "":
		return "accuracy"
	case NoScore:
		return ""
	}
	return string(s)
}

// Label is the name with its unit, for axes; "" without a score.
func (s Score) Label() string { return withPercent(s.Name()) }

// IsAccuracy says that the score is a share of correct predictions.
func (s Score) IsAccuracy() bool { return strings.HasSuffix(s.Name(), "accuracy") }

// Test names what tables show of the score: the error, 100 % minus an accuracy, or the score itself. "" without a score.
func (s Score) Test() string {
	if s.IsAccuracy() {
		return strings.TrimSuffix(s.Name(), "accuracy") + "error"
	}
	return s.Name()
}

// TestLabel is that name with its unit.
func (s Score) TestLabel() string { return withPercent(s.Test()) }

func withPercent(name string) string {
	if name == "" {
		return ""
	}
	return name + " (%)"
}

// Shown is the number under the name Test for a score in percent: NaN where it is missing.
func (s Score) Shown(percent Number) float64 {
	switch {
	case s == NoScore:
		return math.NaN()
	case s.IsAccuracy():
		return 100 - float64(percent)
	}
	return float64(percent)
}

// Column is the name of a column with the test set's value: test_error, test_top5_error, test_r2; "" without a score.
func (s Score) Column() string {
	if s == NoScore {
		return ""
	}
	return "test_" + strings.NewReplacer("top-5", "top5", "-", "_", " ", "_", "²", "2", "R", "r").Replace(s.Test())
}
