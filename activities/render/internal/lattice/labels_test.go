package lattice

import (
	"math"
	"testing"

	"gonum.org/v1/plot/vg"
)

func TestBoxesOverlap(t *testing.T) {
	at := func(x, y vg.Length, angle float64) Box {
		return Box{Center: vg.Point{X: x, Y: y}, HalfW: 10, HalfH: 2, Angle: angle}
	}
	a := at(0, 0, 0)
	for _, c := range []struct {
		b    Box
		want bool
	}{
		{at(0, 0, 1), true},
		{at(19, 3, 0), true},
		{at(21, 0, 0), false},
		{at(0, 5, 0), false},
		{at(0, 11, math.Pi/2), true},  // its lower end at y = 1
		{at(0, 13, math.Pi/2), false}, // at y = 3
		// A diagonal box whose bounding box overlaps a's and that itself passes the corner.
		{at(15, 9, -math.Pi/4), false},
	} {
		if got := a.Overlaps(c.b); got != c.want {
			t.Errorf("overlaps(%+v) = %v", c.b, got)
		}
		if got := c.b.Overlaps(a); got != c.want {
			t.Errorf("overlaps is not symmetric for %+v", c.b)
		}
	}
}

func TestCutLinesLeaveTheGapAndNothingElse(t *testing.T) {
	square := []vg.Point{{X: 0, Y: 0}, {X: 10, Y: 0}, {X: 10, Y: 10}, {X: 0, Y: 10}}
	sum := func(parts [][]vg.Point) (s float64) {
		for _, p := range parts {
			s += NewTrack(p, false).Length()
		}
		return s
	}
	for _, c := range []struct {
		closed bool
		gaps   [][2]float64
		length float64
		parts  int
	}{
		{false, nil, 30, 1},
		{false, [][2]float64{{4, 8}}, 26, 2},
		{false, [][2]float64{{20, 26}, {2, 5}}, 21, 3},
		{true, nil, 40, 1},
		{true, [][2]float64{{15, 25}}, 30, 1},
		{true, [][2]float64{{-3, 3}}, 34, 1},
		{true, [][2]float64{{37, 43}, {10, 14}}, 30, 2},
	} {
		parts := NewTrack(square, c.closed).Without(c.gaps)
		if got := sum(parts); math.Abs(got-c.length) > 1e-9 || len(parts) != c.parts {
			t.Errorf("closed %v without %v: %d parts of length %g, want %d of %g: %v", c.closed, c.gaps, len(parts), got, c.parts, c.length, parts)
		}
	}
}
