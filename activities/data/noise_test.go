package data

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/activities/problem"
)

// labels is a split of n records without pixels.
func labels(n int) Split {
	s := Split{Name: Train, Problem: cifarProblem, Classes: make([]int32, n)}
	for i := range s.Classes {
		s.Classes[i] = int32(i % classes)
	}
	return s
}

// noisy is the split with noise.
func noisy(t testing.TB, s Split, fraction float64, seed uint64, from int) Split {
	t.Helper()
	s, err := s.WithLabelNoise(fraction, seed, from)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestLabelNoiseFraction: of 20,000 labels the fraction is changed, to each other
// class equally often. Five binomial deviations are exceeded once in a million times.
func TestLabelNoiseFraction(t *testing.T) {
	const n = 20000
	clean := labels(n)
	for _, fraction := range []float64{0, 0.1, 0.5, 1} {
		got := noisy(t, clean, fraction, 1, 0)
		changed, shift := 0.0, [classes]float64{}
		for i, l := range got.Classes {
			if l != clean.Classes[i] {
				changed++
				shift[(int(l)-int(clean.Classes[i])+classes)%classes]++
			}
		}
		if d := math.Abs(changed - fraction*n); d > 5*math.Sqrt(n*fraction*(1-fraction)) {
			t.Errorf("fraction %g changes %g of %d labels", fraction, changed, n)
		}
		for by, times := range shift[1:] {
			p := fraction / (classes - 1)
			if math.Abs(times-p*n) > 5*math.Sqrt(n*p*(1-p)) {
				t.Errorf("fraction %g: %g labels move by %d, want about %g", fraction, times, by+1, p*n)
			}
		}
	}
}

// TestLabelNoiseIsOfTheRecord: a range of records sees the labels that the whole
// sees, the clean split stays clean, and another seed picks other records.
func TestLabelNoiseIsOfTheRecord(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 200).Draw(rt, "n")
		from := rapid.IntRange(0, n).Draw(rt, "from")
		to := rapid.IntRange(from, n).Draw(rt, "to")
		seed := rapid.Uint64().Draw(rt, "seed")
		clean := labels(n)
		whole := noisy(t, clean, 0.5, seed, 0)
		part := noisy(t, Split{Problem: cifarProblem, Classes: clean.Classes[from:to]}, 0.5, seed, from)
		if !slices.Equal(part.Classes, whole.Classes[from:to]) {
			rt.Error("a range sees other labels than the whole")
		}
		if !slices.Equal(clean.Classes, labels(n).Classes) {
			rt.Error("the clean labels were changed")
		}
	})
	if slices.Equal(noisy(t, labels(1000), 0.5, 1, 0).Classes, noisy(t, labels(1000), 0.5, 2, 0).Classes) {
		t.Error("two seeds give the same wrong labels")
	}
	// More noise keeps the wrong labels of less, so that a sweep over the fraction is nested.
	little, much := noisy(t, labels(1000), 0.1, 1, 0), noisy(t, labels(1000), 0.4, 1, 0)
	for i, l := range little.Classes {
		if l != labels(1000).Classes[i] && much.Classes[i] != l {
			t.Fatalf("label %d is %d with a little noise and %d with much", i, l, much.Classes[i])
		}
	}
}

// TestLabelNoiseNeedsClasses: targets and single classes have no others to become.
func TestLabelNoiseNeedsClasses(t *testing.T) {
	for _, p := range []problem.Problem{{Shape: []int{1}, Outputs: 3, Loss: problem.MeanSquaredError}, {Shape: []int{1}, Outputs: 1, Loss: problem.CrossEntropy}} {
		if _, err := (Split{Problem: p}).WithLabelNoise(0.5, 1, 0); err == nil {
			t.Errorf("%v: noise was added", p)
		}
	}
}
