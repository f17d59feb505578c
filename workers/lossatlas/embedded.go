//go:build !slim

package main

import (
	"context"

	"lossatlas/workers/embedded"
	"lossatlas/workers/embedded/s3"
	"lossatlas/workers/internal/services"
)

// servers are the embedded ones. Only this file brings a Temporal server and an S3
// server into the program: `go build -tags slim` leaves them out.
var servers = &services.Embedded{Temporal: startTemporal, Store: startStore}

func startTemporal(ctx context.Context, o services.TemporalOptions) (services.Temporal, error) {
	t, err := embedded.StartTemporal(ctx, o)
	if err != nil {
		return nil, err // and not a nil *embedded.Temporal
	}
	return t, nil
}

func startStore(ctx context.Context, o services.StoreOptions) (services.Store, error) {
	s, err := s3.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	return s, nil
}
