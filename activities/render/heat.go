package render

import (
	"math"

	"lossatlas/activities/surface"
)

var heatPlot = ofPlane("heat", Heat, sheetLook{bar: lossBar})

func lossBar(lo, hi float64, opt Options) sideBar { return lossRamp(lo, hi, opt) }

// Heat draws the loss as a map of one rectangle a point, without interpolation, in colours that rise in
// lightness along a linear or logarithmic bar. Losses that are not finite are hatched, points that were not evaluated
// grey. Options.Min and Max choose the ends of the bar, Cut its upper one. Errors are as in Contour.
func Heat(g surface.Grid, opt Options) (Figure, error) {
	f, opt, err := lossPlane(g, opt)
	if err != nil {
		return Figure{}, err
	}
	r, note := heights(f, opt, "hatched", "grey")
	s := layoutSurface(f, note, opt, opt.beside(r))
	return s.around(func(pn pen) {
		s.tiles(pn, f, r)
		if opt.panel == nil {
			r.draw(pn, s.frame)
		}
	}), nil
}

// heights chooses the scale of the loss where it is shown without levels, and says what the picture leaves out, and
// how it shows points without a value.
func heights(f *field, opt Options, bad, absent string) (ramp, string) {
	lo, hi := opt.span(f)
	r := lossRamp(lo, hi, opt)
	note := f.notesOf(levels{v: []float64{r.scale.lo}}, bad, absent)
	if !f.empty() && f.hi > r.scale.hi*(1+1e-9) {
		note += "; cut at " + number(r.scale.hi)
	}
	return r, note
}

// lossRamp is the ramp for losses from lo to hi.
func lossRamp(lo, hi float64, opt Options) ramp {
	r := ramp{colormap: opt.Colormap, name: "loss"}
	if opt.chosen() {
		lo, hi = opt.Min, opt.Max
	} else if opt.Cut > 0 && hi > opt.Cut {
		hi = opt.Cut
	}
	switch {
	case lo > hi && hi == opt.Cut && opt.Cut > 0: // cut below everything
		lo = 0
	case lo > hi: // empty
		r.scale = scale{lo: 0, hi: 1}
		return r
	case lo == hi:
		room := max(0.1*math.Abs(hi), 0.1)
		r.scale = scale{lo: lo - room, hi: hi + room}
		return r
	}
	floor := positiveFloor(lo, hi)
	if opt.chosen() {
		floor = max(lo, hi*1e-12)
	}
	wide := opt.Scale == ScaleAuto && hi > 0 && lo >= 0 && hi/floor > wideSurface
	if r.scale = (scale{lo: lo, hi: hi}); (opt.Scale == ScaleLog || wide) && hi > 0 && floor < hi {
		r.scale = scale{lo: floor, hi: hi, log: true}
	}
	return r
}
