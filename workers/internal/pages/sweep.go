package pages

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"lossatlas/activities/report"
	"lossatlas/activities/results"
	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/progress"
)

// Open is a step that has no result.
type Open struct {
	Step  string `json:"step"`
	State string `json:"state"`
	// Percent of a step that is done, −1 where it isn't known; Note says more, or what went wrong.
	Percent int    `json:"percent"`
	Note    string `json:"note,omitempty"`
	// Run is the address of its workflow in the Temporal UI, "" without one.
	Run string `json:"run,omitempty"`
}

// State is what state.json has: how far a sweep is, and which version of its page there is.
type State struct {
	Row
	Version string `json:"version"`
	Live    bool   `json:"live"`
	Summary string `json:"summary"`
	Open    []Open `json:"open"`
	Run     string `json:"run,omitempty"` // of the sweep, in the Temporal UI
	Report  bool   `json:"report"`        // whether there is a stored report
}

// run is the address of a workflow in the Temporal UI.
func (s *Server) run(id string) string {
	if s.opts.UI == "" || id == "" {
		return ""
	}
	return fmt.Sprintf("%s/namespaces/%s/workflows/%s", strings.TrimRight(s.opts.UI, "/"), url.PathEscape(s.opts.Namespace), url.PathEscape(id))
}

// view is a sweep prepared for its page.
type view struct {
	*results.Sweep
	version string
}

// view reads what the page of a sweep would show, and its version.
func (s *Server) view(ctx context.Context, sweep *Sweep) (*view, error) {
	v := &view{Sweep: s.results(sweep)}
	type shown struct {
		Key   artifacts.Key
		State string
		Error string
		Out   map[string]artifacts.Blob
		Parts int
	}
	steps := map[string]shown{}
	for _, p := range v.Graph.All() {
		if len(p.Step.Shown()) == 0 {
			continue
		}
		st := v.Step(p.Step.ID)
		now := shown{Key: st.Key, Out: st.Outputs}
		if len(st.Outputs) == 0 {
			if st.State == artifacts.StateFailed || st.State == artifacts.StateNotRun {
				now.State, now.Error = st.State, st.Error
			}
			parts, err := v.Parts(ctx, p.Step)
			if err != nil {
				return nil, err
			}
			now.Parts = parts
		}
		steps[p.Step.ID] = now
	}
	v.version = versionOf(map[string]any{"steps": steps, "graph": sweep.Root.Graph, "unfinished": sweep.Unfinished(), "ui": s.opts.UI, "since": s.since})
	return v, nil
}

// results are the present results of a sweep.
func (s *Server) results(sweep *Sweep) *results.Sweep {
	out := &results.Sweep{Store: s.blobs, Graph: sweep.Graph, Steps: maps.Clone(sweep.Steps), Partial: &s.partial}
	if sweep.Unfinished() {
		out.Numerics = sweep.Numerics
	}
	if out.Steps == nil {
		out.Steps = map[string]artifacts.RootStep{}
	}
	for _, now := range sweep.Now.Steps {
		if st := out.Steps[now.ID]; len(st.Outputs) == 0 {
			st.State, st.Error = now.State, now.Error
			out.Steps[now.ID] = st
		}
	}
	return out
}

// state describes a sweep around its page.
func (s *Server) state(ctx context.Context, sweep *Sweep) (State, error) {
	v, err := s.view(ctx, sweep)
	if err != nil {
		return State{}, err
	}
	running, watched := sweep.State == artifacts.StateRunning, s.opts.Watched(sweep.Root.Sweep)
	out := State{Version: v.version, Live: running || watched != "", Open: []Open{}, Report: reportOf(sweep).Size > 0}
	if out.Row, err = s.row(ctx, sweep); err != nil {
		return State{}, err
	}
	out.Summary = progress.Summary(sweep.Now, sweep.Left)
	switch {
	case running:
	case watched != "":
		out.Summary = v.watching(watched, out.Finished)
	case sweep.Unfinished():
		out.Summary += "; run the sweep again to continue"
	}
	if !out.Finished.IsZero() && !out.Live { // how old a page is that another run may continue, as watch-folder does
		out.Summary += ", ended " + out.Finished.Local().Format(time.DateTime)
	}
	if sweep.Root.RunID != "" && running {
		out.Run = s.run(launch.WorkflowID(sweep.Root.Sweep))
	}
	placed := sweep.Graph.All()
	for i, st := range sweep.Now.Steps {
		if len(sweep.Steps[st.ID].Outputs) > 0 || st.State == artifacts.StateCached || st.State == artifacts.StateRan {
			continue
		}
		o := Open{Step: st.ID, State: st.State, Percent: -1, Note: progress.Note(st)}
		if st.State == artifacts.StateRunning || st.Ready {
			if st.State == artifacts.StateRunning || st.Fraction > 0 {
				o.Percent = int(100 * st.Fraction)
			}
			o.Run = s.run(v.workflow(placed[i].Step))
		}
		out.Open = append(out.Open, o)
	}
	// Failed and running steps come first.
	slices.SortStableFunc(out.Open, func(a, b Open) int { return rank(a.State) - rank(b.State) })
	return out, nil
}

