package render

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"

	"gonum.org/v1/plot/vg"
)

// Sizes of a path's marks, in points.
const (
	dotRadius   vg.Length = 1.9 // of an epoch
	smallRadius vg.Length = 1.2 // of one of many epochs
	markRadius  vg.Length = 3.2 // of the ends, and where the learning rate was changed
	manyPoints            = 60  // from here on dots are small
)

// How wide the two planes are drawn, and the gap between them.
const (
	planeAspect           = 0.86
	planeGap    vg.Length = 16
)

var trajectoryPlot = Plot{
	Name: "trajectory", has: func(d Data) bool { return d.Path != nil && d.Grid != nil },
	draw:  func(d Data, opt Options) (Figure, error) { return Trajectory(*d.Path, *d.Grid, opt) },
	panel: func(d Data, opt Options) (Figure, error) { return plane(*d.Path, *d.Grid, opt) },
	sheet: sheetLook{apart: true, ownAxes: true, levels: lineLevels, note: "ring: the first weights kept, square: the last, red: where the learning rate was changed"},
}

// Trajectory draws the path of a training twice: at the left in the plane of two random directions,
// which hardly sees it (the manner of the paper's Figure 8), at the right over the contours of the loss in the plane of its
// first two principal components (Figure 9). A blue dot is an epoch, a ring the start, a square the end; epochs
// after which the learning rate was changed are red. The axes at the right say how much of the path's
// variance each component explains; losses that are not finite are masked. Its default width is 8 inches.
// It fails when the path is not consistent or the grid has fewer than 2×2 points.
func Trajectory(path trajectory.Path, g surface.Grid, opt Options) (Figure, error) {
	opt.Width = cmp.Or(opt.Width, 8)
	f, opt, err := lossPlane(g, opt)
	if err != nil {
		return Figure{}, err
	}
	if err := path.Check(); err != nil {
		return Figure{}, err
	}
	return layoutTrajectory(path, f, opt), nil
}

// walk is a path in one plane, with how its axes are called.
type walk struct {
	surfaceFigure
	points         [][2]float64
	heading        string
	xLabel, yLabel string
}

func layoutTrajectory(path trajectory.Path, f *field, opt Options) Figure {
	l := chooseLevels(f.lo, f.hi, opt, lineLevels)
	left := walk{
		points: path.Random, heading: "two random directions: " + percent(path.RandomRatio) + " of the variance",
		xLabel: "1st random direction", yLabel: "2nd random direction",
	}
	left.x, left.y = around(path.Random)
	right := walk{
		points: path.PCA, heading: "principal components: " + percent(path.Ratio[0]+path.Ratio[1]) + " of the variance",
		xLabel: "1st PCA component: " + percent(path.Ratio[0]), yLabel: "2nd PCA component: " + percent(path.Ratio[1]),
	}
	right.x = scale{lo: f.x[0], hi: f.x[len(f.x)-1]}
	right.y = scale{lo: f.y[0], hi: f.y[len(f.y)-1]}

	page := opt.page(f.notes(l), 3)
	half := (page.width - 2*edge - planeGap) / 2
	planes := []*walk{&left, &right}
	for i, w := range planes {
		w.xTicks, w.yTicks = w.x.ticks(5), w.y.ticks(6)
		from := edge + vg.Length(i)*(half+planeGap)
		w.frame.Min.X = from + sideWidth(widest(w.yTicks))
		w.frame.Max.X = from + half - w.xTicks[len(w.xTicks)-1].label.width(tickSize)/2
	}
	bottom := page.bottom()
	h := vg.Length(planeAspect) * min(left.frame.Size().X, right.frame.Size().X)
	const headingAt vg.Length = 5
	legendAt := bottom + h + headingAt + tickSize*lineHeight + 2
	for _, w := range planes {
		w.frame.Min.Y, w.frame.Max.Y = bottom, bottom+h
	}

	lines := right.contours(f, l, opt, false)
	return page.figure(right.frame, legendAt+legendHeight-4+page.title.height()+edge, page.width/2, func(pn pen) {
		lines(pn)
		for _, w := range planes {
			w.drawPath(pn, path)
			w.drawAxes(pn, w.xLabel, w.yLabel)
			pn.write(plain(w.heading), textStyle{size: tickSize, color: inkColor, h: 0.5}, vg.Point{X: middle(w.frame), Y: w.frame.Max.Y + headingAt})
		}
		pathLegend(pn, vg.Point{X: page.width / 2, Y: legendAt}, path)
	})
}

