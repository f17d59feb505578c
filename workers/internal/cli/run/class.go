package run

import (
	"context"

	"lossatlas/pipelines/sweepfile"

	"lossatlas/activities"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/internal/session"
)

// classOf is the numerics class that a sweep is computed in: this machine's, unless other processes work.
// before is the one that is wanted where there is a choice; "" is that of the sweep's last run.
func classOf(ctx context.Context, s *session.Session, sweep *sweepfile.Sweep, own, before string) (string, error) {
	if s.Role() == session.Owner {
		return launch.Class(sweep, own, before, nil)
	}
	c, err := s.Temporal(ctx) // in any case: a server that can't be used is found before anything is stored
	if err != nil {
		return "", err
	}
	if sweep.AnyNumerics {
		return launch.Class(sweep, own, before, nil)
	}
	served, err := activities.Served(ctx, c, s.Namespace())
	if err != nil {
		return "", err
	}
	if before == "" {
		if root, err := s.Store.Root(ctx, sweep.Name); err == nil {
			before = root.Numerics
		}
	}
	return launch.Class(sweep, own, before, served)
}

// fetching reports every tenth of a download.
func fetching(a *app.App) func(done, total int64) {
	last := -10
	return func(done, total int64) {
		if percent := int(100 * done / max(total, 1)); percent >= last+10 {
			last = percent
			a.Say("fetching the data set: %d %% of %s", percent, app.Size(total))
		}
	}
}
