package session

import (
	"context"

	"lossatlas/artifacts"
)

// Scratch opens an empty store beside the session's own, on the same server.
// What an earlier one left behind is removed. The caller destroys it, and puts
// it over the session's own where results are to be read from there.
func (s *Session) Scratch(ctx context.Context) (*artifacts.Store, error) {
	cfg := s.s3
	cfg.Bucket += "-scratch"
	store, err := artifacts.Open(ctx, cfg, s.log)
	if err != nil {
		return nil, err
	}
	if err := store.Empty(ctx); err != nil {
		store.Close()
		return nil, err
	}
	return store, nil
}
