package render

import (
	"math"
	"testing"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
)

func TestLabelsStandApartUprightInsideAndOnTheirLine(t *testing.T) {
	for name, z := range map[string]func(x, y float64) float64{"bowl": bowl, "tilted": tilted, "chaotic": chaotic, "broken": broken} {
		f := mustField(t, sampled(51, z))
		l := chooseLevels(f.Lo, f.Hi, picture.Options{}, lineLevels)
		on, values := l.on(f)
		opt, err := picture.Options{}.Filled()
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
