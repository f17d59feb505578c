package render

import (
	"fmt"
	"strconv"
	"strings"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"

	"gonum.org/v1/plot/vg"
)

// hatchApart is the distance between hatch lines, in points.
const hatchApart = 5

// drawMasked covers the cells that have no value: hatched where the loss is not finite,
// flat grey where it was not evaluated (yet).
func drawMasked(p chart.Panel, pn canvas.Pen, f *lattice.Field) {
	var flat, hatched []vg.Rectangle
	for iy := range len(f.Y) - 1 {
		for ix := 0; ix < len(f.X)-1; ix++ {
			if f.Whole(ix, iy) {
				continue
			}
			// Cells of one kind next to each other make one rectangle.
			kind, from := f.Unevaluated(ix, iy), ix
			for ix+1 < len(f.X)-1 && !f.Whole(ix+1, iy) && f.Unevaluated(ix+1, iy) == kind {
				ix++
			}
			r := vg.Rectangle{Min: p.At(f.X[from], f.Y[iy]), Max: p.At(f.X[ix+1], f.Y[iy+1])}
			flat = append(flat, r)
			if !kind {
				hatched = append(hatched, r)
			}
		}
	}
	coverMasked(p, pn, flat, hatched)
}

// coverMasked fills rectangles in grey and hatches some of them.
func coverMasked(p chart.Panel, pn canvas.Pen, flat, hatched []vg.Rectangle) {
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

// withoutValue says of how many of total points a quantity is not finite (bad) or was not evaluated (absent),
// and how the picture shows them.
func withoutValue(what string, bad, absent, total int, badShown, absentShown string) []string {
	var notes []string
	if bad > 0 {
		notes = append(notes, fmt.Sprintf("%s: %s not finite (%d of %d points)", badShown, what, bad, total))
	}
	if absent > 0 {
		notes = append(notes, fmt.Sprintf("%s: not evaluated (%d of %d points)", absentShown, absent, total))
	}
	return notes
}

// lossNotes says what the picture does not show by itself: masked points, and a range that the levels do not reach.
func lossNotes(f *lattice.Field, l levels) string { return lossNotesOf(f, l, "hatched", "grey") }

// lossNotesOf is notes where points that are not finite, and such that were not evaluated, are shown in other ways.
func lossNotesOf(f *lattice.Field, l levels, bad, absent string) string {
	total := len(f.Z)
	switch {
	case f.Empty() && f.Absent == total:
		return "nothing evaluated yet"
	case f.Bad == total:
		return "the loss is not finite anywhere"
	}
	notes := withoutValue("loss", f.Bad, f.Absent, total, bad, absent)
	switch {
	case f.Empty():
	case f.Lo == f.Hi:
		notes = append(notes, "the loss is "+strconv.FormatFloat(f.Lo, 'g', 5, 64)+" everywhere")
	case len(l.v) == 0:
		notes = append(notes, "no level lies in the loss's range, "+chart.Number(f.Lo)+" to "+chart.Number(f.Hi))
	default:
		notes = append(notes, "loss from "+chart.Number(f.Lo)+" to "+chart.Number(f.Hi))
	}
	return strings.Join(notes, "; ")
}
