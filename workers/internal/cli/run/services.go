package run

import (
	"context"
	"time"

	"lossatlas/workers/internal/cli/serve"
	"lossatlas/workers/internal/exit"
	"lossatlas/workers/internal/session"
)

// serve starts the services and workers that the sweep lacks, until stop.
func (r *run) serve(ctx context.Context) (_ context.Context, stop func(), err error) {
	c, err := r.services.Temporal(ctx)
	if err != nil {
		return ctx, nil, err
	}
	ctx, unwatch := r.services.Watch(ctx)
	if r.services.Role() == session.Owner {
		if err := r.setAsideOpen(ctx, c); err != nil {
			unwatch()
			return ctx, nil, err
		}
	}
	workers, err := serve.StartMissing(ctx, r.App, r.services, c, r.engine, r.computing(), r.detach)
	if err != nil {
		unwatch()
		return ctx, nil, err
	}
	r.client, r.second = c, serve.StartSecond(ctx, r.App, r.services, workers, r.engine)
	return ctx, func() { r.second.Stop(); workers.Stop(); unwatch() }, nil
}

// serveOthers serves as long as other processes use the services of this one.
func (r *run) serveOthers(ctx context.Context) error {
	r.second.Stop() // it is attached, too
	for said := false; ; {
		ok, err := r.services.WithdrawUnused()
		if ok || err != nil {
			return err
		}
		if !said {
			r.Say("another process uses the services of this one: serving until it is done (Ctrl-C ends it, too)")
			said = true
		}
		select {
		case <-ctx.Done():
			return exit.Silently(exit.Interrupted)
		case <-time.After(500 * time.Millisecond):
		}
	}
}
