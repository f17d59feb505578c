package render

import (
	"cmp"
	"image"
	"sync"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

var surface3DPlot = ofPlane("surface3d", Surface3D, sheetLook{apart: true, bar: lossBar, shaded: true})

// Surface3D draws the loss as a lit surface over the plane, in the manner of the paper's Figures 1 and 4: seen from above
// one corner, smooth, colored by height, with a logarithmic height where the range is wide. Above Options.Cut
// it is flat, or with Options.Open open. Cells with a corner that has no value are left open. In PDF the surface is an image of
// Options.DPI dots per inch, in SVG of three quarters of that. Errors are as in Contour.
func Surface3D(g surface.Grid, opt picture.Options) (picture.Figure, error) {
	f, opt, err := picture.LossPlane(g, opt)
	if err != nil {
		return picture.Figure{}, err
	}
	return layoutSurface3D(f, opt), nil
}

// How the box is seen by default, and its height where its longer side is 1.
const (
	azimuth   = -58.0
	elevation = 32.0
	boxHeight = 0.66
)

// relief is a field as a surface in a box.
type relief struct {
	view
	space
	f    *lattice.Field
	r    picture.Ramp
	open bool // above the ramp
}

func layoutSurface3D(f *lattice.Field, opt picture.Options) picture.Figure {
	r, note := heights(f, opt, "open", "open")
	if opt.Blended {
		note = "a blend of two surfaces, not computed"
	}
	from := azimuth
	if opt.Azimuth != nil {
		from = *opt.Azimuth
	}
	s := relief{view: newView(from, cmp.Or(opt.Elevation, elevation)), f: f, r: r, open: opt.Open}
	s.space = space{x: 0.5, y: 0.5, z: boxHeight}
	if aspect := (f.Y[len(f.Y)-1] - f.Y[0]) / (f.X[len(f.X)-1] - f.X[0]); aspect < 1 {
		s.space.y = 0.5 * max(aspect, 0.4)
	} else {
		s.space.x = 0.5 * max(1/aspect, 0.4)
	}

	page := opt.Page(note)
	axes := s.axes(page.Width < narrow)
	side := opt.Side()
	// The vertical axis stands at the left corner; the others' labels hang below the front corner and next to the right one.
	left := side + chart.SideWidth(chart.Widest(axes.z))
	const foot = chart.TickLength + 2*chart.TickGap + chart.TickSize
	last := chart.TickLength + chart.TickGap + max(chart.Widest(axes.x), chart.Widest(axes.y))
	right := side + max(last, spaceFor(opt, r)+last-picture.BarGap/2)
	extent := view.extent
	if opt.Turning {
		extent = view.reach
	}
	unit := extent(s.view, s.space)
	s.view.scale = (page.Width - left - right) / unit.Size().X
	bottom := side + page.Note.Height() + foot
	s.origin = vg.Point{X: left - unit.Min.X*s.view.scale, Y: bottom - unit.Min.Y*s.view.scale}
	frame, room := s.extent(s.space), extent(s.view, s.space)
	full := sync.OnceValue(func() image.Image { return s.image(frame, float64(opt.DPI)) })
	fig := page.Figure(frame, room.Max.Y+4+page.Title.Height()+side, chart.Middle(room), func(pn canvas.Pen) {
		s.drawBox(pn, axes)
		if dpi := pn.Resolution(opt.DPI); dpi == float64(opt.DPI) {
			pn.Image(full(), frame.Min, dpi)
		} else {
			pn.Image(s.image(frame, dpi), frame.Min, dpi)
		}
		s.drawAxes(pn, axes)
		for _, m := range opt.Marks {
			s.drawMark(pn, m)
		}
		if opt.Panel == nil {
			r.Draw(pn, vg.Rectangle{
				Min: vg.Point{X: room.Min.X, Y: room.Min.Y + 0.1*room.Size().Y}, Max: vg.Point{X: room.Max.X + last - picture.BarGap/2, Y: room.Max.Y},
			})
		}
	})
	fig.Shaded = true
	return fig
}

// image is the surface in the frame.
func (s relief) image(frame vg.Rectangle, dpi float64) image.Image {
	fine := int(min(fineCells, 0.65*float64(frame.Size().X)*dpi/72))
	return newMesh(s.f, s.height, fine, s.space, s.open).drawn(s.view, frame, dpi, s.z, s.shader(s.r.Colormap, s.z))
}

// height is where v lies between the floor of the box, 0, and its top, 1, or above it.
func (s relief) height(v float64) float64 {
	if s.r.Scale.Log {
		v = max(v, s.r.Scale.Lo)
	}
	return max(s.r.Scale.At(v), 0)
}

// drawMark draws a named dot on the surface, above the lattice point that is nearest.
func (s relief) drawMark(pn canvas.Pen, m picture.Mark) {
	inside := func(axis []float64, v float64) bool { return v >= axis[0] && v <= axis[len(axis)-1] }
	ix, iy := nearest(s.f.X, m.X), nearest(s.f.Y, m.Y)
	if !inside(s.f.X, m.X) || !inside(s.f.Y, m.Y) || !s.f.OK[s.f.Index(ix, iy)] {
		return
	}
	p := vec{refined(s.f.X, 1, s.x)[ix], refined(s.f.Y, 1, s.y)[iy], s.z * min(s.height(s.f.Z[s.f.Index(ix, iy)]), 1)}
	drawMark(chart.Panel{}, pn, s.at(p), m.Label)
}
