package progress

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/temporal"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/codec"
	"lossatlas/workflows"
)

// telling is what a history says of steps, as far as it was read.
type telling struct {
	reader
	requests map[int64]string // by their events
	steps    map[string]activities.StepStatus
	asked    map[string]activities.StepRequest
}

func (r reader) newTelling() telling {
	return telling{r, map[int64]string{}, map[string]activities.StepStatus{}, map[string]activities.StepRequest{}}
}

// history takes what became of steps out of the history of an experiment or a sweep.
func (p *Poller) history(ctx context.Context, id, runID string) error {
	t := p.read.newTelling()
	for events := p.client.GetWorkflowHistory(ctx, id, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); events.HasNext(); {
		e, err := events.Next()
		if err == nil {
			err = t.event(e)
		}
		if err != nil {
			return fmt.Errorf("read what %s did: %w", id, err)
		}
	}
	maps.Copy(p.known, t.steps)
	maps.Copy(p.asked, t.asked)
	return nil
}

// event notes what one event says of steps.
func (t *telling) event(e *history.HistoryEvent) error {
	switch e.GetEventType() {
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
		return t.request(e.GetEventId(), e.GetActivityTaskScheduledEventAttributes())
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
		return t.done(e.GetActivityTaskCompletedEventAttributes())
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED:
		a := e.GetActivityTaskFailedEventAttributes()
		state := failed(a.GetRetryState())
		if a.GetFailure().GetApplicationFailureInfo().GetType() == activities.ErrorBlocked {
			state = artifacts.StateNotRun
		}
		t.end(a.GetScheduledEventId(), state, t.message(a.GetFailure()))
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_TIMED_OUT:
		a := e.GetActivityTaskTimedOutEventAttributes()
		t.end(a.GetScheduledEventId(), failed(a.GetRetryState()), t.message(a.GetFailure()))
	case enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED:
		a := e.GetActivityTaskCanceledEventAttributes()
		state, begun := artifacts.StateNotRun, false
		if t.payload(a.GetDetails(), &begun) == nil && begun {
			state = artifacts.StateInterrupted
		}
		t.end(a.GetScheduledEventId(), state, "")
	case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
		var result workflows.ExperimentResult // with its steps, if an earlier release began it
		if t.payload(e.GetWorkflowExecutionCompletedEventAttributes().GetResult(), &result) == nil {
			for _, st := range result.Steps {
				t.steps[st.ID] = st
			}
		}
	}
	return nil
}

func (t *telling) request(event int64, a *history.ActivityTaskScheduledEventAttributes) error {
	if a.GetActivityType().GetName() != activities.RunStepActivity {
		return nil // it loads or records something
	}
	var req activities.StepRequest
	if err := t.payload(a.GetInput(), &req); err != nil {
		return err
	}
	id := req.Step.ID
	t.requests[event], t.asked[id] = id, req
	t.steps[id] = activities.StepStatus{ID: id, Kind: string(req.Step.Kind), State: artifacts.StateRunning}
	return nil
}

func (t *telling) done(a *history.ActivityTaskCompletedEventAttributes) error {
	id, ok := t.requests[a.GetScheduledEventId()]
	if !ok {
		return nil
	}
	st := t.steps[id]
	if err := t.payload(a.GetResult(), &st.Made); err != nil {
		return err
	}
	if st.State = artifacts.StateRan; st.Made.Cached {
		st.State = artifacts.StateCached
	}
	t.steps[id] = st
	return nil
}

// failed is the state of a step whose request failed for good: not because of its error, if it would have been tried again but
// for the stop of the sweep.
func failed(why enumspb.RetryState) string {
	if why == enumspb.RETRY_STATE_CANCEL_REQUESTED {
		return artifacts.StateInterrupted
	}
	return artifacts.StateFailed
}

func (t *telling) end(event int64, state, why string) {
	if id, ok := t.requests[event]; ok {
		st := t.steps[id]
		if st.State = state; state != artifacts.StateInterrupted {
			st.Error = why
		}
		t.steps[id] = st
	}
}

// block marks the steps that will not run because one before them has no
// result, as their workflows will. All steps come after those that they wait for.
func (p *Poller) block() {
	for _, placed := range p.graph.All() {
		s := placed.Step
		if _, ok := p.known[s.ID]; ok || s.Partial {
			continue
		}
		if why := p.missing(s); why != "" {
			p.known[s.ID] = activities.NotRun(s, why)
		}
	}
}

// missing says which input of a step will not come; "" as long as all may.
func (p *Poller) missing(s pipelines.Step) string {
	for _, ref := range s.Inputs {
		if from, ok := p.known[ref.Step]; !ok || from.State == artifacts.StateRunning {
			return ""
		}
	}
	_, why := p.inputs(s)
	return why
}

// inputs are those of a step that there are; missing says which is not.
func (p *Poller) inputs(s pipelines.Step) (inputs map[string]activities.Input, missing string) {
	return activities.ResolveInputs(s, slices.Sorted(maps.Keys(s.Inputs)), func(id string) (activities.StepStatus, bool) {
		st, ok := p.known[id]
		return st, ok
	})
}

// reader reads what histories hold.
type reader struct{ by codec.Converters }

func (r reader) payload(p *common.Payloads, v any) error {
	if len(p.GetPayloads()) == 0 {
		return errors.New("it has no content")
	}
	return r.by.Data.FromPayloads(p, v)
}

// message is the text of a failure that a person can act on.
func (r reader) message(f *failure.Failure) string {
	err := r.by.Failure.FailureToError(f)
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return app.Message()
	}
	if f.GetTimeoutFailureInfo().GetTimeoutType() == enumspb.TIMEOUT_TYPE_HEARTBEAT {
		return "its worker was lost"
	}
	if f.GetEncodedAttributes() == nil { // the server's own words
		return f.GetMessage()
	}
	return err.Error()
}
