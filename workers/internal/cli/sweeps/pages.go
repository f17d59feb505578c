// Package sweeps finds sweeps, their states and their pages, for all commands.
package sweeps

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/estimate"
	"lossatlas/workers/internal/pages"
	"lossatlas/workers/internal/progress"
	"lossatlas/workers/internal/session"
)

// Pages serves the pages of the sweeps of a session.
func Pages(a *app.App, s *session.Session) http.Handler {
	w := &watcher{App: a, services: s, seen: map[string]*watched{}, class: sync.OnceValues(a.MachineClass)}
	return pages.New(pages.Options{Store: s.Store, Sweeps: w.all, Sweep: w.one, Watched: a.Home.Watched, UI: s.UI(), Namespace: s.Namespace(), Log: a.Log})
}

// Ages up to which the state of a sweep is reused, so that many readers of pages cost at most one.
// An interrupted sweep, whose steps are looked up one by one, changes only when another sweep shares steps with it.
const (
	fresh     = 2 * time.Second
	freshIdle = 30 * time.Second
)

// watcher keeps the present state of the sweeps of a home, for pages that ask often.
type watcher struct {
	*app.App
	services *session.Session
	mu       sync.Mutex
	seen     map[string]*watched
	// class is the numerics class of this machine, which takes a moment to find.
	class func() (string, error)
}

// watched is one sweep; its lock is held while its state is read.
type watched struct {
	mu    sync.Mutex
	at    time.Time
	sweep *Sweep // kept, as its poller knows the finished steps
	last  *pages.Sweep
	// estimator learns from one reading to the next; nil until the sweep runs.
	estimator *progress.Estimator
}

func (w *watcher) all(ctx context.Context) ([]*pages.Sweep, error) {
	roots, err := Records(ctx, w.services)
	if err := tolerate(w.App, roots, err); err != nil {
		return nil, err
	}
	var out []*pages.Sweep
	for _, r := range roots {
		s, err := w.refreshed(ctx, r)
		if err != nil {
			w.Log.Warn().Err(err).Str("sweep", r.Sweep).Msg("its state is not known")
			continue
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y *pages.Sweep) int { return latestFirst(x.Root, y.Root) })
	return out, nil
}

func (w *watcher) one(ctx context.Context, name string) (*pages.Sweep, error) {
	root, err := Record(ctx, w.App, w.services, name)
	if err != nil {
		return nil, err
	}
	return w.refreshed(ctx, root)
}

// refreshed is a sweep brought up to date with its record.
func (w *watcher) refreshed(ctx context.Context, root artifacts.Root) (*pages.Sweep, error) {
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
		over := x.sweep.Finished.Equal(root.Finished) && !x.sweep.Unfinished()
		if over || age < fresh || x.last.State == artifacts.StateInterrupted && age < freshIdle {
			return x.last, nil
		}
	}
	if !same || x.sweep.poller == nil {
		g, err := results.Graph(ctx, w.services.Store, root)
		if err != nil {
			return nil, err
		}
		x.sweep, x.estimator = &Sweep{StepGraph: g, class: w.class}, nil
	}
	x.sweep.Root = root
	if err := x.sweep.refresh(ctx, w.services); err != nil {
		// The last state of a worker that does not answer is still good.
		w.Log.Debug().Err(err).Str("sweep", root.Sweep).Msg("the sweep's state could not be asked for")
	}
	last, err := w.page(ctx, x.sweep)
	if err != nil {
		return nil, err
	}
	if last.State == artifacts.StateRunning {
		if x.estimator == nil {
			x.estimator = progress.NewEstimator(x.sweep.StepGraph, estimate.Prior(ctx, w.services.Store, x.sweep.StepGraph, root.Numerics, w.Log))
		}
		last.Left = x.estimator.Estimate(last.Now)
	}
	x.last, x.at = last, time.Now()
	return last, nil
}

// page is a sweep in the form that pages show.
func (w *watcher) page(ctx context.Context, s *Sweep) (*pages.Sweep, error) {
	out := &pages.Sweep{Root: s.Root, Graph: s.StepGraph, State: s.State, Steps: s.Steps, Now: s.Now}
	if !s.Unfinished() && s.State != artifacts.StateInterrupted {
		return out, nil
	}
	var err error
	if out.Numerics, err = s.NumericsClass(); err != nil {
		w.Log.Debug().Err(err).Msg("the numerics class of this machine is not known")
		return out, nil
	}
	out.Steps, err = s.CurrentSteps(ctx, w.services)
	return out, err
}
