package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Input is one resolved input of a step.
type Input struct {
	Digest   artifacts.Digest `json:"digest"`
	Producer artifacts.Key    `json:"producer"`
}

// StepRequest asks for a step's result on behalf of a sweep.
type StepRequest struct {
	Sweep    string           `json:"sweep"`
	Step     pipelines.Step   `json:"step"`
	Inputs   map[string]Input `json:"inputs,omitempty"`
	Numerics string           `json:"numerics"`
	// Waiter names who waits: the ID of the requesting workflow.
	Waiter string `json:"waiter"`
	// Graph is that of the sweep, from which the step is read. An earlier release sent the step whole, and no graph.
	Graph artifacts.Digest `json:"graph,omitzero"`
	// Known are steps of the sweep that are in no record of RecordSteps.
	Known []StepStatus `json:"known,omitempty"`
}

// Signals of a step workflow. A step runs as long as somebody waits for it.
const (
	SignalJoin  = "join"  // argument: the waiter
	SignalLeave = "leave" // argument: the waiter
)

// ErrorAbandoned is the type of the error with which a step workflow ends
// when nobody waits for it any more.
const ErrorAbandoned = "Abandoned"

// started is the heartbeat detail of RunStep: whether it is waiting for a run.
type started struct {
	WorkflowID string `json:"workflow_id"`
}

// RunStep finds the result of a step in the action cache, or has it made. The
// step's workflow ID comes from its key: whoever asks first starts it, and
// everybody else, in this sweep or another, joins and waits.
func (a *Activities) RunStep(ctx context.Context, req StepRequest) (result StepResult, err error) {
	defer func() { countStep(ctx, req.Step.Kind, result, err) }()
	return guard(ctx, a, StepInput{Label: req.Step.ID}, func(StepInput) (StepResult, error) {
		if !req.Graph.IsZero() {
			var err error
			if req.Step, req.Inputs, err = a.requested(ctx, req); err != nil {
				return StepResult{}, err
			}
		}
		in, err := NewStepInput(req.Step, req.Inputs, req.Numerics)
		if err != nil {
			return StepResult{}, permanent("BadStep", err)
		}
		var before started
		if activity.HasHeartbeatDetails(ctx) {
			if err := activity.GetHeartbeatDetails(ctx, &before); err != nil {
				a.log(ctx, in).Warn().Err(err).Msg("heartbeat details of an earlier attempt can't be read")
			}
		}
		result, err := a.cached(ctx, in)
		if err == nil {
			result.Cached = before.WorkflowID == ""
			return result, nil
		}
		var incomplete *artifacts.IncompleteError
		switch {
		case errors.As(err, &incomplete):
			a.log(ctx, in).Warn().Err(err).Msg("a cached result lost its blobs and is made again")
		case !errors.Is(err, artifacts.ErrNotFound):
			return StepResult{}, err
		}
		return a.await(ctx, in, req)
	})
}

// cached returns the step's result if it is in the action cache, whole.
func (a *Activities) cached(ctx context.Context, in StepInput) (StepResult, error) {
	act, err := a.Store.Lookup(ctx, in.Key)
	if err != nil {
		return StepResult{}, err
	}
	return StepResult{Key: in.Key, Outputs: act.Outputs, Cached: true, Seconds: act.Made.Seconds}, nil
}

// await joins the step's workflow, starting it if it is not running, and waits
// for its end. When this activity is cancelled it leaves; the step goes on if
// others wait for it.
func (a *Activities) await(ctx context.Context, in StepInput, req StepRequest) (StepResult, error) {
	id := in.WorkflowID()
	experiments := 1
	if g := a.graphs.find(req.Graph); g != nil {
		experiments = len(g.Experiments)
	}
	a.place(ctx, &in, experiments)
	opts := client.StartWorkflowOptions{
		TaskQueue:             QueueIO,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         in.Label,
		StaticDetails:         details(in, req.Sweep),
		TypedSearchAttributes: searchAttributes(in, req.Sweep),
		Priority:              activity.GetInfo(ctx).Priority,
	}
	if a.Version != (worker.WorkerDeploymentVersion{}) {
		opts.VersioningOverride = &client.PinnedVersioningOverride{Version: a.Version}
	}
	for {
		small, err := a.slim(ctx, in)
		if err != nil {
			return StepResult{}, err
		}
		run, err := a.Client.SignalWithStartWorkflow(ctx, id, SignalJoin, req.Waiter, opts, StepWorkflow, small)
		if err != nil {
			return StepResult{}, askAgain(fmt.Errorf("start %s: %w", id, err))
		}
		activity.RecordHeartbeat(ctx, started{WorkflowID: id})
		var result StepResult
		err = a.wait(ctx, id, run, &result)
		switch {
		case err == nil:
			return result, nil
		case ctx.Err() != nil:
			if !temporal.IsCanceledError(context.Cause(ctx)) { // another attempt continues to wait
				return StepResult{}, ctx.Err()
			}
			begun := a.begun(in, id)
			a.leave(in, id, req.Waiter)
			return StepResult{}, temporal.NewCanceledError(begun)
		case hasType(err, errorStopped):
			return StepResult{}, err
		case hasType(err, ErrorAbandoned):
			continue // everybody else left just before this join: start it again
		case hasType(err, ErrorRecipeLost):
			continue // another run of it ended just before this one, and took the recipe along
		}
		var app *temporal.ApplicationError
		var ended *temporal.WorkflowExecutionError
		var terminated *temporal.TerminatedError
		switch {
		case errors.As(err, &app):
			return StepResult{}, temporal.NewNonRetryableApplicationError(app.Message(), app.Type(), nil)
		case errors.As(err, &terminated):
			return StepResult{}, permanent("StepEnded", errors.New("terminated in Temporal"))
		case errors.As(err, &ended):
			return StepResult{}, permanent("StepEnded", fmt.Errorf("ended in Temporal: %w", errors.Unwrap(ended)))
		}
		return StepResult{}, askAgain(fmt.Errorf("wait for %s: %w", id, err))
	}
}

