package render

import (
	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

var heatPlot = ofPlane("heat", Heat, sheetLook{bar: lossBar})

func lossBar(lo, hi float64, opt picture.Options) sideBar { return lossRamp(lo, hi, opt) }

// Heat draws the loss as a map of one rectangle a point, without interpolation, in colours that rise in
// lightness along a linear or logarithmic bar. Losses that are not finite are hatched, points that were not evaluated
// grey. picture.Options.Min and Max choose the ends of the bar, Cut its upper one. Errors are as in Contour.
func Heat(g surface.Grid, opt picture.Options) (picture.Figure, error) {
	f, opt, err := picture.LossPlane(g, opt)
	if err != nil {
		return picture.Figure{}, err
	}
	r, note := heights(f, opt, "hatched", "grey")
	return tiles(f, note, r, opt), nil
}

// tiles draws one rectangle a point in the colours of a ramp, with its bar, and the note below.
func tiles(f *lattice.Field, note string, r picture.Ramp, opt picture.Options) picture.Figure {
	s := layoutTiles(f, note, opt, r)
	return s.around(func(pn canvas.Pen) {
		drawTiles(s.Panel, pn, f, r, opt.DPI)
		if opt.Panel == nil {
			r.Draw(pn, s.Frame)
		}
	})
}

// layoutTiles is layoutSurface for a frame that holds the whole rectangle of each point.
func layoutTiles(f *lattice.Field, note string, opt picture.Options, r picture.Ramp) surfaceFigure {
	axis := func(v []float64) chart.Scale {
		lo, _ := cell(v, 0)
		_, hi := cell(v, len(v)-1)
		return chart.Scale{Lo: lo, Hi: hi}
	}
	return layoutPlane(axis(f.X), axis(f.Y), note, opt, spaceFor(opt, r))
}

// heights chooses the scale of the loss where it is shown without levels, and says what the picture leaves out, and
// how it shows points without a value.
func heights(f *lattice.Field, opt picture.Options, bad, absent string) (picture.Ramp, string) {
	lo, hi := opt.Span(f)
	r := lossRamp(lo, hi, opt)
	note := lossNotesOf(f, levels{v: []float64{r.Scale.Lo}, sym: r.Scale.Sym}, bad, absent)
	if !f.Empty() && f.Hi > r.Scale.Hi*(1+1e-9) {
		note += "; cut at " + chart.Number(r.Scale.Hi)
	}
	return r, note
}

// lossRamp is the ramp for losses from lo to hi.
func lossRamp(lo, hi float64, opt picture.Options) picture.Ramp {
	r := picture.Ramp{Colormap: opt.Colormap, Name: opt.LossName(), Scale: opt.LossScale(lo, hi)}
	if r.Scale.Sym > 0 {
		r.Name += " (symlog)"
	}
	return r
}
