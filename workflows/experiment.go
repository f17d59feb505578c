package workflows

import (
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// QueryStatus is the query that returns the state of a sweep's or an
// experiment's steps: []activities.StepStatus.
const QueryStatus = "status"

// Experiment runs the steps of one experiment as their inputs appear and
// returns what became of each. Failed and cancelled steps are in the result,
// not the error, so that what did run is always recorded.
func Experiment(ctx workflow.Context, in activities.ExperimentInput) ([]activities.StepStatus, error) {
	var exp pipelines.Experiment
	if err := workflow.ExecuteActivity(quick(ctx, "load the experiment"), acts.LoadExperiment, in.Graph, in.Index).Get(ctx, &exp); err != nil {
		return nil, err
	}
	r := newRunner(exp.Steps, in.Sweep, in.Numerics, in.FailFast)
	if err := workflow.SetQueryHandler(ctx, QueryStatus, func() ([]activities.StepStatus, error) { return r.list(), nil }); err != nil {
		return nil, err
	}
	steps := r.run(ctx)
	return steps, workflow.UpsertTypedSearchAttributes(ctx, activities.CachedAttribute(steps))
}

// runner executes a list of steps in topological order, side by side where
// their inputs allow.
type runner struct {
	steps    []pipelines.Step
	status   map[string]*activities.StepStatus
	sweep    string
	numerics string
	failFast bool
}

func newRunner(steps []pipelines.Step, sweep, numerics string, failFast bool) *runner {
	r := &runner{steps: steps, status: map[string]*activities.StepStatus{}, sweep: sweep, numerics: numerics, failFast: failFast}
	for _, s := range steps {
		r.status[s.ID] = &activities.StepStatus{ID: s.ID, Kind: string(s.Kind), State: activities.StateWaiting}
	}
	return r
}

// know adds the results of steps that ran elsewhere, for steps that refer to them.
func (r *runner) know(steps []activities.StepStatus) {
	for _, s := range steps {
		r.status[s.ID] = &s
	}
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
			if r.status[s.ID].State == activities.StateFailed && r.failFast {
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
		st.State = activities.StateCancelled
		return
	}
	inputs, missing := r.inputs(s)
	if missing != "" && !s.Partial {
		st.State, st.Error = activities.StateBlocked, missing
		return
	}
	st.State = activities.StateRunning
	req := activities.StepRequest{
		Sweep: r.sweep, Step: s, Inputs: inputs, Numerics: r.numerics, Waiter: workflow.GetInfo(ctx).WorkflowExecution.ID,
	}
	err = workflow.ExecuteActivity(waiting(ctx, s.ID), acts.RunStep, req).Get(ctx, &st.Made)
	switch {
	case err == nil && st.Made.Cached:
		st.State = activities.StateCached
	case err == nil:
		st.State = activities.StateRan
	case temporal.IsCanceledError(err):
		st.State = activities.StateCancelled
	default:
		st.State, st.Error = activities.StateFailed, message(err)
	}
}

// settled says whether all steps that s refers to have ended, well or not.
func (r *runner) settled(s pipelines.Step) bool {
	for _, name := range workflow.DeterministicKeys(s.Inputs) {
		if st, ok := r.status[s.Inputs[name].Step]; ok && (st.State == activities.StateWaiting || st.State == activities.StateRunning) {
			return false
		}
	}
	return true
}

// inputs resolves the references of a step; missing says which one has no result.
func (r *runner) inputs(s pipelines.Step) (inputs map[string]activities.Input, missing string) {
	inputs = make(map[string]activities.Input, len(s.Inputs))
	for _, name := range workflow.DeterministicKeys(s.Inputs) {
		ref := s.Inputs[name]
		var blob artifacts.Blob
		st, ok := r.status[ref.Step]
		if ok {
			blob, ok = st.Made.Outputs[ref.Output]
		}
		if !ok {
			missing = "waits for " + ref.Step
			if st != nil && (st.State == activities.StateRan || st.State == activities.StateCached) {
				missing = pipelines.NoOutput(ref)
			}
			continue
		}
		inputs[name] = activities.Input{Digest: blob.Digest, Producer: st.Made.Key}
	}
	return inputs, missing
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

// message is the innermost error text that a person can act on.
func message(err error) string {
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return app.Message()
	}
	return err.Error()
}
