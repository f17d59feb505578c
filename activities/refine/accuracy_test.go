package refine

import (
	"math"
	"math/rand/v2"
	"testing"
)

// images is the loss and accuracy of n images whose margins are random plus linear and quadratic in the place, as a network's are.
func images(n, side int) (loss, accuracy []float64) {
	rng := rand.New(rand.NewPCG(3, 4))
	loss, accuracy = make([]float64, side*side), make([]float64, side*side)
	for range n {
		a, b, c, d := 2+1.5*rng.NormFloat64(), 1.5*rng.NormFloat64(), 1.5*rng.NormFloat64(), 4+rng.NormFloat64()
		for i := range loss {
			x, y := 2*float64(i%side)/float64(side-1)-1, 2*float64(i/side)/float64(side-1)-1
			margin := a + b*x + c*y - d*(x*x+y*y)
			loss[i] += math.Log1p(math.Exp(-margin)) / float64(n)
			if margin > 0 {
				accuracy[i] += 100 / float64(n)
			}
		}
	}
	return loss, accuracy
}

// TestAccuracy: accuracies over few and many images, which go in steps of an image, are within their stated errors.
func TestAccuracy(t *testing.T) {
	for _, n := range []int{40, 200, 2000} {
		const side = 33
		loss, accuracy := images(n, side)
		l := Lattice{NX: side, NY: side, Error: 0.02}
		rounds := walkBoth(t, l, loss, accuracy)
		f := l.Estimate(rounds)
		estimated, within, largest, stated := 0, 0, 0.0, 0.0
		for i, v := range accuracy {
			if f.Evaluated[i] {
				if f.Accuracy[i] != v || f.AccuracyError[i] != 0 {
					t.Fatalf("%d images: the evaluated point %d has the accuracy %v ± %v, want %v", n, i, f.Accuracy[i], f.AccuracyError[i], v)
				}
				continue
			}
			estimated++
			off := math.Abs(f.Accuracy[i] - v)
			largest, stated = math.Max(largest, off), stated+f.AccuracyError[i]
			if off <= f.AccuracyError[i] {
				within++
			}
		}
		t.Logf("%d images: %d of %d estimated, %.1f %% within the stated error of %.2f points on average, largest error %.2f", n, estimated, side*side,
			100*float64(within)/float64(estimated), stated/float64(estimated), largest)
		if float64(within) < 0.95*float64(estimated) {
			t.Errorf("%d images: %d of %d estimated accuracies are within the stated error", n, within, estimated)
		}
		if mean := stated / float64(estimated); mean > 300/math.Sqrt(float64(n)) {
			t.Errorf("%d images: the stated error is %.2f points on average", n, mean)
		}
	}
}
