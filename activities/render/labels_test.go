package render

import (
	"math"
	"testing"

	"gonum.org/v1/plot/vg"
)

func TestLabelsStandApartUprightInsideAndOnTheirLine(t *testing.T) {
	for name, z := range map[string]func(x, y float64) float64{"bowl": bowl, "tilted": tilted, "chaotic": chaotic, "broken": broken} {
		f := mustField(t, sampled(51, z))
		l := chooseLevels(f.lo, f.hi, Options{}, lineLevels)
		on, values := l.on(f)
		opt, err := Options{}.filled()
		if err != nil {
			t.Fatal(err)
		}
		s := layoutSurface(f, f.notes(l), opt, 0)
		lines := s.levelLines(on, values)
		texts := make([]text, len(l.v))
		for i, v := range l.v {
			texts[i] = plain(number(v))
		}
		labels := placeLabels(lines, texts, levelSize, s.frame)
		if len(labels) < 4 {
			t.Errorf("%s: only %d labels", name, len(labels))
		}
		for i, a := range labels {
			if !a.box.within(s.frame) {
				t.Errorf("%s: label %d leaves the frame", name, i)
			}
			if a.box.angle <= -math.Pi/2 || a.box.angle > math.Pi/2 {
				t.Errorf("%s: label %d is turned by %g radians, upside down", name, i, a.box.angle)
			}
			for j, b := range labels[:i] {
				if a.box.overlaps(b.box) {
					t.Errorf("%s: labels %d and %d overlap", name, i, j)
				}
			}
			near := math.Inf(1)
			for _, line := range lines {
				if line.level == a.level {
					for d := 0.0; d < line.length(); d += 0.5 {
						near = min(near, distance(line.point(d), a.box.center))
					}
				}
			}
			// Half of the height of the text, so that the line meets it.
			if near > a.box.halfH {
				t.Errorf("%s: label %d is %g points off its line", name, i, near)
			}
		}
	}
}

func TestBoxesOverlap(t *testing.T) {
	at := func(x, y vg.Length, angle float64) box {
		return box{center: vg.Point{X: x, Y: y}, halfW: 10, halfH: 2, angle: angle}
	}
	a := at(0, 0, 0)
	for _, c := range []struct {
		b    box
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
		if got := a.overlaps(c.b); got != c.want {
			t.Errorf("overlaps(%+v) = %v", c.b, got)
		}
		if got := c.b.overlaps(a); got != c.want {
			t.Errorf("overlaps is not symmetric for %+v", c.b)
		}
	}
}

func TestCutLinesLeaveTheGapAndNothingElse(t *testing.T) {
	square := []vg.Point{{X: 0, Y: 0}, {X: 10, Y: 0}, {X: 10, Y: 10}, {X: 0, Y: 10}}
	sum := func(parts [][]vg.Point) (s float64) {
		for _, p := range parts {
			s += newTrack(p, false).length()
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
		parts := newTrack(square, c.closed).without(c.gaps)
		if got := sum(parts); math.Abs(got-c.length) > 1e-9 || len(parts) != c.parts {
			t.Errorf("closed %v without %v: %d parts of length %g, want %d of %g: %v", c.closed, c.gaps, len(parts), got, c.parts, c.length, parts)
		}
	}
}
