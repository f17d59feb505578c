package launch

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// RecordCached writes the root of a run that found every step done that can be, so that
// the sweep is listed and kept like any other. Such a run needs no workflow.
// How long the steps took is taken over from the run that made them, where that
// was one of the same sweep. since is from before the plan was made.
func RecordCached(ctx context.Context, store *artifacts.Store, plan *pipelines.Plan, graph artifacts.Blob, file *artifacts.RootFile, since artifacts.Moment) (artifacts.Root, error) {
	now := time.Now().UTC()
	root := artifacts.Root{
		Sweep: plan.Sweep, RunID: uuid.NewString(), Started: now, Finished: now, State: artifacts.StateDone,
		Graph: graph, File: file, Steps: make(map[string]artifacts.RootStep, len(plan.Steps)),
	}
	// A record that is absent or can't be read is empty here, and replaced by a good one.
	before, err := store.Root(ctx, plan.Sweep)
	if err != nil && ctx.Err() != nil {
		return root, ctx.Err()
	}
	for _, s := range plan.Steps {
		if s.Never {
			root.State = artifacts.StateDiverged // a training that is done produced no weights
			root.Steps[s.ID] = artifacts.RootStep{Kind: string(s.Kind), State: artifacts.StateNotRun, Error: s.Reason}
			continue
		}
		if s.State != pipelines.StateCached {
			return root, fmt.Errorf("step %s is not cached", s.ID)
		}
		step := artifacts.RootStep{Kind: string(s.Kind), Key: s.Key, State: artifacts.StateCached, Outputs: s.Outputs}
		if old := before.Steps[s.ID]; old.Key == s.Key {
			step.Seconds = old.Seconds
		}
		root.Steps[s.ID] = step
	}
	return root, store.PutRootSince(ctx, root, since)
}
