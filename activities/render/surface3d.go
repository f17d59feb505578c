package render

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

var surface3DPlot = ofPlane("surface3d", Surface3D, sheetLook{apart: true, bar: lossBar, shaded: true})

// Surface3D draws the loss as a lit surface over the plane, in the manner of the paper's Figures 1 and 4: seen from above
// one corner, coloured by height, with a logarithmic height where the range is wide. Above Options.Cut
// it is flat, or with Options.Open open. Cells with a corner that has no value are left open. Errors are as in Contour.
func Surface3D(g surface.Grid, opt picture.Options) (picture.Figure, error) {
	f, opt, err := picture.LossPlane(g, opt)
	if err != nil {
		return picture.Figure{}, err
	}
	return layoutSurface3D(f, opt), nil
}

// How the box is seen, and its height where its longer side is 1.
const (
	azimuth   = -58.0
	elevation = 30.0
	boxHeight = 0.62
)

// The surface has at least fineCells cells a side, for smooth colours, and at most mostCells, for small files. Half
// of fineCells and meshCells are enough for a panel.
const (
	fineCells = 44
	mostCells = 100
	meshCells = 26 // most lines of the mesh a side
)

// relief is a field as a surface in a box.
type relief struct {
	view
	space
	f      *lattice.Field
	r      ramp
	open   bool // above the ramp
	small  bool
	ix, iy []int
	normal []vec // at each lattice point
}

func layoutSurface3D(f *lattice.Field, opt picture.Options) picture.Figure {
	r, note := heights(f, opt, "open", "open")
	s := relief{view: newView(azimuth, elevation), f: f, r: r, open: opt.Open, small: opt.Panel != nil}
	s.space = space{x: 0.5, y: 0.5, z: boxHeight}
	if aspect := (f.Y[len(f.Y)-1] - f.Y[0]) / (f.X[len(f.X)-1] - f.X[0]); aspect < 1 {
		s.space.y = 0.5 * max(aspect, 0.4)
	} else {
		s.space.x = 0.5 * max(1/aspect, 0.4)
	}
	s.ix, s.iy = thinned(len(f.X)), thinned(len(f.Y))
	if len(s.ix) < len(f.X) || len(s.iy) < len(f.Y) {
		note += fmt.Sprintf("; drawn from %d×%d of the points", len(s.ix), len(s.iy))
	}
	s.normal = s.normals()

	page := opt.Page(note, 3)
	axes := s.axes(page.Width < narrow)
	side := opt.Side()
	// The vertical axis stands at the left corner; the others' labels hang below the front corner and next to the right one.
	left := side + chart.SideWidth(chart.Widest(axes.z))
	const foot = chart.TickLength + 2*chart.TickGap + chart.TickSize
	last := chart.TickLength + chart.TickGap + chart.Widest(axes.y)
	right := side + max(last, spaceFor(opt, r)+last-barGap/2)
	unit := s.extent(s.space)
	s.view.scale = (page.Width - left - right) / unit.Size().X
	bottom := side + page.Note.Height() + foot
	s.origin = vg.Point{X: left - unit.Min.X*s.view.scale, Y: bottom - unit.Min.Y*s.view.scale}
	frame := s.extent(s.space)
	fig := page.Figure(frame, frame.Max.Y+4+page.Title.Height()+side, chart.Middle(frame), func(pn canvas.Pen) {
		s.drawBox(pn, axes)
		s.drawSurface(pn)
		s.drawAxes(pn, axes)
		for _, m := range opt.Marks {
			s.drawMark(pn, m)
		}
		if opt.Panel == nil {
			r.draw(pn, vg.Rectangle{
				Min: vg.Point{X: frame.Min.X, Y: frame.Min.Y + 0.1*frame.Size().Y}, Max: vg.Point{X: frame.Max.X + last - barGap/2, Y: frame.Max.Y},
			})
		}
	})
	fig.Shaded = true
	return fig
}

// thinned returns the indices of at most mostCells+1 of n lattice points, the ends included.
func thinned(n int) []int {
	step := (n - 2) / mostCells
	var out []int
	for i := 0; i < n-1; i += step + 1 {
		out = append(out, i)
	}
	return append(out, n-1)
}

// place is lattice point (ix, iy) in the box. Its height may lie above it.
func (s relief) place(ix, iy int) vec {
	v := s.f.Z[s.f.Index(ix, iy)]
	if s.r.scale.Log {
		v = max(v, s.r.scale.Lo)
	}
	z := max(s.r.scale.At(v), 0)
	if !s.open {
		z = min(z, 1)
	}
	return vec{s.across(s.f.X, ix, s.x), s.across(s.f.Y, iy, s.y), s.z * z}
}

// across is the place of a coordinate between −half and half.
func (s relief) across(axis []float64, i int, half float64) float64 {
	return half * (2*(axis[i]-axis[0])/(axis[len(axis)-1]-axis[0]) - 1)
}

// normals are the directions upright on the surface at the lattice points, from differences to neighbours that have a value.
func (s relief) normals() []vec {
	out := make([]vec, len(s.ix)*len(s.iy))
	slope := func(i, j, di, dj int) float64 {
		var lo, hi *vec
		for _, d := range []int{-1, 0, 1} {
			a, b := i+d*di, j+d*dj
			if a < 0 || b < 0 || a >= len(s.ix) || b >= len(s.iy) || !s.f.OK[s.f.Index(s.ix[a], s.iy[b])] {
				continue
			}
			p := s.place(s.ix[a], s.iy[b])
			p.z = min(p.z, s.z)
			if lo == nil {
				lo = &p
			}
			hi = &p
		}
		if lo == nil || lo == hi {
			return 0
		}
		return (hi.z - lo.z) / ((hi.x-lo.x)*float64(di) + (hi.y-lo.y)*float64(dj))
	}
	for j := range s.iy {
		for i := range s.ix {
			out[j*len(s.ix)+i] = vec{-slope(i, j, 1, 0), -slope(i, j, 0, 1), 1}.unit()
		}
	}
	return out
}

