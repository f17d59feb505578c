package activities

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// StepRequest asks for a step's result on behalf of a sweep.
type StepRequest struct {
	Sweep string           `json:"sweep"`
	Graph artifacts.Digest `json:"graph"`
	Run   string           `json:"run"` // of the sweep, in whose journal the step is noted
	Step  string           `json:"step"`
	Kind  pipelines.Kind   `json:"kind"`
	// Inputs are those that the requesting workflow knows. One of the last steps of a sweep has others, which experiments have made.
	Inputs   map[string]runner.Input `json:"inputs,omitempty"`
	Numerics string                  `json:"numerics"`
	// Waiter names who waits: the ID of the requesting workflow.
	Waiter string `json:"waiter"`
}

// Signals of a step workflow. A step runs as long as it has a waiter.
const (
	SignalJoin  = "join"  // argument: the waiter
	SignalLeave = "leave" // argument: the waiter
)

// SignalDrawn ends SweepInput.Hold: the workflow of the first experiment sends it to the workflow of its sweep.
const SignalDrawn = "drawn"

// ErrorAbandoned is the type of the error with which a step workflow ends
// when its last waiter has left.
const ErrorAbandoned = "Abandoned"

// started is the heartbeat detail of RunStep: whether it is waiting for a run.
type started struct {
	WorkflowID string `json:"workflow_id"`
}

// RunStep finds the result of a step in the action cache, or has it made, and records its outcome in the journal. The
// step's workflow ID comes from its key: the first request starts it, and
// all others, of this sweep or another, join it and wait.
func (a *Activities) RunStep(ctx context.Context, req StepRequest) (StepResult, error) {
	var in StepInput
	result, err := guard(ctx, a, req.Step, func() (result StepResult, err error) {
		g, at, err := a.placed(ctx, req)
		if err != nil {
			return result, err
		}
		job, err := a.requested(ctx, g, at, req)
		if err != nil {
			return result, err
		}
		in = StepInput{Key: job.Key, Kind: job.Kind(), Label: job.Label}
		var before started
		if activity.HasHeartbeatDetails(ctx) {
			if err := activity.GetHeartbeatDetails(ctx, &before); err != nil {
				a.log(ctx, in).Warn().Err(err).Msg("heartbeat details of an earlier attempt can't be read")
			}
		}
		result, err = a.cached(ctx, job.Key)
		if err == nil {
			result.Cached = before.WorkflowID == ""
			return result, nil
		}
		var incomplete *artifacts.IncompleteError
		switch {
		case errors.As(err, &incomplete):
			a.log(ctx, in).Warn().Err(err).Msg("a cached result lost its blobs and is made again")
		case !errors.Is(err, artifacts.ErrNotFound):
			return result, err
		}
		a.schedule(ctx, job, &in, len(g.Experiments))
		running := StepStatus{State: artifacts.StateRunning, Made: StepResult{Key: job.Key}, Workflow: job.WorkflowID(), Queue: in.Queue}
		if err := a.noteStep(ctx, req, running); err != nil {
			return result, err
		}
		return a.await(ctx, job, in, req)
	})
	state, why, over := Outcome(result, err)
	if !over || ctx.Err() != nil && !temporal.IsCanceledError(context.Cause(ctx)) { // another attempt follows
		return result, err
	}
	countStep(ctx, req.Kind, state)
	// The end of a step is noted also when the sweep was stopped.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	ended := StepStatus{State: state, Error: why, Made: result}
	ended.Made.Key = in.Key
	if e := a.noteStep(last, req, ended); e != nil && err == nil {
		return result, a.classify(ctx, e)
	} else if e != nil {
		a.log(ctx, in).Warn().Err(e).Msg("how the step ended could not be noted in the sweep's journal")
	}
	return result, err
}

// placed finds a step in the graph of its sweep.
func (a *Activities) placed(ctx context.Context, req StepRequest) (*graph, place, error) {
	g, err := a.graph(ctx, req.Graph)
	if err != nil {
		return nil, place{}, err
	}
	at, ok := g.places[req.Step]
	if !ok {
		return nil, place{}, runner.Permanent("BadStep", fmt.Errorf("the sweep has no step %s", req.Step))
	}
	return g, at, nil
}

// noteStep notes in the journal what becomes of a step.
func (a *Activities) noteStep(ctx context.Context, req StepRequest, s StepStatus) error {
	_, at, err := a.placed(ctx, req)
	if err != nil {
		return err
	}
	s.ID, s.Kind = req.Step, req.Kind
	return a.note(ctx, req.Run, fmt.Sprintf(stepEntry, at.group, at.number), []StepStatus{s})
}

// noteTimeout bounds the note of how a stopped step ended.
const noteTimeout = 5 * time.Second

// ErrorBlocked is the type of RunStep's error for a step that misses an input.
const ErrorBlocked = "Blocked"

