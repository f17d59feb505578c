package runner

import (
	"context"
	"errors"

	"lossatlas/activities/report"
	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// makePage makes the page of a sweep from its available results.
// Everything on the page follows from the step's inputs and their recipes, so
// that the same results give the same page.
func makePage(ctx context.Context, r *Run) (Outputs, error) {
	g, err := params[pipelines.Graph](r.Job)
	if err != nil {
		return nil, err
	}
	html, err := report.Page(ctx, r.reported(&g), report.Options{})
	var unreadable *results.DecodeError
	var picture *report.PictureError
	if errors.As(err, &unreadable) || errors.As(err, &picture) {
		return nil, Permanent("BadResult", err)
	}
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutHTML: html})
}

// reported is a sweep with the results that are inputs of its report.
func (r *Run) reported(g *pipelines.Graph) *results.Sweep {
	steps := make(map[string]artifacts.RootStep)
	for _, p := range g.All() {
		st := artifacts.RootStep{State: artifacts.StateCached, Outputs: make(map[string]artifacts.Blob)}
		for _, output := range p.Step.Shown() {
			name := pipelines.InReport(p.Step.ID, output)
			if digest, ok := r.Recipe.Inputs[name]; ok {
				st.Key, st.Outputs[output] = r.Producers[name], artifacts.Blob{Digest: digest}
				steps[p.Step.ID] = st
			}
		}
	}
	return &results.Sweep{Store: r.Store, Graph: g, Steps: steps}
}
