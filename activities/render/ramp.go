package render

import (
	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
)

// ramp gives values colours along a map, without steps.
type ramp struct {
	scale    chart.Scale
	colormap string
	name     string // of the quantity
}

// rampSteps is how many colours a ramp has, barSteps how many of them its bar shows: more than an eye tells apart.
const (
	rampSteps = 1000
	barSteps  = 100
)

// place is where v lies on the ramp, from 0 to 1; what lies beyond an end is at that end.
func (r ramp) place(v float64) float64 {
	if r.scale.Log {
		v = max(v, r.scale.Lo) // an exact 0 has no logarithm
	}
	return min(max(r.scale.At(v), 0), 1)
}

// step is the colour of v as a number below rampSteps.
func (r ramp) step(v float64) int { return int(r.place(v)*(rampSteps-1) + 0.5) }

func (r ramp) ticks() []chart.Tick { return r.scale.Ticks(7) }

func (r ramp) width() vg.Length { return barGap + barWidth + chart.SideWidth(chart.Widest(r.ticks())) }

// draw draws the bar to the right of frame.
func (r ramp) draw(pn canvas.Pen, frame vg.Rectangle) {
	bar := barFrame(frame)
	axis := chart.Panel{Frame: bar}
	for i := range barSteps {
		at := func(i int) vg.Length { return bar.Min.Y + bar.Size().Y*vg.Length(i)/barSteps }
		t := vg.Rectangle{Min: vg.Point{X: bar.Min.X, Y: at(i)}, Max: vg.Point{X: bar.Max.X, Y: at(i + 1)}}
		pn.Fill(canvas.ColorAt(r.colormap, float64(i)/(barSteps-1)), canvas.Corners(overlapping(axis, t)))
	}
	pn.Rings(canvas.Stroke{Color: canvas.FrameColor, Width: 0.7}, canvas.Corners(bar))
	ticks := r.ticks()
	axis.SideAxis(pn, r.scale, ticks, chart.Widest(ticks), r.name, true, canvas.InkColor)
}

// drawTiles draws a rectangle around each point in the colour of its value: hatched where the value is not
// finite, grey where it was not evaluated.
func drawTiles(p chart.Panel, pn canvas.Pen, f *lattice.Field, r ramp) {
	var flat, hatched []vg.Rectangle
	for iy := range f.Y {
		for ix := 0; ix < len(f.X); ix++ {
			i := f.Index(ix, iy)
			t := tileAround(p, f, ix, iy)
			if f.OK[i] {
				// Neighbours of one colour make one rectangle.
				c := r.step(f.Z[i])
				for ix+1 < len(f.X) && f.OK[i+1] && r.step(f.Z[i+1]) == c {
					ix, i = ix+1, i+1
				}
				t.Max.X = tileAround(p, f, ix, iy).Max.X
				pn.Fill(canvas.ColorAt(r.colormap, float64(c)/(rampSteps-1)), canvas.Corners(overlapping(p, t)))
				continue
			}
			if !f.Missing[i] {
				hatched = append(hatched, t)
			}
			flat = append(flat, t)
		}
	}
	picture.CoverMasked(p, pn, flat, hatched)
}

// tileAround is what lies nearer to lattice point (ix, iy) than to its neighbours.
func tileAround(p chart.Panel, f *lattice.Field, ix, iy int) vg.Rectangle {
	x0, x1 := cell(f.X, ix)
	y0, y1 := cell(f.Y, iy)
	return vg.Rectangle{Min: p.At(x0, y0), Max: p.At(x1, y1)}
}

// cell is the interval around a point of an axis, halfway to its neighbours, and as wide on the outer side of the first and the last.
func cell(v []float64, i int) (lo, hi float64) {
	before, after := v[i]-v[max(i-1, 0)], v[min(i+1, len(v)-1)]-v[i]
	if i == 0 {
		before = after
	}
	if i == len(v)-1 {
		after = before
	}
	return v[i] - before/2, v[i] + after/2
}

// overlapping is r grown a little to the right and up, under the tiles drawn
// after it, so that no seams show between them.
func overlapping(p chart.Panel, r vg.Rectangle) vg.Rectangle {
	const under vg.Length = 0.5
	r.Max.X = min(r.Max.X+under, p.Frame.Max.X)
	r.Max.Y = min(r.Max.Y+under, p.Frame.Max.Y)
	return r
}
