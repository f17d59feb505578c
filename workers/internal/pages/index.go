package pages

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"lossatlas/artifacts"
	"lossatlas/workers/internal/progress"
)

// Counts are the steps of a sweep, and how many of them have each state.
type Counts struct {
	Steps       int `json:"steps"`
	Done        int `json:"done"`
	Failed      int `json:"failed"`
	Interrupted int `json:"interrupted"`
	NotRun      int `json:"not_run"`
	// AllCached says that each step had its result before the last run.
	AllCached bool `json:"all_cached"`
}

// Took is the time of the last run by the clock, from its start to its end; "all cached" if it computed nothing, and "" until it ends.
// `run`, `list` and the index of pages have the same.
func (c Counts) Took(started, finished time.Time) string {
	switch {
	case finished.IsZero():
		return ""
	case c.AllCached:
		return "all cached"
	}
	return progress.Duration(finished.Sub(started))
}

// CountSteps counts the steps of a sweep at one moment.
func CountSteps(now progress.Snapshot) Counts {
	return Counts{
		Steps: len(now.Steps), Done: now.Count(artifacts.StateCached, artifacts.StateRan), Failed: now.Count(artifacts.StateFailed),
		Interrupted: now.Count(artifacts.StateInterrupted), NotRun: now.Count(artifacts.StateNotRun),
		AllCached: len(now.Steps) > 0 && now.Count(artifacts.StateCached) == len(now.Steps),
	}
}

// Row is a sweep in the index.
type Row struct {
	Sweep string `json:"sweep"`
	Title string `json:"title"`
	State string `json:"state"`
	Doing string `json:"doing"` // the state in words
	Counts
	Experiments int       `json:"experiments"`
	Started     time.Time `json:"started"`
	Finished    time.Time `json:"finished,omitzero"`
	// TestErrors are those that are known, in percent, lowest first.
	TestErrors []float64 `json:"test_errors"`
	// Page is the address of the sweep's page on this server.
	Page string `json:"page"`
}

// Errors are the test errors in words.
func (r Row) Errors() string {
	switch n := len(r.TestErrors); {
	case n == 0:
		return "—"
	case n == 1 || r.TestErrors[0] == r.TestErrors[n-1]:
		return fmt.Sprintf("%.2f %%", r.TestErrors[0])
	default:
		return fmt.Sprintf("%.2f – %.2f %%", r.TestErrors[0], r.TestErrors[n-1])
	}
}

// Began is when it was started.
func (r Row) Began() string { return r.Started.Local().Format(time.DateTime) }

// Took is how long it took in words, "" as long as it isn't over.
func (r Row) Took() string {
	took := r.Counts.Took(r.Started, r.Finished)
	if took == "" || r.AllCached {
		return took
	}
	return "took " + took
}

func (s *Server) row(ctx context.Context, sweep *Sweep) (Row, error) {
	r := Row{
		Sweep: sweep.Root.Sweep, Title: cmp.Or(sweep.Graph.Title, sweep.Root.Sweep), State: sweep.State, Doing: progress.Doing(sweep.State, sweep.Now),
		Counts: CountSteps(sweep.Now), Experiments: len(sweep.Graph.Experiments), Started: sweep.Root.Started, Finished: sweep.Root.Finished,
		TestErrors: []float64{}, Page: Path(sweep.Root.Sweep),
	}
	if sweep.State != artifacts.StateRunning && s.opts.Watched(sweep.Root.Sweep) != "" {
		r.Doing = "watching"
	}
	found, err := s.results(sweep).Experiments(ctx)
	if err != nil {
		return r, err
	}
	for _, e := range found {
		if e.TestError != nil {
			r.TestErrors = append(r.TestErrors, *e.TestError)
		}
	}
	slices.Sort(r.TestErrors)
	return r, nil
}

// Index is what sweeps.json has. Version changes when anything in it does.
type Index struct {
	Version string `json:"version"`
	// Live says that something runs, so that it is worth asking again soon.
	Live   bool  `json:"live"`
	Sweeps []Row `json:"sweeps"`
}

func (s *Server) list(ctx context.Context) (Index, error) {
	out := Index{Sweeps: []Row{}}
	sweeps, err := s.opts.Sweeps(ctx)
	if err != nil {
		return out, err
	}
	for _, sweep := range sweeps {
		if len(sweep.Graph.Experiments) == 0 { // imported weights
			continue
		}
		r, err := s.row(ctx, sweep)
		if err != nil { // one that is damaged must not hide the others
			s.opts.Log.Warn().Err(err).Str("sweep", sweep.Root.Sweep).Msg("its results can't be read")
		}
		out.Live = out.Live || sweep.State == artifacts.StateRunning
		out.Sweeps = append(out.Sweeps, r)
	}
	out.Version = versionOf([]any{out.Sweeps, s.since})
	return out, nil
}

// versionOf is a short name for a value: equal for equal ones.
func versionOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("pages: a version of what is not JSON: %v", err)) // plain texts and finite numbers
	}
	return artifacts.Of(b).Hex()[:24]
}

func (s *Server) index(w http.ResponseWriter, r *http.Request) error {
	list, err := s.list(r.Context())
	if err != nil {
		return err
	}
	return tagged(w, r, htmlKind, list.Version, func() ([]byte, error) {
		return render("index", map[string]any{"Index": list, "UI": s.opts.UI})
	})
}

func (s *Server) indexState(w http.ResponseWriter, r *http.Request) error {
	list, err := s.list(r.Context())
	if err == nil {
		sendJSON(w, list)
	}
	return err
}

func sendJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}
