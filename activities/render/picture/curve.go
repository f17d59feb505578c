package picture

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/surface"
)

// LineSplit is a grid along a line, of the training or the test set.
type LineSplit struct {
	Name string
	Grid *surface.Grid
	Dash []vg.Length
}

// SplitsOf are the splits whose grids are not nil.
func SplitsOf(train, test *surface.Grid) []LineSplit {
	both := []LineSplit{{"training", train, nil}, {"test", test, Dashed}}
	return slices.DeleteFunc(both, func(s LineSplit) bool { return s.Grid == nil })
}

// LineField is the loss of a grid that is a line.
func LineField(g surface.Grid, name string) (*lattice.Field, error) {
	if len(g.Y) > 1 {
		return nil, fmt.Errorf("%s: the grid has %d rows; a line has one: draw a surface with contours", name, len(g.Y))
	}
	f, err := lattice.NewField(g, "loss", g.Loss, 1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// Curve is one line of a figure.
type Curve struct {
	F     *lattice.Field
	Color color.Color
	Dash  []vg.Length
	Right bool // on the right axis
	// Stairs says that a value holds from the point before on, the first one from the edge of the frame.
	Stairs bool
	// Low and High bound the band around a mean; nil without a band.
	Low, High []float64
}

// Dashed is the dash of the test set, and of curves next to another one.
var Dashed = []vg.Length{4, 2.4}

// loneRadius is the radius of a value without neighbors, which makes no line.
const loneRadius vg.Length = 2.4

// drawLone draws a value without neighbors: a disc, of dashed curves a ring.
func drawLone(pn canvas.Pen, at vg.Point, c color.Color, dash []vg.Length) {
	if dash == nil {
		pn.Fill(c, Disc(at, loneRadius))
		return
	}
	pn.Rings(canvas.Stroke{Color: c, Width: 1}, Disc(at, loneRadius))
}

// AsDots are the entries of a legend for curves of a single value.
func AsDots(entries []chart.LegendEntry) []chart.LegendEntry {
	out := slices.Clone(entries)
	for i, e := range out {
		out[i].Mark = func(pn canvas.Pen, at vg.Point) { drawLone(pn, at, e.Color, e.Dash) }
	}
	return out
}

// LossAxis chooses the scale of the losses and notes which values it leaves out.
func LossAxis(losses []*lattice.Field, opt Options) (chart.Scale, string) {
	lo, hi := chart.NoScale.Lo, chart.NoScale.Hi
	bad, absent, total := 0, 0, 0
	var exactness []string
	for _, f := range losses {
		if f.Note != "" && !slices.Contains(exactness, f.Note) {
			exactness = append(exactness, f.Note)
		}
		bad, absent, total = bad+f.Bad, absent+f.Absent, total+len(f.Z)
		lo, hi = min(lo, f.Lo), max(hi, f.Hi)
	}
	notes := WithoutValue("loss", bad, absent, total, "hatched", "gaps")
	notes = append(notes, exactness...)
	if opt.Panel != nil {
		lo, hi = opt.Panel.Lo, opt.Panel.Hi
	}
	if lo > hi { // nothing to draw: any scale will do
		return chart.Scale{Lo: 0, Hi: 1}, strings.Join(notes, "; ")
	}
	top := hi
	if opt.Cut > 0 && hi > opt.Cut {
		top = opt.Cut
		notes = append(notes, fmt.Sprintf("loss cut at %s, its highest is %s", chart.Number(opt.Cut), chart.Number(hi)))
	}
	s := ChooseScale(lo, top, opt.Scale)
	if s.Log && lo < s.Lo {
		notes = append(notes, "loss falls to "+chart.Number(lo))
	}
	if s.Sym > 0 {
		notes = append(notes, SymmetricNote(s.Sym))
	}
	return s, strings.Join(notes, "; ")
}

// wideRange is the ratio of the largest to the smallest loss from which on an axis is logarithmic.
const wideRange = 300

// ChooseScale returns an axis for values from lo to hi with a little room above. It starts at 0 where the
// values are not far from it, so that heights can be compared.
func ChooseScale(lo, hi float64, kind string) chart.Scale {
	if IsSymmetric(lo, hi, kind, false) {
		s := SymmetricScale(lo, hi)
		room := func(v float64) float64 { return v * 1.15 }
		s.Hi = room(s.Hi)
		if s.Lo < 0 {
			s.Lo = room(s.Lo)
		}
		return s
	}
	if kind == ScaleLog && hi > 0 || kind == ScaleAuto && lo >= 0 && hi > 20 && hi/PositiveFloor(lo, hi) > wideRange {
		floor := PositiveFloor(lo, hi)
		if floor >= hi {
			floor = hi / 10
		}
		return chart.Scale{Lo: floor / 1.15, Hi: hi * 1.15, Log: true}
	}
	if lo >= 0 && lo < 0.6*hi {
		lo = 0
	}
	room := 0.05 * (hi - lo)
	if room == 0 {
		room = max(0.05*hi, 0.05)
	}
	if lo == 0 {
		return chart.Scale{Lo: 0, Hi: hi + room}
	}
	return chart.Scale{Lo: lo - room, Hi: hi + room}
}

// ThinDashes is the look of the vertical lines at marks and at changes of the learning rate.
var ThinDashes = canvas.Stroke{Color: canvas.HatchColor, Width: 0.7, Dash: []vg.Length{1.5, 1.5}}

// DrawCurve draws a curve on an axis of the frame, interrupted where it has no value and cut at the frame.
func DrawCurve(p chart.Panel, pn canvas.Pen, c Curve, s chart.Scale) {
	drawBand(p, pn, c, s)
	var parts [][]vg.Point
	var part []vg.Point
	flush := func() {
		switch {
		case len(part) == 1 && part[0].Y >= p.Frame.Min.Y && part[0].Y <= p.Frame.Max.Y:
			drawLone(pn, part[0], c.Color, c.Dash)
		case len(part) > 1:
			parts = append(parts, part)
		}
		part = nil
	}
	for i, v := range c.F.Z {
		if !c.F.OK[i] {
			flush()
			continue
		}
		if s.Log {
			v = max(v, s.Lo/10) // below the frame, where 0 would be
		}
		at := vg.Point{X: p.Px(c.F.X[i]), Y: p.Py(v, s)}
		if c.Stairs {
			from := p.Frame.Min.X
			if i > 0 {
				from = p.Px(c.F.X[i-1])
			}
			part = append(part, vg.Point{X: from, Y: at.Y})
		}
		part = append(part, at)
	}
	flush()
	clip := draw.Canvas{Rectangle: p.Frame}
	pn.Lines(canvas.Stroke{Color: c.Color, Width: chart.CurveWidth, Dash: c.Dash}, clip.ClipLinesXY(parts...)...)
}

// drawBand tints the band of a curve.
func drawBand(p chart.Panel, pn canvas.Pen, c Curve, s chart.Scale) {
	if c.Low == nil {
		return
	}
	tint, _ := color.NRGBAModel.Convert(c.Color).(color.NRGBA)
	tint.A = 50
	at := func(i int, v float64) vg.Point {
		if s.Log {
			v = max(v, s.Lo/10)
		}
		return vg.Point{X: p.Px(c.F.X[i]), Y: p.Py(lattice.Drawable(v), s)}
	}
	clip := draw.Canvas{Rectangle: p.Frame}
	var lower, upper []vg.Point
	for i := range c.F.Z {
		if c.F.OK[i] {
			lower, upper = append(lower, at(i, c.Low[i])), append(upper, at(i, c.High[i]))
		}
		if !c.F.OK[i] || i == len(c.F.Z)-1 {
			if len(lower) == 1 {
				pn.Lines(canvas.Stroke{Color: tint, Width: 2 * loneRadius}, clip.ClipLinesXY([]vg.Point{lower[0], upper[0]})...)
			}
			slices.Reverse(upper)
			pn.Fill(tint, clip.ClipPolygonXY(append(lower, upper...)))
			lower, upper = nil, nil
		}
	}
}

// DrawLineMarks draws a thin vertical line at each mark, with its name at the lower end, to the left of it at the right side of the frame.
func DrawLineMarks(p chart.Panel, pn canvas.Pen, marks []Mark) {
	for _, m := range marks {
		if m.X < p.X.Lo || m.X > p.X.Hi {
			continue
		}
		p.Vertical(pn, m.X, ThinDashes)
		name, x := canvas.Plain(m.Label), p.Px(m.X)+3
		if w := name.Width(chart.TickSize); x+w > p.Frame.Max.X {
			x -= w + 6
		}
		pn.Write(name, canvas.TextStyle{Size: chart.TickSize, Color: canvas.InkColor}, vg.Point{X: x, Y: p.Frame.Min.Y + 3})
	}
}

// DrawGaps hatches the stretches of the x axis in which a loss is not finite, from the last point before to
// the first point after.
func DrawGaps(p chart.Panel, pn canvas.Pen, losses []*lattice.Field) {
	var gaps []vg.Rectangle
	for _, f := range losses {
		for i := 0; i < len(f.X); i++ {
			if f.OK[i] || f.Missing[i] {
				continue
			}
			from := max(i-1, 0)
			for i+1 < len(f.X) && !f.OK[i+1] && !f.Missing[i+1] {
				i++
			}
			r := p.Frame
			r.Min.X, r.Max.X = p.Px(f.X[from]), p.Px(f.X[min(i+1, len(f.X)-1)])
			gaps = append(gaps, r)
		}
	}
	CoverMasked(p, pn, gaps, gaps)
}

// SplitLegend explains the kinds of lines, where there are both.
func SplitLegend(train, test bool) []chart.LegendEntry {
	if !train || !test {
		return nil
	}
	return []chart.LegendEntry{{Name: "training", Color: canvas.InkColor}, {Name: "test", Color: canvas.InkColor, Dash: Dashed}}
}

// PositiveFloor is the lower end of a logarithmic range. An exact 0, or a loss that is one for all
// purposes, must not stretch the scale without end: six decades below the highest loss are enough,
// as long as they reach down to 0.001, near which the minima are.
func PositiveFloor(lo, hi float64) float64 { return max(lo, min(hi*1e-6, 1e-3)) }
