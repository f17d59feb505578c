package surface_test

import (
	"math"
	"testing"

	"lossatlas/activities/surface"
)

// TestBarrier measures lines whose barriers follow from their definition.
func TestBarrier(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, test := range []struct {
		name       string
		x, loss    []float64
		height, at float64
	}{
		{"the interpolation is subtracted, and what lies beyond the ends does not count", []float64{-0.5, 0, 0.25, 0.5, 1, 1.5}, []float64{9, 1, 2, 2.5, 3, 99}, 0.5, 0.25},
		{"a line below the interpolation", []float64{0, 0.5, 1}, []float64{1, 0.5, 1}, 0, 0},
		{"minimizers between points", []float64{-1, 0.5, 2}, []float64{1, 4, 1}, 1, 0.5},
		{"not finite on the way", []float64{0, 0.5, 1}, []float64{1, inf, 1}, inf, 0.5},
		{"not finite at an end", []float64{0, 0.5, 1}, []float64{1, 2, nan}, nan, 0},
		{"one minimizer alone", []float64{-1, 0, 0.5}, []float64{1, 0, 1}, nan, 0},
	} {
		g := surface.NewGrid(test.x, []float64{0})
		for i, l := range test.loss {
			g.Loss[i], g.Mask[i] = l, true
		}
		b, err := g.Barrier()
		if err != nil || math.Abs(b.Height.Value-test.height) > 1e-15 || math.IsNaN(b.Height.Value) != math.IsNaN(test.height) || b.At != test.at {
			t.Errorf("%s: %+v, %v; want %v at %v", test.name, b, err, test.height, test.at)
		}
	}
	g := surface.NewGrid([]float64{0, 0.5, 1}, []float64{0})
	for i, l := range []float64{1, 3, 1} {
		g.Loss[i], g.Mask[i] = l, i != 1
	}
	if b, err := g.Barrier(); err != nil || !b.Height.AtLeast || b.Height.Value != 0 {
		t.Errorf("without its middle point: %+v, %v", b, err)
	}
	g.Mask[1] = true
	g.SampledFrom(10, 100)
	for i := range g.Mask {
		g.Sampling.RiseSE[i] = 0.1 * float64(i)
	}
	if b, err := g.Barrier(); err != nil || b.Height.Value != 2 || math.Abs(b.Height.SE-0.2) > 1e-15 {
		t.Errorf("with standard errors: %+v, %v; want 2 with at most 0.1 + 0.2/2", b, err)
	}
	if _, err := surface.NewGrid([]float64{0, 1}, []float64{0, 1}).Barrier(); err == nil {
		t.Error("a surface has a barrier")
	}
}
