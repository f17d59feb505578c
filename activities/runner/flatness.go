package runner

import (
	"context"
	"encoding/json"
	"fmt"

	"lossatlas/activities/surface"
	"lossatlas/pipelines"
)

// flatness measures how flat the loss is around a minimizer, from the grids of
// one map along one or several pairs of directions.
func flatness(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.FlatnessParams](r.Job)
	if err != nil {
		return nil, err
	}
	out := surface.FlatnessResult{FlatnessOptions: surface.FlatnessOptions{Levels: p.Levels, Radii: p.Radii, Persistence: p.Persistence}}
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
