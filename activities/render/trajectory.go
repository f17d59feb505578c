package render

import (
	"cmp"
	"fmt"
	"image/color"
	"strings"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/trajectory"
)

// Sizes of a path's marks, in points.
const (
	dotRadius   vg.Length = 1.9 // of an epoch
	smallRadius vg.Length = 1.2 // of one of many epochs
	manyPoints            = 60  // from here on dots are small
)

// How wide the two planes are drawn, and the gap between them.
const (
	planeAspect           = 0.86
	planeGap    vg.Length = 16
)

var trajectoryPlot = Plot{
	Name: "trajectory", has: func(d Data) bool { return d.Path != nil && d.Grid != nil },
	draw: func(d Data, opt picture.Options) (picture.Figure, error) {
		return Trajectory(*d.Path, *d.Grid, d.Losses, opt)
	},
	panel: func(d Data, opt picture.Options) (picture.Figure, error) { return plane(*d.Path, *d.Grid, opt) },
	sheet: sheetLook{apart: true, ownAxes: true, levels: lineLevels, note: "ring: the first weights kept, square: the last, red: where the learning rate was changed"},
}

// Trajectory draws the path of a training, or those of several, twice: at the left in the plane of two random directions,
// which hardly sees it (the manner of the paper's Figure 8), at the right over the contours of the loss in the plane of its
// first two principal components (Figure 9). A blue dot is an epoch, a ring the start, a square the end; epochs
// after which the learning rate was changed are red. The axes at the right say how much of the path's
// variance each component explains; losses that are not finite are masked. Below both, the loss at the points themselves is
// drawn over the epochs, next to the surface's at their projections; losses may be nil. Several paths have a colour each, and are named by letters. Its default width is 8 inches.
// It fails when the path is not consistent with itself and the losses, or the grid has fewer than 2×2 points.
func Trajectory(path trajectory.Path, g surface.Grid, losses *trajectory.Losses, opt picture.Options) (picture.Figure, error) {
	opt.Width = cmp.Or(opt.Width, 8)
	f, opt, err := picture.LossPlane(g, opt)
	if err != nil {
		return picture.Figure{}, err
	}
	if err := path.Check(); err != nil {
		return picture.Figure{}, err
	}
	if losses != nil && len(losses.Loss) != len(path.Epochs) {
		return picture.Figure{}, fmt.Errorf("a path of %d points with %d losses", len(path.Epochs), len(losses.Loss))
	}
	return layoutTrajectory(path, f, lossesAlong(path, g, losses, opt), opt), nil
}

// walk is a path in one plane, with how its axes are called.
type walk struct {
	surfaceFigure
	points         [][2]float64
	heading        string
	xLabel, yLabel string
}

func layoutTrajectory(path trajectory.Path, f *lattice.Field, along *picture.FramePart, opt picture.Options) picture.Figure {
	l := chooseLevels(f.Lo, f.Hi, opt, lineLevels)
	left := walk{
		points: path.Random, heading: "two random directions: " + percent(path.RandomRatio) + " of the variance",
		xLabel: "1st random direction", yLabel: "2nd random direction",
	}
	left.X, left.Y = around(path.Random)
	right := walk{
		points: path.PCA, heading: "principal components: " + percent(path.Ratio[0]+path.Ratio[1]) + " of the variance",
		xLabel: "1st PCA component: " + percent(path.Ratio[0]), yLabel: "2nd PCA component: " + percent(path.Ratio[1]),
	}
	right.X = chart.Scale{Lo: f.X[0], Hi: f.X[len(f.X)-1]}
	right.Y = chart.Scale{Lo: f.Y[0], Hi: f.Y[len(f.Y)-1]}

	notes := lossNotes(f, l)
	if along != nil {
		notes = chart.Joined(notes, "below: the loss at the points themselves (solid) and of the surface where they are drawn (dashed)")
	}
	page := opt.Page(notes)
	half := (page.Width - 2*chart.Edge - planeGap) / 2
	planes := []*walk{&left, &right}
	left.Opt, right.Opt = opt, opt
	for i, w := range planes {
		w.yTicks = w.Y.Ticks(6)
		from := chart.Edge + vg.Length(i)*(half+planeGap)
		side := chart.SideWidth(chart.Widest(w.yTicks))
		w.Frame.Min.X = from + side
		for n := 5; n == 5 || n > 1 && vg.Length(len(w.xTicks))*(chart.Widest(w.xTicks)+chart.TickSize/2) > half-side; n-- { // numbers stand apart
			w.xTicks = w.X.Ticks(n)
		}
		w.Frame.Max.X = from + half - w.xTicks[len(w.xTicks)-1].Label.Width(chart.TickSize)/2
	}
	bottom := page.Bottom()
	if along != nil {
		along.Frame = vg.Rectangle{Min: vg.Point{X: left.Frame.Min.X, Y: bottom}, Max: vg.Point{X: right.Frame.Max.X, Y: bottom + alongHeight}}
		bottom += alongHeight + chart.BottomHeight + picture.FrameGap
	}
	h := vg.Length(planeAspect) * min(left.Frame.Size().X, right.Frame.Size().X)
	const headingAt vg.Length = 5
	legendAt := bottom + h + headingAt + chart.TickSize*chart.LineHeight + 2
	for _, w := range planes {
		w.Frame.Min.Y, w.Frame.Max.Y = bottom, bottom+h
	}

	lines := right.contours(f, l, opt, false)
	legend := chart.NewLegend(page.Width-2*chart.Edge, pathLegend(path))
	return page.Figure(right.Frame, legendAt+legend.Height()-4+page.Title.Height()+chart.Edge, page.Width/2, func(pn canvas.Pen) {
		lines(pn)
		for _, w := range planes {
			w.drawPath(pn, path)
			w.drawAxes(pn, w.xLabel, w.yLabel)
			pn.Write(canvas.Plain(w.heading), canvas.TextStyle{Size: chart.TickSize, Color: canvas.InkColor, H: 0.5}, vg.Point{X: chart.Middle(w.Frame), Y: w.Frame.Max.Y + headingAt})
		}
		if along != nil {
			along.Draw(pn)
		}
		legend.Draw(pn, page.Width/2, legendAt-5)
	})
}

