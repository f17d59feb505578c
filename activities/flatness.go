package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

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

// Flatness measures how flat the loss is around a minimizer, from the grids of
// one map along one or several pairs of directions.
func (a *Activities) Flatness(ctx context.Context, in StepInput) (StepResult, error) {
	return short(ctx, a, in, func(in StepInput) (StepResult, error) {
		since := time.Now()
		p, err := params[pipelines.FlatnessParams](in)
		if err != nil {
			return StepResult{}, err
		}
		out := FlatnessResult{FlatnessOptions: surface.FlatnessOptions{Levels: p.Levels, Radii: p.Radii}}
		for i := range len(in.Recipe.Inputs) {
			g, err := a.grid(ctx, in, pipelines.InGrid(i))
			if err != nil {
				return StepResult{}, err
			}
			f, err := g.Flatness(out.FlatnessOptions)
			if err != nil {
				return StepResult{}, permanent("BadGrid", fmt.Errorf("%s: input %s: %w", in.Label, pipelines.InGrid(i), err))
			}
			out.Grids = append(out.Grids, f)
		}
		out.Summary = surface.Summarize(out.FlatnessOptions, out.Grids)
		b, err := json.MarshalIndent(out, "", " ")
		if err != nil {
			return StepResult{}, err
		}
		outputs, err := a.putAll(ctx, map[string][]byte{pipelines.OutFlatness: b})
		if err != nil {
			return StepResult{}, err
		}
		return a.finish(ctx, in, outputs, time.Since(since).Seconds())
	})
}