// plane draws the path in the plane of its principal components alone, as a panel of a sheet.
func plane(path trajectory.Path, g surface.Grid, opt Options) (Figure, error) {
	f, opt, err := lossPlane(g, opt)
	if err != nil {
		return Figure{}, err
	}
	if err := path.Check(); err != nil {
		return Figure{}, err
	}
	lo, hi := opt.span(f)
	w := walk{surfaceFigure: layoutSurface(f, "", opt, 0), points: path.PCA}
	// Planes of any aspect share a row.
	shorter := w.frame.Size().Y - planeAspect*w.frame.Size().X
	w.frame.Max.Y -= shorter
	w.height -= shorter
	lines := w.contours(f, chooseLevels(lo, hi, opt, lineLevels), opt, false)
	return w.figure(w.frame, w.height, middle(w.frame), func(pn pen) {
		lines(pn)
		w.drawPath(pn, path)
		w.drawAxes(pn, "1st component: "+percent(path.Ratio[0]), "2nd component: "+percent(path.Ratio[1]))
	}), nil
}

// around is a frame around points, with a little room on each side. A path that does not move along an axis gets one, too.
func around(points [][2]float64) (x, y scale) {
	var s [2]scale
	for axis := range s {
		r := noScale
		for _, p := range points {
			r = r.with(p[axis], p[axis])
		}
		room := 0.12 * (r.hi - r.lo)
		if room == 0 {
			room = 1e-3
		}
		s[axis] = scale{lo: r.lo - room, hi: r.hi + room}
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

// drawPath draws the line through the points that lie in the frame, and their marks.
func (w walk) drawPath(pn pen, path trajectory.Path) {
	at := make([]vg.Point, len(w.points))
	inside := make([]bool, len(w.points))
	for i, p := range w.points {
		at[i] = w.at(p[0], p[1])
		inside[i] = p[0] >= w.x.lo && p[0] <= w.x.hi && p[1] >= w.y.lo && p[1] <= w.y.hi
	}
	var parts [][]vg.Point
	for i := range at[1:] {
		if inside[i] && inside[i+1] {
			parts = append(parts, at[i:i+2])
		}
	}
	pn.lines(stroke{color: lossColor, width: 0.8}, parts...)
	r := dotRadius
	if len(at) > manyPoints {
		r = smallRadius
	}
	for i, p := range at {
		if inside[i] && i > 0 && !path.Changed(i) {
			pn.fill(lossColor, disc(p, r))
		}
	}
	// Over the others, where epochs crowd.
	if inside[0] {
		startMark(pn, at[0])
	}
	for i, p := range at {
		if inside[i] && path.Changed(i) {
			changeMark(pn, p)
		}
	}
	if last := len(at) - 1; inside[last] {
		endMark(pn, at[last])
	}
}

func startMark(pn pen, p vg.Point) {
	pn.fill(rgb(0xFFFFFF), disc(p, markRadius))
	pn.rings(stroke{color: lossColor, width: 1.2}, disc(p, markRadius))
}

func endMark(pn pen, p vg.Point) {
	r := corners(squareAround(p, markRadius*0.6)) // smaller than the mark of a change just before it
	pn.fill(inkColor, r)
	pn.rings(stroke{color: rgb(0xFFFFFF), width: 0.6}, r)
}

func changeMark(pn pen, p vg.Point) {
	pn.fill(accColor, disc(p, markRadius*0.85))
	pn.rings(stroke{color: rgb(0xFFFFFF), width: 0.6}, disc(p, markRadius*0.85))
}

// disc is a circle as a ring of many corners.
func disc(c vg.Point, r vg.Length) []vg.Point {
	const corners = 20
	out := make([]vg.Point, corners)
	for i := range out {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		out[i] = vg.Point{X: c.X + r*vg.Length(cos), Y: c.Y + r*vg.Length(sin)}
	}
	return out
}

// pathLegend explains the marks, centred on at.
func pathLegend(pn pen, at vg.Point, path trajectory.Path) {
	const gap, apart vg.Length = 7, 16
	type entry struct {
		name text
		mark func(pen, vg.Point)
	}
	last := path.Epochs[len(path.Epochs)-1]
	start := "initial weights"
	if path.Epochs[0] > 0 {
		start = fmt.Sprintf("epoch %d", path.Epochs[0])
	}
	entries := []entry{{plain(start), startMark}, {plain(epochsName(path)), func(pn pen, p vg.Point) { pn.fill(lossColor, disc(p, dotRadius)) }}}
	var changes []string
	for i, e := range path.Epochs {
		if path.Changed(i) {
			changes = append(changes, fmt.Sprint(e))
		}
	}
	switch n := len(changes); {
	case n > 4:
		entries = append(entries, entry{plain("rate changed"), changeMark})
	case n > 0:
		entries = append(entries, entry{plain("rate changed after epoch " + strings.Join(changes, ", ")), changeMark})
	}
	entries = append(entries, entry{plain(fmt.Sprintf("epoch %d", last)), endMark})
	width := -apart
	for _, e := range entries {
		width += gap + e.name.width(tickSize) + apart
	}
	x := at.X - width/2
	for _, e := range entries {
		e.mark(pn, vg.Point{X: x, Y: at.Y + tickSize*capHeight/2})
		x += gap
		pn.write(e.name, textStyle{size: tickSize, color: inkColor}, vg.Point{X: x, Y: at.Y})
		x += e.name.width(tickSize) + apart
	}
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
