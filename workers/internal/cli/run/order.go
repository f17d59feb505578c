package run

import (
	"cmp"
	"context"

	"go.temporal.io/sdk/client"

	"lossatlas/activities"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/internal/session"
)

// first is the experiment that is computed before the others: the first one with something to compute, "" where the order is breadth.
// The flag overrides the file.
func (r *run) first(plan *pipelines.Plan) string {
	if cmp.Or(r.order, r.sweep.Order) == sweepfile.OrderBreadth {
		return ""
	}
	for _, s := range plan.Steps {
		if s.Experiment != "" && s.State != pipelines.StateCached && !s.Never && s.Kind.Computes() {
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
