package spectrum_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"lossatlas/activities/spectrum"
)

// TestCrossing starts from a matrix whose second eigenvalue at either end then overtakes the first, while the eigenvectors stay:
// the old eigenvectors are orthogonal to the new ones, and keep their residuals of zero. The overtaken value is within the
// tolerance of its own eigenvalue, not of the outermost.
func TestCrossing(t *testing.T) {
	const tolerance = 1e-3
	for _, n := range []int{2, 3, 5, 300, 30000} {
		for _, gap := range []float64{0.0005, 0.0015, 0.0025, 0.01, 0.03, 0.1, 0.3, 1} {
			t.Run(fmt.Sprintf("%d rows, by %g", n, gap), func(t *testing.T) {
				before, after := crossing(n), crossing(n)
				after[n-2] = before[n-1] * (1 + gap)
				if n > 3 {
					after[1] = before[0] * (1 + gap)
				}
				low, high := slices.Min(after), slices.Max(after)
				for seed := range uint64(4) {
					opt := spectrum.Options{Tolerance: tolerance, Seed: seed}
					near, err := spectrum.Extremes(t.Context(), before, opt)
					if err != nil {
						t.Fatal(err)
					}
					opt.Start = near.Near
					got, err := spectrum.Extremes(t.Context(), after, opt)
					if err != nil {
						t.Fatal(err)
					}
					// Apart by less than twice the tolerance, both pass for the outermost.
					if !got.Converged || math.Abs(got.Min.Value/low-1) > 2*tolerance || math.Abs(got.Max.Value/high-1) > 2*tolerance {
						t.Errorf("seed %d: from %g to %g after %d products, want %g to %g", seed, got.Min.Value, got.Max.Value, got.Products, low, high)
					}
				}
			})
		}
	}
}

// crossing is a spectrum with a bulk around zero, eight outliers above and two below it.
func crossing(n int) diagonal {
	d := outliers(max(n, 20))[:n]
	for i := range min(n, 10) {
		d[n-1-i] = 40 - 4*float64(i)
	}
	d[0] = -3
	if n > 3 {
		d[1] = -2.5
	}
	return d
}
