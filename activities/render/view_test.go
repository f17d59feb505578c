package render

import (
	"math"
	"testing"

	"gonum.org/v1/plot/vg"
)

// Seen from 0° above the front, a box is its front side; from straight above, its floor; and at −45° and the
// elevation of an isometric drawing, its three axes are equally long.
func TestViewOfKnownCorners(t *testing.T) {
	near := func(name string, got vg.Point, x, y float64) {
		t.Helper()
		if math.Abs(float64(got.X)-x) > 1e-12 || math.Abs(float64(got.Y)-y) > 1e-12 {
			t.Errorf("%s is drawn at %v, want (%g, %g)", name, got, x, y)
		}
	}
	front := newView(-90, 0)
	near("the front right upper corner", front.at(vec{0.5, -0.5, 1}), 0.5, 1)
	near("the back left lower corner", front.at(vec{-0.5, 0.5, 0}), -0.5, 0)
	above := newView(-90, 90)
	near("a corner from above", above.at(vec{0.5, 0.25, 7}), 0.5, 0.25)
	isometric := newView(-45, math.Asin(1/math.Sqrt(3))*180/math.Pi)
	for _, axis := range []vec{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}} {
		p := isometric.at(axis)
		if got, want := math.Hypot(float64(p.X), float64(p.Y)), math.Sqrt(2.0/3); math.Abs(got-want) > 1e-12 {
			t.Errorf("the axis %v is drawn %g long, want %g", axis, got, want)
		}
	}
	near("the x axis", isometric.at(vec{1, 0, 0}), math.Sqrt(0.5), -math.Sqrt(1.0/6))
	near("the z axis", isometric.at(vec{0, 0, 1}), 0, math.Sqrt(2.0/3))
	scaled := newView(-90, 0)
	scaled.scale, scaled.origin = 10, vg.Point{X: 3, Y: 4}
	near("a corner, scaled and moved", scaled.at(vec{0.5, 0, 1}), 8, 14)
}
