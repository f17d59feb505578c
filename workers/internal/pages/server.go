// Package pages serves the sweeps of a home as web pages, also while they run:
// an index, and for each sweep its page in its present state.
//
// It answers GET alone. Who may ask is a guard's business.
package pages

import (
	"context"
	_ "embed" // for the templates
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/progress"
)

// Sweep is the state of a sweep at one moment.
type Sweep struct {
	Root  artifacts.Root
	Graph *pipelines.Graph
	State string
	// Steps are its steps with the outputs so far.
	Steps map[string]artifacts.RootStep
	// Now is how far they are, in the order of the graph.
	Now progress.Snapshot
	// Left is how long the rest will take, where that is known.
	Left progress.Estimate
	// Numerics is the class in which unfinished steps are computed, "" where it isn't known.
	Numerics string
}

// Unfinished says whether more may come by itself or by running the sweep again.
func (s *Sweep) Unfinished() bool {
	return s.State == artifacts.StateRunning || s.State == artifacts.StateInterrupted
}

// Options are what the pages show.
type Options struct {
	Store *artifacts.Store
	// Sweeps lists all sweeps, the latest first; Sweep finds one, or says artifacts.ErrNotFound. Both are called often, and
	// from several goroutines.
	Sweeps func(context.Context) ([]*Sweep, error)
	Sweep  func(ctx context.Context, name string) (*Sweep, error)
	// Watched is the folder whose checkpoints a process maps in a sweep as they appear, or "".
	Watched func(sweep string) string
	// UI is the address of the Temporal UI and Namespace what it shows; "" for none.
	UI, Namespace string
	Log           zerolog.Logger
}

// Server answers requests. It is an http.Handler.
type Server struct {
	opts  Options
	mux   *http.ServeMux
	blobs *cache
	drawn *drawn
	// partial has the points of maps that are under way.
	partial results.PartialMaps
	// since tells pages of this program from those that another version of it may have made.
	since time.Time
}

// New prepares a server.
func New(opts Options) *Server {
	s := &Server{opts: opts, mux: http.NewServeMux(), blobs: newCache(opts.Store), drawn: newDrawn(), since: time.Now()}
	for pattern, answer := range map[string]func(http.ResponseWriter, *http.Request) error{
		"/{$}": s.index, "/sweeps.json": s.indexState, "/sweeps/{name}/{$}": s.sweep, "/sweeps/{name}/state.json": s.sweepState,
		"/sweeps/{name}/page": s.page, "/sweeps/{name}/report.html": s.report,
	} {
		s.mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := answer(w, r); err != nil {
				s.fail(w, r, err)
			}
		})
	}
	s.mux.HandleFunc("GET /sweeps/{name}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, Path(r.PathValue("name")), http.StatusFound)
	})
	for name, a := range assets {
		s.mux.HandleFunc("GET /"+name, a.serve)
	}
	return s
}

// Path is where a sweep's page is, below the server's address.
func Path(sweep string) string { return "/sweeps/" + url.PathEscape(sweep) + "/" }

// ServeHTTP answers requests that a guard has admitted.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "There is nothing to change here: only GET is answered.", http.StatusMethodNotAllowed)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// fail answers with an error in words.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case r.Context().Err() != nil: // the client is gone
	case errors.Is(err, artifacts.ErrNotFound):
		s.message(w, http.StatusNotFound, "There is no such sweep", "The sweeps that were run in this home are on the first page.")
	default:
		s.opts.Log.Warn().Err(err).Str("path", r.URL.Path).Msg("a page could not be made")
		s.message(w, http.StatusInternalServerError, "This page could not be made", err.Error())
	}
}

// tagged sends content with its version, or word that it has not changed.
func tagged(w http.ResponseWriter, r *http.Request, kind, version string, content func() ([]byte, error)) error {
	tag := `"` + version + `"`
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	b, err := content()
	if err != nil {
		w.Header().Del("ETag")
		return err
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", fmt.Sprint(len(b)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(b) // the client may be gone
	}
	return nil
}
