package workflows

import (
	"cmp"
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lossatlas/activities"
	"lossatlas/activities/runner"
	"lossatlas/artifacts"
)

// Step makes the result of one step. It runs for as long as it has a waiter:
// waiters announce themselves by signals, and when the last has left, it
// is cancelled, keeping its stored chunks.
func Step(ctx workflow.Context, in activities.StepInput) (activities.StepResult, error) {
	work, cancel := workflow.WithCancel(ctx)
	left := false
	workflow.Go(ctx, func(ctx workflow.Context) {
		watch(ctx)
		left = true
		cancel()
	})
	result, err := makeStep(work, in)
	if err != nil && left {
		return result, temporal.NewNonRetryableApplicationError("no sweep waits for this step any more; stored parts are kept", activities.ErrorAbandoned, nil)
	}
	return result, err
}

// watch keeps the list of waiters and returns when the last one has left.
func watch(ctx workflow.Context) {
	join, leave := workflow.GetSignalChannel(ctx, activities.SignalJoin), workflow.GetSignalChannel(ctx, activities.SignalLeave)
	waiters := map[string]bool{}
	for {
		var who string
		s := workflow.NewSelector(ctx)
		s.AddReceive(join, func(c workflow.ReceiveChannel, _ bool) {
			c.Receive(ctx, &who)
			waiters[who] = true
		})
		s.AddReceive(leave, func(c workflow.ReceiveChannel, _ bool) {
			c.Receive(ctx, &who)
			delete(waiters, who)
		})
		s.Select(ctx)
		if len(waiters) == 0 {
			return
		}
	}
}

// rounds is how often chunks that vanished between computing and joining them are made again.
const rounds = 3

// QueryProgress is the query of a step's workflow that returns how much of the step's finished chunks is done: [runner.Progress].
const QueryProgress = "progress"

// makeStep computes the chunks of a step, if it has any, and makes its outputs.
func makeStep(ctx workflow.Context, in activities.StepInput) (result activities.StepResult, err error) {
	if !in.Kind.Known() {
		return result, temporal.NewNonRetryableApplicationError(fmt.Sprintf("this worker does not know steps of kind %q: it is older than the sweep", in.Kind), "BadStep", nil)
	}
	if in.Kind.Unit() == "" {
		err := workflow.ExecuteActivity(computing(ctx, in, in.Label), acts.MakeStep, in, artifacts.Spent{}).Get(ctx, &result)
		return result, err
	}
	progress := runner.Progress{Unit: in.Kind.Unit()}
	if err := workflow.SetQueryHandler(ctx, QueryProgress, func() (runner.Progress, error) { return progress, nil }); err != nil {
		return result, err
	}
	var spent artifacts.Spent
	for round := 1; ; round++ {
		took, err := computeAll(ctx, in, &progress)
		spent = spent.Plus(took)
		if hasType(err, runner.ErrorChunkLost) && round < rounds {
			continue
		}
		if err != nil {
			return result, err
		}
		err = workflow.ExecuteActivity(quick(ctx, "assemble"), acts.MakeStep, in, spent).Get(ctx, &result)
		if hasType(err, runner.ErrorChunkLost) && round < rounds {
			continue
		}
		return result, err
	}
}

// computeAll computes the remaining chunks, and the chunks that follow from them. It returns their total time.
func computeAll(ctx workflow.Context, in activities.StepInput, progress *runner.Progress) (spent artifacts.Spent, err error) {
	for {
		var plan runner.Plan
		if err := workflow.ExecuteActivity(quick(ctx, "which chunks are missing"), acts.PlanStep, in).Get(ctx, &plan); err != nil {
			return spent, err
		}
		took, err := compute(ctx, in, plan, progress)
		spent = spent.Plus(took)
		if err != nil || !plan.More {
			return spent, err
		}
	}
}

// compute computes the missing chunks, a window of them at a time. It returns
// their total time, and counts them in progress. The first error stops it.
func compute(ctx workflow.Context, in activities.StepInput, plan runner.Plan, progress *runner.Progress) (artifacts.Spent, error) {
	ctx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	var spent artifacts.Spent
	var failed error
	running, window := 0, cmp.Or(in.Window, activities.LeastWindow)
	done := plan.Chunks - len(plan.Missing)
	progress.Done, progress.Total = plan.Done, plan.Points // those found in the store count, too
	for _, chunk := range plan.Missing {
		if err := workflow.Await(ctx, func() bool { return running < window || failed != nil }); err != nil {
			return spent, err
		}
		if failed != nil {
			break
		}
		running++
		f := workflow.ExecuteActivity(computing(ctx, in, fmt.Sprintf("chunk %d of %d", chunk+1, plan.Chunks)), acts.RunChunk, in, chunk)
		workflow.Go(ctx, func(ctx workflow.Context) {
			var r activities.ChunkResult
			err := f.Get(ctx, &r)
			running--
			if err != nil {
				if failed == nil {
					failed = err
				}
				return
			}
			done++
			progress.Done += r.Points
			spent = spent.Plus(r.Spent)
			workflow.SetCurrentDetails(ctx, fmt.Sprintf("%d of %d chunks done", done, plan.Chunks))
		})
	}
	if failed != nil {
		cancel()
	}
	if err := workflow.Await(ctx, func() bool { return running == 0 }); err != nil && failed == nil {
		failed = err
	}
	return spent, failed
}
