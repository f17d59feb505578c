package launch

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// RecordCached writes the root of a run that found every step done, so that
// the sweep is listed and kept like any other. Such a run needs no workflow.
func RecordCached(ctx context.Context, store *artifacts.Store, plan *pipelines.Plan, graph artifacts.Blob) (artifacts.Root, error) {
	now := time.Now().UTC()
	root := artifacts.Root{
		Sweep: plan.Sweep, RunID: uuid.NewString(), Started: now, Finished: now, State: artifacts.StateDone,
		Graph: graph, Steps: make(map[string]artifacts.RootStep, len(plan.Steps)),
	}
	for _, s := range plan.Steps {
		if s.State != pipelines.StateCached {
			return root, fmt.Errorf("step %s is not cached", s.ID)
		}
		root.Steps[s.ID] = artifacts.RootStep{Kind: string(s.Kind), Key: s.Key, State: artifacts.StepCached, Outputs: s.Outputs}
	}
	return root, store.PutRoot(ctx, root)
}
