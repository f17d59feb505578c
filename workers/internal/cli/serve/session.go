package serve

import (
	"context"
	"fmt"
	"net/http"

	"lossatlas/activities"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/cli/sweeps"
	"lossatlas/workers/internal/session"
	"lossatlas/workers/internal/telemetry"
)

// Open opens the session of a command that runs until it is interrupted: it also serves pages and metrics.
func Open(ctx context.Context, a *app.App) (*session.Session, error) {
	if a.Telemetry == nil {
		var err error
		a.Telemetry, err = telemetry.Start(ctx, telemetry.Options{Address: a.Settings.MetricsAddress, Version: a.BuildVersion(), Alive: alive, Log: a.Log})
		if err != nil {
			return nil, err
		}
	}
	opts := a.SessionOptions()
	opts.Work, opts.Pages, opts.Telemetry = true, func(s *session.Session) http.Handler { return sweeps.Pages(a, s) }, a.Telemetry
	return session.Open(ctx, opts)
}

// alive says whether this process still works on its task.
func alive() error {
	if n := activities.Hung(); n > 0 {
		return fmt.Errorf("%d activities have made no progress for long", n)
	}
	return nil
}
