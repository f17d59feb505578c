package launch

import (
	"context"
	"errors"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Plan lists the steps of a run of a graph, and for repeated steps the changes since the sweep's last recorded run.
func Plan(ctx context.Context, store *artifacts.Store, g *pipelines.Graph, numerics string) (*pipelines.Plan, error) {
	plan, err := pipelines.MakePlan(ctx, g, numerics, store)
	if err != nil || plan.Count(pipelines.StateRun) == 0 {
		return plan, err
	}
	past, err := lastRun(ctx, store, g.Sweep)
	if past == nil || err != nil {
		return plan, err
	}
	return plan, plan.Explain(ctx, g, *past)
}

// lastRun reads a sweep's last run, nil if its record is missing or damaged.
func lastRun(ctx context.Context, store *artifacts.Store, sweep string) (*pipelines.Past, error) {
	root, err := store.Root(ctx, sweep)
	if err != nil {
		return nil, unlessLost(err)
	}
	g, err := results.Graph(ctx, store, root)
	if err != nil {
		return nil, unlessLost(err)
	}
	return &pipelines.Past{Graph: g, Steps: root.Steps, Read: store.Recorded}, nil
}

// unlessLost ignores the errors of missing and damaged objects, without which a plan can be made.
func unlessLost(err error) error {
	var record *artifacts.RecordError
	var blob *artifacts.DamagedError
	if errors.Is(err, artifacts.ErrNotFound) || errors.As(err, &record) || errors.As(err, &blob) {
		return nil
	}
	return err
}
