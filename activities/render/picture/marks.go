package picture

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
)

// hatchApart is the distance between hatch lines, in points.
const hatchApart = 5

// CoverMasked fills rectangles in grey and hatches some of them.
func CoverMasked(_ chart.Panel, pn canvas.Pen, flat, hatched []vg.Rectangle) {
	rings := make([][]vg.Point, len(flat))
	for i, r := range flat {
		rings[i] = canvas.Corners(r)
	}
	pn.Fill(canvas.MaskColor, rings...)
	var marks [][]vg.Point
	for _, r := range hatched {
		marks = append(marks, hatch(r)...)
	}
	pn.Lines(canvas.Stroke{Color: canvas.HatchColor, Width: 0.6}, marks...)
}

// hatch returns the rising diagonals x−y = k·hatchApart·√2 inside r. They continue across rectangles side by side.
func hatch(r vg.Rectangle) [][]vg.Point {
	const step vg.Length = hatchApart * 1.4142135623730951
	var marks [][]vg.Point
	for d := step * vg.Length(int((r.Min.X-r.Max.Y)/step)-1); d <= r.Max.X-r.Min.Y; d += step {
		// On the line, y = x − d.
		x0, x1 := max(r.Min.X, r.Min.Y+d), min(r.Max.X, r.Max.Y+d)
		if x0 < x1 {
			marks = append(marks, []vg.Point{{X: x0, Y: x0 - d}, {X: x1, Y: x1 - d}})
		}
	}
	return marks
}

// WithoutValue says of how many of total points a quantity is not finite (bad) or was not evaluated (absent),
// and how the picture shows them.
func WithoutValue(what string, bad, absent, total int, badShown, absentShown string) []string {
	var notes []string
	if bad > 0 {
		notes = append(notes, fmt.Sprintf("%s: %s not finite (%d of %d points)", badShown, what, bad, total))
	}
	if absent > 0 {
		notes = append(notes, fmt.Sprintf("%s: not evaluated (%d of %d points)", absentShown, absent, total))
	}
	return notes
}

// MarkRadius is that of large marks, in points: the ends of a path, places where the learning rate was changed, dots of a scatter plot.
const MarkRadius vg.Length = 3.2

// Disc is a circle as a ring of many corners.
func Disc(c vg.Point, r vg.Length) []vg.Point {
	const corners = 20
	out := make([]vg.Point, corners)
	for i := range out {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		out[i] = vg.Point{X: c.X + r*vg.Length(cos), Y: c.Y + r*vg.Length(sin)}
	}
	return out
}

// SquareAround is the square of half side r around a point.
func SquareAround(c vg.Point, r vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: c.X - r, Y: c.Y - r}, Max: vg.Point{X: c.X + r, Y: c.Y + r}}
}