// watching says what watch-folder waits for, and what it mapped last.
func (v *view) watching(folder string, last time.Time) string {
	mapped, latest, before := 0, "", false
	for _, e := range v.Graph.Experiments {
		done, ran := true, false
		for _, step := range e.Steps {
			state := v.Steps[step.ID].State
			done, ran = done && (state == artifacts.StateRan || state == artifacts.StateCached), ran || state == artifacts.StateRan
		}
		if !done {
			continue
		}
		if mapped++; ran || !before { // the last in the order of names of those that the last run mapped
			latest, before = e.Name, ran
		}
	}
	out := fmt.Sprintf("%s for checkpoints, %d mapped so far", folder, mapped)
	if _, name, _ := strings.Cut(latest, "="); latest != "" {
		out += fmt.Sprintf(", the last one %s at %s", name, last.Local().Format(time.DateTime))
	}
	return out
}

// workflow is the ID of a step's workflow, "" as long as it can't have begun.
func (v *view) workflow(step pipelines.Step) string {
	if v.Numerics == "" {
		return ""
	}
	recipe, _, ok, err := v.Recipe(step, v.Numerics)
	if err != nil || !ok {
		return ""
	}
	inputs := map[string]runner.Input{}
	for name, d := range recipe.Inputs {
		inputs[name] = runner.Input{Digest: d}
	}
	in, err := runner.NewJob(step, inputs, v.Numerics)
	if err != nil {
		return ""
	}
	return in.WorkflowID()
}

func rank(state string) int {
	switch state {
	case artifacts.StateFailed:
		return 0
	case artifacts.StateRunning:
		return 1
	case artifacts.StateInterrupted:
		return 2
	}
	return 3
}

// find is the sweep that a request names.
func (s *Server) find(r *http.Request) (*Sweep, error) {
	name := r.PathValue("name")
	if !sweepName.MatchString(name) {
		return nil, artifacts.ErrNotFound
	}
	return s.opts.Sweep(r.Context(), name)
}

var sweepName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// sweep is the frame around a sweep's page: its state, its open steps, and the page.
func (s *Server) sweep(w http.ResponseWriter, r *http.Request) error {
	state, err := s.current(r)
	if err != nil {
		return err
	}
	b, err := render("sweep", map[string]any{"State": state, "UI": s.opts.UI})
	if err == nil {
		w.Header().Set("Content-Type", htmlKind)
		_, _ = w.Write(b) // the client may be gone
	}
	return err
}

func (s *Server) current(r *http.Request) (State, error) {
	sweep, err := s.find(r)
	if err != nil {
		return State{}, err
	}
	return s.state(r.Context(), sweep)
}

func (s *Server) sweepState(w http.ResponseWriter, r *http.Request) error {
	state, err := s.current(r)
	if err == nil {
		sendJSON(w, state)
	}
	return err
}

// drawTimeout bounds the drawing of a page, which several requests may share, so that it doesn't end with the first of them.
const drawTimeout = 2 * time.Minute

// page is the page itself, drawn from the present results in the store.
func (s *Server) page(w http.ResponseWriter, r *http.Request) error {
	sweep, err := s.find(r)
	if err != nil {
		return err
	}
	v, err := s.view(r.Context(), sweep)
	if err != nil {
		return err
	}
	if len(v.Graph.Experiments) == 0 {
		s.message(w, http.StatusOK, sweep.Root.Sweep+" has no page", "These are imported weights; sweeps that use them show results made with them.")
		return nil
	}
	// The page brings its own policy: its script and style are inside it.
	w.Header().Set("Content-Security-Policy", "frame-ancestors 'self'")
	return tagged(w, r, htmlKind, v.version, func() ([]byte, error) {
		return s.drawn.get(sweep.Root.Sweep, v.version, func() ([]byte, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), drawTimeout)
			defer cancel()
			return report.Page(ctx, v.Sweep, report.Options{UI: s.opts.UI, Namespace: s.opts.Namespace, Unfinished: sweep.Unfinished()})
		})
	})
}

// reportOf is the stored report of a sweep; of size 0 if it is missing.
func reportOf(sweep *Sweep) artifacts.Blob {
	for _, s := range sweep.Graph.Final {
		if s.Kind == pipelines.KindReport {
			return sweep.Steps[s.ID].Outputs[pipelines.OutHTML]
		}
	}
	return artifacts.Blob{}
}

// report is the stored report, the same file that `lossatlas run` writes.
func (s *Server) report(w http.ResponseWriter, r *http.Request) error {
	sweep, err := s.find(r)
	if err != nil {
		return err
	}
	blob := reportOf(sweep)
	if blob.Size == 0 {
		s.message(w, http.StatusNotFound, "There is no report yet", "The sweep is "+sweep.State+"; its page shows the results so far.")
		return nil
	}
	w.Header().Set("Content-Security-Policy", "frame-ancestors 'self'")
	return tagged(w, r, htmlKind, blob.Digest.Hex(), func() ([]byte, error) { return s.opts.Store.Get(r.Context(), blob.Digest) })
}
