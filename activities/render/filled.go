package render

import (
	"image/color"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

var filledPlot = ofPlane("filled", FilledContour, sheetLook{bar: func(lo, hi float64, opt picture.Options) sideBar {
	return newColorBar(lo, hi, chooseLevels(lo, hi, opt, bandLevels), opt)
}})

// FilledContour draws the bands between levels of the loss in colours that rise in lightness,
// with a bar that names the levels. Masked points and errors are as in Contour.
func FilledContour(g surface.Grid, opt picture.Options) (picture.Figure, error) {
	f, opt, err := picture.LossPlane(g, opt)
	if err != nil {
		return picture.Figure{}, err
	}
	lo, hi := opt.Span(f)
	l := chooseLevels(lo, hi, opt, bandLevels)
	on, values := l.on(f)
	bar := newColorBar(lo, hi, l, opt)
	s := layoutSurface(f, lossNotes(f, l), opt, spaceFor(opt, bar))

	// The lowest band is everything that has a value.
	bands := make([][][]vg.Point, len(values)+1)
	if !f.Empty() {
		bands[0] = s.placeAll(lattice.Region(on, on.Lo))
	}
	for i, v := range values {
		bands[i+1] = s.placeAll(lattice.Region(on, v))
	}
	var lines [][][]vg.Point
	if len(values) <= maxLined {
		lines = byLevel(s.levelLines(on, values), len(values))
	}
	outlines := s.basins(g, f, l)
	return s.around(func(pn canvas.Pen) {
		for i, rings := range bands {
			pn.Fill(bar.color(i), rings...)
		}
		for i := range lines {
			pn.Lines(canvas.Stroke{Color: color.NRGBA{A: 90}, Width: 0.5}, lines[i]...)
		}
		drawMasked(s.Panel, pn, f)
		if opt.Points {
			drawPoints(s.Panel, pn, f)
		}
		outlines(pn)
		if opt.Panel == nil {
			bar.Draw(pn, s.Frame)
		}
	}), nil
}

// maxLined is how many levels are drawn as lines too: more would darken the colours.
const maxLined = 14

func (s surfaceFigure) placeAll(rings [][]surface.Place) [][]vg.Point {
	out := make([][]vg.Point, len(rings))
	for i, r := range rings {
		out[i] = s.place(r)
	}
	return out
}

// colorBar shows the bands as equal steps. Bands below the first and above the last level, which
// have no bound, are triangles, drawn where there are such values. Fewer than two levels need no bar.
type colorBar struct {
	levels       []float64
	labels       []chart.Tick
	below, above bool
	colormap     string
	name         string // of the quantity
}

// sideBar is a bar of colours next to a frame.
type sideBar interface {
	Width() vg.Length // that it needs next to the frame
	Draw(pn canvas.Pen, frame vg.Rectangle)
}

// spaceFor is the width of a bar at a frame: a sheet has one for all of its panels.
func spaceFor(opt picture.Options, bar sideBar) vg.Length {
	if opt.Panel != nil {
		return 0
	}
	return bar.Width()
}

// newColorBar is the bar of the levels for values from lo to hi.
func newColorBar(lo, hi float64, l levels, opt picture.Options) colorBar {
	b := colorBar{levels: l.v, colormap: opt.Colormap, name: opt.LossName()}
	if l.sym > 0 {
		b.name += " (symlog)"
	}
	if len(l.v) < 2 {
		return b
	}
	b.below = lo < l.v[0]
	b.above = hi > l.v[len(l.v)-1]
	names, every := chart.Numbers(l.v), (len(l.v)+15)/16
	for i := 0; i < len(l.v); i += every {
		b.labels = append(b.labels, chart.Tick{V: float64(i), Label: canvas.Plain(names[i])})
	}
	return b
}

// Width is that of the bar with its gap to the frame.
func (b colorBar) Width() vg.Length {
	if len(b.labels) == 0 {
		return 0
	}
	return picture.BarGap + picture.BarWidth + chart.SideWidth(chart.Widest(b.labels))
}

// color returns the colour of band i, the one below level i.
func (b colorBar) color(i int) color.Color {
	first, n := 1, len(b.levels)-1 // bands with two bounds
	if b.below || len(b.labels) == 0 {
		first, n = 0, n+1
	}
	if b.above || len(b.labels) == 0 {
		n++
	}
	return canvas.BandColor(b.colormap, i-first, n)
}

// Draw draws the bar to the right of frame.
func (b colorBar) Draw(pn canvas.Pen, frame vg.Rectangle) {
	n := len(b.levels)
	if len(b.labels) == 0 {
		return
	}
	bar := picture.BarFrame(frame)
	tip, mid := picture.BarWidth, (bar.Min.X+bar.Max.X)/2
	outline := []vg.Point{}
	if b.below {
		bar.Min.Y += tip
	}
	if b.above {
		bar.Max.Y -= tip
	}
	y := func(i int) vg.Length {
		return bar.Min.Y + bar.Size().Y*vg.Length(i)/vg.Length(n-1)
	}
	for i := 1; i < n; i++ {
		r := vg.Rectangle{Min: vg.Point{X: bar.Min.X, Y: y(i - 1)}, Max: vg.Point{X: bar.Max.X, Y: y(i)}}
		pn.Fill(b.color(i), canvas.Corners(r))
	}
	outline = append(outline, bar.Min)
	if b.below {
		low := vg.Point{X: mid, Y: bar.Min.Y - tip}
		pn.Fill(b.color(0), []vg.Point{bar.Min, low, {X: bar.Max.X, Y: bar.Min.Y}})
		outline = append(outline, low)
	}
	outline = append(outline, vg.Point{X: bar.Max.X, Y: bar.Min.Y}, bar.Max)
	if b.above {
		high := vg.Point{X: mid, Y: bar.Max.Y + tip}
		pn.Fill(b.color(n), []vg.Point{bar.Max, high, {X: bar.Min.X, Y: bar.Max.Y}})
		outline = append(outline, high)
	}
	outline = append(outline, vg.Point{X: bar.Min.X, Y: bar.Max.Y})
	pn.Rings(canvas.Stroke{Color: canvas.FrameColor, Width: 0.7}, outline)
	axis := chart.Panel{Frame: bar}
	axis.SideAxis(pn, chart.Scale{Lo: 0, Hi: float64(n - 1)}, b.labels, chart.Widest(b.labels), b.name, true, canvas.InkColor)
}
