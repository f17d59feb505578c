package compare

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/pairs"
	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// barrierName is the quantity of colors that show barriers.
const barrierName = "barrier"

// barrierRamp is the ramp from 0 to the highest finite barrier.
func barrierRamp(r pairs.Result, opt picture.Options) picture.Ramp {
	scale := chart.Scale{Lo: 0, Hi: 0}
	for _, p := range r.Pairs {
		if p.Barrier != nil && !math.IsInf(p.Barrier.Height.Value, 0) {
			scale.Hi = max(scale.Hi, lattice.Drawable(p.Barrier.Height.Value))
		}
	}
	if scale.Hi == 0 {
		scale.Hi = 1
	}
	return picture.Ramp{Colormap: opt.Colormap, Name: barrierName, Scale: scale}
}

// barrierNote says how barriers are shown that have no color, and which minimizers have no weights.
func barrierNote(r pairs.Result, infinite string) string {
	note, infinities, unknown := "", 0, 0
	for _, p := range r.Pairs {
		switch {
		case p.Barrier == nil:
			unknown++
		case math.IsInf(p.Barrier.Height.Value, 0):
			infinities++
		}
	}
	if infinities > 0 {
		note = chart.Joined(note, fmt.Sprintf("%s: infinite barrier (%d of %d pairs)", infinite, infinities, len(r.Pairs)))
	}
	if unknown > 0 {
		note = chart.Joined(note, fmt.Sprintf("barrier not known of %d of %d pairs", unknown, len(r.Pairs)))
	}
	var missing []string
	for i, name := range r.Names {
		if !r.Present[i] {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		note = chart.Joined(note, "no weights of "+strings.Join(missing, "; "))
	}
	return note
}

// The default width of a matrix, in inches, has room for a number in each cell.
const roomForCells, cellWidth = 2.2, 0.24

// Barriers draws the barriers between all pairs of minimizers as a matrix of colors, with numbers where the cells have room. Unknown ones are gray, infinite ones hatched.
func Barriers(r pairs.Result, opt picture.Options) (picture.Figure, error) {
	n := max(len(r.Names), 1)
	opt.Width = cmp.Or(opt.Width, max(picture.SeriesWidth, roomForCells+cellWidth*float64(n)))
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	ramp, side := barrierRamp(r, opt), chart.Scale{Lo: 0, Hi: float64(n)}
	heading, short := chart.ShortNames(r.Names)
	if heading != "" {
		heading = "number: " + heading
	}
	var xTicks, yTicks []chart.Tick
	for i, name := range short {
		number := canvas.Plain(fmt.Sprint(i + 1))
		if every := (n + 15) / 16; i%every == 0 {
			xTicks = append(xTicks, chart.Tick{V: float64(i) + 0.5, Label: number})
		}
		label := canvas.Wrap(fmt.Sprintf("%d: %s", i+1, name), false, chart.TickSize, vg.Length(opt.Width)*vg.Inch/3, 1)
		yTicks = append(yTicks, chart.Tick{V: float64(n-i) - 0.5, Label: label[0]})
	}
	frames := picture.Frames{X: side, XTicks: xTicks, XName: "number of the minimizer", Note: barrierNote(r, "hatched"), Right: ramp.Width()}
	frames.Parts = []picture.FramePart{{Panel: chart.Panel{Y: side}, Name: heading, Color: canvas.InkColor, Ticks: yTicks, Inside: func(pn canvas.Pen, p chart.Panel) {
		drawMatrix(p, pn, r.Barriers(), ramp)
		ramp.Draw(pn, p.Frame)
	}}}
	return frames.Layout(opt, 1), nil
}

// drawMatrix draws a cell for each pair, the first row at the top.
func drawMatrix(p chart.Panel, pn canvas.Pen, barriers [][]*surface.Barrier, ramp picture.Ramp) {
	n := len(barriers)
	var flat, hatched []vg.Rectangle
	for i, row := range barriers {
		for j, b := range row {
			x, y := float64(j), float64(n-i)
			cell := vg.Rectangle{Min: p.At(x, y-1), Max: p.At(x+1, y)}
			if b == nil || math.IsInf(b.Height.Value, 0) {
				flat = append(flat, cell)
				if b != nil {
					hatched = append(hatched, cell)
				}
				continue
			}
			c := ramp.Color(b.Height.Value)
			pn.Fill(c, canvas.Corners(cell))
			text := canvas.Plain(b.Height.Mark(fmt.Sprintf("%.2g", b.Height.Value)))
			if size := cell.Size(); text.Width(chart.NoteSize) < size.X-2 && chart.NoteSize < size.Y-2 {
				pn.Write(text, canvas.TextStyle{Size: chart.NoteSize, Color: onColor(c), H: 0.5, V: 0.5}, vg.Point{X: cell.Min.X + size.X/2, Y: cell.Min.Y + size.Y/2})
			}
		}
	}
	picture.CoverMasked(p, pn, flat, hatched)
}

// onColor is a color of text that can be read on another one.
func onColor(c color.RGBA) color.Color {
	if 0.299*float64(c.R)+0.587*float64(c.G)+0.114*float64(c.B) > 140 {
		return canvas.RGB(0x101010)
	}
	return canvas.RGB(0xFDFDFD) // pure white is the ground, which is dark in the dark theme
}

// Layout draws minimizers as points of which the distances are as near to those of the weights as a plane allows, with lines between them in the colors of barriers. Points
// have the colors of their names without the last parts, as of a scatter plot.
func Layout(r pairs.Result, opt picture.Options) (picture.Figure, error) {
	return drawLayout(r, r.Layout, "distance of weights", "distance of weights", fmt.Sprintf("stress %.2g (0: distances in the plane are those of the weights)", math.Round(1e6*r.Stress)/1e6), opt)
}

// Components draws minimizers along the first two principal components of their weights, as Layout does.
func Components(r pairs.Result, opt picture.Options) (picture.Figure, error) {
	name := func(i int) string { return fmt.Sprintf("component %d (%.1f %%)", i+1, 100*r.Ratio[i]) }
	return drawLayout(r, r.Components, name(0), name(1), "", opt)
}

func drawLayout(r pairs.Result, points [][2]float64, xName, yName, note string, opt picture.Options) (picture.Figure, error) {
	opt.Width = cmp.Or(opt.Width, picture.SeriesWidth)
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	var dots []Dot
	var xs, ys []float64
	for i, at := range points {
		if r.Present[i] {
			dots = append(dots, Dot{Name: r.Names[i], Flatness: at[0], Error: at[1]})
			xs, ys = append(xs, at[0]), append(ys, at[1])
		}
	}
	x, y := dotScale(xs), dotScale(ys)
	reach := max(x.Hi-x.Lo, y.Hi-y.Lo) / 2
	aspect := min(max((y.Hi-y.Lo)/(2*reach), 0.6), 1)
	around := func(s chart.Scale, reach float64) chart.Scale {
		middle := (s.Lo + s.Hi) / 2
		return chart.Scale{Lo: middle - reach, Hi: middle + reach}
	}
	x, y = around(x, reach), around(y, aspect*reach) // equal units along both
	ramp := barrierRamp(r, opt)
	colors := make([]color.RGBA, len(dots))
	frames := picture.Frames{X: x, XTicks: x.Ticks(5), XName: xName, Right: ramp.Width(), Note: chart.Joined(note, barrierNote(r, "dashed")), Series: colorFamilies(dots, colors)}
	frames.Parts = []picture.FramePart{{Panel: chart.Panel{Y: y}, Name: yName, Color: canvas.InkColor, Ticks: y.Ticks(5), Inside: func(pn canvas.Pen, p chart.Panel) {
		drawPairs(p, pn, r, points, ramp)
		drawDots(p, pn, dots, colors, len(dots) <= mostNamed)
		ramp.Draw(pn, p.Frame)
	}}}
	if len(frames.Series) == 1 {
		frames.Series = nil
	}
	return frames.Layout(opt, aspect), nil
}

// drawPairs draws the line between two minimizers, low barriers over high ones.
func drawPairs(p chart.Panel, pn canvas.Pen, r pairs.Result, points [][2]float64, ramp picture.Ramp) {
	known := slices.DeleteFunc(slices.Clone(r.Pairs), func(pair pairs.Pair) bool { return pair.Barrier == nil })
	slices.SortStableFunc(known, func(a, b pairs.Pair) int { return cmp.Compare(b.Barrier.Height.Value, a.Barrier.Height.Value) })
	for _, pair := range known {
		a, b := points[pair.A], points[pair.B]
		line := []vg.Point{p.At(a[0], a[1]), p.At(b[0], b[1])}
		if math.IsInf(pair.Barrier.Height.Value, 0) {
			pn.Lines(picture.ThinDashes, line)
			continue
		}
		pn.Lines(canvas.Stroke{Color: ramp.Color(pair.Barrier.Height.Value), Width: 1.1}, line)
	}
}
