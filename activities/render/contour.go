package render

import (
	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

var contourPlot = ofPlane("contour", Contour, sheetLook{levels: lineLevels})

// Contour draws lines of equal loss over a surface with the level written into each (the
// manner of the paper's Figures 3 and 5). Losses that are not finite and points that were not
// evaluated (Grid.Mask) are masked, and no line crosses them. It fails when the grid has
// fewer than 2×2 points or is not consistent, or when an option is out of range.
func Contour(g surface.Grid, opt picture.Options) (picture.Figure, error) {
	f, opt, err := picture.LossPlane(g, opt)
	if err != nil {
		return picture.Figure{}, err
	}
	lo, hi := opt.Span(f)
	l := chooseLevels(lo, hi, opt, lineLevels)
	if opt.Panel != nil && !f.Empty() && !l.crosses(f) {
		l = ownLevels(f)
	}
	note := lossNotes(f, l)
	if l.endsBelow(f) {
		note += "; shaded above " + chart.Number(l.v[len(l.v)-1])
	}
	s := layoutSurface(f, note, opt, 0)
	lines, outlines := s.contours(f, l, opt, true), s.basins(g, f, l)
	return s.around(func(pn canvas.Pen) {
		lines(pn)
		outlines(pn)
	}), nil
}

// contours lays out the lines of equal loss with their labels, and returns what draws them. On a ground of their own, labels cover
// what passes under the text of other lines, and values far above the last level are shaded.
func (s surfaceFigure) contours(f *lattice.Field, l levels, opt picture.Options, ground bool) func(canvas.Pen) {
	on, values := l.on(f)
	lines := s.levelLines(on, values)
	texts := make([]canvas.Text, len(l.v))
	for i, name := range chart.Numbers(l.v) {
		texts[i] = canvas.Plain(name)
	}
	var labels []lattice.LineLabel
	if !opt.NoLabels {
		labels = lattice.PlaceLabels(lines, texts, chart.LevelSize, s.Frame)
	}
	pieces := byLevel(lines, len(l.v))
	var beyond [][]vg.Point
	if ground && l.endsBelow(f) {
		beyond = s.placeAll(lattice.Region(on, values[len(values)-1]))
	}
	return func(pn canvas.Pen) {
		pn.Fill(canvas.RGB(0xEEEEEE), beyond...)
		drawMasked(s.Panel, pn, f)
		for i := range l.v {
			pn.Lines(canvas.Stroke{Color: canvas.LineColor(opt.Colormap, i, len(l.v)), Width: 1}, pieces[i]...)
		}
		if opt.Points {
			drawPoints(s.Panel, pn, f)
		}
		for _, b := range labels {
			if ground {
				pn.Fill(canvas.RGB(0xFFFFFF), b.Box.Grown(0.8).Corners())
			}
		}
		for _, b := range labels {
			pn.Write(b.Text, canvas.TextStyle{Size: chart.LevelSize, Color: canvas.Darker(canvas.LineColor(opt.Colormap, b.Level, len(l.v))), H: 0.5, V: 0.5, Angle: b.Box.Angle}, b.Box.Center)
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
	chart.Panel
	picture.Page
	xTicks, yTicks []chart.Tick
	height         vg.Length
}

// layoutSurface places the frame, with the aspect of the plane, leaves right points next to it and puts a note below.
func layoutSurface(f *lattice.Field, note string, opt picture.Options, right vg.Length) surfaceFigure {
	x, y := chart.Scale{Lo: f.X[0], Hi: f.X[len(f.X)-1]}, chart.Scale{Lo: f.Y[0], Hi: f.Y[len(f.Y)-1]}
	return layoutPlane(x, y, note, opt, right)
}

// layoutPlane is layoutSurface for a frame with the given axes.
func layoutPlane(x, y chart.Scale, note string, opt picture.Options, right vg.Length) surfaceFigure {
	s := surfaceFigure{Page: opt.Page(note)}
	s.X, s.Y = x, y
	n := 6
	if s.Width < narrow {
		n = 5
	}
	s.xTicks, s.yTicks = s.X.Ticks(n), s.Y.Ticks(n)
	left := opt.Side() + chart.SideWidth(opt.Room(s.yTicks))
	// The last label of the x axis reaches beyond the frame.
	right = max(right, opt.Room(s.xTicks[len(s.xTicks)-1:])/2) + opt.Side()
	w := s.Width - left - right
	aspect := min(max((s.Y.Hi-s.Y.Lo)/(s.X.Hi-s.X.Lo), 0.4), 2.5)
	h := w * vg.Length(aspect)
	bottom := s.Bottom()
	top := opt.Side() + s.Title.Height() + 2
	s.height = bottom + h + top
	s.Frame = vg.Rectangle{Min: vg.Point{X: left, Y: bottom}, Max: vg.Point{X: left + w, Y: bottom + h}}
	return s
}

// narrow is the width below which a figure has fewer ticks.
const narrow = 3 * vg.Inch

// levelLines returns the lines of all levels on the canvas.
func (s surfaceFigure) levelLines(f *lattice.Field, values []float64) []lattice.LevelLine {
	var lines []lattice.LevelLine
	for i, v := range values {
		for _, iso := range surface.Isolines(&f.Field, v) {
			lines = append(lines, lattice.LevelLine{Track: lattice.NewTrack(s.place(iso.Places), iso.Closed), Level: i})
		}
	}
	return lines
}

func (s surfaceFigure) place(pts []surface.Place) []vg.Point {
	out := make([]vg.Point, len(pts))
	for i, p := range pts {
		out[i] = s.At(p.X, p.Y)
	}
	return out
}

// byLevel returns, for each of n levels, the parts of its lines outside their labels.
func byLevel(lines []lattice.LevelLine, n int) [][][]vg.Point {
	out := make([][][]vg.Point, n)
	for _, l := range lines {
		out[l.Level] = append(out[l.Level], l.Without(l.Gaps)...)
	}
	return out
}

// around draws inside first, and marks, axes and texts over it.
func (s surfaceFigure) around(inside func(canvas.Pen)) picture.Figure {
	xName, yName := s.Opt.Names()
	f := s.Figure(s.Frame, s.height, chart.Middle(s.Frame), func(pn canvas.Pen) {
		inside(pn)
		s.drawCurve(pn)
		for _, m := range s.Opt.Marks {
			if m.X >= s.X.Lo && m.X <= s.X.Hi && m.Y >= s.Y.Lo && m.Y <= s.Y.Hi {
				drawMark(s.Panel, pn, s.At(m.X, m.Y), m.Label)
			}
		}
		s.drawAxes(pn, xName, yName)
	})
	f.Spare = s.Opt.Spare()
	return f
}

// curveSteps is in how many pieces a curve through a plane is drawn; an even number has the bend of a polygon as a point.
const curveSteps = 128

// drawCurve draws the curve of the options, as far as it lies in the frame.
func (s surfaceFigure) drawCurve(pn canvas.Pen) {
	if s.Opt.Curve == "" {
		return
	}
	w := walk{surfaceFigure: s}
	for i := range curveSteps + 1 {
		_, y, x := s.Opt.Curve.At(float64(i) / curveSteps)
		w.points = append(w.points, [2]float64{x, y})
	}
	pn.Lines(canvas.Stroke{Color: canvas.AccColor, Width: 1.2}, joined(w.placed(0, len(w.points)))...)
}

// drawAxes draws the frame with both axes.
func (s surfaceFigure) drawAxes(pn canvas.Pen, xName, yName string) {
	s.DrawFrame(pn)
	s.BottomAxis(pn, s.xTicks, xName)
	s.SideAxis(pn, s.Y, s.yTicks, chart.Widest(s.yTicks), yName, false, canvas.InkColor)
}

// drawMark draws a named dot, its name to the upper right on a ground that lines do not run through.
func drawMark(_ chart.Panel, pn canvas.Pen, at vg.Point, label string) {
	t, name := canvas.Plain(label), vg.Point{X: at.X + 4, Y: at.Y + 3}
	w := t.Width(chart.TickSize)
	pn.Fill(canvas.RGB(0xFFFFFF), canvas.Corners(vg.Rectangle{Min: vg.Point{X: name.X - 1, Y: name.Y - 1}, Max: vg.Point{X: name.X + w + 1, Y: name.Y + chart.TickSize*canvas.CapHeight + 1}}))
	pn.Write(t, canvas.TextStyle{Size: chart.TickSize, Color: canvas.InkColor}, name)
	changeMark(pn, at)
}
