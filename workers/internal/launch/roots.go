package launch

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// RecordCached writes the root of a run whose steps are all cached, which needs no workflow, so that the sweep is listed and
// kept like any other. It takes the times of steps from the root of the sweep's last run. since is from before the plan was
// made.
func RecordCached(ctx context.Context, store *artifacts.Store, plan *pipelines.Plan, graph artifacts.Blob, file *artifacts.RootFile, since artifacts.Moment) (artifacts.Root, error) {
	now := time.Now().UTC()
	root := artifacts.Root{
		Sweep: plan.Sweep, RunID: uuid.NewString(), Started: now, Finished: now, State: artifacts.StateDone,
		Graph: graph, File: file, Steps: make(map[string]artifacts.RootStep, len(plan.Steps)),
	}
	// An absent or unreadable root is empty here, and is replaced.
	before, err := store.Root(ctx, plan.Sweep)
	if err != nil && ctx.Err() != nil {
		return root, ctx.Err()
	}
	for _, s := range plan.Steps {
		if s.Never {
			root.State = artifacts.StateDiverged // a finished training produced no weights
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
