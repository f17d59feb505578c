package spectrum_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"

	"lossatlas/activities/internal/shared"
	"lossatlas/activities/spectrum"
)

// diagonal is a diagonal matrix: how Lanczos fares depends on the spectrum only.
type diagonal []float64

func (d diagonal) Dim() int { return len(d) }

func (d diagonal) Product(_ context.Context, dst, v []float64) error {
	floats.MulTo(dst, d, v)
	return nil
}

// outliers is a spectrum like a Hessian's: most of it near zero, tails to
// both sides, and ten large eigenvalues.
func outliers(n int) diagonal {
	d := make(diagonal, n)
	for i := range d {
		d[i] = 8 * math.Pow(-0.5+(float64(i)+0.5)/float64(n), 3)
	}
	for i := range 10 {
		d[n-10+i] = math.Pow(2, float64(i+1)) / 8
	}
	return d
}

// chebyshev is a spectrum that is dense at both ends.
func chebyshev(n int) diagonal {
	d := make(diagonal, n)
	for i := range d {
		d[i] = -math.Cos(math.Pi * (float64(i) + 0.5) / float64(n))
	}
	return d
}

// TestProductsAgainstSciPy compares the products for both ends at the
// tolerance 1e-3 with those that ARPACK takes for the same two values: SciPy
// 1.17.1, eigsh(k=2, which="BE", tol=1e-3), medians of five starts on
// both sides.
func TestProductsAgainstSciPy(t *testing.T) {
	ref := shared.Open(t, "tiny_a")
	var all, weights []float64
	ref.Array(t, "hessian_full.npz", "eigenvalues_all", &all)
	ref.Array(t, "hessian_full.npz", "eigenvalues_weights_only", &weights)
	for _, c := range []struct {
		name   string
		matrix diagonal
		scipy  int
	}{{"tiny_a", all, 38}, {"tiny_a, weights", weights, 70}, {"outliers", outliers(2000), 111}, {"dense at both ends", chebyshev(300), 144}} {
		var counts []int
		for seed := range uint64(5) {
			got, err := spectrum.Extremes(context.Background(), c.matrix, spectrum.Options{Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			low, high := slices.Min(c.matrix), slices.Max(c.matrix)
			if math.Abs(got.Min.Value-low) > 1e-3*math.Abs(low) || math.Abs(got.Max.Value-high) > 1e-3*high {
				t.Errorf("%s: from %g to %g, want %g to %g", c.name, got.Min.Value, got.Max.Value, low, high)
			}
			counts = append(counts, got.Products)
		}
		slices.Sort(counts)
		t.Logf("%s: %d products, SciPy %d", c.name, counts[2], c.scipy)
		if counts[2] > c.scipy {
			t.Errorf("%s: %d products, SciPy %d", c.name, counts[2], c.scipy)
		}
	}
}
