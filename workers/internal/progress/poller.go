package progress

import (
	"context"
	"errors"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"lossatlas/activities"
	"lossatlas/pipelines"
	"lossatlas/workflows"
)

// Poller asks Temporal for the state of one run of a sweep. It asks the
// workflows themselves, so that the answer is never stale.
type Poller struct {
	client   client.Client
	graph    *pipelines.Graph
	id       string // the sweep's workflow
	runID    string
	numerics string

	children map[string]child // by experiment
	known    map[string]activities.StepStatus
}

// child is an experiment's workflow; over is set when it has ended and was asked for the last time.
type child struct {
	runID string
	over  bool
}

// NewPoller follows the run of a sweep's workflow.
func NewPoller(c client.Client, g *pipelines.Graph, id, runID, numerics string) *Poller {
	return &Poller{client: c, graph: g, id: id, runID: runID, numerics: numerics, children: map[string]child{}, known: map[string]activities.StepStatus{}}
}

// askTimeout bounds one question; a workflow that no worker serves does not answer.
const askTimeout = 3 * time.Second

// Poll returns the current state. Experiments that can't be asked right now keep
// the state they had; the error says why.
func (p *Poller) Poll(ctx context.Context) (Snapshot, error) {
	var errs []error
	for _, e := range p.graph.Experiments {
		if p.children[e.Name].over {
			continue
		}
		begun, err := p.ask(ctx, e.Name)
		if err != nil {
			errs = append(errs, err)
			break // the others would wait for the same worker
		}
		if !begun {
			break // experiments begin in their order
		}
	}
	if p.finalPending() {
		if err := p.query(ctx, p.id, p.runID); err != nil {
			errs = append(errs, err)
		}
	}
	s := Snapshot{At: time.Now()}
	for _, placed := range p.graph.All() {
		s.Steps = append(s.Steps, p.step(ctx, placed.Step))
	}
	return s, errors.Join(errs...)
}

// Known is what the workflows have said of the steps so far, outputs included.
func (p *Poller) Known() map[string]activities.StepStatus { return p.known }

// finalPending says whether all experiments are over, so that the steps after them run.
func (p *Poller) finalPending() bool {
	for _, e := range p.graph.Experiments {
		if !p.children[e.Name].over {
			return false
		}
	}
	return true
}

// ask queries one experiment's workflow, provided it belongs to this run of the
// sweep: an earlier run's has the same ID. It says whether the experiment has begun.
func (p *Poller) ask(ctx context.Context, experiment string) (begun bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	id := workflows.ExperimentID(p.id, experiment)
	ch := p.children[experiment]
	d, err := p.client.DescribeWorkflowExecution(ctx, id, ch.runID)
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	info := d.GetWorkflowExecutionInfo()
	if parent := info.GetParentExecution(); parent.GetWorkflowId() != p.id || p.runID != "" && parent.GetRunId() != p.runID {
		return false, nil // of an earlier run
	}
	ch.runID = info.GetExecution().GetRunId()
	if err := p.query(ctx, id, ch.runID); err != nil {
		return false, err
	}
	ch.over = info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	p.children[experiment] = ch
	return true, nil
}

func (p *Poller) query(ctx context.Context, id, runID string) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := p.client.QueryWorkflow(ctx, id, runID, workflows.QueryStatus)
	var unready *serviceerror.QueryFailed // it has not come to the point where it answers
	if errors.As(err, &unready) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ask %s: %w", id, err)
	}
	var list []activities.StepStatus
	if err := answer.Get(&list); err != nil {
		return fmt.Errorf("answer of %s: %w", id, err)
	}
	for _, s := range list {
		p.known[s.ID] = s
	}
	return nil
}

// step describes one step; a running one is asked how far it is.
func (p *Poller) step(ctx context.Context, s pipelines.Step) Step {
	st, ok := p.known[s.ID]
	if !ok {
		return Step{ID: s.ID, Kind: string(s.Kind), State: activities.StateWaiting}
	}
	out := Step{ID: s.ID, Kind: st.Kind, State: st.State, Error: st.Error, Seconds: st.Made.Seconds}
	if st.State == activities.StateRunning {
		p.look(ctx, s, &out)
	}
	return out
}

// look fills in how far a running step is. What can't be had is left out:
// progress is a courtesy, the state was asked for already.
func (p *Poller) look(ctx context.Context, s pipelines.Step, out *Step) {
	inputs := make(map[string]activities.Input, len(s.Inputs))
	for name, ref := range s.Inputs {
		blob, ok := p.known[ref.Step].Made.Outputs[ref.Output]
		if !ok {
			return
		}
		inputs[name] = activities.Input{Digest: blob.Digest, Producer: p.known[ref.Step].Made.Key}
	}
	in, err := activities.NewStepInput(s, inputs, p.numerics)
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	d, err := p.client.DescribeWorkflowExecution(ctx, in.WorkflowID(), "")
	if err != nil || d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return
	}
	var inside float64 // units of a map's chunks that are begun
	var last activities.Progress
	for _, a := range d.GetPendingActivities() {
		if a.GetLastFailure() != nil {
			out.Retry = a.GetLastFailure().GetMessage()
		}
		if a.GetState() != enumspb.PENDING_ACTIVITY_STATE_STARTED {
			continue
		}
		out.Working++
		var beat activities.Progress
		if decode(a.GetHeartbeatDetails(), &beat) {
			last = beat
			inside += fraction(beat)
		}
	}
	out.Note = last.Note
	switch s.Kind {
	case pipelines.KindLine, pipelines.KindSurface, pipelines.KindHessian, pipelines.KindSpectrum:
		var chunks activities.Progress
		answer, err := p.client.QueryWorkflow(ctx, in.WorkflowID(), "", workflows.QueryProgress)
		if err != nil || answer.Get(&chunks) != nil || chunks.Total == 0 {
			return
		}
		out.Fraction = min((float64(chunks.Done)+inside)/float64(chunks.Total), 1)
		if out.Note == "" {
			out.Note = fmt.Sprintf("%d of %d chunks", chunks.Done, chunks.Total)
		}
	default:
		out.Fraction = fraction(last)
	}
}

func decode(details *commonpb.Payloads, v any) bool {
	return len(details.GetPayloads()) > 0 && converter.GetDefaultDataConverter().FromPayloads(details, v) == nil
}

func fraction(p activities.Progress) float64 {
	if p.Total <= 0 {
		return 0
	}
	return min(max(float64(p.Done)/float64(p.Total), 0), 1)
}
