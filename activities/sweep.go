package activities

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"

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
	// File is what the sweep was read from; it is recorded and changes nothing.
	File *artifacts.RootFile `json:"file,omitempty"`
}

// ExperimentInput starts an experiment's workflow.
type ExperimentInput struct {
	Sweep    string           `json:"sweep"`
	Graph    artifacts.Digest `json:"graph"`
	Index    int              `json:"index"` // of the experiment in the graph
	Numerics string           `json:"numerics"`
	FailFast bool             `json:"fail_fast,omitempty"`
	// Run is the run of the sweep under which the experiment records its steps. It is empty where
	// an earlier release started the experiment, which returned them.
	Run string `json:"run,omitempty"`
	// Concurrency is how many steps of this experiment that compute may run at a time, 0 for all.
	Concurrency int `json:"concurrency,omitempty"`
}

// StepStatus is one step as seen by a sweep.
type StepStatus struct {
	ID    string     `json:"id"`
	Kind  string     `json:"kind"`
	State string     `json:"state"`
	Error string     `json:"error,omitempty"`
	Made  StepResult `json:"made"`
}

// LoadExperiment returns an experiment of a graph, its steps in outline.
func (a *Activities) LoadExperiment(ctx context.Context, graph artifacts.Digest, index int) (pipelines.Experiment, error) {
	return short(ctx, a, StepInput{Label: "sweep"}, func(StepInput) (pipelines.Experiment, error) {
		g, err := a.graph(ctx, graph)
		if err != nil {
			return pipelines.Experiment{}, err
		}
		if index < 0 || index >= len(g.Experiments) {
			return pipelines.Experiment{}, permanent("BadStep", fmt.Errorf("experiment %d of %d", index, len(g.Experiments)))
		}
		e := g.Experiments[index]
		e.Steps = pipelines.Outline(e.Steps)
		return e, nil
	})
}

// LoadFinal returns the steps that follow all experiments, in outline.
func (a *Activities) LoadFinal(ctx context.Context, graph artifacts.Digest) ([]pipelines.Step, error) {
	return short(ctx, a, StepInput{Label: "sweep"}, func(StepInput) ([]pipelines.Step, error) {
		g, err := a.graph(ctx, graph)
		if err != nil {
			return nil, err
		}
		return pipelines.Outline(g.Final), nil
	})
}

// SweepRecord is what RecordSweep writes down.
type SweepRecord struct {
	Sweep SweepInput `json:"sweep"`
	State string     `json:"state"` // running, done, failed, interrupted
	// Steps are those that are in no record of RecordSteps.
	Steps []StepStatus `json:"steps,omitempty"`
	Began time.Time    `json:"began"`
}

// RecordSweep writes the sweep's root: what it consists of and what became of it.
func (a *Activities) RecordSweep(ctx context.Context, r SweepRecord) error {
	_, err := short(ctx, a, StepInput{Label: "sweep"}, func(StepInput) (struct{}, error) {
		g, err := a.Store.Get(ctx, r.Sweep.Graph)
		if err != nil {
			return struct{}{}, err
		}
		run := activity.GetInfo(ctx).WorkflowExecution.RunID
		if before, err := a.Store.Root(ctx, r.Sweep.Sweep); err == nil && before.RunID == run && before.State != artifacts.StateRunning {
			return struct{}{}, nil // an earlier attempt has done it, and its answer was lost
		}
		steps, err := a.records(ctx, run, r.Steps)
		if err != nil {
			return struct{}{}, err
		}
		root := artifacts.Root{
			Sweep: r.Sweep.Sweep, RunID: run, State: r.State, Started: r.Began,
			Graph: artifacts.Blob{Digest: r.Sweep.Graph, Size: int64(len(g))}, Numerics: r.Sweep.Numerics, File: r.Sweep.File, Steps: RootSteps(slices.Collect(maps.Values(steps))),
		}
		if r.State != artifacts.StateRunning {
			root.Finished = time.Now().UTC()
			graph, err := a.graph(ctx, r.Sweep.Graph)
			if err != nil {
				return struct{}{}, err
			}
			for id, p := range graph.steps {
				if _, ok := root.Steps[id]; !ok {
					root.Steps[id] = artifacts.RootStep{Kind: string(p.Step.Kind), State: artifacts.StateNotRun}
				}
			}
		}
		if err := a.Store.PutRoot(ctx, root); err != nil || r.State == artifacts.StateRunning {
			return struct{}{}, err
		}
		if err := a.Store.DropParts(ctx, RunKey(run)); err != nil {
			a.Log.Warn().Err(err).Str("sweep", r.Sweep.Sweep).Msg("the records of the sweep's steps could not be removed")
		}
		return struct{}{}, nil
	})
	return err
}

// RootSteps are the steps in the form that a root keeps.
func RootSteps(steps []StepStatus) map[string]artifacts.RootStep {
	out := make(map[string]artifacts.RootStep, len(steps))
	for _, s := range steps {
		out[s.ID] = artifacts.RootStep{
			Kind: s.Kind, Key: s.Made.Key, State: s.State, Error: s.Error, Seconds: s.Made.Seconds, Outputs: s.Made.Outputs,
		}
	}
	return out
}
