package render

import (
	"cmp"
	"errors"
	"strings"

	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

var ratioPlot = ofPlane("ratio", Ratio, sheetLook{
	bar:      func(_, _ float64, opt picture.Options) sideBar { return ratioRamp(opt) },
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
func Ratio(g surface.Grid, opt picture.Options) (picture.Figure, error) {
	opt.Colormap = cmp.Or(opt.Colormap, ratioColormap)
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	if g.Curvature == nil {
		return picture.Figure{}, errors.New("a grid without eigenvalues: a picture of their ratio needs a map of kind hessian")
	}
	f, err := lattice.NewField(g, "curvature", g.Curvature.Ratio(), 2)
	if err != nil {
		return picture.Figure{}, err
	}
	return tiles(f, ratioNotes(f), ratioRamp(opt), opt), nil
}

// ratioRamp is the scale that all maps of the ratio have.
func ratioRamp(opt picture.Options) ramp {
	return ramp{scale: chart.Scale{Lo: 0, Hi: 1}, colormap: opt.Colormap, name: "|λmin/λmax|"}
}

// ratioNotes says what the map does not show by itself.
func ratioNotes(f *lattice.Field) string {
	total := len(f.Z)
	switch {
	case f.Empty() && f.Absent == total:
		return "nothing evaluated yet"
	case f.Empty():
		return "the curvature is not finite anywhere"
	}
	notes := picture.WithoutValue("curvature", f.Bad, f.Absent, total, "hatched", "grey")
	return strings.Join(append(notes, "ratio from "+chart.Number(f.Lo)+" to "+chart.Number(f.Hi)), "; ")
}
