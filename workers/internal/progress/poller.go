package progress

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/codec"
	"lossatlas/workflows"
)

// Poller asks the Temporal server for the state of one run of a sweep. It reads
// what the server has written down, so that it needs no worker to answer, and the
// answer is never stale. What experiments came to that are over, it reads in their records in the store, which
// are a hundredth of their histories.
type Poller struct {
	client    client.Client
	namespace string
	store     *artifacts.Store // nil for no records
	read      reader
	graph     *pipelines.Graph
	id        string // the sweep's workflow
	runID     string

	own      child            // the sweep's own workflow
	children map[string]child // by experiment
	known    map[string]activities.StepStatus
	asked    map[string]activities.StepRequest // by step
	beats    map[string]beat
	points   map[string]activities.Progress // of maps, by their workflows
	served   []activities.Serving
	looked   time.Time // when they were asked for
}

// child is a workflow whose history was read up to a length; over is set when it
// has ended and was read for the last time.
type child struct {
	runID string
	read  int64
	over  bool
}

// NewPoller follows the run of a sweep's workflow in the client's namespace, whose histories are read by the client's converters.
func NewPoller(c client.Client, store *artifacts.Store, by codec.Converters, namespace string, g *pipelines.Graph, id, runID string) *Poller {
	return &Poller{
		client: c, namespace: namespace, store: store, read: reader{by}, graph: g, id: id, runID: runID, own: child{runID: runID},
		children: map[string]child{}, known: map[string]activities.StepStatus{}, asked: map[string]activities.StepRequest{},
		beats: map[string]beat{}, points: map[string]activities.Progress{},
	}
}

// askTimeout bounds one question.
const askTimeout = 3 * time.Second

// Poll returns the current state. Experiments that can't be asked right now keep
// the state they had; the error says why.
func (p *Poller) Poll(ctx context.Context) (Snapshot, error) {
	err := p.update(ctx)
	s := Snapshot{At: time.Now()}
	for _, placed := range p.graph.All() {
		s.Steps = append(s.Steps, p.step(ctx, placed.Step))
	}
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

// Known is what the workflows have done with the steps so far, outputs included.
func (p *Poller) Known() map[string]activities.StepStatus { return p.known }

// update reads what is new in the histories of the experiments, and in the
// sweep's own when all of them are over, so that the steps after them run.
func (p *Poller) update(ctx context.Context) error {
	if err := p.recorded(ctx); err != nil {
		return err
	}
	all := true
	for _, e := range p.graph.Experiments {
		ch := p.children[e.Name]
		if ch.over {
			continue
		}
		if err := p.ask(ctx, workflows.ExperimentID(p.id, e.Name), &ch); err != nil {
			return err // the others would ask the same server
		}
		p.children[e.Name] = ch
		all = all && ch.over
		if ch.runID == "" {
			break // experiments begin in their order
		}
	}
	if all && !p.own.over {
		if err := p.ask(ctx, p.id, &p.own); err != nil {
			return err
		}
	}
	p.block()
	return nil
}

// recorded takes over the records of experiments that are over. One that can't be read is as good as none.
func (p *Poller) recorded(ctx context.Context) error {
	if p.store == nil {
		return nil
	}
	over := func(i int) bool { return i >= len(p.graph.Experiments) || p.children[p.graph.Experiments[i].Name].over }
	records, err := activities.Recorded(ctx, p.store, p.runID, over)
	for i, steps := range records {
		p.children[p.graph.Experiments[i].Name] = child{over: true}
		for _, s := range steps {
			p.known[s.ID] = s
		}
	}
	if err != nil && !errors.Is(err, artifacts.ErrNotFound) {
		return err
	}
	return nil
}

// ask reads a workflow's history if it has grown, provided it belongs to this
// run of the sweep: an earlier run's has the same ID.
func (p *Poller) ask(ctx context.Context, id string, ch *child) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	d, err := p.client.DescribeWorkflowExecution(ctx, id, ch.runID)
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return nil // not started yet
	}
	if err != nil {
		return err
	}
	info := d.GetWorkflowExecutionInfo()
	if id != p.id && !p.mine(info) {
		return nil
	}
	ch.runID = info.GetExecution().GetRunId()
	if length := info.GetHistoryLength(); length > ch.read {
		if err := p.history(ctx, id, ch.runID); err != nil {
			return err
		}
		ch.read = length
	}
	ch.over = info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	return nil
}

// mine says whether an experiment's workflow belongs to this run of the sweep.
func (p *Poller) mine(info *workflow.WorkflowExecutionInfo) bool {
	parent := info.GetParentExecution()
	return parent.GetWorkflowId() == p.id && (p.runID == "" || parent.GetRunId() == p.runID)
}

// step describes one step; one that was asked for is looked at where it is done.
func (p *Poller) step(ctx context.Context, s pipelines.Step) Step {
	st, ok := p.known[s.ID]
	if !ok {
		return Step{ID: s.ID, Kind: string(s.Kind), State: artifacts.StateWaiting}
	}
	out := Step{ID: s.ID, Kind: st.Kind, State: st.State, Error: st.Error, Seconds: st.Made.Seconds}
	if st.State == artifacts.StateRunning {
		p.look(ctx, s, &out)
		if out.Working == 0 {
			out.State, out.Ready = artifacts.StateWaiting, true
		}
	}
	return out
}
