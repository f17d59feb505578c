package render

import (
	"math"
	"os"
	"strings"
	"testing"

	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// crossing is a loss of both signs over several decades.
func crossing(x, y float64) float64 { return 1e3*x*math.Abs(x)*(1+y*y) - 0.5*math.Exp(-8*(x*x+y*y)) }

// touching is one that is 0 in the middle, as a hinge loss can be.
func touching(x, y float64) float64 { return 400 * math.Pow(max(0, math.Hypot(x, y)-0.3), 2) }

// TestSymmetricScales: losses that touch or cross 0 over a wide range are shown on a symmetric logarithmic scale, which is said; others are as before.
func TestSymmetricScales(t *testing.T) {
	for _, c := range []struct {
		lo, hi          float64
		kind            string
		line, onSurface bool
	}{
		{0, 100, picture.ScaleAuto, true, true}, {-3, 100, picture.ScaleAuto, true, true}, {-100, -1, picture.ScaleAuto, true, true}, {0.1, 1000, picture.ScaleAuto, false, false},
		{-1, 1, picture.ScaleAuto, false, false}, {-1, 1, picture.ScaleSymlog, true, true}, {0, 100, picture.ScaleLinear, false, false}, {0, 100, picture.ScaleLog, false, false},
	} {
		if got := picture.ChooseScale(c.lo, c.hi, c.kind).Sym > 0; got != c.line {
			t.Errorf("an axis from %g to %g, scale %q: symmetric is %v", c.lo, c.hi, c.kind, got)
		}
		if got := chooseLevels(c.lo, c.hi, picture.Options{Scale: c.kind}, lineLevels); (got.sym > 0) != c.onSurface {
			t.Errorf("levels from %g to %g, scale %q: symmetric is %v", c.lo, c.hi, c.kind, got)
		}
	}
	l := chooseLevels(-3, 1000, picture.Options{}, lineLevels)
	for i, v := range l.v {
		if v < -3 || v > 1000 || i > 0 && v <= l.v[i-1] {
			t.Errorf("the levels are %v", l.v)
		}
	}
	s := chart.Scale{Lo: -1000, Hi: 1000, Sym: 1e-3}
	if s.At(0) != 0.5 || math.Abs(s.At(-10)+s.At(10)-1) > 1e-12 || s.At(1000) != 1 {
		t.Errorf("0 lies at %g, ±10 at %g and %g", s.At(0), s.At(-10), s.At(10))
	}
	if ticks := s.Ticks(7); len(ticks) < 3 || len(ticks) > 9 {
		t.Errorf("%d ticks", len(ticks))
	}
}

// TestSymmetricPictures draws them; LOSSATLAS_LOOK names a folder for them.
func TestSymmetricPictures(t *testing.T) {
	line := sampledLine(-1, 1, 81, func(x float64) float64 { return crossing(x, 0) }, func(float64) float64 { return 50 })
	for name, c := range map[string]struct {
		draw func() (picture.Figure, error)
	}{
		"symlog-contour": {func() (picture.Figure, error) {
			return Contour(sampled(41, crossing), picture.Options{Title: "crossing"})
		}},
		"symlog-filled": {func() (picture.Figure, error) {
			return FilledContour(sampled(41, crossing), picture.Options{Title: "crossing"})
		}},
		"symlog-heat": {func() (picture.Figure, error) { return Heat(sampled(41, touching), picture.Options{Title: "touching"}) }},
		"symlog-surface3d": {func() (picture.Figure, error) {
			return Surface3D(sampled(41, crossing), picture.Options{Title: "crossing", Loss: "own"})
		}},
		"symlog-line": {func() (picture.Figure, error) {
			return Line(Data{Train: line}, picture.Options{Title: "crossing", Loss: "hinge", Score: "R²"})
		}},
		"unscored-line": {func() (picture.Figure, error) {
			return Line(Data{Train: line}, picture.Options{Title: "no score", Loss: "mse", Score: "none", Scale: picture.ScaleLinear})
		}},
		"symlog-multiples": {func() (picture.Figure, error) {
			a, b := sampled(17, crossing), sampled(17, touching)
			return Multiples("contour", []Panel{{Title: "a", Data: Data{Grid: &a}}, {Title: "b", Column: 1, Data: Data{Grid: &b}}}, picture.Options{})
		}},
	} {
		f, err := c.draw()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b, err := f.PNG()
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if folder := os.Getenv("LOSSATLAS_LOOK"); folder != "" {
			if err := os.WriteFile(folder+"/"+name+".png", b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := Contour(surface.Grid(sampled(5, crossing)), picture.Options{Scale: picture.ScaleSymlog, Min: -1, Max: 1, Step: 0.5}); err == nil || !strings.Contains(err.Error(), "have no step") {
		t.Errorf("a step of symmetric levels: %v", err)
	}
}
