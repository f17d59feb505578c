package render

import (
	"fmt"
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"
)

// hatchApart is the distance between hatch lines, in points.
const hatchApart = 5

// drawMasked covers the cells that have no value: hatched where the loss is not finite,
// flat grey where it was not evaluated (yet).
func (p panel) drawMasked(pn pen, f *field) {
	var flat, hatched []vg.Rectangle
	for iy := range len(f.y) - 1 {
		for ix := 0; ix < len(f.x)-1; ix++ {
			if f.whole(ix, iy) {
				continue
			}
			// Cells of one kind beside each other make one rectangle.
			kind, from := f.unevaluated(ix, iy), ix
			for ix+1 < len(f.x)-1 && !f.whole(ix+1, iy) && f.unevaluated(ix+1, iy) == kind {
				ix++
			}
			r := vg.Rectangle{Min: p.at(f.x[from], f.y[iy]), Max: p.at(f.x[ix+1], f.y[iy+1])}
			flat = append(flat, r)
			if !kind {
				hatched = append(hatched, r)
			}
		}
	}
	p.cover(pn, flat, hatched)
}

// cover fills rectangles in grey and hatches some of them.
func (p panel) cover(pn pen, flat, hatched []vg.Rectangle) {
	rings := make([][]vg.Point, len(flat))
	for i, r := range flat {
		rings[i] = corners(r)
	}
	pn.fill(maskColor, rings...)
	var marks [][]vg.Point
	for _, r := range hatched {
		marks = append(marks, hatch(r)...)
	}
	pn.lines(stroke{color: hatchColor, width: 0.6}, marks...)
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

// notes says what the picture does not show by itself: masked points, and a range that the levels do not reach.
func (f *field) notes(l levels) string { return f.notesOf(l, "hatched", "grey") }

// notesOf is notes where points that are not finite, and such that were not evaluated, are shown in other ways.
func (f *field) notesOf(l levels, bad, absent string) string {
	total := len(f.z)
	switch {
	case f.empty() && f.absent == total:
		return "nothing evaluated yet"
	case f.bad == total:
		return "the loss is not finite anywhere"
	}
	notes := withoutValue("loss", f.bad, f.absent, total, bad, absent)
	switch {
	case f.empty():
	case f.lo == f.hi:
		notes = append(notes, "the loss is "+strconv.FormatFloat(f.lo, 'g', 5, 64)+" everywhere")
	case len(l.v) == 0:
		notes = append(notes, "no level lies in the loss's range, "+number(f.lo)+" to "+number(f.hi))
	default:
		notes = append(notes, "loss from "+number(f.lo)+" to "+number(f.hi))
	}
	return strings.Join(notes, "; ")
}