// wait blocks until the workflow run ends, telling Temporal now and then that
// this activity is alive; the step itself has its own heartbeat.
func (a *Activities) wait(ctx context.Context, id string, run client.WorkflowRun, result *StepResult) error {
	done := make(chan error, 1)
	go func() { done <- run.Get(ctx, result) }()
	tick := time.NewTicker(BeatEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			activity.RecordHeartbeat(ctx, started{WorkflowID: id})
		case <-activity.GetWorkerStopChannel(ctx):
			return stopped(ctx)
		}
	}
}

// begun says whether any of the step's work was done: a worker is at it, or the store has a part of it. It is
// asked when the request for the step is withdrawn; what can't be asked then counts as begun.
func (a *Activities) begun(in StepInput, id string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	d, err := a.Client.DescribeWorkflowExecution(ctx, id, "")
	if err != nil || slices.ContainsFunc(d.GetPendingActivities(), func(p *workflow.PendingActivityInfo) bool {
		return p.GetState() != enumspb.PENDING_ACTIVITY_STATE_SCHEDULED
	}) {
		return true
	}
	parts, err := a.Store.Parts(ctx, in.Key)
	return err != nil || len(parts) > 0
}

// Stopped is the state of a step whose RunStep ended with an error because the sweep was stopped: interrupted if the
// step had begun, else not run. ok is false for any other error.
func Stopped(err error) (state string, ok bool) {
	var canceled *temporal.CanceledError
	var ended *temporal.ActivityError
	begun := false
	switch {
	case errors.As(err, &canceled) && canceled.HasDetails():
		ok = canceled.Details(&begun) == nil
	case errors.As(err, &canceled), errors.Is(err, context.Canceled):
		ok = true
	case errors.As(err, &ended): // it was lost with its worker, and not tried again because it is not wanted
		ok = ended.RetryState() == enumspb.RETRY_STATE_CANCEL_REQUESTED
		begun = ok
	}
	if begun {
		return artifacts.StateInterrupted, ok
	}
	return artifacts.StateNotRun, ok
}

// leave tells the step that this waiter no longer waits.
func (a *Activities) leave(in StepInput, id, waiter string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := a.Client.SignalWorkflow(ctx, id, "", SignalLeave, waiter); err != nil {
		a.Log.Debug().Err(err).Str("step", in.Label).Msg("the step could not be told that nobody waits")
	}
}

// Unanswered says that Temporal has not answered a request, as it may at the next try.
func Unanswered(err error) bool {
	var away *serviceerror.Unavailable
	var late *serviceerror.DeadlineExceeded
	var busy *serviceerror.ResourceExhausted
	var aborted *serviceerror.Aborted
	var internal *serviceerror.Internal
	return errors.As(err, &away) || errors.As(err, &late) || errors.As(err, &busy) || errors.As(err, &aborted) || errors.As(err, &internal) || errors.Is(err, context.DeadlineExceeded)
}

// askAgain marks what Temporal did not answer as something to be asked again,
// however often: the step goes on meanwhile.
func askAgain(err error) error {
	if Unanswered(err) {
		return temporal.NewApplicationErrorWithCause(err.Error(), "TemporalUnreachable", err)
	}
	return err
}

// hasType says whether an error of a workflow is of one of the types that this package names.
func hasType(err error, kind string) bool {
	var app *temporal.ApplicationError
	return errors.As(err, &app) && app.Type() == kind
}
