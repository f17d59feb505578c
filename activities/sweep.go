package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// SweepInput starts a sweep workflow. The graph lies in the store; the
// workflow sees names and digests only.
type SweepInput struct {
	Sweep       string           `json:"sweep"`
	Graph       artifacts.Digest `json:"graph"` // JSON pipelines.Graph
	Experiments []string         `json:"experiments"`
	Numerics    string           `json:"numerics"`
	FailFast    bool             `json:"fail_fast,omitempty"`
	// Concurrency is how many steps that compute may run at a time, 0 for as many as there are.
	Concurrency int `json:"concurrency,omitempty"`
	// Window is how many experiments run side by side; 0 is LeastWindow.
	Window int `json:"window,omitempty"`
	// First is the experiment whose lines and surfaces, with all their inputs, come before the trainings of the others; "" is no experiment.
	First string `json:"first,omitempty"`
	// Hold starts the other experiments when these are done, for a sweep that one worker does.
	Hold bool `json:"hold,omitempty"`
	// File is the sweep file; it is recorded and changes nothing.
	File *artifacts.RootFile `json:"file,omitempty"`
}

// ExperimentInput starts an experiment's workflow.
type ExperimentInput struct {
	Sweep    string           `json:"sweep"`
	Graph    artifacts.Digest `json:"graph"`
	Run      string           `json:"run"`   // of the sweep's workflow, in whose journal the experiment writes
	Group    int              `json:"group"` // the experiment's place in the graph; that of the last steps follows all experiments
	Numerics string           `json:"numerics"`
	FailFast bool             `json:"fail_fast,omitempty"`
	// Concurrency is how many steps of this experiment that compute may run at a time, 0 for all.
	Concurrency int `json:"concurrency,omitempty"`
	// First is set for the experiment SweepInput.First.
	First bool `json:"first,omitempty"`
}

// Task is a step as its experiment's workflow sees it: without its parameters.
type Task struct {
	ID   string         `json:"id"`
	Kind pipelines.Kind `json:"kind"`
	// Inputs are the inputs that come from steps of the same group.
	Inputs map[string]pipelines.Ref `json:"inputs,omitempty"`
	// Partial steps run with the available inputs when steps before them failed.
	Partial bool `json:"partial,omitempty"`
	// Found is the result of a step of an experiment that the action cache has.
	Found *StepResult `json:"found,omitempty"`
}

// LoadTasks returns the steps of an experiment, which it looks up in the action cache, or the last steps of a sweep.
func (a *Activities) LoadTasks(ctx context.Context, in ExperimentInput) ([]Task, error) {
	return guard(ctx, a, "sweep", func() ([]Task, error) {
		defer startPulse(ctx).end()
		g, err := a.graph(ctx, in.Graph)
		if err != nil {
			return nil, err
		}
		if in.Group < 0 || in.Group >= len(g.groups) {
			return nil, runner.Permanent("BadStep", fmt.Errorf("experiment %d of %d", in.Group, len(g.Experiments)))
		}
		group := g.groups[in.Group]
		var found []StepStatus
		if in.Group < len(g.Experiments) {
			if found, err = a.lookUp(ctx, group, in.Numerics); err != nil {
				return nil, err
			}
		}
		if err := a.note(ctx, in.Run, fmt.Sprintf(foundEntry, in.Group), found); err != nil {
			return nil, err
		}
		return Tasks(group, found), nil
	})
}

// Tasks are the steps of a group as its workflow sees them; found are the steps in the action cache.
func Tasks(group []pipelines.Step, found []StepStatus) []Task {
	among := make(map[string]bool, len(group))
	results := make(map[string]*StepResult, len(found))
	for _, s := range group {
		among[s.ID] = true
	}
	for _, s := range found {
		results[s.ID] = &s.Made
	}
	out := make([]Task, len(group))
	for i, s := range group {
		out[i] = Task{ID: s.ID, Kind: s.Kind, Partial: s.Partial, Found: results[s.ID], Inputs: maps.Clone(s.Inputs)}
		maps.DeleteFunc(out[i].Inputs, func(_ string, ref pipelines.Ref) bool { return !among[ref.Step] })
	}
	return out
}

// lookUp finds the steps of an experiment in the action cache, as far as their inputs are known.
func (a *Activities) lookUp(ctx context.Context, group []pipelines.Step, numerics string) ([]StepStatus, error) {
	found := make([]StepStatus, 0, len(group))
	known := make(map[string]StepStatus, len(group))
	for _, s := range group {
		inputs, missing := ResolveInputs(s.Inputs, slices.Collect(maps.Keys(s.Inputs)), func(id string) (StepStatus, bool) { st, ok := known[id]; return st, ok })
		if missing != "" {
			continue
		}
		job, err := runner.NewJob(s, inputs, numerics)
		if err != nil {
			return nil, runner.Permanent("BadStep", err)
		}
		result, err := a.cached(ctx, job.Key)
		var incomplete *artifacts.IncompleteError
		if errors.Is(err, artifacts.ErrNotFound) || errors.As(err, &incomplete) {
			continue
		}
		if err != nil {
			return nil, err
		}
		countStep(ctx, s.Kind, artifacts.StateCached)
		st := StepStatus{ID: s.ID, Kind: s.Kind, State: artifacts.StateCached, Made: result}
		known[s.ID] = st
		found = append(found, st)
	}
	return found, nil
}

// graph is a sweep's graph with its steps by their IDs. It is shared, and must not be changed.
type graph struct {
	pipelines.Graph
	groups [][]pipelines.Step // of the experiments, and the last steps
	places map[string]place
}

