package activities

import (
	"context"
	"time"

	"lossatlas/pipelines"
)

// Report makes the page of a sweep from whatever of its results there are.
// Everything on the page follows from the step's inputs and their recipes, so
// that the same results give the same page.
func (a *Activities) Report(ctx context.Context, in StepInput) (StepResult, error) {
	return short(ctx, a, in, func(in StepInput) (StepResult, error) {
		since := time.Now()
		p, err := params[pipelines.ReportParams](in)
		if err != nil {
			return StepResult{}, err
		}
		inputs := make(map[string]Input, len(in.Recipe.Inputs))
		for name, digest := range in.Recipe.Inputs {
			inputs[name] = Input{Digest: digest, Producer: in.Producers[name]}
		}
		html, err := Page(ctx, a.Store, p, inputs, PageOptions{})
		if err != nil {
			return StepResult{}, err
		}
		outputs, err := a.putAll(ctx, map[string][]byte{pipelines.OutHTML: html})
		if err != nil {
			return StepResult{}, err
		}
		return a.finish(ctx, in, outputs, time.Since(since).Seconds())
	})
}
