package results

import (
	"math"
	"testing"

	"lossatlas/activities/refine"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
)

// TestEstimatedFill: nothing is estimated of an exact map, or before the whole first round is there; then everything, with the present error.
func TestEstimatedFill(t *testing.T) {
	const n = 17
	start := refine.Lattice{NX: n, NY: n}.Start()
	begun := func(of []int) *surface.Grid {
		g := surface.NewGrid(surface.Lattice(-1, 1, n), surface.Lattice(-1, 1, n))
		for _, i := range of {
			x, y := g.X[i%n], g.Y[i/n]
			g.Loss[i], g.Accuracy[i], g.Mask[i] = 1+x*x+math.Abs(y)*math.Sin(9*x+4*y), 50, true
		}
		return g
	}
	for name, c := range map[string]struct {
		allowed pipelines.StatedError
		of      []int
		want    bool
	}{
		"exact":                 {pipelines.StatedError{}, start, false},
		"a point missing":       {pipelines.StatedError{Error: 0.01}, start[1:], false},
		"first round":           {pipelines.StatedError{Error: 0.01}, start, true},
		"absolute, first round": {pipelines.StatedError{Error: 0.01, Absolute: true}, start, true},
	} {
		g, e := begun(c.of), estimated{kind: pipelines.KindSurface, allowed: c.allowed}
		e.fill(g, 1)
		if (g.Estimate != nil) != c.want || (len(g.Missing()) == 0) != c.want {
			t.Errorf("%s: %d points are missing, estimate %v", name, len(g.Missing()), g.Estimate)
		}
		if c.want && (g.CountEvaluated() != len(start) || g.Estimate.Error <= c.allowed.Error || g.Estimate.Absolute != c.allowed.Absolute || g.Validate() != nil) {
			t.Errorf("%s: %d points evaluated, error %v: %v", name, g.CountEvaluated(), g.Estimate.Error, g.Validate())
		}
		all := make([]int, n*n)
		for i := range all {
			all[i] = i
		}
		g = begun(all)
		if e.fill(g, 2); c.want && (g.CountEvaluated() != n*n || g.Estimate.Error != c.allowed.Error) {
			t.Errorf("%s: with all points %d are evaluated, and the error is %v", name, g.CountEvaluated(), g.Estimate.Error)
		}
	}
}
