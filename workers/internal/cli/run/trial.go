package run

import (
	"context"
	"time"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/serve"
	"lossatlas/workers/internal/estimate"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/session"
)

// trial runs the missing steps of a sweep in a store of its own, which is removed
// afterwards: the store of the home is unchanged. The report is kept as a file.
func (r *run) trial(ctx context.Context) error {
	plan, err := pipelines.MakePlan(ctx, r.graph, r.numerics, r.services.Store)
	if err != nil {
		return err
	}
	prior := estimate.Prior(ctx, r.services.Store, r.graph, r.numerics, r.Log)
	return r.inScratch(ctx, "--no-cache-write", true, func() error {
		r.Say("%s: %s, %d cached; new results are not kept", r.graph.Sweep, app.Count(len(plan.Steps), "step"), plan.Count(pipelines.StateCached))
		root, err := r.runInScratch(ctx, launch.TrialSuffix, prior)
		if err != nil {
			return err
		}
		return r.printEnd(ctx, root)
	})
}

// inScratch calls do with a store of its own in place of the home's, over it if
// results are to be read from there, and removes it afterwards.
func (r *run) inScratch(ctx context.Context, flag string, over bool, do func() error) error {
	if r.services.Role() != session.Owner || r.detach {
		return exit.Usagef("%s needs the services of the home for itself: end the process that runs them, and leave --detach out", flag)
	}
	scratch, err := r.services.Scratch(ctx)
	if err != nil {
		return err
	}
	own := r.services.Store
	defer func() {
		r.services.Store = own
		if e := scratch.Destroy(context.WithoutCancel(ctx)); e != nil {
			r.Log.Warn().Err(e).Msg("the store of this run alone could not be removed; the next such run removes it")
		}
		scratch.Close()
	}()
	r.services.Store = scratch
	if over {
		r.services.Store = scratch.Over(own)
	}
	return do()
}

// runInScratch runs the sweep's workflow under another name, in the store that is in
// place of the home's.
func (r *run) runInScratch(ctx context.Context, suffix string, prior map[string]time.Duration) (artifacts.Root, error) {
	var root artifacts.Root
	if err := r.store(ctx); err != nil {
		return root, err
	}
	r.WarnSlow(r.engine)
	c, err := r.services.Temporal(ctx)
	if err != nil {
		return root, err
	}
	// No other process may use these services now: its results would be removed with the store.
	if ok, err := r.services.WithdrawUnused(); err != nil || !ok {
		return root, exit.Usagef("another process has begun to use the services of %s: wait for it and try again", r.Home.Dir())
	}
	ctx, stop := r.services.Watch(ctx)
	defer stop()
	if _, err := launch.EndOthers(ctx, c, r.services.Payloads().Data, func(string) bool { return false }); err != nil {
		return root, err
	}
	g := *r.graph
	g.Sweep += suffix
	workers, err := serve.StartMissing(ctx, r.App, r.services, c, r.engine, r.computing(), false)
	if err != nil {
		return root, err
	}
	defer workers.Stop()
	started, err := launch.Start(ctx, c, r.services.Payloads().Data, r.input(&g), r.priority, r.Say)
	if err != nil {
		return root, err
	}
	f := &follower{App: r.App, services: r.services, client: c, graph: &g, started: started, prior: prior, scratch: true}
	root, err = f.follow(ctx)
	r.Printer.Close()
	return root, err
}
