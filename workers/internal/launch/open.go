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
	graph, numerics  string // that it was started with
}

func openSweep(i *workflow.WorkflowExecutionInfo, data converter.DataConverter) (o Open, err error) {
	id := i.GetExecution().GetWorkflowId()
	o = Open{Sweep: strings.TrimPrefix(id, IDPrefix), ID: id, RunID: i.GetExecution().GetRunId(), Started: i.GetStartTime().AsTime()}
	if o.graph, err = memo(i, memoGraph, data); err == nil {
		o.numerics, err = memo(i, memoNumerics, data)
	}
	if err != nil {
		return o, fmt.Errorf("sweep %s is running: %w", o.Sweep, err)
	}
	return o, nil
}

// Record is the root that the sweep's workflow writes when a worker begins it.
func (o Open) Record() artifacts.Root {
	r := artifacts.Root{Sweep: o.Sweep, RunID: o.RunID, Started: o.Started, State: artifacts.StateRunning, Numerics: o.numerics}
	if d, err := artifacts.ParseDigest(o.graph); err == nil {
		r.Graph.Digest = d
	}
	return r
}

// OpenSweeps lists the sweeps with open workflows. data is the client's converter; sweeps that it can't decrypt are reported
// as an error along with the others.
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

// OpenSweep finds a sweep with an open workflow; data as in OpenSweeps.
func OpenSweep(ctx context.Context, c client.Client, data converter.DataConverter, sweep string) (o Open, ok bool, err error) {
	info, _, err := describe(ctx, c, WorkflowID(sweep))
	if isNotRunning(err) || err == nil && info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
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

// Suffixes of the names of sweeps that run on a scratch store.
const (
	AgainSuffix = ".again"
	TrialSuffix = ".trial"
)

// OnScratch reports whether a sweep of this name runs on a scratch store.
func OnScratch(sweep string) bool {
	return strings.HasSuffix(sweep, AgainSuffix) || strings.HasSuffix(sweep, TrialSuffix)
}

// EndOthers ends the sweeps, except those to keep, that a killed process left open, so that they don't compete with the
// requested one. Their finished steps are kept. It returns their names.
//
// Steps that they share with a kept sweep continue: the requests of the ended ones are withdrawn, and a step without requests
// ends. After a sweep on a scratch store, which runs alone, all steps end, as their results are not in the store.
func EndOthers(ctx context.Context, c client.Client, data converter.DataConverter, keep func(sweep string) bool) ([]string, error) {
	sweeps, err := OpenSweeps(ctx, c, data)
	if err != nil {
		return nil, err
	}
	var names, waiters []string
	scratch := false
	for _, s := range sweeps {
		if keep(s.Sweep) {
			continue
		}
		if err := terminate(ctx, c, s.ID, s.RunID, "the process that ran it was killed; run the sweep again to continue"); err != nil {
			return names, err
		}
		names, waiters = append(names, s.Sweep), append(waiters, s.ID)
		scratch = scratch || OnScratch(s.Sweep)
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
		if err := terminate(ctx, c, id, e.GetExecution().GetRunId(), "its sweep was ended"); err != nil {
			return names, err
		}
	}
	steps, err := open(ctx, c, activities.StepWorkflow)
	if err != nil {
		return names, err
	}
	for _, s := range steps {
		id, runID := s.GetExecution().GetWorkflowId(), s.GetExecution().GetRunId()
		if scratch {
			err = terminate(ctx, c, id, runID, "it ran on a scratch store")
		} else {
			err = withdraw(ctx, c, id, runID, waiters)
		}
		if err != nil {
			return names, err
		}
	}
	return names, nil
}

// terminate ends a workflow, if it still runs.
func terminate(ctx context.Context, c client.Client, id, runID, reason string) error {
	if err := c.TerminateWorkflow(ctx, id, runID, reason); err != nil && !isNotRunning(err) {
		return fmt.Errorf("terminate %s: %w", id, err)
	}
	return nil
}

// withdraw signals a step that these workflows have stopped waiting for it.
func withdraw(ctx context.Context, c client.Client, step, runID string, waiters []string) error {
	for _, w := range waiters {
		if err := c.SignalWorkflow(ctx, step, runID, activities.SignalLeave, w); err != nil && !isNotRunning(err) {
			return fmt.Errorf("withdraw from %s: %w", step, err)
		}
	}
	return nil
}