// place is where a step stands in a graph.
type place struct{ group, number int }

// mostGraphs is how many graphs a process keeps. That of 500 experiments of 17 steps takes some 10 MB.
const mostGraphs = 4

// graph returns the graph with a digest. Two that ask for one at the same time may both read it.
func (a *Activities) graph(ctx context.Context, d artifacts.Digest) (*graph, error) {
	if g, ok := a.graphs.find(d); ok {
		return g, nil
	}
	b, err := a.Machine.Store.Get(ctx, d)
	if err != nil {
		return nil, err
	}
	g := &graph{places: make(map[string]place)}
	if err := json.Unmarshal(b, &g.Graph); err != nil {
		return nil, runner.Permanent("BadStep", fmt.Errorf("sweep graph: %w", err))
	}
	for _, e := range g.Experiments {
		g.groups = append(g.groups, e.Steps)
	}
	g.groups = append(g.groups, g.Final)
	for i, group := range g.groups {
		for n, s := range group {
			g.places[s.ID] = place{i, n}
		}
	}
	a.graphs.keep(d, g, mostGraphs)
	return g, nil
}

// SweepRecord is what RecordSweep writes down.
type SweepRecord struct {
	Sweep SweepInput `json:"sweep"`
	State string     `json:"state"` // running, done, failed, interrupted
	Began time.Time  `json:"began"`
}

// RecordSweep writes the sweep's root: its steps and their outcomes.
func (a *Activities) RecordSweep(ctx context.Context, r SweepRecord) error {
	_, err := guard(ctx, a, "sweep", func() (struct{}, error) {
		defer startPulse(ctx).end()
		g, err := a.Machine.Store.Get(ctx, r.Sweep.Graph)
		if err != nil {
			return struct{}{}, err
		}
		run := activity.GetInfo(ctx).WorkflowExecution.RunID
		if before, err := a.Machine.Store.Root(ctx, r.Sweep.Sweep); err == nil && before.RunID == run && before.State != artifacts.StateRunning {
			return struct{}{}, nil // an earlier attempt has done it, and its answer was lost
		}
		recorded, err := a.records(ctx, run)
		if err != nil {
			return struct{}{}, err
		}
		root := artifacts.Root{
			Sweep: r.Sweep.Sweep, RunID: run, State: r.State, Started: r.Began,
			Graph: artifacts.Blob{Digest: r.Sweep.Graph, Size: int64(len(g))}, Numerics: r.Sweep.Numerics, File: r.Sweep.File, Steps: RootSteps(recorded),
		}
		if r.State != artifacts.StateRunning {
			root.Finished = time.Now().UTC()
			graph, err := a.graph(ctx, r.Sweep.Graph)
			if err != nil {
				return struct{}{}, err
			}
			a.addUnreached(ctx, &root, &graph.Graph)
		}
		if err := a.Machine.Store.PutRoot(ctx, root); err != nil || r.State == artifacts.StateRunning {
			return struct{}{}, err
		}
		if err := a.Machine.Store.DropParts(ctx, RunKey(run)); err != nil {
			a.Machine.Log.Warn().Err(err).Str("sweep", r.Sweep.Sweep).Msg("the records of the sweep's steps could not be removed")
		}
		return struct{}{}, nil
	})
	return err
}

// addUnreached adds the steps that the run did not reach. Those with results of an earlier run are cached, so that their names still
// lead to these results.
func (a *Activities) addUnreached(ctx context.Context, root *artifacts.Root, g *pipelines.Graph) {
	open := func(id string) bool {
		st, ok := root.Steps[id]
		return !ok || st.State == artifacts.StateRunning
	}
	if !slices.ContainsFunc(g.All(), func(p pipelines.Placed) bool { return open(p.Step.ID) }) {
		return
	}
	cached := map[string]artifacts.RootStep{}
	if plan, err := pipelines.MakePlan(ctx, g, root.Numerics, a.Machine.Store); err != nil {
		a.Machine.Log.Warn().Err(err).Str("sweep", root.Sweep).Msg("cached results of steps that the run did not reach can't be looked up")
	} else {
		for _, s := range plan.Steps {
			if s.State == pipelines.StateCached {
				cached[s.ID] = artifacts.RootStep{Kind: string(s.Kind), Key: s.Key, State: artifacts.StateCached, Outputs: s.Outputs}
			}
		}
	}
	for _, p := range g.All() {
		if !open(p.Step.ID) {
			continue
		}
		st, ok := cached[p.Step.ID]
		if !ok {
			st = artifacts.RootStep{Kind: string(p.Step.Kind), State: artifacts.StateNotRun}
		}
		root.Steps[p.Step.ID] = st
	}
}

// RootSteps are the steps in the form that a root keeps.
func RootSteps(known map[string]StepStatus) map[string]artifacts.RootStep {
	out := make(map[string]artifacts.RootStep, len(known))
	for id, s := range known {
		out[id] = artifacts.RootStep{
			Kind: string(s.Kind), Key: s.Made.Key, State: s.State, Error: s.Error, Seconds: s.Made.Seconds, Outputs: s.Made.Outputs,
		}
	}
	return out
}

// records returns the journal of a run: its steps by their IDs.
func (a *Activities) records(ctx context.Context, run string) (map[string]StepStatus, error) {
	j := OpenJournal(a.Machine.Store, run)
	err := j.Update(ctx)
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil, runner.Permanent("RecordLost", fmt.Errorf("the record of what became of the steps of this run is damaged; run the sweep again, which finds their results"))
	}
	return j.Steps, err
}
