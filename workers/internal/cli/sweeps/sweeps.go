package sweeps

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"lossatlas/activities"
	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/pages"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/session"
)

// Sweep is one sweep: its record and its present state.
type Sweep struct {
	artifacts.Root
	StepGraph *pipelines.Graph
	Client    client.Client // not nil while the sweep's workflow is open
	poller    *progress.Poller
	// orphaned says that the sweep runs by its record, but its process was killed.
	orphaned bool
	// class is the numerics class of this machine, for a record without one.
	class func() (string, error)
	// now is the state of its steps at this moment, from its workflows, its record or the store.
	Now progress.Snapshot
}

// Find returns a sweep by name. A sweep that is not known is a usage error that
// lists the known ones.
func Find(ctx context.Context, a *app.App, s *session.Session, name string) (*Sweep, error) {
	root, err := Record(ctx, a, s, name)
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil, noSweep(ctx, a, s, name)
	}
	if err != nil {
		return nil, err
	}
	g, err := results.Graph(ctx, s.Store, root)
	if err != nil {
		return nil, err
	}
	w := &Sweep{Root: root, StepGraph: g, class: a.MachineClass}
	return w, w.refresh(ctx, s)
}

// FindExperiments is [Find] for commands that need experiments: imported weights, which have none, are a usage error.
func FindExperiments(ctx context.Context, a *app.App, s *session.Session, name string) (*Sweep, error) {
	w, err := Find(ctx, a, s, name)
	if err == nil && w.isImport() {
		return nil, exit.Usagef("%s is imported weights, not a sweep; `lossatlas export weights %s FILE` writes them to a file", name, name)
	}
	return w, err
}

// isImport reports whether the record is of imported weights.
func (w *Sweep) isImport() bool {
	for _, s := range w.Steps {
		if s.Kind == KindWeights {
			return true
		}
	}
	return false
}

// Record is a sweep's record, or a preliminary one until its workflow has written it.
// The record of a sweep that is over needs no Temporal server.
func Record(ctx context.Context, a *app.App, s *session.Session, name string) (artifacts.Root, error) {
	root, err := s.Store.Root(ctx, name)
	if err != nil && !errors.Is(err, artifacts.ErrNotFound) || !s.HasTemporal() {
		return root, err
	}
	open, ok, e := openSweep(ctx, s, name)
	switch {
	case e != nil && err == nil:
		a.Log.Debug().Err(e).Msg("whether the sweep runs could not be asked")
		return root, nil
	case e != nil:
		return root, e
	case !ok || err == nil && open.RunID == root.RunID:
		return root, err
	}
	return open.Record(), nil
}

func openSweep(ctx context.Context, s *session.Session, name string) (launch.Open, bool, error) {
	c, err := s.Temporal(ctx)
	if err != nil {
		return launch.Open{}, false, err
	}
	return launch.OpenSweep(ctx, c, s.Payloads().Data, name)
}

// Records are the records of all sweeps, sorted by name. Unreadable ones are left out
// and returned as an error next to the others.
func Records(ctx context.Context, s *session.Session) ([]artifacts.Root, error) {
	roots, err := s.Store.Roots(ctx)
	if err != nil && roots == nil || !s.HasTemporal() {
		return roots, err
	}
	c, e := s.Temporal(ctx)
	if e != nil {
		return roots, errors.Join(err, e)
	}
	open, e := launch.OpenSweeps(ctx, c, s.Payloads().Data)
	for _, o := range open {
		i := slices.IndexFunc(roots, func(r artifacts.Root) bool { return r.Sweep == o.Sweep })
		switch {
		case i < 0:
			roots = append(roots, o.Record())
		case roots[i].RunID != o.RunID && o.Started.After(roots[i].Started):
			roots[i] = o.Record()
		}
	}
	slices.SortFunc(roots, func(x, y artifacts.Root) int { return strings.Compare(x.Sweep, y.Sweep) })
	return roots, errors.Join(err, e)
}

// Stored are the records in the store. Unreadable ones are left out with a warning.
func Stored(ctx context.Context, a *app.App, s *session.Session) ([]artifacts.Root, error) {
	roots, err := s.Store.Roots(ctx)
	return roots, tolerate(a, roots, err)
}

// tolerate logs an error that came with records that could be read, and returns any other.
func tolerate(a *app.App, roots []artifacts.Root, err error) error {
	if err != nil && roots != nil {
		a.Log.Warn().Err(err).Msg("some sweeps can't be read")
		return nil
	}
	return err
}

// latestFirst orders sweeps by their start, and equal ones by name.
func latestFirst(x, y artifacts.Root) int {
	return cmp.Or(y.Started.Compare(x.Started), strings.Compare(x.Sweep, y.Sweep))
}

