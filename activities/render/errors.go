package render

import (
	"errors"
	"math"
	"strings"

	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

var errorPlot = alone("error", Errors)

// Errors draws the bounds of the losses' errors as a map of one rectangle a point: in percent of the loss, of grids with an absolute error
// in its unit. Of a map of eigenvalues it draws those of the less exact one, in percent of the larger of |λmin| and |λmax|. Evaluated points have the error 0. Points with an estimate that is not finite, or without a bound, are hatched.
// It fails when the grid has no estimate, or fewer than 2×2 points.
func Errors(g surface.Grid, opt picture.Options) (picture.Figure, error) {
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	if g.Estimate == nil {
		return picture.Figure{}, errors.New("a grid of exact values: a picture of errors needs a map with a stated error")
	}
	values, what := shownErrors(g, opt.LossName())
	f, err := lattice.NewField(g, "error", values, 2)
	if err != nil {
		return picture.Figure{}, err
	}
	r := picture.Ramp{Scale: chart.Scale{Lo: 0, Hi: 1}, Colormap: opt.Colormap, Name: "error of " + what}
	notes := picture.WithoutValue("error", f.Bad, f.Absent, len(f.Z), "hatched", "grey")
	if !f.Empty() && f.Hi > 0 {
		r.Scale.Hi = f.Hi
		notes = append(notes, "largest "+chart.Number(f.Hi))
	}
	if f.Note != "" {
		notes = append(notes, f.Note)
	}
	return tiles(f, strings.Join(notes, "; "), r, opt), nil
}

// shownErrors are the errors of an estimated grid in the unit of the picture, and the name of their quantity.
func shownErrors(g surface.Grid, loss string) (values []float64, what string) {
	absolute := g.Estimate.Absolute
	switch {
	case g.Curvature != nil && absolute:
		return g.Curvature.Error(true), "λmin and λmax"
	case g.Curvature != nil:
		values = g.Curvature.Error(false)
		for i := range values {
			values[i] *= 100
		}
		return values, "λmin and λmax (% of the larger)"
	case absolute:
		return g.Estimate.LossError, "the " + loss
	}
	values = make([]float64, len(g.Loss))
	for i, e := range g.Estimate.LossError {
		if e != 0 { // also of a loss of 0
			values[i] = 100 * math.Abs(e/g.Loss[i])
		}
	}
	return values, "the " + loss + " (% of it)"
}