// plane draws the path in the plane of its principal components alone, as a panel of a sheet.
func plane(path trajectory.Path, g surface.Grid, opt picture.Options) (picture.Figure, error) {
	f, opt, err := picture.LossPlane(g, opt)
	if err != nil {
		return picture.Figure{}, err
	}
	if err := path.Check(); err != nil {
		return picture.Figure{}, err
	}
	lo, hi := opt.Span(f)
	w := walk{surfaceFigure: layoutSurface(f, "", opt, 0), points: path.PCA}
	// Planes of any aspect share a row.
	shorter := w.Frame.Size().Y - planeAspect*w.Frame.Size().X
	w.Frame.Max.Y -= shorter
	w.height -= shorter
	lines := w.contours(f, chooseLevels(lo, hi, opt, lineLevels), opt, false)
	return w.Figure(w.Frame, w.height, chart.Middle(w.Frame), func(pn canvas.Pen) {
		lines(pn)
		w.drawPath(pn, path)
		w.drawAxes(pn, "1st component: "+percent(path.Ratio[0]), "2nd component: "+percent(path.Ratio[1]))
	}), nil
}

// around is a frame around points, with a little room on each side. A path that does not move along an axis gets one, too.
func around(points [][2]float64) (x, y chart.Scale) {
	var s [2]chart.Scale
	for axis := range s {
		r := chart.NoScale
		for _, p := range points {
			r = r.With(p[axis], p[axis])
		}
		room := 0.12 * (r.Hi - r.Lo)
		if room == 0 {
			room = 1e-3
		}
		s[axis] = chart.Scale{Lo: r.Lo - room, Hi: r.Hi + room}
	}
	return s[0], s[1]
}

// percent writes a share, small ones with more decimals.
func percent(share float64) string {
	switch p := 100 * share; {
	case p >= 1:
		return fmt.Sprintf("%.1f %%", p)
	case p >= 0.01:
		return fmt.Sprintf("%.2f %%", p)
	case p > 0:
		return "less than 0.01 %"
	}
	return "0 %"
}

// drawPath draws the lines through the points that lie in the frame, and their marks.
func (w walk) drawPath(pn canvas.Pen, path trajectory.Path) {
	parts := path.Parts()
	for k, part := range parts {
		w.drawPart(pn, path, part, pathColor(k, len(parts)))
	}
}

// pathColor is the colour of path k of n.
func pathColor(k, n int) color.Color {
	if n == 1 {
		return canvas.LossColor
	}
	return chart.SeriesColor(k, n)
}

// placed are points of the path on the canvas, and which of them lie in the frame.
func (w walk) placed(from, to int) (at []vg.Point, inside []bool) {
	for _, p := range w.points[from:to] {
		at = append(at, w.At(p[0], p[1]))
		inside = append(inside, p[0] >= w.X.Lo && p[0] <= w.X.Hi && p[1] >= w.Y.Lo && p[1] <= w.Y.Hi)
	}
	return at, inside
}

