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
	kind     pipelines.Kind
	allowed  pipelines.StatedError
	examples int // of the map
	chunks   int
	field    *refine.Field
}

func newEstimated(recipe artifacts.Recipe) estimated {
	var p pipelines.MapParams
	_ = json.Unmarshal(recipe.Params, &p) // emptyGrid has read them
	return estimated{kind: pipelines.Kind(recipe.Kind), allowed: p.StatedError, examples: p.Images()}
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

// Samples are points of a grid that were evaluated over all examples or a subset of them as a round.
func Samples(g *surface.Grid, indices []int, subset int) refine.Round {
	var out refine.Round
	for _, i := range indices {
		s := refine.Sample{Index: i, Loss: g.Loss[i], Accuracy: g.Accuracy[i], PartOnly: !g.Mask[i]}
		if part, there := g.Parts[surface.PartKey{Index: i, Subset: subset}]; there {
			s.Part = &part
		}
		if c := g.Curvature; c != nil {
			s.LambdaMin, s.LambdaMax = c.LambdaMin[i], c.LambdaMax[i]
		}
		out.Samples = append(out.Samples, s)
	}
	return out
}

// leastSubset is the fewest examples of a subset: with less a point takes hardly less time.
const leastSubset = 32

// Subsets are the subsets of a map's examples, as numbers of refine.Subsets from 1 on, whose values its points have, so that one can be chosen. Exact maps have
// no subsets, and lines do not need them: they take few points.
func Subsets(p pipelines.MapParams) (out []int) {
	if p.Error == 0 || p.Y == nil {
		return nil
	}
	for k := range refine.Subsets {
		if refine.SubsetSize(k+1, p.Images()) >= leastSubset {
			out = append(out, k+1)
		}
	}
	return out
}

// worthwhile is the largest cost of a point with a subset, as a share of that without, for which one is chosen.
const worthwhile = 0.8

// ChooseSubset is the subset with which the points of a map beyond the first round will cost least; 0 is all examples.
func ChooseSubset(g *surface.Grid, l refine.Lattice, first []int, p pipelines.MapParams) (best int) {
	least := worthwhile
	for _, k := range Subsets(p) {
		l.Subset = k
		if cost := l.SubsetCost(Samples(g, first, k)); cost < least {
			best, least = k, cost
		}
	}
	return best
}

// Estimate puts an estimate into the grid of the points that it came from. e is the error that it has, n the number of examples.
func Estimate(g *surface.Grid, f refine.Field, e pipelines.StatedError, n int) {
	g.Loss, g.Accuracy, g.Mask = slices.Clone(f.Loss), slices.Clone(f.Accuracy), slices.Repeat([]bool{true}, len(f.Loss))
	g.Estimate = &surface.Estimate{Error: e.Error, Absolute: e.Absolute, Evaluated: f.Evaluated, LossError: f.LossError, AccuracyError: f.AccuracyError, Examples: examples(g, f, n)}
	if c := g.Curvature; c != nil {
		c.LambdaMin, c.LambdaMax, c.MinError, c.MaxError = slices.Clone(f.LambdaMin), slices.Clone(f.LambdaMax), f.LambdaMinError, f.LambdaMaxError
	}
}

// examples is over how many examples each point was evaluated.
func examples(g *surface.Grid, f refine.Field, n int) []int64 {
	if g.Subset == 0 {
		return nil
	}
	out := make([]int64, len(f.Evaluated))
	for i, whole := range f.Evaluated {
		if whole {
			out[i] = int64(n)
		} else if f.Part[i] {
			out[i] = int64(refine.SubsetSize(g.Subset, n))
		}
	}
	return out
}

// fill estimates the points that a grid of so many chunks does not have, if the map has a stated error and the first round is there.
func (e *estimated) fill(g *surface.Grid, chunks int) {
	l := Refinement(e.kind, e.allowed, len(g.X), len(g.Y))
	l.Subset = g.Subset
	if l.Error == 0 || slices.ContainsFunc(l.Start(), func(i int) bool { return !g.Mask[i] }) {
		return
	}
	if e.field == nil || e.chunks != chunks {
		var known []int
		for i, there := range g.Mask {
			if _, part := g.Parts[surface.PartKey{Index: i, Subset: g.Subset}]; there || part {
				known = append(known, i)
			}
		}
		f := l.Estimate([]refine.Round{Samples(g, known, g.Subset)})
		e.field, e.chunks = &f, chunks
	}
	now := e.allowed
	now.Error = present(l, *e.field)
	Estimate(g, *e.field, now, e.examples)
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
