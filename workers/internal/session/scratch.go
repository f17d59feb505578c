package session

import (
	"context"

	"lossatlas/artifacts"
)

// Scratch opens an empty store on the server of the session's own, after removing the content of an earlier one. The caller
// destroys it.
func (s *Session) Scratch(ctx context.Context) (*artifacts.Store, error) {
	cfg := s.at.S3
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
