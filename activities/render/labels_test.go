package render

import (
	"math"
	"testing"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"

	"gonum.org/v1/plot/vg"
)

func TestLabelsStandApartUprightInsideAndOnTheirLine(t *testing.T) {
	for name, z := range map[string]func(x, y float64) float64{"bowl": bowl, "tilted": tilted, "chaotic": chaotic, "broken": broken} {
		f := mustField(t, sampled(51, z))
		l := chooseLevels(f.Lo, f.Hi, Options{}, lineLevels)
		on, values := l.on(f)
		opt, err := Options{}.filled()
		if err != nil {
			t.Fatal(err)
		}
		s := layoutSurface(f, lossNotes(f, l), opt, 0)
		lines := s.levelLines(on, values)
		texts := make([]canvas.Text, len(l.v))
		for i, v := range l.v {
			texts[i] = canvas.Plain(chart.Number(v))
		}
		labels := lattice.PlaceLabels(lines, texts, chart.LevelSize, s.Frame)
		if len(labels) < 4 {
			t.Errorf("%s: only %d labels", name, len(labels))
		}
		for i, a := range labels {
			if !a.Box.Within(s.Frame) {
				t.Errorf("%s: label %d leaves the frame", name, i)
			}
			if a.Box.Angle <= -math.Pi/2 || a.Box.Angle > math.Pi/2 {
				t.Errorf("%s: label %d is turned by %g radians, upside down", name, i, a.Box.Angle)
			}
			for j, b := range labels[:i] {
				if a.Box.Overlaps(b.Box) {
					t.Errorf("%s: labels %d and %d overlap", name, i, j)
				}
			}
			near := math.Inf(1)
			for _, line := range lines {
				if line.Level == a.Level {
					for d := 0.0; d < line.Length(); d += 0.5 {
						near = min(near, lattice.Distance(line.Point(d), a.Box.Center))
					}
				}
			}
			// Half of the height of the text, so that the line meets it.
			if near > a.Box.HalfH {
				t.Errorf("%s: label %d is %g points off its line", name, i, near)
			}
		}
	}
}

func TestBoxesOverlap(t *testing.T) {
	at := func(x, y vg.Length, angle float64) lattice.Box {
		return lattice.Box{Center: vg.Point{X: x, Y: y}, HalfW: 10, HalfH: 2, Angle: angle}
	}
	a := at(0, 0, 0)
	for _, c := range []struct {
		b    lattice.Box
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
			s += lattice.NewTrack(p, false).Length()
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
		parts := lattice.NewTrack(square, c.closed).Without(c.gaps)
		if got := sum(parts); math.Abs(got-c.length) > 1e-9 || len(parts) != c.parts {
			t.Errorf("closed %v without %v: %d parts of length %g, want %d of %g: %v", c.closed, c.gaps, len(parts), got, c.parts, c.length, parts)
		}
	}
}
