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

// A polygon cut at a height keeps what lies below, with new corners exactly there.
func TestBelow(t *testing.T) {
	square := []vec{{0, 0, 0}, {1, 0, 0}, {1, 1, 2}, {0, 1, 2}}
	got := below(square, 1)
	want := []vec{{0, 0, 0}, {1, 0, 0}, {1, 0.5, 1}, {0, 0.5, 1}}
	if len(got) != len(want) {
		t.Fatalf("below 1: %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("corner %d is %v, want %v", i, got[i], want[i])
		}
	}
	if got := below(square, -1); len(got) != 0 {
		t.Errorf("below everything: %v", got)
	}
	if got := below(square, 2); len(got) != 4 {
		t.Errorf("nothing to cut: %v", got)
	}
}

// Cells are drawn by rising α and falling β, which is from the back to the front for an eye on that side only.
func TestEyeIsWhereCellsAreDrawnFor(t *testing.T) {
	eye := newView(azimuth, elevation).toEye()
	if eye.x <= 0 || eye.y >= 0 || eye.z <= 0 {
		t.Errorf("the eye lies towards %v; cells are drawn for one at large α and small β, above", eye)
	}
}