// drawSurface draws the cells from the back to the front, so that near ones cover far ones. Over a lattice that
// order is exact: nothing with a smaller α or a larger β can hide what has a larger or a smaller one.
func (s relief) drawSurface(pn canvas.Pen) {
	fine, most := fineCells, meshCells
	if s.small {
		fine, most = fineCells/2, meshCells/2
	}
	cells := max(len(s.ix), len(s.iy)) - 1
	parts := max(1, (fine+cells-1)/cells)
	mesh := func(n int) int { return (n-2)/most + 1 }
	meshX, meshY := mesh(len(s.ix)), mesh(len(s.iy))
	lines := canvas.Stroke{Color: color.NRGBA{A: 70}, Width: 0.35}
	for i := range len(s.ix) - 1 {
		for j := len(s.iy) - 2; j >= 0; j-- {
			var c [4]vec // counter-clockwise as seen from above
			whole := true
			for k, d := range [4][2]int{{0, 0}, {1, 0}, {1, 1}, {0, 1}} {
				ix, iy := s.ix[i+d[0]], s.iy[j+d[1]]
				whole = whole && s.f.OK[s.f.Index(ix, iy)]
				c[k] = s.place(ix, iy)
			}
			if !whole {
				continue
			}
			at := j*len(s.ix) + i
			s.drawCell(pn, c, [4]vec{s.normal[at], s.normal[at+1], s.normal[at+len(s.ix)+1], s.normal[at+len(s.ix)]}, parts, i == len(s.ix)-2, j == 0)
			// Its far edges, which no cell drawn later touches.
			var edges [][]vg.Point
			if i%meshX == 0 {
				edges = append(edges, s.line(c[0], c[3]))
			}
			if (j+1)%meshY == 0 {
				edges = append(edges, s.line(c[3], c[2]))
			}
			if i == len(s.ix)-2 {
				edges = append(edges, s.line(c[1], c[2]))
			}
			if j == 0 {
				edges = append(edges, s.line(c[0], c[1]))
			}
			pn.Lines(lines, edges...)
		}
	}
}

// line is the part of an edge that lies in the box.
func (s relief) line(a, b vec) []vg.Point {
	if a.z > b.z {
		a, b = b, a
	}
	if a.z > s.z {
		return nil
	}
	if b.z > s.z {
		t := (s.z - a.z) / (b.z - a.z)
		b = vec{a.x + t*(b.x-a.x), a.y + t*(b.y-a.y), s.z}
	}
	return s.all(a, b)
}

// under is how far a piece of a cell reaches, in its own size, under the nearer ones that are drawn over it: no seams show.
const under = 0.12

// drawCell fills a cell in parts×parts pieces, between whose corners places and directions are interpolated. The edges to
// the right and in front may be those of the surface.
func (s relief) drawCell(pn canvas.Pen, c, normal [4]vec, parts int, lastX, lastY bool) {
	between := func(v [4]vec, x, y float64) vec {
		var out vec
		for k, w := range [4]float64{(1 - x) * (1 - y), x * (1 - y), x * y, (1 - x) * y} {
			out = out.plus(v[k], w)
		}
		return out
	}
	n := float64(parts)
	for i := range parts {
		for j := parts - 1; j >= 0; j-- {
			x, y := float64(i)/n, float64(j)/n
			right, front := x+(1+under)/n, y-under/n
			if lastX && i == parts-1 {
				right = 1
			}
			if lastY && j == 0 {
				front = 0
			}
			piece := below([]vec{between(c, x, front), between(c, right, front), between(c, right, y+1/n), between(c, x, y+1/n)}, s.z)
			if len(piece) < 3 {
				continue
			}
			height := 0.0
			for _, p := range piece {
				height += p.z / float64(len(piece))
			}
			pn.Fill(s.lit(height/s.z, between(normal, x+0.5/n, y+0.5/n).unit()), s.all(piece...))
		}
	}
}

// The light comes from the left and above, and reaches a little everywhere.
var light = vec{-0.35, -0.45, 0.82}.unit()

// lit is the colour of the map at t under the light, on a surface with the given upright. Where it is seen from below it is darker.
func (s relief) lit(t float64, up vec) color.RGBA {
	c := canvas.ColorAt(s.r.colormap, t)
	shade := 0.62 + 0.46*max(up.dot(light), 0)
	if up.dot(s.toEye()) < 0 {
		shade *= 0.75
	}
	part := func(v uint8) uint8 { return uint8(min(float64(v)*shade+0.5, 255)) }
	return color.RGBA{part(c.R), part(c.G), part(c.B), 255}
}

// drawMark draws a named dot on the surface, above the lattice point that is nearest.
func (s relief) drawMark(pn canvas.Pen, m picture.Mark) {
	nearest := func(axis []float64, v float64) (int, bool) {
		best := 0
		for i := range axis {
			if math.Abs(axis[i]-v) < math.Abs(axis[best]-v) {
				best = i
			}
		}
		return best, v >= axis[0] && v <= axis[len(axis)-1]
	}
	ix, inX := nearest(s.f.X, m.X)
	iy, inY := nearest(s.f.Y, m.Y)
	if !inX || !inY || !s.f.OK[s.f.Index(ix, iy)] {
		return
	}
	p := s.place(ix, iy)
	p.z = min(p.z, s.z)
	drawMark(chart.Panel{}, pn, s.at(p), m.Label)
}
