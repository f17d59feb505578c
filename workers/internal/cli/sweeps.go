package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/results"
	"lossatlas/workers/internal/session"
)

// interrupted is the state of a sweep whose record says that it runs, while
// nothing runs it: its process was killed.
const interrupted = "interrupted"

// sweep is what is known of one sweep: its record, and what Temporal says now.
type sweep struct {
	artifacts.Root
	graph    *pipelines.Graph
	client   client.Client // not nil while the sweep's workflow is open
	numerics string        // of the open workflow
	poller   *progress.Poller
	// now is the state of its steps at this moment, from its workflows or its record.
	now progress.Snapshot
}

// find returns a sweep by name. A sweep that is not known is a usage error that
// lists those that are.
func (a *app) find(ctx context.Context, s *session.Session, name string) (*sweep, error) {
	root, err := s.Store.Root(ctx, name)
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil, a.noSweep(ctx, s, name)
	}
	if err != nil {
		return nil, err
	}
	g, err := results.Graph(ctx, s.Store, root)
	if err != nil {
		return nil, err
	}
	w := &sweep{Root: root, graph: g}
	return w, w.refresh(ctx, s)
}

func (a *app) noSweep(ctx context.Context, s *session.Session, name string) error {
	roots, err := s.Store.Roots(ctx)
	if err != nil {
		return err
	}
	if len(roots) == 0 {
		return exit.Usagef("there is no sweep %q: none was run yet in %s", name, a.home.Dir())
	}
	var names []string
	for _, r := range roots {
		names = append(names, r.Sweep)
	}
	return exit.Usagef("there is no sweep %q; there are %s", name, nameList(names))
}

// refresh settles whether the sweep runs, and the state of its steps.
func (w *sweep) refresh(ctx context.Context, s *session.Session) error {
	w.now = recorded(w.graph, w.Root)
	if w.State != artifacts.StateRunning {
		return nil
	}
	if !s.HasTemporal() {
		w.State = interrupted
		return nil
	}
	c, err := s.Temporal(ctx)
	if err != nil {
		return err
	}
	d, err := c.DescribeWorkflowExecution(ctx, launch.WorkflowID(w.Sweep), w.RunID)
	var missing *serviceerror.NotFound
	if err != nil && !errors.As(err, &missing) {
		return fmt.Errorf("ask for sweep %s: %w", w.Sweep, err)
	}
	if err != nil || d.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		// It may have ended just now, and have recorded that.
		if again, err := s.Store.Root(ctx, w.Sweep); err == nil && again.State != artifacts.StateRunning {
			w.Root, w.now = again, recorded(w.graph, again)
			return nil
		}
		w.State = interrupted
		return nil
	}
	w.client = c
	if w.poller == nil {
		w.numerics = launch.Numerics(ctx, c, w.Sweep)
		w.poller = progress.NewPoller(c, w.graph, launch.WorkflowID(w.Sweep), w.RunID, w.numerics)
	}
	if w.now, err = w.poller.Poll(ctx); err != nil {
		return fmt.Errorf("sweep %s runs but doesn't answer: %w", w.Sweep, err)
	}
	return nil
}

// recorded is the state of a sweep's steps as its record has it.
func recorded(g *pipelines.Graph, root artifacts.Root) progress.Snapshot {
	s := progress.Waiting(g)
	for i := range s.Steps {
		if st, ok := root.Steps[s.Steps[i].ID]; ok {
			s.Steps[i].State, s.Steps[i].Error, s.Steps[i].Seconds = st.State, st.Error, st.Seconds
		}
	}
	return s
}

// unfinished says whether the record is not the last word on the sweep's steps.
func (w *sweep) unfinished() bool {
	return w.State == artifacts.StateRunning || w.State == interrupted
}

// steps are the sweep's steps with their outputs, in the form of a record: of a
// running sweep those that the cache has so far. numerics is the class to look with.
func (w *sweep) steps(ctx context.Context, s *session.Session, numerics string) (map[string]artifacts.RootStep, error) {
	if !w.unfinished() {
		return w.Steps, nil
	}
	plan, err := pipelines.MakePlan(ctx, w.graph, numerics, s.Store)
	if err != nil {
		return nil, err
	}
	out := make(map[string]artifacts.RootStep, len(plan.Steps))
	for i, p := range plan.Steps {
		now := w.now.Steps[i]
		st := artifacts.RootStep{Kind: string(p.Kind), Key: p.Key, State: now.State, Error: now.Error, Seconds: now.Seconds, Outputs: p.Outputs}
		if p.State == pipelines.StateCached && !now.Over() {
			st.State = activities.StateCached
		}
		out[p.ID] = st
	}
	return out, nil
}

// row is a sweep in a list.
type row struct {
	Sweep       string    `json:"sweep"`
	State       string    `json:"state"`
	Steps       int       `json:"steps"`
	Done        int       `json:"done"`
	Failed      int       `json:"failed"`
	Experiments int       `json:"experiments"`
	Started     time.Time `json:"started"`
	Finished    time.Time `json:"finished,omitzero"`
}

func (w *sweep) row() row {
	return row{
		Sweep: w.Sweep, State: w.State, Steps: len(w.now.Steps), Experiments: len(w.graph.Experiments), Started: w.Started, Finished: w.Finished,
		Done:   w.now.Count(activities.StateCached, activities.StateRan),
		Failed: w.now.Count(activities.StateFailed, activities.StateBlocked),
	}
}

// all returns every sweep, the latest first. Records that can't be read are left out with a warning.
func (a *app) all(ctx context.Context, s *session.Session) ([]*sweep, error) {
	roots, err := s.Store.Roots(ctx)
	if err != nil && roots == nil {
		return nil, err
	}
	if err != nil {
		a.log.Warn().Err(err).Msg("some sweeps can't be listed")
	}
	var out []*sweep
	for _, r := range roots {
		w := &sweep{Root: r}
		if w.graph, err = results.Graph(ctx, s.Store, r); err != nil {
			a.log.Warn().Err(err).Str("sweep", r.Sweep).Msg("its steps can't be listed")
			w.graph = &pipelines.Graph{Sweep: r.Sweep}
		}
		if err := w.refresh(ctx, s); err != nil {
			a.log.Warn().Err(err).Str("sweep", r.Sweep).Msg("its state is not known")
		}
		out = append(out, w)
	}
	slices.SortFunc(out, func(x, y *sweep) int {
		if c := y.Started.Compare(x.Started); c != 0 {
			return c
		}
		return strings.Compare(x.Sweep, y.Sweep)
	})
	return out, nil
}
