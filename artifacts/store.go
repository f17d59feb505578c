package artifacts

import (
	"context"

	"github.com/rs/zerolog"

	"lossatlas/artifacts/objects"
	"lossatlas/artifacts/objects/s3"
)

// Store is the results in a bucket of objects. Its methods may be called concurrently, by any
// number of processes on the same bucket; every method is idempotent, so
// callers may repeat what failed on its way.
type Store struct {
	objects objects.Bucket
	log     zerolog.Logger
}

// maxBlob is S3's limit of a single put, which conditional puts need.
const maxBlob = 5 << 30

// Config says which bucket of which S3-compatible store holds the results.
type Config = s3.Config

// Open connects to the store and makes the bucket when it is absent. It fails
// with [ErrUnreachable], [ErrCertificate], [ErrCredentials], [ErrAccessDenied], [ErrClockSkew] or
// *[NewerError], each saying what to do.
func Open(ctx context.Context, cfg Config, log zerolog.Logger) (*Store, error) {
	bucket, err := s3.Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return In(ctx, bucket, log.With().Str("bucket", cfg.Bucket).Logger())
}

// In opens the store in a bucket of any kind. It fails with *[NewerError], or as requests fail.
func In(ctx context.Context, bucket objects.Bucket, log zerolog.Logger) (*Store, error) {
	s := &Store{objects: objects.Metered(bucket), log: log}
	if err := s.checkFormat(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// InMemory is an empty store in this process's memory, for tests.
func InMemory(log zerolog.Logger) *Store {
	return &Store{objects: objects.Metered(objects.NewMemory()), log: log}
}

// Over returns the store with another one under it: blobs and actions that it has
// not are read from there, where nothing is ever written or removed.
func (s *Store) Over(under *Store) *Store {
	return &Store{objects: objects.Over(s.objects, under.objects, blobPrefix, actionPrefix), log: s.log}
}

// Ping asks whether the store answers.
func (s *Store) Ping(ctx context.Context) error {
	for _, err := range s.objects.List(ctx, formatObject) {
		return err
	}
	return nil
}

// Close gives up idle connections, for which a server that is about to end
// would wait. The store can still be used.
func (s *Store) Close() { s.objects.Close() }
