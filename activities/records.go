package activities

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"go.temporal.io/sdk/activity"
	"golang.org/x/sync/errgroup"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// What became of a sweep's steps does not go through its history, which a sweep of hundreds of experiments
// would fill: each experiment leaves a record in the store, a part of the sweep's run,
// until RecordSweep makes the sweep's root of them.

// StepsRecord is what RecordSteps writes down: what became of the steps of one
// experiment, or of the last steps of a sweep, in a run of it.
type StepsRecord struct {
	Run   string       `json:"run"`   // the ID of the run of the sweep's workflow
	Group int          `json:"group"` // the experiment's place in the graph; the last steps follow all of them
	Steps []StepStatus `json:"steps"`
}

// RunKey is the key under which the records of a sweep's run are kept while it lasts.
func RunKey(run string) artifacts.Key { return artifacts.Key(artifacts.Of([]byte("sweep run " + run))) }

// recordName is the part that holds the record of a group of steps.
const recordName = "steps-%05d"

// RecordSteps keeps what became of some of a sweep's steps until RecordSweep.
func (a *Activities) RecordSteps(ctx context.Context, r StepsRecord) error {
	_, err := short(ctx, a, StepInput{Label: "sweep"}, func(StepInput) (struct{}, error) {
		b, err := json.Marshal(r.Steps)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, a.Store.PutPart(ctx, RunKey(r.Run), fmt.Sprintf(recordName, r.Group), b)
	})
	return err
}

// readers is how many records are read at a time.
const readers = 16

// Recorded returns what the experiments of a run have recorded of their steps so far, by their places in the graph;
// have says which are not read. The records are gone when the run is over: [artifacts.ErrNotFound], if they go meanwhile.
func Recorded(ctx context.Context, store *artifacts.Store, run string, have func(group int) bool) (map[int][]StepStatus, error) {
	names, err := store.Parts(ctx, RunKey(run))
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	out := make(map[int][]StepStatus)
	var reading errgroup.Group
	reading.SetLimit(readers)
	for _, name := range names {
		var group int
		if _, err := fmt.Sscanf(name, recordName, &group); err != nil || have(group) {
			continue
		}
		reading.Go(func() error {
			b, err := store.GetPart(ctx, RunKey(run), name)
			if err != nil {
				return err
			}
			var steps []StepStatus
			if err := json.Unmarshal(b, &steps); err != nil {
				return permanent("RecordLost", fmt.Errorf("a record of steps: %w", err))
			}
			mu.Lock()
			defer mu.Unlock()
			out[group] = steps
			return nil
		})
	}
	return out, reading.Wait()
}

// records returns what was recorded of a run's steps so far, those of known
// included, by their IDs.
func (a *Activities) records(ctx context.Context, run string, known []StepStatus) (map[string]StepStatus, error) {
	out := make(map[string]StepStatus)
	recorded, err := Recorded(ctx, a.Store, run, func(int) bool { return false })
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil, permanent("RecordLost", fmt.Errorf("the record of what the steps of this run came to is damaged; run the sweep again, which finds their results"))
	}
	for _, steps := range recorded {
		known = append(known, steps...)
	}
	for _, s := range known {
		out[s.ID] = s
	}
	return out, err
}

// ErrorBlocked is the type of RunStep's error for a step that misses an input.
const ErrorBlocked = "Blocked"

// requested returns the step of a request whole, with its inputs: to those that its workflow
// knows come, for one of the last steps of a sweep, those that experiments have made.
func (a *Activities) requested(ctx context.Context, req StepRequest) (pipelines.Step, map[string]Input, error) {
	g, err := a.graph(ctx, req.Graph)
	if err != nil {
		return pipelines.Step{}, nil, err
	}
	p, ok := g.steps[req.Step.ID]
	switch {
	case !ok:
		return p.Step, nil, permanent("BadStep", fmt.Errorf("the sweep has no step %s", req.Step.ID))
	case p.Experiment != "":
		return p.Step, req.Inputs, nil
	}
	made, err := a.records(ctx, activity.GetInfo(ctx).WorkflowExecution.RunID, req.Known)
	if err != nil {
		return p.Step, nil, err
	}
	inputs, missing := ResolveInputs(p.Step, slices.Sorted(maps.Keys(p.Step.Inputs)), func(id string) (StepStatus, bool) {
		s, ok := made[id]
		return s, ok
	})
	maps.Copy(inputs, req.Inputs)
	if len(inputs) < len(p.Step.Inputs) && !p.Step.Partial {
		return p.Step, nil, permanent(ErrorBlocked, errors.New(missing))
	}
	return p.Step, inputs, nil
}

// ResolveInputs finds the inputs of a step, by the given order of their names, in what
// earlier steps have made; missing says which one has no result.
func ResolveInputs(step pipelines.Step, names []string, status func(id string) (StepStatus, bool)) (inputs map[string]Input, missing string) {
	inputs = make(map[string]Input, len(names))
	for _, name := range names {
		ref := step.Inputs[name]
		s, _ := status(ref.Step)
		if blob, ok := s.Made.Outputs[ref.Output]; ok {
			inputs[name] = Input{Digest: blob.Digest, Producer: s.Made.Key}
			continue
		}
		missing = cmp.Or(whyMissing(s, ref), "waits for "+ref.Step)
	}
	return inputs, missing
}

// missingStopped is what keeps a step from running where none before it failed: the sweep was stopped.
const missingStopped = "the sweep was stopped"

// NotRun is the status of a step that will not run for what ResolveInputs says is missing.
func NotRun(s pipelines.Step, missing string) StepStatus {
	if missing == missingStopped {
		missing = ""
	}
	return StepStatus{ID: s.ID, Kind: string(s.Kind), State: artifacts.StateNotRun, Error: missing}
}

// whyMissing says why a step has not made an output and will not: the first cause. "" as long as it may.
func whyMissing(s StepStatus, ref pipelines.Ref) string {
	switch s.State {
	case artifacts.StateRan, artifacts.StateCached:
		return pipelines.NoOutput(ref)
	case artifacts.StateFailed:
		return ref.Step + " failed"
	case artifacts.StateInterrupted, artifacts.StateNotRun:
		return cmp.Or(s.Error, missingStopped)
	}
	return ""
}
