package render

import (
	"cmp"
	"errors"
	"strings"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

var ratioPlot = ofPlane("ratio", Ratio, sheetLook{
	bar:      func(_, hi float64, opt picture.Options) sideBar { return ratioRamp(hi, opt) },
	colormap: ratioColormap, note: convexNote, ratio: true,
})

// ratioColormap goes from blue to yellow.
const ratioColormap = "cividis"

// convexNote explains the white lines.
const convexNote = "white lines surround points where the plotted loss is convex"

// Ratio draws |λmin/λmax|, the ratio of the extreme curvatures, as a map of
// one rectangle a point in colours from blue (0: convex but for noise) to
// yellow, in the manner of the paper's Figure 7. The scale ends at 1, or at a round number above the largest ratio where all
// are at most one half; ratios above 1 have the last color. White lines surround the points at which the plotted loss is convex;
// where it is estimated, those at which its error leaves no doubt of that.
// Points without a finite Hessian are hatched, points that were not evaluated grey. It fails when the grid has no
// curvature, or fewer than 2×2 points.
func Ratio(g surface.Grid, opt picture.Options) (picture.Figure, error) {
	opt.Colormap = cmp.Or(opt.Colormap, ratioColormap)
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	f, err := ratioField(g)
	if err != nil {
		return picture.Figure{}, err
	}
	loss, err := lattice.NewField(g, "loss", g.Loss, 2)
	if err != nil {
		return picture.Figure{}, err
	}
	if g.Estimate != nil {
		loss.Err = g.Estimate.LossError
	}
	_, hi := opt.Span(f)
	r := ratioRamp(hi, opt)
	border := convexBorder(&loss.Field)
	s := layoutTiles(f, ratioNotes(f, len(border) > 0), opt, r)
	return s.around(func(pn canvas.Pen) {
		drawTiles(s.Panel, pn, f, r, opt.DPI)
		var lines [][]vg.Point
		for _, b := range border {
			lines = append(lines, []vg.Point{s.At(b[0].X, b[0].Y), s.At(b[1].X, b[1].Y)})
		}
		pn.Lines(canvas.Stroke{Color: canvas.InkColor, Width: 1.8}, lines...)
		pn.Lines(canvas.Stroke{Color: canvas.RGB(0xFFFFFF), Width: 0.9}, lines...)
		if opt.Panel == nil {
			r.Draw(pn, s.Frame)
		}
	}), nil
}

// ratioField takes the ratios of a grid.
func ratioField(g surface.Grid) (*lattice.Field, error) {
	if g.Curvature == nil {
		return nil, errors.New("a grid without eigenvalues: a picture of their ratio needs a map of kind hessian")
	}
	return lattice.NewField(g, "curvature", g.Curvature.Ratio(), 2)
}

// ratioRamp is the scale for ratios up to hi.
func ratioRamp(hi float64, opt picture.Options) picture.Ramp {
	top := 1.0
	for _, round := range []float64{0.5, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01} {
		if hi > 0 && hi <= round {
			top = round
		}
	}
	return picture.Ramp{Scale: chart.Scale{Lo: 0, Hi: top}, Colormap: opt.Colormap, Name: "|λmin/λmax|"}
}

// convexBorder is the sides of the rectangles around points between those where the plotted loss is convex and all others.
func convexBorder(f *surface.Field) (sides [][2]surface.Place) {
	nx, ny := len(f.X), len(f.Y)
	convex := func(ix, iy int) bool {
		if ix >= nx || iy >= ny {
			return false
		}
		is, certain := f.IsConvex(iy*nx + ix)
		return is && certain
	}
	for iy := range ny {
		for ix := range nx {
			x0, x1 := cell(f.X, ix)
			y0, y1 := cell(f.Y, iy)
			if is := convex(ix, iy); is != convex(ix+1, iy) {
				sides = append(sides, [2]surface.Place{{X: x1, Y: y0}, {X: x1, Y: y1}})
			}
			if is := convex(ix, iy); is != convex(ix, iy+1) {
				sides = append(sides, [2]surface.Place{{X: x0, Y: y1}, {X: x1, Y: y1}})
			}
		}
	}
	return sides
}

// ratioNotes names facts that the map does not show.
func ratioNotes(f *lattice.Field, hasBorder bool) string {
	total := len(f.Z)
	switch {
	case f.Empty() && f.Absent == total:
		return "nothing evaluated yet"
	case f.Empty():
		return "the curvature is not finite anywhere"
	}
	notes := picture.WithoutValue("curvature", f.Bad, f.Absent, total, "hatched", "grey")
	notes = append(notes, "ratio from "+chart.Number(f.Lo)+" to "+chart.Number(f.Hi))
	if f.Note != "" {
		notes = append(notes, f.Note)
	}
	if hasBorder {
		notes = append(notes, convexNote)
	}
	return strings.Join(notes, "; ")
}
