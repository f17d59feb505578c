package compare

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestRanksOfTies(t *testing.T) {
	if got := fmt.Sprint(ranks([]float64{10, 20, 20, 5})); got != "[2 3.5 3.5 1]" {
		t.Errorf("ranks %s", got)
	}
	for _, c := range []struct {
		x, y []float64
		want float64
	}{
		{[]float64{1, 2, 3, 4}, []float64{1, 8, 27, 64}, 1},
		{[]float64{1, 2, 3, 4}, []float64{9, 7, 5, -1}, -1},
		{[]float64{1, 2, 3, 4, 5}, []float64{2, 1, 4, 3, 5}, 0.8},
		// Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5, variances 4.5 and 5.
		{[]float64{1, 2, 2, 3}, []float64{1, 2, 3, 4}, 4.5 / math.Sqrt(4.5*5)},
	} {
		if got := spearman(c.x, c.y); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("Spearman of %v and %v is %g, want %g", c.x, c.y, got, c.want)
		}
	}
	if got := spearman([]float64{1, 1, 1}, []float64{1, 2, 3}); !math.IsNaN(got) {
		t.Errorf("Spearman of equal values is %g", got)
	}
}

// Spearman's correlation depends on the order of values alone.
func TestSpearmanIsOfRanks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(3, 12).Draw(rt, "n")
		draw := func(name string) []float64 {
			out := make([]float64, n)
			for i := range out {
				out[i] = float64(rapid.IntRange(-5, 5).Draw(rt, name))
			}
			return out
		}
		x, y := draw("x"), draw("y")
		cubed, turned := make([]float64, n), make([]float64, n)
		for i := range x {
			cubed[i], turned[i] = x[i]*x[i]*x[i], -y[i]
		}
		rho := spearman(x, y)
		if math.IsNaN(rho) {
			return
		}
		if got := spearman(cubed, y); math.Abs(got-rho) > 1e-12 {
			rt.Fatalf("%g, and %g of the cubes", rho, got)
		}
		if got := spearman(x, turned); math.Abs(got+rho) > 1e-12 {
			rt.Fatalf("%g, and %g turned round", rho, got)
		}
		if rho > 1+1e-12 || rho < -1-1e-12 {
			rt.Fatalf("correlation %g", rho)
		}
	})
}

// Counts are those of the bins, both ends of the range included, and nothing is lost.
func TestHistogramCounts(t *testing.T) {
	c := countWeights([]float32{-1, -0.9, -0.21, 0, 0.19, 0.21, 1, 1.5, -7, float32(math.NaN()), float32(math.Inf(1))}, 1, 5)
	if got := fmt.Sprint(c.n); got != "[2 1 2 1 1]" || c.beyond != 4 {
		t.Errorf("counts %s and %d beyond", got, c.beyond)
	}
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOf(rapid.Float32()).Draw(rt, "values")
		bound := weightBound([]Weights{{Values: values}})
		c := countWeights(values, bound, histogramBins)
		sum := c.beyond
		for _, n := range c.n {
			sum += n
		}
		if sum != len(values) {
			rt.Fatalf("%d of %d weights are counted", sum, len(values))
		}
	})
}
