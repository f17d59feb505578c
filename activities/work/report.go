package work

import (
	"context"

	"lossatlas/pipelines"
)

// report makes the page of a sweep from whatever of its results there are.
// Everything on the page follows from the step's inputs and their recipes, so
// that the same results give the same page.
func report(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.ReportParams](r.Job)
	if err != nil {
		return nil, err
	}
	inputs := make(map[string]Input, len(r.Recipe.Inputs))
	for name, digest := range r.Recipe.Inputs {
		inputs[name] = Input{Digest: digest, Producer: r.Producers[name]}
	}
	html, err := Page(ctx, r.Store, p, inputs, PageOptions{})
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutHTML: html})
}
