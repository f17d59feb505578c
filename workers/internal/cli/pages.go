package cli

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/pages"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/session"
)

// pages makes what serves the pages of the sweeps of a session.
func (a *app) pages(s *session.Session) http.Handler {
	w := &watcher{app: a, services: s, seen: map[string]*watched{}, class: sync.OnceValues(a.machineClass)}
	return pages.New(pages.Options{Store: s.Store, Sweeps: w.all, Sweep: w.one, UI: s.UI(), Namespace: s.Namespace(), Log: a.log})
}

// How old what is known of a sweep may be when a page asks, so that many that look on make no more work than
// one. An interrupted sweep, whose steps are looked up one by one, changes only when another sweep shares steps with it.
const (
	fresh     = 2 * time.Second
	freshIdle = 30 * time.Second
)

// watcher knows the sweeps of a home as they are now, for pages that ask often.
type watcher struct {
	*app
	services *session.Session
	mu       sync.Mutex
	seen     map[string]*watched
	// class is the numerics class of this machine, which takes a moment to find.
	class func() (string, error)
}

// watched is one sweep; its lock is held while it is asked for.
type watched struct {
	mu    sync.Mutex
	at    time.Time
	sweep *sweep // kept, as its poller knows what is over
	last  *pages.Sweep
	// estimator learns from one look to the next; nil until the sweep is seen to run.
	estimator *progress.Estimator
}

func (w *watcher) all(ctx context.Context) ([]*pages.Sweep, error) {
	roots, err := w.records(ctx, w.services)
	if err != nil && roots == nil {
		return nil, err
	}
	if err != nil {
		w.log.Warn().Err(err).Msg("some sweeps can't be listed")
	}
	var out []*pages.Sweep
	for _, r := range roots {
		s, err := w.look(ctx, r)
		if err != nil {
			w.log.Warn().Err(err).Str("sweep", r.Sweep).Msg("its state is not known")
			continue
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y *pages.Sweep) int {
		if c := y.Root.Started.Compare(x.Root.Started); c != 0 {
			return c
		}
		return strings.Compare(x.Root.Sweep, y.Root.Sweep)
	})
	return out, nil
}

func (w *watcher) one(ctx context.Context, name string) (*pages.Sweep, error) {
	root, err := w.record(ctx, w.services, name)
	if err != nil {
		return nil, err
	}
	return w.look(ctx, root)
}

// look brings what is known of a sweep up to date with its record.
func (w *watcher) look(ctx context.Context, root artifacts.Root) (*pages.Sweep, error) {
	w.mu.Lock()
	x := w.seen[root.Sweep]
	if x == nil {
		x = &watched{}
		w.seen[root.Sweep] = x
	}
	w.mu.Unlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	same := x.last != nil && x.sweep.RunID == root.RunID && x.sweep.Graph == root.Graph
	if same {
		age := time.Since(x.at)
		over := x.sweep.Finished.Equal(root.Finished) && !x.sweep.unfinished()
		if over || age < fresh || x.last.State == artifacts.StateInterrupted && age < freshIdle {
			return x.last, nil
		}
	}
	if !same || x.sweep.poller == nil {
		g, err := results.Graph(ctx, w.services.Store, root)
		if err != nil {
			return nil, err
		}
		x.sweep, x.estimator = &sweep{graph: g, class: w.class}, nil
	}
	x.sweep.Root = root
	if err := x.sweep.refresh(ctx, w.services); err != nil {
		// A worker that does not answer has said something before.
		w.log.Debug().Err(err).Str("sweep", root.Sweep).Msg("the sweep's state could not be asked for")
	}
	last, err := w.page(ctx, x.sweep)
	if err != nil {
		return nil, err
	}
	if last.State == artifacts.StateRunning {
		if x.estimator == nil {
			x.estimator = progress.NewEstimator(x.sweep.graph, w.prior(ctx, w.services.Store, x.sweep.graph, root.Numerics))
		}
		last.Left = x.estimator.Estimate(last.Now)
	}
	x.last, x.at = last, time.Now()
	return last, nil
}

// page is a sweep in the form that pages show.
func (w *watcher) page(ctx context.Context, s *sweep) (*pages.Sweep, error) {
	out := &pages.Sweep{Root: s.Root, Graph: s.graph, State: s.State, Steps: s.Steps, Now: s.now}
	if !s.unfinished() && s.State != artifacts.StateInterrupted {
		return out, nil
	}
	var err error
	if out.Numerics, err = s.numerics(); err != nil {
		w.log.Debug().Err(err).Msg("the numerics class of this machine is not known")
		return out, nil
	}
	out.Steps, err = s.steps(ctx, w.services)
	return out, err
}
