package trainlog

import (
	"fmt"
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

// fewExamples is the number of test examples from which on the error that their choice brings, at most half a point, is not named.
const fewExamples = 10_000

// OfExamples stands behind a score of few test examples and says how many: " of 1,024 examples". It is "" for many, and for 0.
func OfExamples(n int) string {
	if n < 1 || n >= fewExamples {
		return ""
	}
	return " of " + thousands(n) + " examples"
}

// Tested is a score, as [Score.Shown] has it, over so many test examples.
type Tested struct {
	Score    Score
	Shown    float64
	Examples int
}

// SampleNote says of how many examples scores are and how large the binomial standard error √(p(1−p)/n) of errors is at most, in
// percentage points: "test error over 512 examples, standard error at most 2.2 percentage points". It is "" where all are of many examples.
func SampleNote(all []Tested) string {
	least, most, largest := 0, 0, 0.0
	for _, t := range all {
		if OfExamples(t.Examples) == "" || math.IsNaN(t.Shown) {
			continue
		}
		if least == 0 || t.Examples < least {
			least = t.Examples
		}
		most = max(most, t.Examples)
		if p := t.Shown / 100; t.Score.IsAccuracy() {
			largest = max(largest, 100*math.Sqrt(max(0, p*(1-p))/float64(t.Examples)))
		}
	}
	if least == 0 {
		return ""
	}
	over := thousands(least)
	if most > least {
		over += " to " + thousands(most)
	}
	if largest == 0 {
		return "test score over " + over + " examples"
	}
	return fmt.Sprintf("test error over %s examples, standard error at most %.3g percentage points", over, math.Ceil(10*largest)/10)
}

// thousands writes a number with a comma between groups of three digits.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
