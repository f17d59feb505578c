package render

import (
	"strconv"
	"strings"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
)

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
	picture.CoverMasked(p, pn, flat, hatched)
}

// lossNotes names facts that the picture does not show: masked points, and a range that the levels do not reach.
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
	notes := picture.WithoutValue("loss", f.Bad, f.Absent, total, bad, absent)
	switch {
	case f.Empty():
	case f.Lo == f.Hi:
		notes = append(notes, "the loss is "+strconv.FormatFloat(f.Lo, 'g', 5, 64)+" everywhere")
	case len(l.v) == 0:
		notes = append(notes, "no level lies in the loss's range, "+chart.Number(f.Lo)+" to "+chart.Number(f.Hi))
	default:
		notes = append(notes, "loss from "+chart.Number(f.Lo)+" to "+chart.Number(f.Hi))
	}
	if l.sym > 0 {
		notes = append(notes, picture.SymmetricNote(l.sym))
	}
	if f.Note != "" {
		notes = append(notes, f.Note)
	}
	return strings.Join(notes, "; ")
}

// pointRadius is the radius of the dot at a point that was evaluated.
const pointRadius vg.Length = 0.7

// drawPoints marks the points that were evaluated.
func drawPoints(p chart.Panel, pn canvas.Pen, f *lattice.Field) {
	for _, i := range f.Known {
		pn.Fill(canvas.InkColor, picture.Disc(p.At(f.X[i%len(f.X)], f.Y[i/len(f.X)]), pointRadius))
	}
}
