package run

import (
	"context"

	"go.temporal.io/sdk/client"

	"lossatlas/activities"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/session"
)

// The orders of work.
const (
	orderDepth   = "depth"
	orderBreadth = "breadth"
)

// first is the experiment that goes before the others: the first one with something to compute, "" where the order is breadth.
func (r *run) first(plan *pipelines.Plan) string {
	for _, s := range plan.Steps {
		if r.order == orderDepth && s.Experiment != "" && s.State != pipelines.StateCached && !s.Never && s.Kind.Computes() {
			return s.Experiment
		}
	}
	return ""
}

// alone reports whether one worker does all: that of this process or of the one whose services it uses.
func (r *run) alone(ctx context.Context, c client.Client) (bool, error) {
	switch r.services.Role() {
	case session.Owner:
		return true, nil
	case session.External:
		return false, nil // others may come
	}
	served, err := activities.Served(ctx, c, r.services.Namespace())
	return activities.Workers(served, r.computing()) == 1, err
}
