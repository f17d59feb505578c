package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// ExperimentResult is how the steps of an experiment ended.
type ExperimentResult struct {
	SweepResult
	// Steps are there only where an earlier release started the experiment. Now each is in the
	// store: RecordSteps.
	Steps []activities.StepStatus `json:"steps,omitempty"`
}

// UnmarshalJSON reads the list of steps, too, that earlier releases returned.
func (r *ExperimentResult) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		err := json.Unmarshal(b, &r.Steps)
		r.SweepResult = count(r.Steps)
		return err
	}
	type plain ExperimentResult
	return json.Unmarshal(b, (*plain)(r))
}

// Experiment runs the steps of one experiment as their inputs appear and
// records what became of each. Failed and cancelled steps are in the record,
// not the error, so that what did run is always known.
func Experiment(ctx workflow.Context, in activities.ExperimentInput) (ExperimentResult, error) {
	var exp pipelines.Experiment
	if err := workflow.ExecuteActivity(quick(ctx, "load the experiment"), acts.LoadExperiment, in.Graph, in.Index).Get(ctx, &exp); err != nil {
		return ExperimentResult{}, err
	}
	r := newRunner(ctx, exp.Steps, in)
	steps := r.run(ctx)
	result := ExperimentResult{SweepResult: count(steps)}
	if in.Run == "" {
		result.Steps = steps
	} else if err := keep(ctx, activities.StepsRecord{Run: in.Run, Group: in.Index, Steps: steps}); err != nil {
		return result, err
	}
	return result, workflow.UpsertTypedSearchAttributes(ctx, activities.CachedAttribute(steps))
}

// keep records what became of steps, also those of a cancelled sweep.
func keep(ctx workflow.Context, r activities.StepsRecord) error {
	last, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	return workflow.ExecuteActivity(quick(last, "record the steps"), acts.RecordSteps, r).Get(last, nil)
}

// runner executes a list of steps in topological order, side by side where
// their inputs allow.
type runner struct {
	in     activities.ExperimentInput
	steps  []pipelines.Step
	status map[string]*activities.StepStatus
	slots  workflow.Semaphore // of steps that compute; nil for no limit
	// known are, for the last steps of a sweep, the steps that are in no record.
	known []activities.StepStatus
}

func newRunner(ctx workflow.Context, steps []pipelines.Step, in activities.ExperimentInput) *runner {
	r := &runner{in: in, steps: steps, status: map[string]*activities.StepStatus{}}
	if in.Concurrency > 0 {
		r.slots = workflow.NewSemaphore(ctx, int64(in.Concurrency))
	}
	for _, s := range steps {
		r.status[s.ID] = &activities.StepStatus{ID: s.ID, Kind: string(s.Kind), State: artifacts.StateWaiting}
	}
	return r
}

// list returns the status of the runner's own steps, in their order.
func (r *runner) list() []activities.StepStatus {
	out := make([]activities.StepStatus, len(r.steps))
	for i, s := range r.steps {
		out[i] = *r.status[s.ID]
	}
	return out
}

// run executes the steps and returns their status when all have ended.
func (r *runner) run(ctx workflow.Context) []activities.StepStatus {
	steps, stop := workflow.WithCancel(ctx)
	defer stop()
	wg := workflow.NewWaitGroup(ctx)
	for _, s := range r.steps {
		wg.Add(1)
		workflow.Go(steps, func(ctx workflow.Context) {
			defer wg.Done()
			r.step(ctx, s)
			if r.status[s.ID].State == artifacts.StateFailed && r.in.FailFast {
				stop()
			}
			workflow.SetCurrentDetails(ctx, r.describe())
		})
	}
	wg.Wait(ctx)
	return r.list()
}

// step waits for the inputs of one step and then runs it.
func (r *runner) step(ctx workflow.Context, s pipelines.Step) {
	st := r.status[s.ID]
	err := workflow.Await(ctx, func() bool { return r.settled(s) })
	if err != nil {
		st.State = artifacts.StateNotRun
		return
	}
	inputs, missing := activities.ResolveInputs(s, r.ownInputs(s), r.find)
	if missing != "" && !s.Partial {
		*st = activities.NotRun(s, missing)
		return
	}
	if r.slots != nil && s.Kind.Computes() {
		if r.slots.Acquire(ctx, 1) != nil {
			st.State = artifacts.StateNotRun
			return
		}
		defer r.slots.Release(1)
	}
	st.State = artifacts.StateRunning
	req := activities.StepRequest{
		Sweep: r.in.Sweep, Step: pipelines.Step{ID: s.ID, Kind: s.Kind}, Inputs: inputs, Numerics: r.in.Numerics, Waiter: workflow.GetInfo(ctx).WorkflowExecution.ID,
		Graph: r.in.Graph, Known: r.known,
	}
	err = workflow.ExecuteActivity(waiting(ctx, s.ID), acts.RunStep, req).Get(ctx, &st.Made)
	stopped, ok := activities.Stopped(err)
	switch {
	case err == nil && st.Made.Cached:
		st.State = artifacts.StateCached
	case err == nil:
		st.State = artifacts.StateRan
	case ok:
		st.State = stopped
	case hasType(err, activities.ErrorBlocked):
		st.State, st.Error = artifacts.StateNotRun, message(err)
	default:
		st.State, st.Error = artifacts.StateFailed, message(err)
	}
}

// settled says whether all steps that s refers to have ended, well or not.
func (r *runner) settled(s pipelines.Step) bool {
	for _, name := range workflow.DeterministicKeys(s.Inputs) {
		if st, ok := r.status[s.Inputs[name].Step]; ok && (st.State == artifacts.StateWaiting || st.State == artifacts.StateRunning) {
			return false
		}
	}
	return true
}

// ownInputs are the names of a step's inputs that come from the runner's steps. In the histories of an earlier release
// a sweep's last steps have others, too.
func (r *runner) ownInputs(s pipelines.Step) []string {
	return slices.DeleteFunc(workflow.DeterministicKeys(s.Inputs), func(name string) bool { return r.status[s.Inputs[name].Step] == nil })
}

// find returns the state of one of the runner's own steps.
func (r *runner) find(id string) (activities.StepStatus, bool) {
	if st, ok := r.status[id]; ok {
		return *st, true
	}
	return activities.StepStatus{}, false
}

// describe is a table of the steps for the Temporal UI.
func (r *runner) describe() string {
	var b strings.Builder
	b.WriteString("| step | state |\n|---|---|\n")
	for _, s := range r.list() {
		fmt.Fprintf(&b, "| %s | %s |\n", s.ID, s.State)
	}
	return b.String()
}

// hasType says whether an activity failed with one of the types of error that activities name.
func hasType(err error, kind string) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.Type() == kind
}

// message is the innermost error text that a person can act on.
func message(err error) string {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return app.Message()
	}
	return err.Error()
}
