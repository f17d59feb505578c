package render

import (
	"cmp"
	"errors"
	"strings"

	"lossatlas/activities/surface"
)

var ratioPlot = ofPlane("ratio", Ratio, sheetLook{
	bar:      func(_, _ float64, opt Options) sideBar { return ratioRamp(opt) },
	colormap: ratioColormap, unscaled: true,
})

// ratioColormap goes from blue to yellow.
const ratioColormap = "cividis"

// Ratio draws |λmin/λmax|, the ratio of the extreme curvatures, as a map of
// one rectangle a point in colours from blue (0: convex but for noise) to
// yellow (1 and more), the manner of the paper's Figure 7. All such maps have
// the one scale, so that they compare. Points whose Hessian is not finite are
// hatched, those that were not evaluated grey. It fails when the grid has no
// curvature, or fewer than 2×2 points.
func Ratio(g surface.Grid, opt Options) (Figure, error) {
	opt.Colormap = cmp.Or(opt.Colormap, ratioColormap)
	opt, err := opt.filled()
	if err != nil {
		return Figure{}, err
	}
	if g.Curvature == nil {
		return Figure{}, errors.New("a grid without eigenvalues: a picture of their ratio needs a map of kind hessian")
	}
	f, err := newField(g, "curvature", g.Curvature.Ratio(), 2)
	if err != nil {
		return Figure{}, err
	}
	r := ratioRamp(opt)
	s := layoutSurface(f, f.ratioNotes(), opt, opt.beside(r))
	return s.around(func(pn pen) {
		s.tiles(pn, f, r)
		if opt.panel == nil {
			r.draw(pn, s.frame)
		}
	}), nil
}

// ratioRamp is the scale that all maps of the ratio have.
func ratioRamp(opt Options) ramp {
	return ramp{scale: scale{lo: 0, hi: 1}, colormap: opt.Colormap, name: "|λmin/λmax|"}
}

// ratioNotes says what the map does not show by itself.
func (f *field) ratioNotes() string {
	total := len(f.z)
	switch {
	case f.empty() && f.absent == total:
		return "nothing evaluated yet"
	case f.empty():
		return "the curvature is not finite anywhere"
	}
	notes := withoutValue("curvature", f.bad, f.absent, total, "hatched", "grey")
	return strings.Join(append(notes, "ratio from "+number(f.lo)+" to "+number(f.hi)), "; ")
}
