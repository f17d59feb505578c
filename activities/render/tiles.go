package render

import (
	"image/color"
	"sort"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
)

// drawTiles draws a rectangle around each point in the color of its value: hatched where the value is not
// finite, gray where it was not evaluated.
func drawTiles(p chart.Panel, pn canvas.Pen, f *lattice.Field, r picture.Ramp, dpi int) {
	// Finite values are one image, which is far smaller than a rectangle each.
	picture.Tiles(pn, p.Frame, dpi, func(u, v float64) (color.RGBA, bool) {
		ix, iy := nearest(f.X, p.X.Lo+u*(p.X.Hi-p.X.Lo)), nearest(f.Y, p.Y.Lo+v*(p.Y.Hi-p.Y.Lo))
		if i := f.Index(ix, iy); f.OK[i] {
			return r.Color(f.Z[i]), true
		}
		return color.RGBA{}, false
	})
	var flat, hatched []vg.Rectangle
	for iy := range f.Y {
		for ix := range f.X {
			i := f.Index(ix, iy)
			if f.OK[i] {
				continue
			}
			t := tileAround(p, f, ix, iy)
			if !f.Missing[i] {
				hatched = append(hatched, t)
			}
			flat = append(flat, t)
		}
	}
	picture.CoverMasked(p, pn, flat, hatched)
}

// nearest is the index of the value of a rising axis that is nearest to v.
func nearest(axis []float64, v float64) int {
	i := sort.SearchFloat64s(axis, v)
	if i == len(axis) || i > 0 && v-axis[i-1] < axis[i]-v {
		return i - 1
	}
	return i
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