func noSweep(ctx context.Context, a *app.App, s *session.Session, name string) error {
	roots, err := Records(ctx, s)
	if err != nil {
		return err
	}
	if len(roots) == 0 {
		return exit.Usagef("there is no sweep %q: %s", name, NoSweeps(a, s))
	}
	var names []string
	for _, r := range roots {
		names = append(names, r.Sweep)
	}
	return exit.Usagef("there is no sweep %q in %s%s", name, place(a, s), cmp.Or(syntax.DidYouMean(name, names), "; it has "+app.JoinSome(names)))
}

// NoSweeps says that the home or bucket has no sweep, and how to begin: with the first sweep file of the source where that is the
// working directory.
func NoSweeps(a *app.App, s *session.Session) string {
	const first = "pipelines/quickstart.yaml"
	start := "`lossatlas map MODEL --data DATA` maps a network of your own, and `lossatlas run SWEEP.yaml` runs a sweep file, such as " + first + " of the source"
	if _, err := os.Stat(first); err == nil {
		start = "`lossatlas run " + first + "` is a start"
	}
	return fmt.Sprintf("no sweep was run yet in %s; %s", place(a, s), start)
}

// place is where a session's sweeps are kept.
func place(a *app.App, s *session.Session) string {
	if s.Role() == session.External {
		return fmt.Sprintf("bucket %s of %s", a.Settings.S3Bucket, s.Endpoint())
	}
	return a.Home.Dir()
}

// refresh settles whether the sweep runs, and the state of its steps.
func (w *Sweep) refresh(ctx context.Context, s *session.Session) error {
	w.Now, w.orphaned = Recorded(w.StepGraph, w.Root), false
	if w.State != artifacts.StateRunning {
		return nil
	}
	if !s.HasTemporal() {
		return w.markOrphaned(ctx, s)
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
			w.Root, w.Now = again, Recorded(w.StepGraph, again)
			return nil
		}
		return w.markOrphaned(ctx, s)
	}
	w.Client = c
	if w.poller == nil {
		w.poller = progress.NewPoller(c, s.Store, s.Payloads(), s.Namespace(), w.StepGraph, launch.WorkflowID(w.Sweep), w.RunID)
	}
	if w.Now, err = w.poller.Poll(ctx); err != nil {
		return fmt.Errorf("sweep %s runs, but how far it is can't be asked: %w", w.Sweep, err)
	}
	return nil
}

// markOrphaned makes a sweep whose process was killed an interrupted one: its finished steps are those in the store.
func (w *Sweep) markOrphaned(ctx context.Context, s *session.Session) (err error) {
	w.State, w.orphaned = artifacts.StateInterrupted, true
	if w.Steps, err = w.planned(ctx, s); err != nil {
		return fmt.Errorf("find the finished steps of sweep %s: %w", w.Sweep, err)
	}
	w.Now = Recorded(w.StepGraph, w.Root)
	return nil
}

// NumericsClass is the class of arithmetic that the sweep is computed in.
func (w *Sweep) NumericsClass() (string, error) {
	if w.Root.Numerics != "" {
		return w.Root.Numerics, nil
	}
	return w.class()
}

// Recorded is the state of a sweep's steps by its record.
func Recorded(g *pipelines.Graph, root artifacts.Root) progress.Snapshot {
	s := progress.Waiting(g)
	for i := range s.Steps {
		if root.State != artifacts.StateRunning {
			s.Steps[i].State = artifacts.StateNotRun
		}
		if st, ok := root.Steps[s.Steps[i].ID]; ok {
			s.Steps[i].State, s.Steps[i].Error, s.Steps[i].Seconds = st.State, st.Error, st.Seconds
		}
	}
	return s
}

// Unfinished says whether steps of the sweep may have results that its record doesn't list.
func (w *Sweep) Unfinished() bool {
	return w.State == artifacts.StateRunning || w.orphaned
}

// CurrentSteps are the sweep's steps with their outputs, in the form of a record: of a
// running sweep, the steps known to its workflows, or before they know any, the steps in the cache.
func (w *Sweep) CurrentSteps(ctx context.Context, s *session.Session) (map[string]artifacts.RootStep, error) {
	switch {
	case w.State != artifacts.StateRunning:
		return w.Steps, nil
	case w.poller != nil && len(w.poller.Known()) > 0:
		out := activities.RootSteps(w.poller.Known())
		for _, now := range w.Now.Steps { // one that its worker has left waits
			if st, ok := out[now.ID]; ok {
				st.State = now.State
				out[now.ID] = st
			}
		}
		return out, nil
	}
	return w.planned(ctx, s)
}

// Results are the results of the sweep at this moment.
func (w *Sweep) Results(ctx context.Context, s *session.Session) (*results.Sweep, error) {
	steps, err := w.CurrentSteps(ctx, s)
	return &results.Sweep{Store: s.Store, Graph: w.StepGraph, Steps: steps}, err
}

