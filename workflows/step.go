package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lossatlas/activities"
	"lossatlas/pipelines"
)

// Step makes the result of one step. It runs for as long as somebody waits for
// it: waiters announce themselves by signals, and when the last has left, it
// is cancelled, keeping what it has stored so far.
func Step(ctx workflow.Context, in activities.StepInput) (activities.StepResult, error) {
	work, cancel := workflow.WithCancel(ctx)
	left := false
	workflow.Go(ctx, func(ctx workflow.Context) {
		watch(ctx)
		left = true
		cancel()
	})
	result, err := runKind(work, in)
	if err != nil && left {
		return result, temporal.NewNonRetryableApplicationError("nobody waits for this step any more; what it stored is kept", activities.ErrorAbandoned, nil)
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

// runKind runs the activities of the step's kind.
func runKind(ctx workflow.Context, in activities.StepInput) (result activities.StepResult, err error) {
	one := func(ctx workflow.Context, activity any) error {
		return workflow.ExecuteActivity(ctx, activity, in).Get(ctx, &result)
	}
	switch kind := pipelines.Kind(in.Recipe.Kind); kind {
	case pipelines.KindTrain:
		err = one(computing(ctx, in, 14*24*time.Hour, in.Label), acts.Train)
	case pipelines.KindImport:
		err = one(computing(ctx, in, 24*time.Hour, in.Label), acts.Import)
	case pipelines.KindDirections:
		err = one(quick(ctx, in.Label), acts.Directions)
	case pipelines.KindEigenvectors:
		err = one(computing(ctx, in, 24*time.Hour, in.Label), acts.Eigenvectors)
	case pipelines.KindGivenDirections:
		err = one(quick(ctx, in.Label), acts.GivenDirections)
	case pipelines.KindTrajectory:
		err = one(computing(ctx, in, 24*time.Hour, in.Label), acts.Trajectory)
	case pipelines.KindDifference:
		err = one(quick(ctx, in.Label), acts.Difference)
	case pipelines.KindLine, pipelines.KindSurface, pipelines.KindHessian, pipelines.KindSpectrum:
		result, err = mapStep(ctx, in)
	case pipelines.KindFlatness:
		err = one(quick(ctx, in.Label), acts.Flatness)
	case pipelines.KindRender:
		err = one(quick(ctx, in.Label), acts.Render)
	case pipelines.KindReport:
		err = one(quick(ctx, in.Label), acts.Report)
	default:
		err = temporal.NewNonRetryableApplicationError(fmt.Sprintf("this worker does not know steps of kind %q: it is older than the sweep", kind), "BadStep", nil)
	}
	return result, err
}
