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

// cancelPatience is how long a sweep that is to be replaced may take to end by itself.
const cancelPatience = 20 * time.Second

// Memo fields of a sweep's workflow, by which two runs of one sweep are compared.
const (
	memoGraph    = "graph"
	memoNumerics = "numerics"
)

// Started is a sweep's workflow, just started or joined.
type Started struct {
	ID, RunID string
	// Joined says that the same sweep was running already.
	Joined bool
	Run    client.WorkflowRun
}

// Start starts a sweep's workflow, of a priority from 1, the most urgent, to 5. If the same sweep runs already, it is
// joined. If another version of it runs, or it was told to stop, it is stopped first, keeping
// what it has done. say tells the user about either. data is the client's converter.
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
			continue // it ended in the meantime
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
			say("sweep %s is under way already; following it", in.Sweep)
			return Started{ID: id, RunID: runID, Joined: true, Run: c.GetWorkflow(ctx, id, runID)}, nil
		default:
			say("another version of sweep %s is under way; stopping it (what it finished is kept)", in.Sweep)
		}
		if err := Stop(ctx, c, id, runID, "lossatlas run of another version of it"); err != nil {
			return Started{}, err
		}
	}
}

// Stop cancels a sweep's workflow and waits for it to record what it did; one
// that takes too long is terminated. The reason completes "it was stopped by" for the processes that follow it.
func Stop(ctx context.Context, c client.Client, id, runID, reason string) error {
	err := c.CancelWorkflowWithOptions(ctx, client.CancelWorkflowOptions{WorkflowID: id, RunID: runID, Reason: reason})
	if gone(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cancel %s: %w", id, err)
	}
	if ended(ctx, c, id, runID, cancelPatience) {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := c.TerminateWorkflow(ctx, id, runID, reason); err != nil && !gone(err) {
		return fmt.Errorf("terminate %s: %w", id, err)
	}
	return nil
}

// StoppedBy says what stopped a sweep's workflow, as Stop was told; "" where that can't be found.
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

// ended waits for the end of a workflow run; false if it lasts longer than patience.
func ended(ctx context.Context, c client.Client, id, runID string, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_ = c.GetWorkflow(ctx, id, runID).Get(ctx, nil) // how it ended does not matter here
	return ctx.Err() == nil
}

// gone says that a workflow does not run, so that it can't be cancelled.
func gone(err error) bool {
	var missing *serviceerror.NotFound
	return errors.As(err, &missing)
}

// describe returns the latest run of a workflow, and whether it was told to stop.
func describe(ctx context.Context, c client.Client, id string) (info *workflow.WorkflowExecutionInfo, stopping bool, err error) {
	d, err := c.DescribeWorkflowExecution(ctx, id, "")
	if err != nil {
		return nil, false, fmt.Errorf("look at %s: %w", id, err)
	}
	return d.GetWorkflowExecutionInfo(), d.GetWorkflowExtendedInfo().GetCancelRequested(), nil
}

// memo returns a text from a workflow's memo, or "" where this program wrote none. It fails with
// *[codec.UnreadableError] where the text is encrypted with a key that is not there.
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
