package render

import (
	"errors"
	"fmt"
	"image/color"
	"strings"

	"lossatlas/activities/surface"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

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
	x := [2]float64{}
	for _, in := range []struct {
		name string
		g    *surface.Grid
		dash []vg.Length
	}{{"training", train, nil}, {"test", test, dashed}} {
		if in.g == nil {
			continue
		}
		if len(in.g.Y) > 1 {
			return Figure{}, fmt.Errorf("%s grid has %d rows; a line has one: draw a surface with contours", in.name, len(in.g.Y))
		}
		loss, err := newField(*in.g, "loss", in.g.Loss, 1)
		if err != nil {
			return Figure{}, fmt.Errorf("%s: %w", in.name, err)
		}
		acc, err := newField(*in.g, "accuracy", in.g.Accuracy, 1)
		if err != nil {
			return Figure{}, fmt.Errorf("%s: %w", in.name, err)
		}
		lo, hi := loss.x[0], loss.x[len(loss.x)-1]
		if len(losses) == 0 {
			x = [2]float64{lo, hi}
		}
		x = [2]float64{min(x[0], lo), max(x[1], hi)}
		losses = append(losses, loss)
		curves = append(curves, curve{loss, lossColor, in.dash, in.name, false}, curve{acc, accColor, in.dash, in.name, true})
	}
	if len(losses) == 0 {
		return Figure{}, errors.New("a line plot needs a training grid, a test grid or both; neither was given")
	}
	return layoutLine(curves, losses, x, opt), nil
}

// curve is one line of a figure.
type curve struct {
	f     *field
	color color.Color
	dash  []vg.Length
	name  string // of the set of images
	right bool   // on the right axis
}

var dashed = []vg.Length{4, 2.4}

// curveWidth is the width of a curve in points, loneWidth the length of one of a single value.
const (
	curveWidth vg.Length = 1.4
	loneWidth  vg.Length = 4
)

func layoutLine(curves []curve, losses []*field, x [2]float64, opt Options) Figure {
	lossScale, notes := lossAxis(losses, opt)
	percent := scale{lo: 0, hi: 100}
	width := vg.Length(opt.Width) * vg.Inch
	p := panel{x: scale{lo: x[0], hi: x[1]}, y: lossScale}
	n, aspect := 6, vg.Length(0.68)
	if width < narrow {
		n, aspect = 4, 0.8
	}
	xTicks, left, right := p.x.ticks(n), lossScale.ticks(n), percent.ticks(n-1)
	title := newHeading(opt.Title, true, titleSize, width-2*edge, inkColor, 3)
	note := newHeading(opt.note(notes), false, noteSize, width-2*edge, noteColor, 3)
	bottom := opt.side() + note.height() + bottomHeight
	p.frame.Min = vg.Point{X: opt.side() + sideWidth(widest(left)), Y: bottom}
	p.frame.Max.X = width - opt.side() - sideWidth(widest(right))
	p.frame.Max.Y = bottom + aspect*(p.frame.Max.X-p.frame.Min.X)
	height := p.frame.Max.Y + opt.side()
	xName, lossName, rightName := opt.XLabel, "loss", "accuracy (%)"
	unused := opt.spare()
	if opt.panel == nil {
		height += legendHeight + title.height()
	} else {
		xName, _ = opt.names()
		if !opt.panel.y {
			lossName = ""
		}
		if !opt.panel.right {
			rightName, unused.right = "", sideName
		}
	}

	return Figure{
		spare: unused,
		width: width, height: height, frame: p.frame, dpi: opt.DPI, title: opt.Title, meta: opt.Meta,
		draw: func(pn pen) {
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
				p.legend(pn, p.frame.Max.Y+4, curves)
			}
			center := (p.frame.Min.X + p.frame.Max.X) / 2
			title.write(pn, center, height-edge, edge, width-edge)
			note.write(pn, center, edge+note.height()-2-noteSize*(lineHeight-1), edge, width-edge)
		},
	}
}

// lossAxis chooses the scale of the losses and says what it leaves out.
func lossAxis(losses []*field, opt Options) (scale, string) {
	lo, hi := 1.0, 0.0
	bad, absent, total := 0, 0, 0
	for _, f := range losses {
		bad, absent, total = bad+f.bad, absent+f.absent, total+len(f.z)
		if f.empty() {
			continue
		}
		if lo > hi {
			lo, hi = f.lo, f.hi
		}
		lo, hi = min(lo, f.lo), max(hi, f.hi)
	}
	var notes []string
	if bad > 0 {
		notes = append(notes, fmt.Sprintf("hatched: loss not finite (%d of %d points)", bad, total))
	}
	if absent > 0 {
		notes = append(notes, fmt.Sprintf("gaps: not evaluated (%d of %d points)", absent, total))
	}
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

// grid draws faint lines across the frame at the labelled ticks of its y axis.
func (p panel) grid(pn pen, ticks []tick) {
	var lines [][]vg.Point
	for _, t := range ticks {
		if y := p.py(t.v, p.y); !t.minor {
			lines = append(lines, []vg.Point{{X: p.frame.Min.X, Y: y}, {X: p.frame.Max.X, Y: y}})
		}
	}
	pn.lines(stroke{color: faintColor, width: 0.5}, lines...)
}

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
		x := p.px(m.X)
		pn.lines(stroke{color: hatchColor, width: 0.7, dash: []vg.Length{1.5, 1.5}}, []vg.Point{{X: x, Y: p.frame.Min.Y}, {X: x, Y: p.frame.Max.Y}})
		pn.write(plain(m.Label), textStyle{size: tickSize, color: inkColor}, vg.Point{X: x + 3, Y: p.frame.Min.Y + 3})
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

// legend names the line styles, centred above the frame. The colours are explained by the axes.
func (p panel) legend(pn pen, y vg.Length, curves []curve) {
	const sample, gap, apart vg.Length = 22, 5, 18
	type entry struct {
		name text
		dash []vg.Length
	}
	var entries []entry
	var names []string
	width := -apart
	for _, c := range curves {
		if !strings.Contains(strings.Join(names, "\n"), c.name) {
			names = append(names, c.name)
			e := entry{plain(c.name), c.dash}
			entries = append(entries, e)
			width += sample + gap + e.name.width(tickSize) + apart
		}
	}
	x := (p.frame.Min.X+p.frame.Max.X)/2 - width/2
	for _, e := range entries {
		mid := y + tickSize*capHeight/2
		pn.lines(stroke{color: inkColor, width: curveWidth, dash: e.dash}, []vg.Point{{X: x, Y: mid}, {X: x + sample, Y: mid}})
		x += sample + gap
		pn.write(e.name, textStyle{size: tickSize, color: inkColor}, vg.Point{X: x, Y: y})
		x += e.name.width(tickSize) + apart
	}
}
