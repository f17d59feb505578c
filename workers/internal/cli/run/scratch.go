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

// scratchRun is a run whose results are removed when it has ended; the store of the home is unchanged.
type scratchRun struct {
	flag   string // that asks for it
	suffix string // of the sweep's name, for its workflow
	over   bool   // whether results of the home's store are used
	// begin announces the work; end shows the results.
	begin func(plan *pipelines.Plan)
	end   func(plan *pipelines.Plan, root artifacts.Root) error
}

// trial runs the missing steps of a sweep without keeping their results. The report is kept as a file.
func (r *run) trial(ctx context.Context) error {
	return r.inScratch(ctx, scratchRun{flag: "--no-cache-write", suffix: launch.TrialSuffix, over: true,
		begin: func(plan *pipelines.Plan) {
			r.Say("%s: %s, %d cached; new results are not kept", r.graph.Sweep, app.Count(len(plan.Steps), "step"), plan.Count(pipelines.StateCached))
		},
		end: func(_ *pipelines.Plan, root artifacts.Root) error { return r.printEnd(ctx, root) },
	})
}

// inScratch runs the sweep in a store of its own in place of the home's, and removes that store afterwards.
func (r *run) inScratch(ctx context.Context, s scratchRun) error {
	if r.services.Role() != session.Owner || r.detach {
		return exit.Usagef("%s needs the services of the home for itself: end the process that runs them, and leave --detach out", s.flag)
	}
	own := r.services.Store
	plan, err := pipelines.MakePlan(ctx, r.graph, r.numerics, own)
	if err != nil {
		return err
	}
	prior := estimate.Prior(ctx, own, r.graph, r.numerics, r.Log)
	scratch, err := r.services.Scratch(ctx)
	if err != nil {
		return err
	}
	defer func() {
		r.services.Store = own
		if e := scratch.Destroy(context.WithoutCancel(ctx)); e != nil {
			r.Log.Warn().Err(e).Msg("the temporary store of this run could not be removed; the next such run removes it")
		}
		scratch.Close()
	}()
	r.services.Store = scratch
	if s.over {
		r.services.Store = scratch.Over(own)
	}
	s.begin(plan)
	root, err := r.runInScratch(ctx, s.suffix, prior)
	if err != nil {
		return err
	}
	return s.end(plan, root)
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
