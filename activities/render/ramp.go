package render

import (
	"gonum.org/v1/plot/vg"
)

// ramp gives values colours along a map, without steps.
type ramp struct {
	scale    scale
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
	if r.scale.log {
		v = max(v, r.scale.lo) // an exact 0 has no logarithm
	}
	return min(max(r.scale.at(v), 0), 1)
}

// step is the colour of v as a number below rampSteps.
func (r ramp) step(v float64) int { return int(r.place(v)*(rampSteps-1) + 0.5) }

func (r ramp) ticks() []tick { return r.scale.ticks(7) }

func (r ramp) width() vg.Length { return barGap + barWidth + sideWidth(widest(r.ticks())) }

// draw draws the bar to the right of frame.
func (r ramp) draw(pn pen, frame vg.Rectangle) {
	axis := panel{frame: vg.Rectangle{
		Min: vg.Point{X: frame.Max.X + barGap, Y: frame.Min.Y},
		Max: vg.Point{X: frame.Max.X + barGap + barWidth, Y: frame.Max.Y},
	}}
	bar := axis.frame
	for i := range barSteps {
		at := func(i int) vg.Length { return bar.Min.Y + bar.Size().Y*vg.Length(i)/barSteps }
		t := vg.Rectangle{Min: vg.Point{X: bar.Min.X, Y: at(i)}, Max: vg.Point{X: bar.Max.X, Y: at(i + 1)}}
		pn.fill(colorAt(r.colormap, float64(i)/(barSteps-1)), corners(axis.overlapping(t)))
	}
	pn.rings(stroke{color: frameColor, width: 0.7}, corners(bar))
	ticks := r.ticks()
	axis.sideAxis(pn, r.scale, ticks, widest(ticks), r.name, true, inkColor)
}

// tiles draws a rectangle around each point in the colour of its value: hatched where the value is not
// finite, grey where it was not evaluated.
func (p panel) tiles(pn pen, f *field, r ramp) {
	var flat, hatched []vg.Rectangle
	for iy := range f.y {
		for ix := 0; ix < len(f.x); ix++ {
			i := f.index(ix, iy)
			t := p.tile(f, ix, iy)
			if f.ok[i] {
				// Neighbours of one colour make one rectangle.
				c := r.step(f.z[i])
				for ix+1 < len(f.x) && f.ok[i+1] && r.step(f.z[i+1]) == c {
					ix, i = ix+1, i+1
				}
				t.Max.X = p.tile(f, ix, iy).Max.X
				pn.fill(colorAt(r.colormap, float64(c)/(rampSteps-1)), corners(p.overlapping(t)))
				continue
			}
			if !f.missing[i] {
				hatched = append(hatched, t)
			}
			flat = append(flat, t)
		}
	}
	p.cover(pn, flat, hatched)
}

// tile is what lies nearer to lattice point (ix, iy) than to its neighbours, within the frame.
func (p panel) tile(f *field, ix, iy int) vg.Rectangle {
	between := func(v []float64, i int) (lo, hi float64) {
		lo, hi = v[i], v[i]
		if i > 0 {
			lo = (v[i-1] + v[i]) / 2
		}
		if i < len(v)-1 {
			hi = (v[i] + v[i+1]) / 2
		}
		return lo, hi
	}
	x0, x1 := between(f.x, ix)
	y0, y1 := between(f.y, iy)
	return vg.Rectangle{Min: p.at(x0, y0), Max: p.at(x1, y1)}
}

// overlapping is r grown a little to the right and up, under the tiles drawn
// after it, so that no seams show between them.
func (p panel) overlapping(r vg.Rectangle) vg.Rectangle {
	const under vg.Length = 0.5
	r.Max.X = min(r.Max.X+under, p.frame.Max.X)
	r.Max.Y = min(r.Max.Y+under, p.frame.Max.Y)
	return r
}
