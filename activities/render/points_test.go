package render

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// TestEvaluatedPoints: pictures of an estimated surface say so, and show the evaluated points when asked for.
func TestEvaluatedPoints(t *testing.T) {
	g := surface.NewGrid(surface.Lattice(-1, 1, 9), surface.Lattice(-1, 1, 9))
	for i := range g.Mask {
		x, y := g.X[i%9], g.Y[i/9]
		g.Loss[i], g.Accuracy[i], g.Mask[i] = 1+x*x+y*y, 50, true
	}
	e := &surface.Estimate{Error: 0.05, Evaluated: make([]bool, 81), LossError: make([]float64, 81), AccuracyError: make([]float64, 81)}
	for i := range e.Evaluated {
		e.Evaluated[i] = i%4 == 0
	}
	g.Estimate = e
	f, err := lattice.NewField(*g, "loss", g.Loss, 2)
	if err != nil {
		t.Fatal(err)
	}
	if note := lossNotes(f, levels{v: []float64{1}}); !strings.HasSuffix(note, "21 of 81 points evaluated, error ≤ 5 % with 95 % confidence") || len(f.Known) != 21 {
		t.Errorf("the note is %q, and %d points are known", note, len(f.Known))
	}
	_, line := picture.LossAxis([]*lattice.Field{f, f}, picture.Options{})
	if strings.Count(line, "21 of 81") != 1 {
		t.Errorf("the note of a line is %q", line)
	}
	if note := (sheet{plot: contourPlot, panels: []Panel{{Data: Data{Grid: g}}}, lo: 1, hi: 3}).note(); !strings.HasSuffix(note, "error ≤ 5 % with 95 % confidence") {
		t.Errorf("the note of multiples is %q", note)
	}
	for name, draw := range map[string]func(surface.Grid, picture.Options) (picture.Figure, error){"contour": Contour, "filled": FilledContour} {
		var drawn [2][]byte
		for i := range drawn {
			fig, err := draw(*g, picture.Options{Points: i == 1})
			if err != nil {
				t.Fatal(err)
			}
			if drawn[i], err = fig.SVG(); err != nil {
				t.Fatal(err)
			}
		}
		if bytes.Equal(drawn[0], drawn[1]) || len(drawn[1]) < len(drawn[0])+21*50 {
			t.Errorf("%s: the points are not shown", name)
		}
	}
}

// TestErrors: a picture of errors shows them in percent of the loss, or in its unit where the error is absolute, and fails without any.
func TestErrors(t *testing.T) {
	const n = 9
	g := surface.NewGrid(surface.Lattice(-1, 1, n), surface.Lattice(-1, 1, n))
	e := &surface.Estimate{Error: 0.05, Evaluated: make([]bool, n*n), LossError: make([]float64, n*n), AccuracyError: make([]float64, n*n)}
	for i := range g.Mask {
		g.Loss[i], g.Accuracy[i], g.Mask[i], e.Evaluated[i] = 8, 50, true, i%2 == 0
		if !e.Evaluated[i] {
			e.LossError[i] = 0.2
		}
	}
	e.LossError[n+2], e.LossError[n+4] = math.NaN(), math.Inf(1)
	if _, err := Errors(*g, picture.Options{}); err == nil {
		t.Error("the errors of exact values were drawn")
	}
	g.Estimate = e
	var drawn [2][]byte
	for k, want := range []float64{2.5, 0.2} {
		e.Absolute = k == 1
		fig, err := Errors(*g, picture.Options{Title: "Errors"})
		if err != nil {
			t.Fatal(err)
		}
		if drawn[k], err = fig.SVG(); err != nil {
			t.Fatal(err)
		}
		if v, unit := shownErrors(*g, "loss"); v[0] != 0 || math.Abs(v[1]-want) > 1e-12 || !math.IsNaN(v[n+2]) || (unit == "the loss") != e.Absolute {
			t.Errorf("errors of %v, %v and %v%s, want 0, %v and NaN", v[0], v[1], v[n+2], unit, want)
		}
	}
	if bytes.Equal(drawn[0], drawn[1]) {
		t.Error("absolute and relative errors look the same")
	}
	curved := *g
	curved.Curvature = surface.NewCurvature(n * n)
	c := curved.Curvature
	c.MinError, c.MaxError = slices.Repeat([]float64{0.3}, n*n), slices.Repeat([]float64{0.1}, n*n)
	for i := range c.LambdaMin {
		c.LambdaMin[i], c.LambdaMax[i] = -1, 6
	}
	for absolute, want := range map[bool]float64{false: 5, true: 0.3} {
		e.Absolute = absolute
		if v, what := shownErrors(curved, "loss"); math.Abs(v[1]-want) > 1e-12 || !strings.HasPrefix(what, "λmin and λmax") {
			t.Errorf("errors of eigenvalues are %v of %s, want %v", v[1], what, want)
		}
	}
	for i := range e.LossError {
		e.LossError[i] = 0
	}
	if _, err := Errors(*g, picture.Options{}); err != nil {
		t.Errorf("without errors: %v", err)
	}
}