// recordedActions is the action cache with the results that a run has recorded, which are not looked for again.
type recordedActions struct {
	*artifacts.Store
	made map[artifacts.Key]artifacts.Action
}

func (r recordedActions) Lookup(ctx context.Context, k artifacts.Key) (artifacts.Action, error) {
	if a, ok := r.made[k]; ok {
		return a, nil
	}
	return r.Store.Lookup(ctx, k)
}

// planned are the steps of an unfinished sweep as a plan finds them.
func (w *Sweep) planned(ctx context.Context, s *session.Session) (map[string]artifacts.RootStep, error) {
	numerics, err := w.NumericsClass()
	if err != nil {
		return nil, err
	}
	cache := recordedActions{s.Store, map[artifacts.Key]artifacts.Action{}}
	journal := activities.OpenJournal(s.Store, w.RunID)
	if err := journal.Update(ctx); err != nil && !errors.Is(err, artifacts.ErrNotFound) {
		return nil, err
	}
	for _, st := range journal.Steps {
		if len(st.Made.Outputs) > 0 {
			cache.made[st.Made.Key] = artifacts.Action{Key: st.Made.Key, Outputs: st.Made.Outputs}
		}
	}
	plan, err := pipelines.MakePlan(ctx, w.StepGraph, numerics, cache)
	if err != nil {
		return nil, err
	}
	var begun map[artifacts.Key]bool
	if w.orphaned {
		if begun, err = s.Store.PartKeys(ctx); err != nil {
			return nil, err
		}
	}
	out := make(map[string]artifacts.RootStep, len(plan.Steps))
	for i, p := range plan.Steps {
		now := w.Now.Steps[i]
		st := artifacts.RootStep{Kind: string(p.Kind), Key: p.Key, State: now.State, Error: now.Error, Seconds: now.Seconds, Outputs: p.Outputs}
		switch {
		case now.Over():
		case p.State == pipelines.StateCached:
			st.State = artifacts.StateCached
		case begun[p.Key] && p.Kind.Computes():
			st.State = artifacts.StateInterrupted
		case w.orphaned:
			st.State = artifacts.StateNotRun
		}
		out[p.ID] = st
	}
	return out, nil
}

// Row is a sweep in a list.
type Row struct {
	Sweep string `json:"sweep"`
	State string `json:"state"`
	pages.Counts
	Running     int       `json:"running"`
	Ready       int       `json:"ready"` // that wait for nothing but a worker
	Experiments int       `json:"experiments"`
	Started     time.Time `json:"started"`
	Finished    time.Time `json:"finished,omitzero"`
	// WorkSeconds is how long the steps took that it needs, each once, whichever run or sweep computed them.
	WorkSeconds float64 `json:"work_seconds"`
	// Imported marks imported weights, which have no steps or experiments.
	Imported bool `json:"imported,omitempty"`

	Doing   string `json:"-"` // the state in words
	Summary string `json:"-"` // what became of the steps, in words
}

// Row is the sweep in a list.
func (w *Sweep) Row() Row {
	work, counted := 0.0, map[artifacts.Key]bool{}
	for _, s := range w.Steps {
		if !counted[s.Key] {
			work += s.Seconds
			counted[s.Key] = !s.Key.IsZero()
		}
	}
	return Row{
		WorkSeconds: work, Imported: w.isImport(),
		Sweep: w.Sweep, State: w.State, Counts: pages.CountSteps(w.Now), Experiments: len(w.StepGraph.Experiments), Started: w.Started, Finished: w.Finished,
		Doing: progress.Doing(w.State, w.Now), Summary: progress.Summary(w.Now, progress.Estimate{}),
		Running: w.Now.Count(artifacts.StateRunning), Ready: w.Now.Ready(),
	}
}

// All returns every sweep, the latest first. Records that can't be read are left out with a warning.
func All(ctx context.Context, a *app.App, s *session.Session) ([]*Sweep, error) {
	roots, err := Records(ctx, s)
	if err := tolerate(a, roots, err); err != nil {
		return nil, err
	}
	var out []*Sweep
	for _, r := range roots {
		w := &Sweep{Root: r, class: a.MachineClass}
		if w.StepGraph, err = results.Graph(ctx, s.Store, r); err != nil {
			a.Log.Warn().Err(err).Str("sweep", r.Sweep).Msg("its steps can't be listed")
			w.StepGraph = &pipelines.Graph{Sweep: r.Sweep}
		}
		if err := w.refresh(ctx, s); err != nil {
			a.Log.Warn().Err(err).Str("sweep", r.Sweep).Msg("its state is not known")
		}
		out = append(out, w)
	}
	slices.SortFunc(out, func(x, y *Sweep) int { return latestFirst(x.Root, y.Root) })
	return out, nil
}

// KindWeights is the kind of the one step in the record of imported weights.
const KindWeights = "weights"
