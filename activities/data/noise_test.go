package data

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// labels is a split of n records without pixels.
func labels(n int) Split {
	s := Split{Name: Train, Labels: make([]uint8, n)}
	for i := range s.Labels {
		s.Labels[i] = uint8(i % Classes)
	}
	return s
}

// TestLabelNoiseFraction: of 20,000 labels the fraction is changed, to each other
// class equally often. Five binomial deviations are exceeded once in a million times.
func TestLabelNoiseFraction(t *testing.T) {
	const n = 20000
	clean := labels(n)
	for _, fraction := range []float64{0, 0.1, 0.5, 1} {
		noisy := clean.WithLabelNoise(fraction, 1, 0)
		changed, shift := 0.0, [Classes]float64{}
		for i, l := range noisy.Labels {
			if l != clean.Labels[i] {
				changed++
				shift[(int(l)-int(clean.Labels[i])+Classes)%Classes]++
			}
		}
		if d := math.Abs(changed - fraction*n); d > 5*math.Sqrt(n*fraction*(1-fraction)) {
			t.Errorf("fraction %g changes %g of %d labels", fraction, changed, n)
		}
		for by, times := range shift[1:] {
			p := fraction / (Classes - 1)
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
		whole := clean.WithLabelNoise(0.5, seed, 0)
		part := Split{Labels: clean.Labels[from:to]}.WithLabelNoise(0.5, seed, from)
		if !slices.Equal(part.Labels, whole.Labels[from:to]) {
			rt.Error("a range sees other labels than the whole")
		}
		if !slices.Equal(clean.Labels, labels(n).Labels) {
			rt.Error("the clean labels were changed")
		}
	})
	if slices.Equal(labels(1000).WithLabelNoise(0.5, 1, 0).Labels, labels(1000).WithLabelNoise(0.5, 2, 0).Labels) {
		t.Error("two seeds give the same wrong labels")
	}
	// More noise keeps the wrong labels of less, so that a sweep over the fraction is nested.
	little, much := labels(1000).WithLabelNoise(0.1, 1, 0), labels(1000).WithLabelNoise(0.4, 1, 0)
	for i, l := range little.Labels {
		if l != labels(1000).Labels[i] && much.Labels[i] != l {
			t.Fatalf("label %d is %d with a little noise and %d with much", i, l, much.Labels[i])
		}
	}
}