// requested returns the job of a request: its inputs are the ones its workflow
// knows and, for one of the last steps of a sweep, those that experiments have made.
func (a *Activities) requested(ctx context.Context, g *graph, at place, req StepRequest) (runner.Job, error) {
	step, inputs := g.groups[at.group][at.number], req.Inputs
	if at.group == len(g.Experiments) {
		made, err := a.records(ctx, req.Run)
		if err != nil {
			return runner.Job{}, err
		}
		found, missing := ResolveInputs(step.Inputs, slices.Sorted(maps.Keys(step.Inputs)), func(id string) (StepStatus, bool) {
			s, ok := made[id]
			return s, ok
		})
		maps.Copy(found, inputs)
		if inputs = found; len(inputs) < len(step.Inputs) && !step.Partial {
			return runner.Job{}, runner.Permanent(ErrorBlocked, errors.New(missing))
		}
	}
	job, err := runner.NewJob(step, inputs, req.Numerics)
	if err != nil {
		return job, runner.Permanent("BadStep", err)
	}
	return job, nil
}

// await joins the step's workflow, starting it if it is not running, and waits
// for its end. When this activity is cancelled it leaves; the step continues if
// others wait for it.
func (a *Activities) await(ctx context.Context, job runner.Job, in StepInput, req StepRequest) (StepResult, error) {
	id := job.WorkflowID()
	opts := client.StartWorkflowOptions{
		TaskQueue:             QueueIO,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		StaticSummary:         in.Label,
		StaticDetails:         details(job, req.Sweep),
		TypedSearchAttributes: searchAttributes(job, req.Sweep),
		Priority:              activity.GetInfo(ctx).Priority,
	}
	if a.Version != (worker.WorkerDeploymentVersion{}) {
		opts.VersioningOverride = &client.PinnedVersioningOverride{Version: a.Version}
	}
	for {
		if err := a.putJob(ctx, job); err != nil {
			return StepResult{}, err
		}
		run, err := a.Client.SignalWithStartWorkflow(ctx, id, SignalJoin, req.Waiter, opts, StepWorkflow, in)
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
			begun := a.isBegun(in)
			a.leave(in, id, req.Waiter)
			return StepResult{}, temporal.NewCanceledError(begun)
		case hasType(err, errorStopped):
			return StepResult{}, err
		case hasType(err, ErrorAbandoned):
			continue // everybody else left just before this join: start it again
		case hasType(err, errorJobLost):
			a.log(ctx, in).Warn().Err(err).Msg("the step is started again")
			continue
		}
		var app *temporal.ApplicationError
		var ended *temporal.WorkflowExecutionError
		var terminated *temporal.TerminatedError
		switch {
		case errors.As(err, &app):
			return StepResult{}, temporal.NewNonRetryableApplicationError(app.Message(), app.Type(), nil)
		case errors.As(err, &terminated):
			return StepResult{}, runner.Permanent("StepEnded", errors.New("terminated in Temporal"))
		case errors.As(err, &ended):
			return StepResult{}, runner.Permanent("StepEnded", fmt.Errorf("ended in Temporal: %w", errors.Unwrap(ended)))
		}
		return StepResult{}, askAgain(fmt.Errorf("wait for %s: %w", id, err))
	}
}

// wait blocks until the workflow run ends, telling Temporal now and then that
// this activity is alive; the step itself has its own heartbeat.
func (a *Activities) wait(ctx context.Context, id string, run client.WorkflowRun, result *StepResult) error {
	done := make(chan error, 1)
	go func() { done <- Ended(ctx, run, result) }()
	tick := time.NewTicker(BeatEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			activity.RecordHeartbeat(ctx, started{WorkflowID: id})
		case <-activity.GetWorkerStopChannel(ctx):
			return errStopped(ctx)
		}
	}
}

// isBegun says whether any of the step's work was done: the store has a part of it, which an activity leaves as it begins. It is
// asked when the request for the step is withdrawn; where the store does not answer, the step counts as begun.
func (a *Activities) isBegun(in StepInput) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	parts, err := a.Machine.Store.Parts(ctx, in.Key)
	return err != nil || slices.ContainsFunc(parts, func(name string) bool { return name != jobPart })
}

// stoppedState is the state of a step whose RunStep ended with an error because the sweep was stopped: interrupted if the
// step had begun, else not run. ok is false for any other error.
func stoppedState(err error) (state string, ok bool) {
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

// leave signals the step that this caller has stopped waiting.
func (a *Activities) leave(in StepInput, id, waiter string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := a.Client.SignalWorkflow(ctx, id, "", SignalLeave, waiter); err != nil {
		a.Machine.Log.Debug().Err(err).Str("step", in.Label).Msg("could not notify the step that no sweep waits for it")
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
// however often: the step continues meanwhile.
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
