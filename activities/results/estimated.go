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

// fill estimates the points that a grid of so many chunks does not have, if the map has a stated error and the first round is there.
func (e *estimated) fill(g *surface.Grid, chunks int) {
	l := refine.Lattice{NX: len(g.X), NY: len(g.Y), Error: e.allowed.Error, Absolute: e.allowed.Absolute}
	if l.Error == 0 || slices.ContainsFunc(l.Start(), func(i int) bool { return !g.Mask[i] }) {
		return
	}
	if e.field == nil || e.chunks != chunks {
		var known refine.Round
		for i, there := range g.Mask {
			if there {
				known.Samples = append(known.Samples, refine.Sample{Index: i, Loss: g.Loss[i], Accuracy: g.Accuracy[i]})
			}
		}
		f := l.Estimate([]refine.Round{known})
		e.field, e.chunks = &f, chunks
	}
	f := *e.field
	g.Loss, g.Accuracy, g.Mask = slices.Clone(f.Loss), slices.Clone(f.Accuracy), slices.Repeat([]bool{true}, len(f.Loss))
	g.Estimate = &surface.Estimate{Error: present(l, f), Absolute: l.Absolute, Evaluated: f.Evaluated, LossError: f.LossError, AccuracyError: f.AccuracyError}
}

// present is the error that the field has now: the allowed one, times the largest ratio of a bound to what is allowed at its point.
// Points whose bounds are infinite do not count, and a relative error is below 1.
func present(l refine.Lattice, f refine.Field) float64 {
	largest := 1.0
	for i, bound := range f.LossError {
		if ratio := bound / f.Allowed[i]; ratio > largest && !math.IsInf(ratio, 1) {
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
