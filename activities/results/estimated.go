package results

import (
	"encoding/json"
	"math"
	"slices"

	"lossatlas/activities/refine"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// estimated is what the evaluated points of an unfinished map tell of the others. It is kept until there are more chunks.
type estimated struct {
	kind    pipelines.Kind
	allowed pipelines.StatedError
	chunks  int
	field   *refine.Field
}

// StatedError is the error that the points of a map may have by its recipe.
func StatedError(recipe artifacts.Recipe) pipelines.StatedError {
	var p pipelines.MapParams
	if json.Unmarshal(recipe.Params, &p) != nil {
		return pipelines.StatedError{}
	}
	return p.StatedError
}

// Refinement is the lattice of a map's grid as its points are chosen and estimated.
func Refinement(kind pipelines.Kind, e pipelines.StatedError, nx, ny int) refine.Lattice {
	return refine.Lattice{NX: nx, NY: ny, Error: e.Error, Absolute: e.Absolute, Curvature: kind == pipelines.KindHessian}
}

// Samples are evaluated points of a grid as a round.
func Samples(g *surface.Grid, indices []int) refine.Round {
	var out refine.Round
	for _, i := range indices {
		s := refine.Sample{Index: i, Loss: g.Loss[i], Accuracy: g.Accuracy[i]}
		if c := g.Curvature; c != nil {
			s.LambdaMin, s.LambdaMax = c.LambdaMin[i], c.LambdaMax[i]
		}
		out.Samples = append(out.Samples, s)
	}
	return out
}

// Estimate puts an estimate into the grid of the points that it came from. e is the error that it has.
func Estimate(g *surface.Grid, f refine.Field, e pipelines.StatedError) {
	g.Loss, g.Accuracy, g.Mask = slices.Clone(f.Loss), slices.Clone(f.Accuracy), slices.Repeat([]bool{true}, len(f.Loss))
	g.Estimate = &surface.Estimate{Error: e.Error, Absolute: e.Absolute, Evaluated: f.Evaluated, LossError: f.LossError, AccuracyError: f.AccuracyError}
	if c := g.Curvature; c != nil {
		c.LambdaMin, c.LambdaMax, c.MinError, c.MaxError = slices.Clone(f.LambdaMin), slices.Clone(f.LambdaMax), f.LambdaMinError, f.LambdaMaxError
	}
}

// fill estimates the points that a grid of so many chunks does not have, if the map has a stated error and the first round is there.
func (e *estimated) fill(g *surface.Grid, chunks int) {
	l := Refinement(e.kind, e.allowed, len(g.X), len(g.Y))
	if l.Error == 0 || slices.ContainsFunc(l.Start(), func(i int) bool { return !g.Mask[i] }) {
		return
	}
	if e.field == nil || e.chunks != chunks {
		var known []int
		for i, there := range g.Mask {
			if there {
				known = append(known, i)
			}
		}
		f := l.Estimate([]refine.Round{Samples(g, known)})
		e.field, e.chunks = &f, chunks
	}
	now := e.allowed
	now.Error = present(l, *e.field)
	Estimate(g, *e.field, now)
}

// present is the error that the field has now: the allowed one, times the largest ratio of a bound to what is allowed at its point.
// Points whose bounds are infinite do not count, and a relative error is below 1.
func present(l refine.Lattice, f refine.Field) float64 {
	largest := 1.0
	for i, ratio := range f.Ratio {
		if !f.Evaluated[i] && ratio > largest && !math.IsInf(ratio, 1) {
			largest = ratio
		}
	}
	if out := l.Error * largest; l.Absolute || out < mostPresent {
		return out
	}
	return mostPresent
}

// mostPresent is the largest relative error that an estimate can state.
const mostPresent = 0.999
