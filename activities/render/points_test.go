package render

import (
	"bytes"
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
	if note := (sheet{panels: []Panel{{Data: Data{Grid: g}}}, lo: 1, hi: 3}).note(); !strings.HasSuffix(note, "error ≤ 5 % with 95 % confidence") {
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
