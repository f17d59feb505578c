package render

import (
	"errors"
	"fmt"
	"image/color"
	"slices"
	"strings"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/surface"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var linePlot = Plot{
	Name: "line", has: func(d Data) bool { return d.Train != nil || d.Test != nil },
	draw: drawLine, panel: drawLine, sheet: sheetLook{rightAxis: true, legend: panelSplits},
}

func drawLine(d Data, opt Options) (Figure, error) { return Line(d.Train, d.Test, opt) }

// panelSplits explains the lines of panels, where they show both training and test set.
func panelSplits(panels []Panel) []chart.LegendEntry {
	train, test := false, false
	for _, p := range panels {
		train, test = train || p.Train != nil, test || p.Test != nil
	}
	return splitLegend(train, test)
}

// Line draws loss (blue, left axis) and accuracy in percent (red, right axis) along one
// direction, on the training set (solid) and the test set (dashed), as in the paper's Figure 2.
// Either grid may be nil. A wide range of losses is drawn on a logarithmic axis, or cut at
// Options.Cut with a note; where a loss is not finite the curves stop and the ground is hatched.
func Line(train, test *surface.Grid, opt Options) (Figure, error) {
	opt, err := opt.filled()
	if err != nil {
		return Figure{}, err
	}
	var curves []curve
	var losses []*lattice.Field
	var kinds []chart.LegendEntry
	x := chart.NoScale
	for _, in := range splitsOf(train, test) {
		loss, err := lineField(*in.grid, in.name)
		if err != nil {
			return Figure{}, err
		}
		acc, err := lattice.NewField(*in.grid, "accuracy", in.grid.Accuracy, 1)
		if err != nil {
			return Figure{}, fmt.Errorf("%s: %w", in.name, err)
		}
		x = x.With(loss.X[0], loss.X[len(loss.X)-1])
		kinds = append(kinds, chart.LegendEntry{Name: in.name, Color: canvas.InkColor, Dash: in.dash})
		losses = append(losses, loss)
		curves = append(curves, curve{loss, canvas.LossColor, in.dash, false}, curve{acc, canvas.AccColor, in.dash, true})
	}
	if len(losses) == 0 {
		return Figure{}, errors.New("a line plot needs a training grid, a test grid or both; neither was given")
	}
	return layoutLine(curves, losses, x, kinds, opt), nil
}

// lineSplit is a grid along a line, of the training or the test set.
type lineSplit struct {
	name string
	grid *surface.Grid
	dash []vg.Length
}

// splitsOf are those of the two grids that are not nil.
func splitsOf(train, test *surface.Grid) []lineSplit {
	both := []lineSplit{{"training", train, nil}, {"test", test, dashed}}
	return slices.DeleteFunc(both, func(s lineSplit) bool { return s.grid == nil })
}

