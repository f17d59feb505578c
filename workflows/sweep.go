package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lossatlas/activities"
	"lossatlas/artifacts"
)

// SweepResult counts what became of a sweep's steps; the root in the store has each.
type SweepResult struct {
	Total  int `json:"total"`
	Cached int `json:"cached"`
	Ran    int `json:"ran"`
	Failed int `json:"failed"`
	// NotRun are the steps that did not run because another step failed or the sweep was stopped.
	Interrupted int `json:"interrupted,omitempty"`
	NotRun      int `json:"not_run,omitempty"`
}

// ExperimentID is the workflow ID of one experiment of a sweep.
func ExperimentID(sweepID, experiment string) string { return sweepID + "/" + experiment }

// Sweep runs the experiments of a sweep, each as a child workflow, then the
// steps over all of them, and records the outcome. Experiments that fail don't
// stop the others unless FailFast is set.
func Sweep(ctx workflow.Context, in activities.SweepInput) (SweepResult, error) {
	record := activities.SweepRecord{Sweep: in, State: artifacts.StateRunning, Began: workflow.Now(ctx)}
	if err := workflow.ExecuteActivity(quick(ctx, "record the start"), acts.RecordSweep, record).Get(ctx, nil); err != nil {
		return SweepResult{}, err
	}
	result, err := sweepSteps(ctx, in)
	switch {
	case err != nil && temporal.IsCanceledError(err):
		record.State = artifacts.StateInterrupted
	case err != nil || result.Failed > 0:
		record.State = artifacts.StateFailed
	case result.NotRun > 0: // no step failed: a training produced no weights
		record.State = artifacts.StateDiverged
	default:
		record.State = artifacts.StateDone
	}
	// A cancelled sweep is recorded, too.
	last, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	if e := workflow.ExecuteActivity(quick(last, "record the end"), acts.RecordSweep, record).Get(last, nil); e != nil && err == nil {
		err = e
	}
	return result, err
}

// sweepSteps runs the experiments, and then the steps over all of them.
func sweepSteps(ctx workflow.Context, in activities.SweepInput) (SweepResult, error) {
	result, err := experiments(ctx, in)
	if err != nil {
		return result, err
	}
	last, err := group(ctx, groupInput(ctx, in, len(in.Experiments), in.Concurrency))
	result.add(last)
	if err == nil {
		err = ctx.Err()
	}
	return result, err
}

// groupInput starts a group of a sweep's steps: an experiment, or the last steps.
func groupInput(ctx workflow.Context, in activities.SweepInput, group, concurrency int) activities.ExperimentInput {
	return activities.ExperimentInput{
		Sweep: in.Sweep, Graph: in.Graph, Run: workflow.GetInfo(ctx).WorkflowExecution.RunID, Group: group,
		Numerics: in.Numerics, FailFast: in.FailFast, Concurrency: concurrency,
	}
}

// share divides the steps that may compute at a time between experiments, of which most run side by side: as
// many experiments as may have one, and for each the same number, so that their
// product is at most that. Without a limit (0) each may run all its steps.
func share(concurrency, experiments, most int) (window, steps int) {
	if concurrency == 0 {
		return most, 0
	}
	window = max(min(concurrency, experiments, most), 1)
	return window, concurrency / window
}

// goAhead waits until the first experiment has its lines and surfaces, or ended, if the others are held back for that, and else for its
// head start.
func goAhead(ctx workflow.Context, hold bool, ended func() bool) error {
	if hold {
		drawn := workflow.GetSignalChannel(ctx, activities.SignalDrawn)
		return workflow.Await(ctx, func() bool { return drawn.Len() > 0 || ended() })
	}
	_, err := workflow.AwaitWithTimeout(ctx, headStart, ended)
	return err
}

// headStart is how long after the first experiment the next one starts, so that idle workers find the first one's training.
const headStart = time.Second

// experiments runs the experiments as child workflows, a window of them at a
// time, and counts how their steps ended.
func experiments(parent workflow.Context, in activities.SweepInput) (sum SweepResult, failed error) {
	ctx, stop := workflow.WithCancel(parent)
	defer stop()
	results := make([]SweepResult, len(in.Experiments))
	running, done := 0, 0
	window, each := share(in.Concurrency, len(in.Experiments), cmp.Or(in.Window, activities.LeastWindow))
	for i, name := range in.Experiments {
		if err := workflow.Await(ctx, func() bool { return running < window || failed != nil }); err != nil {
			failed = err
			break
		}
		if failed != nil {
			break
		}
		running++
		child := workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
			WorkflowID:            ExperimentID(workflow.GetInfo(ctx).WorkflowExecution.ID, name),
			TaskQueue:             activities.QueueIO,
			WaitForCancellation:   true,
			StaticSummary:         name,
			TypedSearchAttributes: activities.SweepAttributes(in.Sweep, "experiment"),
		})
		input := groupInput(ctx, in, i, each)
		input.First = name == in.First
		f := workflow.ExecuteChildWorkflow(child, activities.ExperimentWorkflow, input)
		workflow.Go(ctx, func(ctx workflow.Context) {
			err := f.Get(ctx, &results[i])
			running--
			done++
			if err == nil && in.FailFast && results[i].Failed > 0 {
				err = temporal.NewNonRetryableApplicationError("experiment "+name+" failed, and the sweep is to stop at the first failure", "FailFast", nil)
			}
			if err != nil && failed == nil {
				failed = err
				stop()
			}
			workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d of %d experiments done", done, len(in.Experiments)))
		})
		if input.First && i+1 < len(in.Experiments) {
			// An error is the end of the context, which the next turn notices.
			_ = goAhead(ctx, in.Hold, func() bool { return running == 0 || failed != nil })
		}
	}
	// It waits for cancelled children, so that their results are recorded.
	rest, cancel := workflow.NewDisconnectedContext(parent)
	defer cancel()
	if err := workflow.Await(rest, func() bool { return running == 0 }); err != nil && failed == nil {
		failed = err
	}
	for _, r := range results {
		sum.add(r)
	}
	if failed == nil {
		failed = parent.Err()
	}
	return sum, failed
}

func (r *SweepResult) add(o SweepResult) {
	r.Total, r.Cached, r.Ran, r.Failed = r.Total+o.Total, r.Cached+o.Cached, r.Ran+o.Ran, r.Failed+o.Failed
	r.Interrupted, r.NotRun = r.Interrupted+o.Interrupted, r.NotRun+o.NotRun
}

func count(steps []activities.StepStatus) SweepResult {
	r := SweepResult{Total: len(steps)}
	for _, s := range steps {
		switch s.State {
		case artifacts.StateCached:
			r.Cached++
		case artifacts.StateRan:
			r.Ran++
		case artifacts.StateFailed:
			r.Failed++
		case artifacts.StateInterrupted:
			r.Interrupted++
		case artifacts.StateNotRun:
			r.NotRun++
		}
	}
	return r
}
