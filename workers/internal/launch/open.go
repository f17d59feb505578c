package launch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"lossatlas/activities"
	"lossatlas/artifacts"
)

// Open is a sweep whose workflow is open.
type Open struct {
	Sweep, ID, RunID string
	Started          time.Time
	graph, numerics  string // as it was started with
}

func openSweep(i *workflow.WorkflowExecutionInfo, data converter.DataConverter) (o Open, err error) {
	id := i.GetExecution().GetWorkflowId()
	o = Open{Sweep: strings.TrimPrefix(id, IDPrefix), ID: id, RunID: i.GetExecution().GetRunId(), Started: i.GetStartTime().AsTime()}
	if o.graph, err = memo(i, memoGraph, data); err == nil {
		o.numerics, err = memo(i, memoNumerics, data)
	}
	if err != nil {
		return o, fmt.Errorf("sweep %s is under way: %w", o.Sweep, err)
	}
	return o, nil
}

// Record is what the sweep's workflow records when it begins, which takes a worker.
func (o Open) Record() artifacts.Root {
	r := artifacts.Root{Sweep: o.Sweep, RunID: o.RunID, Started: o.Started, State: artifacts.StateRunning, Numerics: o.numerics}
	if d, err := artifacts.ParseDigest(o.graph); err == nil {
		r.Graph.Digest = d
	}
	return r
}

// OpenSweeps lists the sweeps whose workflows are open. data is the client's converter; sweeps
// whose key it lacks are left out and come as an error beside the others.
func OpenSweeps(ctx context.Context, c client.Client, data converter.DataConverter) ([]Open, error) {
	infos, err := open(ctx, c, activities.SweepWorkflow)
	if err != nil {
		return nil, err
	}
	var out []Open
	var errs []error
	for _, i := range infos {
		if o, err := openSweep(i, data); err != nil {
			errs = append(errs, err)
		} else {
			out = append(out, o)
		}
	}
	return out, errors.Join(errs...)
}

// OpenSweep finds a sweep whose workflow is open, as OpenSweeps.
func OpenSweep(ctx context.Context, c client.Client, data converter.DataConverter, sweep string) (o Open, ok bool, err error) {
	info, _, err := describe(ctx, c, WorkflowID(sweep))
	if gone(err) || err == nil && info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return Open{}, false, nil
	}
	if err != nil {
		return Open{}, false, err
	}
	if o, err = openSweep(info, data); err != nil {
		return Open{}, false, err
	}
	return o, true, nil
}

// open lists open workflows of a type.
func open(ctx context.Context, c client.Client, kind string) ([]*workflow.WorkflowExecutionInfo, error) {
	req := &workflowservice.ListWorkflowExecutionsRequest{
		Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running'", kind),
	}
	var out []*workflow.WorkflowExecutionInfo
	for {
		page, err := c.ListWorkflow(ctx, req)
		if err != nil {
			return nil, fmt.Errorf("list open workflows: %w", err)
		}
		out = append(out, page.GetExecutions()...)
		if len(page.GetNextPageToken()) == 0 {
			return out, nil
		}
		req.NextPageToken = page.GetNextPageToken()
	}
}

// Suffixes of the names under which a sweep runs apart from the store of its home.
const (
	AgainSuffix = ".again"
	TrialSuffix = ".trial"
)

// Apart says whether a sweep runs, under such a name, apart from the store.
func Apart(sweep string) bool {
	return strings.HasSuffix(sweep, AgainSuffix) || strings.HasSuffix(sweep, TrialSuffix)
}

// SetAside ends the sweeps, except those to keep, that a process which was
// killed left open, so that they don't take the machine from the one that was
// asked for. Nothing that they did is lost. It returns their names.
//
// A step that they share with the sweep that goes on stays: each of their
// requests for steps is withdrawn, and a step ends when nobody waits for it. After
// a sweep that ran apart, and so alone, all steps end: what they did is not in the store.
func SetAside(ctx context.Context, c client.Client, data converter.DataConverter, keep func(sweep string) bool) ([]string, error) {
	sweeps, err := OpenSweeps(ctx, c, data)
	if err != nil {
		return nil, err
	}
	var names, waiters []string
	apart := false
	for _, s := range sweeps {
		if keep(s.Sweep) {
			continue
		}
		if err := c.TerminateWorkflow(ctx, s.ID, s.RunID, "the process that ran it was killed; run the sweep again to go on"); err != nil && !gone(err) {
			return names, fmt.Errorf("end sweep %s: %w", s.Sweep, err)
		}
		names = append(names, s.Sweep)
		apart = apart || Apart(s.Sweep)
		waiters = append(waiters, s.ID)
	}
	if len(names) == 0 {
		return nil, nil
	}
	experiments, err := open(ctx, c, activities.ExperimentWorkflow)
	if err != nil {
		return names, err
	}
	for _, e := range experiments {
		id := e.GetExecution().GetWorkflowId()
		if parent, _, ok := strings.Cut(id, "/"); !ok || keep(strings.TrimPrefix(parent, IDPrefix)) {
			continue
		}
		waiters = append(waiters, id)
		if err := c.TerminateWorkflow(ctx, id, e.GetExecution().GetRunId(), "its sweep was ended"); err != nil && !gone(err) {
			return names, fmt.Errorf("end experiment %s: %w", id, err)
		}
	}
	if apart {
		return names, endSteps(ctx, c)
	}
	return names, withdraw(ctx, c, waiters)
}

// endSteps ends every open step.
func endSteps(ctx context.Context, c client.Client) error {
	steps, err := open(ctx, c, activities.StepWorkflow)
	if err != nil {
		return err
	}
	for _, s := range steps {
		id := s.GetExecution().GetWorkflowId()
		if err := c.TerminateWorkflow(ctx, id, s.GetExecution().GetRunId(), "it ran apart from the store"); err != nil && !gone(err) {
			return fmt.Errorf("end step %s: %w", id, err)
		}
	}
	return nil
}

// withdraw tells every open step that these waiters no longer wait.
func withdraw(ctx context.Context, c client.Client, waiters []string) error {
	steps, err := open(ctx, c, activities.StepWorkflow)
	if err != nil {
		return err
	}
	for _, s := range steps {
		for _, w := range waiters {
			err := c.SignalWorkflow(ctx, s.GetExecution().GetWorkflowId(), s.GetExecution().GetRunId(), activities.SignalLeave, w)
			if err != nil && !gone(err) {
				return fmt.Errorf("withdraw from %s: %w", s.GetExecution().GetWorkflowId(), err)
			}
		}
	}
	return nil
}
