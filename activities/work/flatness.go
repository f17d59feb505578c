package work

import (
	"context"
	"encoding/json"
	"fmt"

	"lossatlas/activities/surface"
	"lossatlas/pipelines"
)

// FlatnessResult is what a flatness step comes to: the measures of each grid,
// in the order of their pairs of directions, and over all of them.
type FlatnessResult struct {
	surface.FlatnessOptions
	Grids   []surface.Flatness `json:"grids"`
	Summary []surface.Summary  `json:"summary"`
}

// flatness measures how flat the loss is around a minimizer, from the grids of
// one map along one or several pairs of directions.
func flatness(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.FlatnessParams](r.Job)
	if err != nil {
		return nil, err
	}
	out := FlatnessResult{FlatnessOptions: surface.FlatnessOptions{Levels: p.Levels, Radii: p.Radii}}
	for i := range len(r.Recipe.Inputs) {
		g, err := r.grid(ctx, pipelines.InGrid(i))
		if err != nil {
			return nil, err
		}
		f, err := g.Flatness(out.FlatnessOptions)
		if err != nil {
			return nil, Permanent("BadGrid", fmt.Errorf("%s: input %s: %w", r.Label, pipelines.InGrid(i), err))
		}
		out.Grids = append(out.Grids, f)
	}
	out.Summary = surface.Summarize(out.FlatnessOptions, out.Grids)
	b, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutFlatness: b})
}
