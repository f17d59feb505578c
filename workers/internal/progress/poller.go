package progress

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"lossatlas/activities"
	"lossatlas/activities/work"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/codec"
)

// Poller follows one run of a sweep. What became of the steps it reads in the run's journal, and Temporal says who works on
// those that run. Neither needs a worker to answer, and the answer is never stale.
type Poller struct {
	client    client.Client
	namespace string
	journal   *activities.Journal
	read      reader
	graph     *pipelines.Graph
	id        string // the sweep's workflow
	runID     string

	blocked map[string]activities.StepStatus // steps that will not run
	beats   map[string]beat
	points  map[string]work.Progress // of steps in chunks, by their workflows
	served  []activities.Serving
	looked  time.Time // when they were asked for
}

// NewPoller follows the run of a sweep's workflow in the client's namespace, whose payloads are read by the client's converters.
func NewPoller(c client.Client, store *artifacts.Store, by codec.Converters, namespace string, g *pipelines.Graph, id, runID string) *Poller {
	return &Poller{
		client: c, namespace: namespace, journal: activities.OpenJournal(store, runID), read: reader{by}, graph: g, id: id, runID: runID,
		blocked: map[string]activities.StepStatus{}, beats: map[string]beat{}, points: map[string]work.Progress{},
	}
}

// askTimeout bounds one question.
const askTimeout = 3 * time.Second

// Poll returns the current state. Where the store or Temporal can't be asked right now, steps keep
// the state they had; the error says why.
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

// servedEvery is how often it is asked which workers there are, while a step waits for one.
const servedEvery = 5 * time.Second

// queued tells the steps that wait for their turn from those whose task queue no worker serves. A worker that died is
// listed for some minutes more, so that one is believed to be there where it does something, or none was lost.
func (p *Poller) queued(ctx context.Context, steps []Step) {
	busy := map[string]bool{}
	ready := false
	for _, s := range steps {
		busy[s.queue] = busy[s.queue] || s.Working > 0
		ready = ready || s.Ready
	}
	if ready && time.Since(p.looked) > servedEvery {
		ctx, cancel := context.WithTimeout(ctx, askTimeout)
		defer cancel()
		if list, err := activities.Served(ctx, p.client, p.namespace); err == nil {
			p.served, p.looked = list, time.Now()
		}
	}
	for i, s := range steps {
		steps[i].Queued = s.Ready && (busy[s.queue] || s.Retry == "" && activities.Workers(p.served, s.queue) > 0)
	}
}

// Known is what is known of the steps so far, outputs included.
func (p *Poller) Known() map[string]activities.StepStatus {
	out := maps.Clone(p.journal.Steps)
	maps.Copy(out, p.blocked)
	return out
}

// update reads what is new in the journal, and asks whether Temporal is there.
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

// block marks the steps that will not run because one before them has no
// result, as their workflows will. All steps come after those that they wait for.
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

// missing says which input of a step will not come; "" as long as all may.
func (p *Poller) missing(s pipelines.Step) string {
	for _, ref := range s.Inputs {
		if from, ok := p.status(ref.Step); !ok || from.State == artifacts.StateRunning {
			return ""
		}
	}
	_, why := activities.ResolveInputs(s.Inputs, slices.Sorted(maps.Keys(s.Inputs)), p.status)
	return why
}

// status is what is known of a step.
func (p *Poller) status(id string) (activities.StepStatus, bool) {
	if s, ok := p.journal.Steps[id]; ok {
		return s, true
	}
	s, ok := p.blocked[id]
	return s, ok
}

// step describes one step of a group; one that is being made is looked at where that is done.
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

// reader reads what Temporal keeps.
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
