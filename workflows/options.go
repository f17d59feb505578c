package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"lossatlas/activities"
)

// acts gives workflow code typed references to activities.
var acts *activities.Activities

// retry continues for as long as the error may pass; activities mark those that can't.
var retry = &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second}

// aliveWithin is how long an activity may go without a heartbeat. After a
// worker was killed its work starts again no later than this.
const aliveWithin = 20 * time.Second

// quick is for activities of some seconds that only read and write the store; on a busy machine a large report takes minutes.
func quick(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: activities.QueueIO, StartToCloseTimeout: 30 * time.Minute, HeartbeatTimeout: aliveWithin, RetryPolicy: retry, Summary: summary,
	})
}

// waiting is for the activity that waits for a step, however long it takes. It
// hands its priority on to the step, and is told it here because an activity
// that is dispatched with the workflow task does not inherit that of the sweep.
func waiting(ctx workflow.Context, summary string, priority temporal.Priority) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: activities.QueueIO, StartToCloseTimeout: 30 * 24 * time.Hour, HeartbeatTimeout: aliveWithin,
		WaitForCancellation: true, RetryPolicy: retry, Summary: summary, Priority: priority,
	})
}

// computing is for the work of a step, or of one of its chunks: the limit is per attempt, and an attempt
// resumes from what the last one stored.
func computing(ctx workflow.Context, in activities.StepInput, summary string) workflow.Context {
	if in.Queue == activities.QueueIO {
		return quick(ctx, summary)
	}
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: in.Queue, StartToCloseTimeout: in.Kind.Attempt(), HeartbeatTimeout: aliveWithin,
		WaitForCancellation: true, RetryPolicy: retry, Summary: summary,
	})
}
