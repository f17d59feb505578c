package picture

import (
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
)

// Ramp gives values colors along a map, without steps.
type Ramp struct {
	Scale    chart.Scale
	Colormap string
	Name     string // of the quantity
}

// barSteps is the number of colors in the bar of a ramp: more than an eye distinguishes.
const barSteps = 100

// Place of a bar of colors next to a frame.
const (
	BarGap   vg.Length = 12
	BarWidth vg.Length = 11
)

// BarFrame is the place of a bar at the right of a frame.
func BarFrame(frame vg.Rectangle) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: frame.Max.X + BarGap, Y: frame.Min.Y}, Max: vg.Point{X: frame.Max.X + BarGap + BarWidth, Y: frame.Max.Y}}
}

// Color is that of v; what lies beyond an end of the scale has the color of that end.
func (r Ramp) Color(v float64) color.RGBA {
	if r.Scale.Log {
		v = max(v, r.Scale.Lo) // an exact 0 has no logarithm
	}
	return canvas.ColorAt(r.Colormap, min(max(r.Scale.At(v), 0), 1))
}

// ticksFor are the ticks of a bar of a height.
func (r Ramp) ticksFor(height vg.Length) []chart.Tick {
	return r.Scale.Ticks(int(min(max(height/(2.4*chart.TickSize), 2), 7)))
}

// Width is that of the bar with its gap to the frame.
func (r Ramp) Width() vg.Length {
	return BarGap + BarWidth + chart.SideWidth(chart.Widest(r.Scale.Ticks(7)))
}

// Draw draws the bar to the right of frame.
func (r Ramp) Draw(pn canvas.Pen, frame vg.Rectangle) {
	bar := BarFrame(frame)
	axis := chart.Panel{Frame: bar}
	for i := range barSteps {
		at := func(i int) vg.Length { return bar.Min.Y + bar.Size().Y*vg.Length(i)/barSteps }
		// Each reaches a little under the next, so that no seams show.
		top := min(at(i+1)+0.5, bar.Max.Y)
		t := vg.Rectangle{Min: vg.Point{X: bar.Min.X, Y: at(i)}, Max: vg.Point{X: bar.Max.X, Y: top}}
		pn.Fill(canvas.ColorAt(r.Colormap, float64(i)/(barSteps-1)), canvas.Corners(t))
	}
	pn.Rings(canvas.Stroke{Color: canvas.FrameColor, Width: 0.7}, canvas.Corners(bar))
	ticks := r.ticksFor(bar.Size().Y)
	axis.SideAxis(pn, r.Scale, ticks, chart.Widest(r.Scale.Ticks(7)), r.Name, true, canvas.InkColor)
}

// Tiles fills a frame, as an image of dpi dots per inch, with the colors at the places (u, v) in it, from (0, 0) at the lower left to (1, 1).
func Tiles(pn canvas.Pen, frame vg.Rectangle, dpi int, at func(u, v float64) (c color.RGBA, ok bool)) {
	resolution := pn.Resolution(dpi)
	dots := func(l vg.Length) int { return max(int(math.Round(float64(l)*resolution/72)), 1) }
	w, h := dots(frame.Size().X), dots(frame.Size().Y)
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			if c, ok := at((float64(x)+0.5)/float64(w), 1-(float64(y)+0.5)/float64(h)); ok {
				img.SetNRGBA(x, y, color.NRGBA{c.R, c.G, c.B, 255})
			}
		}
	}
	pn.Image(img, frame.Min, resolution)
}
