package run

import (
	"context"
	"slices"

	"go.temporal.io/sdk/client"

	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/launch"
)

// dropScratch removes the scratch store of a killed run.
func (r *run) dropScratch(ctx context.Context) error {
	scratch, err := r.services.Scratch(ctx)
	if err != nil {
		return err
	}
	defer scratch.Close()
	return scratch.Destroy(ctx)
}

// setAsideOpen sets aside the workflows that a killed process left open, except the sweep of this run.
func (r *run) setAsideOpen(ctx context.Context, c client.Client) error {
	names, err := launch.EndOthers(ctx, c, r.services.Payloads().Data, func(sweep string) bool { return sweep == r.sweep.Name })
	if kept := slices.DeleteFunc(slices.Clone(names), launch.OnScratch); len(kept) < len(names) {
		if err := r.dropScratch(ctx); err != nil {
			r.Log.Warn().Err(err).Msg("the store that a killed run had for itself could not be removed")
		}
		names = kept
	}
	if len(names) > 0 {
		r.Say("set aside %s, which an earlier process left unfinished: run it again to continue it", app.JoinSome(names))
	}
	return err
}