// joined are the lines between neighbours of which both lie in the frame.
func joined(at []vg.Point, inside []bool) (out [][]vg.Point) {
	for i := range max(len(at)-1, 0) {
		if inside[i] && inside[i+1] {
			out = append(out, at[i:i+2])
		}
	}
	return out
}

func (w walk) drawPart(pn canvas.Pen, path trajectory.Path, part trajectory.Part, c color.Color) {
	reached := part.To
	for until := w.Opt.Until; until != nil && reached > part.From && path.Epochs[reached-1] > *until; {
		reached--
	}
	at, inside := w.placed(part.From, reached)
	if len(at) == 0 {
		return
	}
	pn.Lines(canvas.Stroke{Color: c, Width: 0.8}, joined(at, inside)...)
	r := dotRadius
	if len(at) > manyPoints {
		r = smallRadius
	}
	changed := func(i int) bool { return path.Changed(part.From + i) }
	for i, p := range at {
		if inside[i] && i > 0 && !changed(i) {
			pn.Fill(c, picture.Disc(p, r))
		}
	}
	// Over the others, where epochs crowd.
	if inside[0] {
		startMark(pn, at[0], c)
	}
	for i, p := range at {
		if inside[i] && changed(i) {
			changeMark(pn, p)
		}
	}
	if last := len(at) - 1; inside[last] {
		endMark(pn, at[last])
	}
}

func startMark(pn canvas.Pen, p vg.Point, c color.Color) {
	pn.Fill(canvas.RGB(0xFFFFFF), picture.Disc(p, picture.MarkRadius))
	pn.Rings(canvas.Stroke{Color: c, Width: 1.2}, picture.Disc(p, picture.MarkRadius))
}

func endMark(pn canvas.Pen, p vg.Point) {
	r := canvas.Corners(picture.SquareAround(p, picture.MarkRadius*0.6)) // smaller than the mark of a change just before it
	pn.Fill(canvas.InkColor, r)
	pn.Rings(canvas.Stroke{Color: canvas.RGB(0xFFFFFF), Width: 0.6}, r)
}

func changeMark(pn canvas.Pen, p vg.Point) {
	pn.Fill(canvas.AccColor, picture.Disc(p, picture.MarkRadius*0.85))
	pn.Rings(canvas.Stroke{Color: canvas.RGB(0xFFFFFF), Width: 0.6}, picture.Disc(p, picture.MarkRadius*0.85))
}

// pathLegend explains the marks, and the colours of several paths.
func pathLegend(path trajectory.Path) []chart.LegendEntry {
	parts := path.Parts()
	start, end := "initial weights", fmt.Sprintf("epoch %d", path.Epochs[parts[0].To-1])
	if path.Epochs[0] > 0 {
		start = fmt.Sprintf("epoch %d", path.Epochs[0])
	}
	var entries []chart.LegendEntry
	if len(parts) > 1 {
		start, end = "first weights kept", "last weights"
		for k := range parts {
			entries = append(entries, chart.LegendEntry{Name: trajectory.Letter(k), Color: pathColor(k, len(parts))})
		}
	}
	ring := func(pn canvas.Pen, p vg.Point) { startMark(pn, p, pathColor(0, 1)) }
	entries = append(entries, chart.LegendEntry{Name: start, Mark: ring})
	if len(parts) == 1 {
		entries = append(entries, chart.LegendEntry{Name: epochsName(path), Mark: func(pn canvas.Pen, p vg.Point) { pn.Fill(canvas.LossColor, picture.Disc(p, dotRadius)) }})
	}
	var changes []string
	for _, e := range trainlog.RateSteps(parts[0].RateChanges) {
		if path.Epochs[0] <= e && e < path.Epochs[parts[0].To-1] {
			changes = append(changes, fmt.Sprint(e))
		}
	}
	switch n := len(changes); {
	case n > 4 || n > 0 && len(parts) > 1:
		entries = append(entries, chart.LegendEntry{Name: "rate changed", Mark: changeMark})
	case n > 0:
		entries = append(entries, chart.LegendEntry{Name: "rate changed after epoch " + strings.Join(changes, ", "), Mark: changeMark})
	}
	return append(entries, chart.LegendEntry{Name: end, Mark: endMark})
}

// epochsName says what the dots of a path are.
func epochsName(path trajectory.Path) string {
	step := path.Epochs[1] - path.Epochs[0]
	for i := 1; i < len(path.Epochs)-1; i++ {
		if path.Epochs[i+1]-path.Epochs[i] != step {
			return "checkpoint"
		}
	}
	if step == 1 {
		return "epoch"
	}
	return fmt.Sprintf("every %d epochs", step)
}
