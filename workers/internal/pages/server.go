// Package pages serves the sweeps of a home as web pages, also while they run:
// an index, and for each sweep its page as it is at this moment.
//
// It listens on loopback only, answers GET alone, and refuses requests by any other
// name than that of this machine, so that no site elsewhere can read it through the browser.
package pages

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/port"
	"lossatlas/workers/internal/progress"
)

// Sweep is a sweep as it is at one moment.
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
	return s.State != artifacts.StateDone && s.State != artifacts.StateFailed
}

// Options are what the pages show.
type Options struct {
	Store *artifacts.Store
	// Sweeps lists all sweeps, the latest first; Sweep finds one, or says artifacts.ErrNotFound. Both are called often, and
	// from several goroutines.
	Sweeps func(context.Context) ([]*Sweep, error)
	Sweep  func(ctx context.Context, name string) (*Sweep, error)
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
	partial activities.PartialMaps
	// since tells pages of this program from those that another version of it may have made.
	since time.Time
}

// New prepares a server.
func New(opts Options) *Server {
	s := &Server{opts: opts, mux: http.NewServeMux(), blobs: newCache(opts.Store), drawn: newDrawn(), since: time.Now()}
	s.mux.HandleFunc("GET /{$}", s.index)
	s.mux.HandleFunc("GET /sweeps.json", s.indexState)
	s.mux.HandleFunc("GET /sweeps/{name}/{$}", s.sweep)
	s.mux.HandleFunc("GET /sweeps/{name}/state.json", s.sweepState)
	s.mux.HandleFunc("GET /sweeps/{name}/page", s.page)
	s.mux.HandleFunc("GET /sweeps/{name}/report.html", s.report)
	s.mux.HandleFunc("GET /sweeps/{name}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, path.Base(r.URL.Path)+"/", http.StatusFound)
	})
	for name, a := range assets {
		s.mux.HandleFunc("GET /"+name, a.serve)
	}
	return s
}

// Path is where a sweep's page is, below the server's address.
func Path(sweep string) string { return "/sweeps/" + sweep + "/" }

// ServeHTTP checks who asks before it answers.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; frame-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
	if !local(r.Host) {
		http.Error(w, "This server answers to 127.0.0.1 and localhost only.", http.StatusForbidden)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "There is nothing to change here: only GET is answered.", http.StatusMethodNotAllowed)
		return
	}
	s.mux.ServeHTTP(w, r)
}

// local says whether a Host header names this machine's loopback. A site elsewhere whose
// name was made to point here (DNS rebinding) comes with its own name.
func local(host string) bool {
	name := host
	if n, _, err := net.SplitHostPort(host); err == nil {
		name = n
	}
	return name == port.Loopback || name == "localhost"
}

// fail answers with an error in words.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case r.Context().Err() != nil: // nobody listens any more
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
		_, _ = w.Write(b) // whoever asked may be gone
	}
	return nil
}

// Listening is a server at its address.
type Listening struct {
	http *http.Server
	url  string
}

// shutdown is how long pages that are being sent may take when the server ends.
const shutdown = time.Second

// Listen serves on a loopback port until Stop; 0 chooses a free one.
func Listen(h http.Handler, p int, log zerolog.Logger) (*Listening, error) {
	address := port.Addr(p)
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, port.Explain("the pages of sweeps", address, err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Warn().Err(err).Msg("the pages of sweeps are no longer served")
		}
	}()
	return &Listening{http: server, url: "http://" + l.Addr().String()}, nil
}

// URL is the address of the index, without a slash at the end.
func (l *Listening) URL() string { return l.url }

// Stop ends the server.
func (l *Listening) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdown)
	defer cancel()
	if l.http.Shutdown(ctx) != nil {
		return l.http.Close()
	}
	return nil
}
