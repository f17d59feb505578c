package launch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"lossatlas/activities"
	"lossatlas/workers/internal/codec"
)

// IDPrefix begins the workflow ID of every sweep.
const IDPrefix = "sweep-"

// WorkflowID is the workflow ID of a sweep.
func WorkflowID(sweep string) string { return IDPrefix + sweep }

// cancelTimeout is the time for a cancelled sweep to record its results before it is terminated.
const cancelTimeout = 20 * time.Second

// Memo fields of a sweep's workflow, which distinguish versions of the sweep.
const (
	memoGraph    = "graph"
	memoNumerics = "numerics"
)

// Started is a sweep's workflow, just started or joined.
type Started struct {
	ID, RunID string
	// Joined is set if the same sweep was already running.
	Joined bool
	Run    client.WorkflowRun
}

// Start starts a sweep's workflow with a priority from 1, the most urgent, to 5. It joins a run of the same version, and first
// stops a run of another version or one that is being stopped; finished steps are kept. say reports either to the user. data is
// the client's converter.
func Start(ctx context.Context, c client.Client, data converter.DataConverter, in activities.SweepInput, priority int, say func(string, ...any)) (Started, error) {
	id := WorkflowID(in.Sweep)
	opts := client.StartWorkflowOptions{
		ID: id, TaskQueue: activities.QueueIO,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		Memo:                                     map[string]any{memoGraph: in.Graph.String(), memoNumerics: in.Numerics},
		StaticSummary:                            fmt.Sprintf("sweep %s: %d experiments", in.Sweep, len(in.Experiments)),
		TypedSearchAttributes:                    activities.SweepAttributes(in.Sweep, "sweep"),
		Priority:                                 activities.Priority(in.Sweep, priority),
	}
	for {
		run, err := c.ExecuteWorkflow(ctx, opts, activities.SweepWorkflow, in)
		var taken *serviceerror.WorkflowExecutionAlreadyStarted
		if !errors.As(err, &taken) {
			if err != nil {
				return Started{}, fmt.Errorf("start sweep %s: %w", in.Sweep, err)
			}
			return Started{ID: id, RunID: run.GetRunID(), Run: run}, nil
		}
		info, stopping, err := describe(ctx, c, id)
		if err != nil {
			return Started{}, err
		}
		if info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
			continue // it ended meanwhile
		}
		runID := info.GetExecution().GetRunId()
		open, err := openSweep(info, data)
		if err != nil {
			return Started{}, err
		}
		switch same := open.graph == in.Graph.String() && open.numerics == in.Numerics; {
		case stopping:
			say("sweep %s is being stopped; waiting for its end", in.Sweep)
		case same:
			say("sweep %s is already running; following it", in.Sweep)
			return Started{ID: id, RunID: runID, Joined: true, Run: c.GetWorkflow(ctx, id, runID)}, nil
		default:
			say("another version of sweep %s is running; stopping it (its finished steps are kept)", in.Sweep)
		}
		if err := Stop(ctx, c, id, runID, "lossatlas run of another version of it"); err != nil {
			return Started{}, err
		}
	}
}

// Stop cancels a sweep's workflow and waits for it to record its results; after cancelTimeout it is terminated. The reason
// completes "it was stopped by" for the processes that follow it.
func Stop(ctx context.Context, c client.Client, id, runID, reason string) error {
	err := c.CancelWorkflowWithOptions(ctx, client.CancelWorkflowOptions{WorkflowID: id, RunID: runID, Reason: reason})
	if isNotRunning(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cancel %s: %w", id, err)
	}
	if ended(ctx, c, id, runID, cancelTimeout) {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return terminate(ctx, c, id, runID, reason)
}

// StoppedBy returns the reason that Stop was given, or "" if it is unknown.
func StoppedBy(ctx context.Context, c client.Client, id, runID string) (reason string) {
	events := c.GetWorkflowHistory(ctx, id, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return reason
		}
		reason = cmp.Or(e.GetWorkflowExecutionCancelRequestedEventAttributes().GetCause(), reason)
	}
	return reason
}

// ended waits for the end of a workflow run; false if it takes longer than timeout.
func ended(ctx context.Context, c client.Client, id, runID string, timeout time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_ = activities.Ended(ctx, c.GetWorkflow(ctx, id, runID), nil) // how it ended does not matter here
	return ctx.Err() == nil
}

// isNotRunning reports that a workflow does not run, so that it can't be cancelled.
func isNotRunning(err error) bool {
	var missing *serviceerror.NotFound
	return errors.As(err, &missing)
}

// describe returns the latest run of a workflow, and whether its cancellation was requested.
func describe(ctx context.Context, c client.Client, id string) (info *workflow.WorkflowExecutionInfo, stopping bool, err error) {
	d, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return nil, false, fmt.Errorf("describe %s: %w", id, err)
	}
	return d.GetWorkflowExecutionInfo(), d.GetWorkflowExtendedInfo().GetCancelRequested(), nil
}

// memo returns a text from a workflow's memo, "" if absent or of another program. The error is a *[codec.UnreadableError]
// if the key of an encrypted text is missing.
func memo(info *workflow.WorkflowExecutionInfo, name string, data converter.DataConverter) (text string, err error) {
	p, ok := info.GetMemo().GetFields()[name]
	if !ok {
		return "", nil
	}
	var secret *codec.UnreadableError
	switch err := data.FromPayload(p, &text); {
	case errors.As(err, &secret):
		return "", err
	case err != nil:
		return "", nil
	}
	return text, nil
}
