package pages

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"lossatlas/activities/work"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/results"
)

// Open is a step that has no result.
type Open struct {
	Step  string `json:"step"`
	State string `json:"state"`
	// Percent of a step that is done, −1 where it isn't known; Note says more, or what went wrong.
	Percent int    `json:"percent"`
	Note    string `json:"note,omitempty"`
	// Run is the address of its workflow in the Temporal UI, "" where there is none.
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
	if s.opts.UI == "" {
		return ""
	}
	return fmt.Sprintf("%s/namespaces/%s/workflows/%s", strings.TrimRight(s.opts.UI, "/"), url.PathEscape(s.opts.Namespace), url.PathEscape(id))
}

// view is a sweep prepared for its page.
type view struct {
	*Sweep
	params  pipelines.ReportParams
	inputs  map[string]work.Input // of the page, that are there
	running map[string]work.Job   // of the page, that are being made
	never   map[string]bool       // of the page, that will not come
	version string
}

// look reads what the page of a sweep would show, and its version.
func (s *Server) look(ctx context.Context, sweep *Sweep) (*view, error) {
	v := &view{Sweep: sweep, inputs: map[string]work.Input{}, running: map[string]work.Job{}, never: map[string]bool{}}
	var err error
	if v.params, err = results.ReportParams(sweep.Graph); err != nil {
		return nil, err
	}
	steps, never := map[string]pipelines.Step{}, map[string]bool{}
	for _, st := range sweep.Now.Steps {
		never[st.ID] = st.State == artifacts.StateFailed || st.State == artifacts.StateNotRun && st.Error != ""
	}
	var report pipelines.Step
	for _, p := range sweep.Graph.All() {
		steps[p.Step.ID] = p.Step
		if p.Step.Kind == pipelines.KindReport {
			report = p.Step
		}
	}
	parts := map[string]int{}
	for name, ref := range report.Inputs {
		st := sweep.Steps[ref.Step]
		if blob, ok := st.Outputs[ref.Output]; ok {
			v.inputs[name] = work.Input{Digest: blob.Digest, Producer: st.Key}
			continue
		}
		if never[ref.Step] {
			v.never[name] = true
			continue
		}
		step := steps[ref.Step]
		if !sweep.Unfinished() || !results.IsMap(step.Kind) || sweep.Numerics == "" {
			continue
		}
		in, ok, err := results.Input(step, sweep.Steps, sweep.Numerics)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		there, err := s.opts.Store.Parts(ctx, in.Key)
		if err != nil {
			return nil, err
		}
		v.running[name], parts[name] = in, len(there)
	}
	v.version = versionOf(map[string]any{"inputs": v.inputs, "never": v.never, "parts": parts, "params": v.params, "unfinished": sweep.Unfinished(), "ui": s.opts.UI, "since": s.since})
	return v, nil
}

// state describes a sweep around its page.
func (s *Server) state(ctx context.Context, sweep *Sweep) (State, error) {
	v, err := s.look(ctx, sweep)
	if err != nil {
		return State{}, err
	}
	out := State{Version: v.version, Live: sweep.State == artifacts.StateRunning, Open: []Open{}, Report: reportOf(sweep).Size > 0}
	if out.Row, err = s.row(ctx, sweep); err != nil {
		return State{}, err
	}
	out.Summary = progress.Summary(sweep.Now, sweep.Left)
	if sweep.Unfinished() && !out.Live {
		out.Summary += "; run the sweep again to continue"
	}
	if sweep.Root.RunID != "" && out.Live {
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
			if in, ok, err := results.Input(placed[i].Step, sweep.Steps, sweep.Numerics); err == nil && ok && sweep.Numerics != "" {
				o.Run = s.run(in.WorkflowID())
			}
		}
		out.Open = append(out.Open, o)
	}
	// What runs or went wrong is first.
	slices.SortStableFunc(out.Open, func(a, b Open) int { return rank(a.State) - rank(b.State) })
	return out, nil
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

// sweep is the frame around a sweep's page: its state, what is missing, and the page.
func (s *Server) sweep(w http.ResponseWriter, r *http.Request) {
	state, err := s.current(r)
	if err == nil {
		var b []byte
		if b, err = render("sweep", map[string]any{"State": state, "UI": s.opts.UI}); err == nil {
			w.Header().Set("Content-Type", htmlKind)
			_, _ = w.Write(b) // whoever asked may be gone
			return
		}
	}
	s.fail(w, r, err)
}

func (s *Server) current(r *http.Request) (State, error) {
	sweep, err := s.find(r)
	if err != nil {
		return State{}, err
	}
	return s.state(r.Context(), sweep)
}

func (s *Server) sweepState(w http.ResponseWriter, r *http.Request) {
	state, err := s.current(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	sendJSON(w, state)
}

// drawTimeout bounds the drawing of a page, which others may wait for, so that it doesn't end with the request of the first.
const drawTimeout = 2 * time.Minute

// page is the page itself, drawn from what the store has now.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	sweep, err := s.find(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	v, err := s.look(r.Context(), sweep)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if v.params.Sweep == "" {
		s.message(w, http.StatusOK, sweep.Root.Sweep+" has no page", "These are imported weights; sweeps that use them show what came of them.")
		return
	}
	// The page brings its own policy: its script and style are inside it.
	w.Header().Set("Content-Security-Policy", "frame-ancestors 'self'")
	err = tagged(w, r, htmlKind, v.version, func() ([]byte, error) {
		return s.drawn.get(sweep.Root.Sweep, v.version, func() ([]byte, error) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), drawTimeout)
			defer cancel()
			return work.Page(ctx, s.opts.Store, v.params, v.inputs, work.PageOptions{
				UI: s.opts.UI, Namespace: s.opts.Namespace, Unfinished: sweep.Unfinished(), Never: v.never, Running: v.running, Partial: &s.partial,
			})
		})
	})
	if err != nil {
		s.fail(w, r, err)
	}
}

// reportOf is the stored report of a sweep; of size 0 if there is none.
func reportOf(sweep *Sweep) artifacts.Blob {
	for _, s := range sweep.Graph.Final {
		if s.Kind == pipelines.KindReport {
			return sweep.Steps[s.ID].Outputs[pipelines.OutHTML]
		}
	}
	return artifacts.Blob{}
}

// report is the stored report, the same file that `lossatlas run` leaves behind.
func (s *Server) report(w http.ResponseWriter, r *http.Request) {
	sweep, err := s.find(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	blob := reportOf(sweep)
	if blob.Size == 0 {
		s.message(w, http.StatusNotFound, "There is no report yet", "The sweep is "+sweep.State+"; its page shows what is there.")
		return
	}
	w.Header().Set("Content-Security-Policy", "frame-ancestors 'self'")
	err = tagged(w, r, htmlKind, blob.Digest.Hex(), func() ([]byte, error) { return s.opts.Store.Get(r.Context(), blob.Digest) })
	if err != nil {
		s.fail(w, r, err)
	}
}
