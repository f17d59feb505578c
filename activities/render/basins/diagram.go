package basins

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/surface/topology"
)

// Diagram draws the persistence diagram of the sublevel sets of a surface: a dot for each basin, at its lowest loss and the loss of the pass into a lower
// one; the further it lies above the diagonal, the more persistent it is. Basins of less than opt.Persistence are small and grey, and those that never
// meet a lower one are triangles at the top. Errors are as in render.Contour.
func Diagram(g surface.Grid, opt picture.Options) (picture.Figure, error) {
	s, err := find(g, opt)
	if err != nil {
		return picture.Figure{}, err
	}
	frames := picture.Frames{X: s.axis, XTicks: s.axis.Ticks(5), XName: s.opt.LossName() + " at the lowest point", Note: s.note, Series: s.legend()}
	frames.Series = append(frames.Series, chart.LegendEntry{Name: "meets no lower one", Mark: func(pn canvas.Pen, at vg.Point) { triangle(pn, at, canvas.LossColor) }})
	if len(s.slight) > 0 {
		frames.Series = append(frames.Series, chart.LegendEntry{Name: "less persistent", Mark: func(pn canvas.Pen, at vg.Point) { pn.Fill(canvas.HatchColor, picture.Disc(at, smallRadius)) }})
	}
	frames.Parts = []picture.FramePart{{Panel: chart.Panel{Y: s.axis}, Name: s.opt.LossName() + " at the pass", Color: canvas.InkColor, Ticks: s.axis.Ticks(6), Inside: s.drawDiagram}}
	return frames.Layout(s.opt, 1), nil
}

func (s shown) drawDiagram(pn canvas.Pen, p chart.Panel) {
	pn.Lines(canvas.Stroke{Color: canvas.HatchColor, Width: 0.8}, []vg.Point{p.Frame.Min, p.Frame.Max})
	if s.opt.Persistence > 0 {
		pn.Lines(picture.ThinDashes, s.leastLine(p))
	}
	place := func(b topology.Basin) vg.Point { return p.At(s.at(b.Birth), s.at(b.Death)) }
	for _, b := range s.slight {
		pn.Fill(canvas.HatchColor, picture.Disc(place(b), smallRadius))
	}
	// The center's basin last, over all others.
	for k, b := range slices.Backward(s.basins) {
		if k != s.center {
			s.drawBasin(pn, place(b), k)
		}
	}
	if s.center >= 0 {
		s.drawBasin(pn, place(s.basins[s.center]), s.center)
	}
}

func (s shown) drawBasin(pn canvas.Pen, at vg.Point, k int) {
	b := s.basins[k]
	if !math.IsInf(b.Death, 1) {
		dot(pn, at, s.radius(), b.Edge, k == s.center)
		return
	}
	c := canvas.LossColor
	if k == s.center {
		c = canvas.AccColor
	}
	at.Y -= 4 // inside the frame
	triangle(pn, at, c)
}

// leastLine is the line of the least persistence that counts.
func (s shown) leastLine(p chart.Panel) []vg.Point {
	const steps = 200
	var out []vg.Point
	for i := range steps + 1 {
		y := p.Frame.Min.Y + p.Frame.Size().Y*vg.Length(i)/steps
		v := s.value(float64(i)/steps) - s.opt.Persistence
		if v >= s.axis.Lo {
			out = append(out, vg.Point{X: p.Px(v), Y: y})
		}
	}
	return out
}

// value is the loss at a place of the axis, from 0 to 1: the inverse of chart.Scale.At.
func (s shown) value(t float64) float64 {
	a := s.axis
	switch {
	case a.Log:
		return a.Lo * math.Pow(a.Hi/a.Lo, t)
	case a.Sym > 0:
		lo, hi := chart.Symlog(a.Lo, a.Sym), chart.Symlog(a.Hi, a.Sym)
		at := lo + t*(hi-lo)
		return math.Copysign(a.Sym*(math.Pow(10, math.Abs(at))-1), at)
	}
	return a.Lo + t*(a.Hi-a.Lo)
}

func triangle(pn canvas.Pen, at vg.Point, c color.Color) {
	const r = 3.4
	pn.Fill(c, []vg.Point{{X: at.X - r, Y: at.Y - r*0.8}, {X: at.X + r, Y: at.Y - r*0.8}, {X: at.X, Y: at.Y + r}})
}
