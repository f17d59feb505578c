package workflows

import (
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

// Experiment runs the steps of one experiment as their inputs appear and
// records what became of each. Failed and cancelled steps are in the record,
// not the error, so that what did run is always known.
func Experiment(ctx workflow.Context, in activities.ExperimentInput) (SweepResult, error) {
	result, err := group(ctx, in)
	if err != nil {
		return result, err
	}
	return result, workflow.UpsertTypedSearchAttributes(ctx, activities.CachedAttribute(result.Cached == result.Total))
}

// group runs the steps of an experiment, or the last steps of a sweep, and records what became of them, also when it is cancelled.
func group(ctx workflow.Context, in activities.ExperimentInput) (SweepResult, error) {
	var tasks []activities.Task
	if err := workflow.ExecuteActivity(quick(ctx, "load the steps"), acts.LoadTasks, in).Get(ctx, &tasks); err != nil {
		return SweepResult{}, err
	}
	steps := newGroupRun(ctx, tasks, in).run(ctx)
	last, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	record := activities.StepsRecord{Run: in.Run, Group: in.Group, Steps: steps}
	return count(steps), workflow.ExecuteActivity(quick(last, "record the steps"), acts.RecordSteps, record).Get(last, nil)
}

// groupRun executes a list of steps in topological order, side by side where
// their inputs allow.
type groupRun struct {
	in     activities.ExperimentInput
	tasks  []activities.Task
	status map[string]*activities.StepStatus
	slots  workflow.Semaphore // of steps that compute; nil for no limit
	told   bool               // the sweep knows that the lines and surfaces are done
}

func newGroupRun(ctx workflow.Context, tasks []activities.Task, in activities.ExperimentInput) *groupRun {
	r := &groupRun{in: in, tasks: tasks, status: map[string]*activities.StepStatus{}}
	if in.Concurrency > 0 {
		r.slots = workflow.NewSemaphore(ctx, int64(in.Concurrency))
	}
	for _, t := range tasks {
		st := &activities.StepStatus{ID: t.ID, Kind: t.Kind, State: artifacts.StateWaiting}
		if t.Found != nil {
			st.State, st.Made = artifacts.StateCached, *t.Found
		}
		r.status[t.ID] = st
	}
	return r
}

// list returns the status of the own steps of the group, in their order.
func (r *groupRun) list() []activities.StepStatus {
	out := make([]activities.StepStatus, len(r.tasks))
	for i, t := range r.tasks {
		out[i] = *r.status[t.ID]
	}
	return out
}

// run executes the steps and returns their status when all have ended.
func (r *groupRun) run(ctx workflow.Context) []activities.StepStatus {
	steps, stop := workflow.WithCancel(ctx)
	defer stop()
	wg := workflow.NewWaitGroup(ctx)
	for _, t := range r.tasks {
		if t.Found != nil {
			continue
		}
		wg.Add(1)
		workflow.Go(steps, func(ctx workflow.Context) {
			defer wg.Done()
			r.step(ctx, t)
			r.tell(ctx)
			if r.status[t.ID].State == artifacts.StateFailed && r.in.FailFast {
				stop()
			}
			workflow.SetCurrentDetails(ctx, r.describe())
		})
	}
	wg.Wait(ctx)
	workflow.SetCurrentDetails(ctx, r.describe())
	return r.list()
}

// step waits for the inputs of one step and for the shorter maps, and then runs it.
func (r *groupRun) step(ctx workflow.Context, t activities.Task) {
	st := r.status[t.ID]
	err := workflow.Await(ctx, func() bool { return r.settled(t) && r.hasTurn(t) })
	if err != nil {
		st.State = artifacts.StateNotRun
		return
	}
	inputs, missing := activities.ResolveInputs(t.Inputs, workflow.DeterministicKeys(t.Inputs), r.find)
	if missing != "" && !t.Partial {
		*st = activities.NotRun(t.ID, t.Kind, missing)
		return
	}
	if r.slots != nil && t.Kind.Computes() {
		if r.slots.Acquire(ctx, 1) != nil {
			st.State = artifacts.StateNotRun
			return
		}
		defer r.slots.Release(1)
	}
	st.State = artifacts.StateRunning
	req := activities.StepRequest{
		Sweep: r.in.Sweep, Graph: r.in.Graph, Run: r.in.Run, Step: t.ID, Kind: t.Kind, Inputs: inputs, Numerics: r.in.Numerics,
		Waiter: workflow.GetInfo(ctx).WorkflowExecution.ID,
	}
	priority := workflow.GetInfo(ctx).Priority
	if r.in.First && stage(t.Kind) < stageLong {
		priority = activities.MoreUrgent(priority)
	}
	err = workflow.ExecuteActivity(waiting(ctx, t.ID, priority), acts.RunStep, req).Get(ctx, &st.Made)
	st.State, st.Error, _ = activities.Outcome(st.Made, err)
}

// settled says whether all steps that t refers to have ended, well or not.
func (r *groupRun) settled(t activities.Task) bool {
	for _, name := range workflow.DeterministicKeys(t.Inputs) {
		if r.isOpen(t.Inputs[name].Step) {
			return false
		}
	}
	return true
}

// The stages of an experiment.
const (
	stageEarly   = iota // all but:
	stageSurface        // surfaces
	stageLong           // Hessian maps and spectra, which keep a worker for hours
)

// stage is when a kind of step begins: maps come in order of their usual length, so that the first pictures come early. No step
// of an earlier stage takes the outputs of a later one.
func stage(k pipelines.Kind) int {
	switch {
	case k.Long() && k.Unit() != "":
		return stageLong
	case k == pipelines.KindSurface:
		return stageSurface
	}
	return stageEarly
}

// hasTurn says whether all steps of the stages before the step's own have ended: of the lines before a surface, of all steps that
// compute before a long map.
func (r *groupRun) hasTurn(t activities.Task) bool {
	own := stage(t.Kind)
	return own == stageEarly || !slices.ContainsFunc(r.tasks, func(o activities.Task) bool {
		isBefore := o.Kind == pipelines.KindLine || own == stageLong && o.Kind.Computes() && stage(o.Kind) < own
		return isBefore && r.isOpen(o.ID)
	})
}

// tell signals the sweep that the first experiment's lines and surfaces, and everything they need, are done.
func (r *groupRun) tell(ctx workflow.Context) {
	sweep := workflow.GetInfo(ctx).ParentWorkflowExecution
	if !r.in.First || r.told || sweep == nil || slices.ContainsFunc(r.tasks, func(t activities.Task) bool {
		return t.Kind.Computes() && stage(t.Kind) < stageLong && r.isOpen(t.ID)
	}) {
		return
	}
	r.told = true
	// A sweep that has ended, or is being stopped, needs no signal.
	_ = workflow.SignalExternalWorkflow(ctx, sweep.ID, sweep.RunID, activities.SignalDrawn, nil).Get(ctx, nil)
}

// isOpen says whether a step of the group has not ended.
func (r *groupRun) isOpen(id string) bool {
	state := r.status[id].State
	return state == artifacts.StateWaiting || state == artifacts.StateRunning
}

// find returns the state of one of the own steps of the group.
func (r *groupRun) find(id string) (activities.StepStatus, bool) {
	if st, ok := r.status[id]; ok {
		return *st, true
	}
	return activities.StepStatus{}, false
}

// describe is a table of the steps for the Temporal UI.
func (r *groupRun) describe() string {
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
