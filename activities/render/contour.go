package render

import (
	"lossatlas/activities/surface"

	"gonum.org/v1/plot/vg"
)

var contourPlot = ofPlane("contour", Contour, sheetLook{levels: lineLevels})

// Contour draws lines of equal loss over a surface with the level written into each (the
// manner of the paper's Figures 3 and 5). Losses that are not finite and points that were not
// evaluated (Grid.Mask) are masked, and no line crosses them. It fails when the grid has
// fewer than 2×2 points or is not consistent, or when an option is out of range.
func Contour(g surface.Grid, opt Options) (Figure, error) {
	f, opt, err := lossPlane(g, opt)
	if err != nil {
		return Figure{}, err
	}
	lo, hi := opt.span(f)
	l := chooseLevels(lo, hi, opt, lineLevels)
	s := layoutSurface(f, f.notes(l), opt, 0)
	return s.around(s.contours(f, l, opt, true)), nil
}

// contours lays out the lines of equal loss with their labels, and returns what draws them. Labels on a ground cover
// what passes under the text of other lines.
func (s surfaceFigure) contours(f *field, l levels, opt Options, ground bool) func(pen) {
	on, values := l.on(f)
	lines := s.levelLines(on, values)
	texts := make([]text, len(l.v))
	for i, v := range l.v {
		texts[i] = plain(number(v))
	}
	var labels []lineLabel
	if !opt.NoLabels {
		labels = placeLabels(lines, texts, levelSize, s.frame)
	}
	pieces := byLevel(lines, len(l.v))
	return func(pn pen) {
		s.drawMasked(pn, f)
		for i := range l.v {
			pn.lines(stroke{color: lineColor(opt.Colormap, i, len(l.v)), width: 1}, pieces[i]...)
		}
		for _, b := range labels {
			if ground {
				pn.fill(rgb(0xFFFFFF), b.box.grown(0.8).corners())
			}
		}
		for _, b := range labels {
			pn.write(b.text, textStyle{size: levelSize, color: darker(lineColor(opt.Colormap, b.level, len(l.v))), h: 0.5, v: 0.5, angle: b.box.angle}, b.box.center)
		}
	}
}

// Numbers of levels to aim at where the data choose.
const (
	lineLevels = 14
	bandLevels = 12
)

// surfaceFigure is the layout of a figure over the plane of two directions.
type surfaceFigure struct {
	panel
	page
	xTicks, yTicks []tick
	height         vg.Length
}

// layoutSurface places the frame, with the aspect of the plane, leaves right points beside it and puts a note below.
func layoutSurface(f *field, note string, opt Options, right vg.Length) surfaceFigure {
	s := surfaceFigure{page: opt.page(note, 3)}
	s.x = scale{lo: f.x[0], hi: f.x[len(f.x)-1]}
	s.y = scale{lo: f.y[0], hi: f.y[len(f.y)-1]}
	n := 6
	if s.width < narrow {
		n = 5
	}
	s.xTicks, s.yTicks = s.x.ticks(n), s.y.ticks(n)
	left := opt.side() + sideWidth(opt.room(s.yTicks))
	// The last label of the x axis reaches beyond the frame.
	right = max(right, opt.room(s.xTicks[len(s.xTicks)-1:])/2) + opt.side()
	w := s.width - left - right
	aspect := min(max((s.y.hi-s.y.lo)/(s.x.hi-s.x.lo), 0.4), 2.5)
	h := w * vg.Length(aspect)
	bottom := s.bottom()
	top := opt.side() + s.title.height() + 2
	s.height = bottom + h + top
	s.frame = vg.Rectangle{Min: vg.Point{X: left, Y: bottom}, Max: vg.Point{X: left + w, Y: bottom + h}}
	return s
}

// narrow is the width below which a figure has fewer ticks.
const narrow = 3 * vg.Inch

// levelLines returns the lines of all levels on the canvas.
func (s surfaceFigure) levelLines(f *field, values []float64) []levelLine {
	var lines []levelLine
	for i, v := range values {
		for _, iso := range isolines(f, v) {
			lines = append(lines, levelLine{track: newTrack(s.place(iso.pts), iso.closed), level: i})
		}
	}
	return lines
}

func (s surfaceFigure) place(pts []point) []vg.Point {
	out := make([]vg.Point, len(pts))
	for i, p := range pts {
		out[i] = s.at(p.x, p.y)
	}
	return out
}

// byLevel returns, for each of n levels, what is left of its lines beside their labels.
func byLevel(lines []levelLine, n int) [][][]vg.Point {
	out := make([][][]vg.Point, n)
	for _, l := range lines {
		out[l.level] = append(out[l.level], l.without(l.gaps)...)
	}
	return out
}

// around draws inside first, and marks, axes and texts over it.
func (s surfaceFigure) around(inside func(pen)) Figure {
	xName, yName := s.opt.names()
	f := s.figure(s.frame, s.height, middle(s.frame), func(pn pen) {
		inside(pn)
		for _, m := range s.opt.Marks {
			if m.X >= s.x.lo && m.X <= s.x.hi && m.Y >= s.y.lo && m.Y <= s.y.hi {
				s.mark(pn, s.at(m.X, m.Y), m.Label)
			}
		}
		s.drawAxes(pn, xName, yName)
	})
	f.spare = s.opt.spare()
	return f
}

// drawAxes draws the frame with both axes.
func (s surfaceFigure) drawAxes(pn pen, xName, yName string) {
	s.drawFrame(pn)
	s.bottomAxis(pn, s.xTicks, xName)
	s.sideAxis(pn, s.y, s.yTicks, widest(s.yTicks), yName, false, inkColor)
}

// mark draws a named dot, its name to the upper right on a ground that lines do not run through.
func (p panel) mark(pn pen, at vg.Point, label string) {
	t, name := plain(label), vg.Point{X: at.X + 4, Y: at.Y + 3}
	w := t.width(tickSize)
	pn.fill(rgb(0xFFFFFF), corners(vg.Rectangle{Min: vg.Point{X: name.X - 1, Y: name.Y - 1}, Max: vg.Point{X: name.X + w + 1, Y: name.Y + tickSize*capHeight + 1}}))
	pn.write(t, textStyle{size: tickSize, color: inkColor}, name)
	changeMark(pn, at)
}
