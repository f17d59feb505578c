package render

import (
	"math"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/basins"
	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// outlineRadius is that of the dot at the lowest point of a basin.
const outlineRadius vg.Length = 1.6

// basins lays out the outlines of the basins of a grid, if the options ask for them, as the levels interpolate, and returns what draws them. A basin
// that never meets another has a dot alone.
func (s surfaceFigure) basins(g surface.Grid, f *lattice.Field, l levels) func(canvas.Pen) {
	if !s.Opt.Basins {
		return func(canvas.Pen) {}
	}
	var lines, rings [][]vg.Point
	var dots []vg.Point
	t := g.Topology()
	for _, b := range t.Basins(s.Opt.Persistence) {
		lowest := f.Node(b.Point)
		dots = append(dots, s.At(lowest.X, lowest.Y))
		if math.IsInf(b.Meets, 1) {
			continue
		}
		on, level := levels{v: []float64{b.Meets}, log: l.log, sym: l.sym}.on(f)
		for _, line := range basins.Outline(&on.Field, t.Region(b), level[0]) {
			if at := s.place(line.Places); line.Closed {
				rings = append(rings, at)
			} else {
				lines = append(lines, at)
			}
		}
	}
	return func(pn canvas.Pen) {
		for _, under := range []canvas.Stroke{{Color: canvas.RGB(0xFFFFFF), Width: 2.4}, {Color: canvas.AccColor, Width: 1.2}} {
			pn.Lines(under, lines...)
			pn.Rings(under, rings...)
		}
		for _, at := range dots {
			pn.Fill(canvas.AccColor, picture.Disc(at, outlineRadius))
		}
	}
}
