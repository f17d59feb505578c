package progress

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"lossatlas/activities"
	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/codec"
)

// Poller follows one run of a sweep. The run's journal has the states of its steps, and Temporal knows which workers compute
// the running ones. Neither needs a worker to answer.
type Poller struct {
	client    client.Client
	namespace string
	by        codec.Converters
	journal   *activities.Journal
	graph     *pipelines.Graph
	id, runID string // of the sweep's workflow

	blocked  map[string]activities.StepStatus // steps that will not run
	beats    map[string]beat
	points   map[string]runner.Progress // of steps in chunks, by their workflows
	served   []activities.Serving
	servedAt time.Time
}

// NewPoller follows a run of a sweep's workflow in the client's namespace, with the client's converters.
func NewPoller(c client.Client, store *artifacts.Store, by codec.Converters, namespace string, g *pipelines.Graph, id, runID string) *Poller {
	return &Poller{
		client: c, namespace: namespace, by: by, journal: activities.OpenJournal(store, runID), graph: g, id: id, runID: runID,
		blocked: map[string]activities.StepStatus{}, beats: map[string]beat{}, points: map[string]runner.Progress{},
	}
}

// askTimeout limits a call to Temporal.
const askTimeout = 3 * time.Second

// Poll returns the current state. While the store or Temporal does not answer, steps keep their states, and the error says
// why.
func (p *Poller) Poll(ctx context.Context) (Snapshot, error) {
	err := p.update(ctx)
	s := Snapshot{At: time.Now()}
	add := func(group int, steps []pipelines.Step) {
		for _, step := range steps {
			s.Steps = append(s.Steps, p.step(ctx, group, step))
		}
	}
	for i, e := range p.graph.Experiments {
		add(i, e.Steps)
	}
	add(len(p.graph.Experiments), p.graph.Final)
	p.queued(ctx, s.Steps)
	return s, err
}

// servedEvery is the interval of asking for the workers while a step waits for one.
const servedEvery = 5 * time.Second

// queued marks the ready steps whose task queue has a worker. Temporal lists a dead worker for some minutes: after a lost
// worker, only a busy one counts.
func (p *Poller) queued(ctx context.Context, steps []Step) {
	busy := map[string]bool{}
	ready := false
	for _, s := range steps {
		busy[s.queue] = busy[s.queue] || s.Working > 0
		ready = ready || s.Ready
	}
	if ready && time.Since(p.servedAt) > servedEvery {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		if list, err := activities.Served(ctx, p.client, p.namespace); err == nil {
			p.served, p.servedAt = list, time.Now()
		}
	}
	for i, s := range steps {
		steps[i].Queued = s.Ready && (busy[s.queue] || s.Retry == "" && activities.Workers(p.served, s.queue) > 0)
	}
}

// Known returns the states of the steps so far, with outputs.
func (p *Poller) Known() map[string]activities.StepStatus {
	out := maps.Clone(p.journal.Steps)
	maps.Copy(out, p.blocked)
	return out
}

// update reads the new part of the journal, and checks that Temporal answers.
func (p *Poller) update(ctx context.Context) error {
	if err := p.journal.Update(ctx); err != nil && !errors.Is(err, artifacts.ErrNotFound) {
		return err
	}
	p.block()
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var missing *serviceerror.NotFound
	if _, err := p.client.DescribeWorkflowExecution(ctx, p.id, p.runID); err != nil && !errors.As(err, &missing) {
		return err
	}
	return nil
}

// block marks the steps that will not run because an input has no result, as their workflows will. Steps are in the order of
// their inputs.
func (p *Poller) block() {
	for _, placed := range p.graph.All() {
		s := placed.Step
		if _, ok := p.status(s.ID); ok || s.Partial {
			continue
		}
		if why := p.missing(s); why != "" {
			p.blocked[s.ID] = activities.NotRun(s.ID, s.Kind, why)
		}
	}
}

// missing names the input of a step that will not be produced; "" as long as all may be.
func (p *Poller) missing(s pipelines.Step) string {
	for _, ref := range s.Inputs {
		if from, ok := p.status(ref.Step); !ok || from.State == artifacts.StateRunning {
			return ""
		}
	}
	_, why := activities.ResolveInputs(s.Inputs, slices.Sorted(maps.Keys(s.Inputs)), p.status)
	return why
}

func (p *Poller) status(id string) (activities.StepStatus, bool) {
	if s, ok := p.journal.Steps[id]; ok {
		return s, true
	}
	s, ok := p.blocked[id]
	return s, ok
}

// step describes a step of a group.
func (p *Poller) step(ctx context.Context, group int, s pipelines.Step) Step {
	out := Step{ID: s.ID, Kind: string(s.Kind), State: artifacts.StateWaiting}
	st, ok := p.status(s.ID)
	if !ok {
		if p.journal.Begun(group) {
			_, missing := activities.ResolveInputs(s.Inputs, slices.Collect(maps.Keys(s.Inputs)), p.status)
			out.Ready, out.queue = missing == "", activities.QueueIO
		}
		return out
	}
	out.State, out.Error, out.Seconds = st.State, st.Error, st.Made.Seconds
	if st.State == artifacts.StateRunning {
		p.look(ctx, st, &out)
		if out.Working == 0 {
			out.State, out.Ready = artifacts.StateWaiting, true
		}
	}
	return out
}

// message is the text of a failure that a person can act on.
func (p *Poller) message(f *failure.Failure) string {
	err := p.by.Failure.FailureToError(f)
	var app *temporal.ApplicationError
	if errors.As(err, &app) {
		return app.Message()
	}
	if f.GetTimeoutFailureInfo().GetTimeoutType() == enumspb.TIMEOUT_TYPE_HEARTBEAT {
		return "its worker was lost"
	}
	if f.GetEncodedAttributes() == nil { // the server's own message
		return f.GetMessage()
	}
	return err.Error()
}
