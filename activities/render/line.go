package render

import (
	"errors"
	"fmt"
	"image/color"
	"slices"
	"strings"

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
func panelSplits(panels []Panel) []legendEntry {
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
	var losses []*field
	var kinds []legendEntry
	x := noScale
	for _, in := range splitsOf(train, test) {
		loss, err := lineField(*in.grid, in.name)
		if err != nil {
			return Figure{}, err
		}
		acc, err := newField(*in.grid, "accuracy", in.grid.Accuracy, 1)
		if err != nil {
			return Figure{}, fmt.Errorf("%s: %w", in.name, err)
		}
		x = x.with(loss.x[0], loss.x[len(loss.x)-1])
		kinds = append(kinds, legendEntry{in.name, inkColor, in.dash})
		losses = append(losses, loss)
		curves = append(curves, curve{loss, lossColor, in.dash, false}, curve{acc, accColor, in.dash, true})
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
func lineField(g surface.Grid, name string) (*field, error) {
	if len(g.Y) > 1 {
		return nil, fmt.Errorf("%s: the grid has %d rows; a line has one: draw a surface with contours", name, len(g.Y))
	}
	f, err := newField(g, "loss", g.Loss, 1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// curve is one line of a figure.
type curve struct {
	f     *field
	color color.Color
	dash  []vg.Length
	right bool // on the right axis
}

var dashed = []vg.Length{4, 2.4}

// curveWidth is the width of a curve in points, loneWidth the length of one of a single value.
const (
	curveWidth vg.Length = 1.4
	loneWidth  vg.Length = 4
)

func layoutLine(curves []curve, losses []*field, x scale, kinds []legendEntry, opt Options) Figure {
	lossScale, notes := lossAxis(losses, opt)
	percent := scale{lo: 0, hi: 100}
	page := opt.page(notes, 3)
	p := panel{x: x, y: lossScale}
	n, aspect := 6, vg.Length(0.68)
	if page.width < narrow {
		n, aspect = 4, 0.8
	}
	xTicks, left, right := p.x.ticks(n), lossScale.ticks(n), percent.ticks(n-1)
	p.frame.Min = vg.Point{X: opt.side() + sideWidth(widest(left)), Y: page.bottom()}
	p.frame.Max.X = page.width - opt.side() - sideWidth(widest(right))
	p.frame.Max.Y = p.frame.Min.Y + aspect*(p.frame.Max.X-p.frame.Min.X)
	height := p.frame.Max.Y + opt.side()
	xName, lossName, rightName := "α", "loss", "accuracy (%)"
	if opt.panel == nil {
		height += legendHeight + page.title.height()
	} else {
		xName, _ = opt.names()
		if !opt.panel.y {
			lossName = ""
		}
		if !opt.panel.right {
			rightName = ""
		}
	}

	f := page.figure(p.frame, height, middle(p.frame), func(pn pen) {
		p.grid(pn, left)
		p.drawGaps(pn, losses)
		p.lineMarks(pn, opt.Marks)
		for _, c := range curves {
			s := lossScale
			if c.right {
				s = percent
			}
			p.curve(pn, c, s)
		}
		p.drawFrame(pn)
		p.bottomAxis(pn, xTicks, xName)
		p.sideAxis(pn, lossScale, left, widest(left), lossName, false, lossColor)
		p.sideAxis(pn, percent, right, widest(right), rightName, true, accColor)
		if opt.panel == nil {
			newLegend(page.width-2*edge, kinds).draw(pn, middle(p.frame), p.frame.Max.Y-1)
		}
	})
	f.spare = opt.spare()
	return f
}

// lossAxis chooses the scale of the losses and says what it leaves out.
func lossAxis(losses []*field, opt Options) (scale, string) {
	lo, hi := noScale.lo, noScale.hi
	bad, absent, total := 0, 0, 0
	for _, f := range losses {
		bad, absent, total = bad+f.bad, absent+f.absent, total+len(f.z)
		lo, hi = min(lo, f.lo), max(hi, f.hi)
	}
	notes := withoutValue("loss", bad, absent, total, "hatched", "gaps")
	if opt.panel != nil {
		lo, hi = opt.panel.lo, opt.panel.hi
	}
	if lo > hi { // nothing to draw: any scale will do
		return scale{lo: 0, hi: 1}, strings.Join(notes, "; ")
	}
	top := hi
	if opt.Cut > 0 && hi > opt.Cut {
		top = opt.Cut
		notes = append(notes, fmt.Sprintf("loss cut at %s, its highest is %s", number(opt.Cut), number(hi)))
	}
	s := chooseScale(lo, top, opt.Scale)
	if s.log && lo < s.lo {
		notes = append(notes, "loss falls to "+number(lo))
	}
	return s, strings.Join(notes, "; ")
}

// wideRange is the ratio of the largest to the smallest loss from which on an axis is logarithmic.
const wideRange = 300

// chooseScale returns an axis for values from lo to hi with a little room above. It starts at 0 where the
// values are not far from it, so that heights can be compared.
func chooseScale(lo, hi float64, kind string) scale {
	if kind == ScaleLog && hi > 0 || kind == ScaleAuto && lo >= 0 && hi > 20 && hi/positiveFloor(lo, hi) > wideRange {
		floor := positiveFloor(lo, hi)
		if floor >= hi {
			floor = hi / 10
		}
		return scale{lo: floor / 1.15, hi: hi * 1.15, log: true}
	}
	if lo >= 0 && lo < 0.6*hi {
		lo = 0
	}
	room := 0.05 * (hi - lo)
	if room == 0 {
		room = max(0.05*hi, 0.05)
	}
	if lo == 0 {
		return scale{lo: 0, hi: hi + room}
	}
	return scale{lo: lo - room, hi: hi + room}
}

// thinDashes is the look of the vertical lines at marks and at changes of the learning rate.
var thinDashes = stroke{color: hatchColor, width: 0.7, dash: []vg.Length{1.5, 1.5}}

// curve draws a curve on an axis of the frame, interrupted where it has no value and cut at the frame.
func (p panel) curve(pn pen, c curve, s scale) {
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
	for i, v := range c.f.z {
		if !c.f.ok[i] {
			flush()
			continue
		}
		if s.log {
			v = max(v, s.lo/10) // below the frame, where 0 would be
		}
		part = append(part, vg.Point{X: p.px(c.f.x[i]), Y: p.py(v, s)})
	}
	flush()
	clip := draw.Canvas{Rectangle: p.frame}
	pn.lines(stroke{color: c.color, width: curveWidth, dash: c.dash}, clip.ClipLinesXY(parts...)...)
}

// lineMarks draws a thin vertical line at each mark, with its name at the lower end.
func (p panel) lineMarks(pn pen, marks []Mark) {
	for _, m := range marks {
		if m.X < p.x.lo || m.X > p.x.hi {
			continue
		}
		p.vertical(pn, m.X, thinDashes)
		pn.write(plain(m.Label), textStyle{size: tickSize, color: inkColor}, vg.Point{X: p.px(m.X) + 3, Y: p.frame.Min.Y + 3})
	}
}

// drawGaps hatches the stretches of the x axis in which a loss is not finite, from the last point before to
// the first point after.
func (p panel) drawGaps(pn pen, losses []*field) {
	var gaps []vg.Rectangle
	for _, f := range losses {
		for i := 0; i < len(f.x); i++ {
			if f.ok[i] || f.missing[i] {
				continue
			}
			from := max(i-1, 0)
			for i+1 < len(f.x) && !f.ok[i+1] && !f.missing[i+1] {
				i++
			}
			r := p.frame
			r.Min.X, r.Max.X = p.px(f.x[from]), p.px(f.x[min(i+1, len(f.x)-1)])
			gaps = append(gaps, r)
		}
	}
	p.cover(pn, gaps, gaps)
}

// legendHeight is the space of a legend above a frame.
const legendHeight vg.Length = 17
