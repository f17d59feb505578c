//go:build !slim

package main

import (
	"context"

	"lossatlas/workers/embedded"
	"lossatlas/workers/embedded/s3"
	"lossatlas/workers/internal/session"
)

// services are the embedded ones. This is the one place that brings a Temporal server and an S3
// server into the program: `go build -tags slim` leaves them out.
var services = &session.Embedded{Temporal: startTemporal, Store: startStore}

func startTemporal(ctx context.Context, o session.TemporalOptions) (session.Temporal, error) {
	t, err := embedded.StartTemporal(ctx, embedded.Options{
		DBPath: o.DBPath, FrontendPort: o.FrontendPort, UIPort: o.UIPort, Namespace: o.Namespace,
		Identity: o.Identity, Guard: o.Guard, Log: o.Log, Say: o.Say,
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

func startStore(ctx context.Context, o session.StoreOptions) (session.Store, error) {
	s, err := s3.Start(ctx, s3.Options{Dir: o.Dir, Addr: o.Addr, AccessKey: o.AccessKey, SecretKey: o.SecretKey, Region: o.Region})
	if err != nil {
		return nil, err
	}
	return s, nil
}
