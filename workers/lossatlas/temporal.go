package main

import (
	"context"

	"lossatlas/workers/embedded"
	"lossatlas/workers/internal/session"
)

// startTemporal starts the embedded server. It is the one place that brings the
// server into the program.
func startTemporal(ctx context.Context, o session.TemporalOptions) (session.Temporal, error) {
	t, err := embedded.StartTemporal(ctx, embedded.Options{
		DBPath: o.DBPath, FrontendPort: o.FrontendPort, UIPort: o.UIPort, Namespace: o.Namespace, Log: o.Log,
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}