// lineField is the loss of a grid that is a line.
func lineField(g surface.Grid, name string) (*lattice.Field, error) {
	if len(g.Y) > 1 {
		return nil, fmt.Errorf("%s: the grid has %d rows; a line has one: draw a surface with contours", name, len(g.Y))
	}
	f, err := lattice.NewField(g, "loss", g.Loss, 1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// curve is one line of a figure.
type curve struct {
	f     *lattice.Field
	color color.Color
	dash  []vg.Length
	right bool // on the right axis
}

var dashed = []vg.Length{4, 2.4}

// loneWidth is the length of a curve of a single value.
const loneWidth vg.Length = 4

func layoutLine(curves []curve, losses []*lattice.Field, x chart.Scale, kinds []chart.LegendEntry, opt Options) Figure {
	lossScale, notes := lossAxis(losses, opt)
	percent := chart.Scale{Lo: 0, Hi: 100}
	page := opt.page(notes, 3)
	p := chart.Panel{X: x, Y: lossScale}
	n, aspect := 6, vg.Length(0.68)
	if page.width < narrow {
		n, aspect = 4, 0.8
	}
	xTicks, left, right := p.X.Ticks(n), lossScale.Ticks(n), percent.Ticks(n-1)
	p.Frame.Min = vg.Point{X: opt.side() + chart.SideWidth(chart.Widest(left)), Y: page.bottom()}
	p.Frame.Max.X = page.width - opt.side() - chart.SideWidth(chart.Widest(right))
	p.Frame.Max.Y = p.Frame.Min.Y + aspect*(p.Frame.Max.X-p.Frame.Min.X)
	height := p.Frame.Max.Y + opt.side()
	xName, lossName, rightName := "α", "loss", "accuracy (%)"
	if opt.panel == nil {
		height += legendHeight + page.title.Height()
	} else {
		xName, _ = opt.names()
		if !opt.panel.y {
			lossName = ""
		}
		if !opt.panel.right {
			rightName = ""
		}
	}

	f := page.figure(p.Frame, height, chart.Middle(p.Frame), func(pn canvas.Pen) {
		p.Grid(pn, left)
		drawGaps(p, pn, losses)
		drawLineMarks(p, pn, opt.Marks)
		for _, c := range curves {
			s := lossScale
			if c.right {
				s = percent
			}
			drawCurve(p, pn, c, s)
		}
		p.DrawFrame(pn)
		p.BottomAxis(pn, xTicks, xName)
		p.SideAxis(pn, lossScale, left, chart.Widest(left), lossName, false, canvas.LossColor)
		p.SideAxis(pn, percent, right, chart.Widest(right), rightName, true, canvas.AccColor)
		if opt.panel == nil {
			chart.NewLegend(page.width-2*chart.Edge, kinds).Draw(pn, chart.Middle(p.Frame), p.Frame.Max.Y-1)
		}
	})
	f.spare = opt.spare()
	return f
}

// lossAxis chooses the scale of the losses and says what it leaves out.
func lossAxis(losses []*lattice.Field, opt Options) (chart.Scale, string) {
	lo, hi := chart.NoScale.Lo, chart.NoScale.Hi
	bad, absent, total := 0, 0, 0
	for _, f := range losses {
		bad, absent, total = bad+f.Bad, absent+f.Absent, total+len(f.Z)
		lo, hi = min(lo, f.Lo), max(hi, f.Hi)
	}
	notes := withoutValue("loss", bad, absent, total, "hatched", "gaps")
	if opt.panel != nil {
		lo, hi = opt.panel.lo, opt.panel.hi
	}
	if lo > hi { // nothing to draw: any scale will do
		return chart.Scale{Lo: 0, Hi: 1}, strings.Join(notes, "; ")
	}
	top := hi
	if opt.Cut > 0 && hi > opt.Cut {
		top = opt.Cut
		notes = append(notes, fmt.Sprintf("loss cut at %s, its highest is %s", chart.Number(opt.Cut), chart.Number(hi)))
	}
	s := chooseScale(lo, top, opt.Scale)
	if s.Log && lo < s.Lo {
		notes = append(notes, "loss falls to "+chart.Number(lo))
	}
	return s, strings.Join(notes, "; ")
}

// wideRange is the ratio of the largest to the smallest loss from which on an axis is logarithmic.
const wideRange = 300

// chooseScale returns an axis for values from lo to hi with a little room above. It starts at 0 where the
// values are not far from it, so that heights can be compared.
func chooseScale(lo, hi float64, kind string) chart.Scale {
	if kind == ScaleLog && hi > 0 || kind == ScaleAuto && lo >= 0 && hi > 20 && hi/positiveFloor(lo, hi) > wideRange {
		floor := positiveFloor(lo, hi)
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

// thinDashes is the look of the vertical lines at marks and at changes of the learning rate.
var thinDashes = canvas.Stroke{Color: canvas.HatchColor, Width: 0.7, Dash: []vg.Length{1.5, 1.5}}

// drawCurve draws a curve on an axis of the frame, interrupted where it has no value and cut at the frame.
func drawCurve(p chart.Panel, pn canvas.Pen, c curve, s chart.Scale) {
	var parts [][]vg.Point
	var part []vg.Point
	flush := func() {
		if len(part) == 1 { // a value without neighbours still shows
			dot := part[0]
			part = []vg.Point{{X: dot.X - loneWidth/2, Y: dot.Y}, {X: dot.X + loneWidth/2, Y: dot.Y}}
		}
		if len(part) > 0 {
			parts = append(parts, part)
		}
		part = nil
	}
	for i, v := range c.f.Z {
		if !c.f.OK[i] {
			flush()
			continue
		}
		if s.Log {
			v = max(v, s.Lo/10) // below the frame, where 0 would be
		}
		part = append(part, vg.Point{X: p.Px(c.f.X[i]), Y: p.Py(v, s)})
	}
	flush()
	clip := draw.Canvas{Rectangle: p.Frame}
	pn.Lines(canvas.Stroke{Color: c.color, Width: chart.CurveWidth, Dash: c.dash}, clip.ClipLinesXY(parts...)...)
}

// drawLineMarks draws a thin vertical line at each mark, with its name at the lower end.
func drawLineMarks(p chart.Panel, pn canvas.Pen, marks []Mark) {
	for _, m := range marks {
		if m.X < p.X.Lo || m.X > p.X.Hi {
			continue
		}
		p.Vertical(pn, m.X, thinDashes)
		pn.Write(canvas.Plain(m.Label), canvas.TextStyle{Size: chart.TickSize, Color: canvas.InkColor}, vg.Point{X: p.Px(m.X) + 3, Y: p.Frame.Min.Y + 3})
	}
}

// drawGaps hatches the stretches of the x axis in which a loss is not finite, from the last point before to
// the first point after.
func drawGaps(p chart.Panel, pn canvas.Pen, losses []*lattice.Field) {
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
	coverMasked(p, pn, gaps, gaps)
}

// legendHeight is the space of a legend above a frame.
const legendHeight vg.Length = 17
