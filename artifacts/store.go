package artifacts

import (
	"context"

	"github.com/rs/zerolog"

	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/internal/parallel"
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

// MaxBlob is the largest size of a blob, in bytes: S3's limit of a single put, which conditional puts need.
const MaxBlob = 5 << 30

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

// Wrap is the store in a bucket that has no record of the format, such as an archive.
func Wrap(bucket objects.Bucket, log zerolog.Logger) *Store { return &Store{objects: bucket, log: log} }

// InMemory is an empty store in this process's memory, for tests.
func InMemory(log zerolog.Logger) *Store {
	return Wrap(objects.Metered(objects.NewMemory()), log)
}

// Over returns the store with another one under it: blobs and actions that it has
// not are read from there, where nothing is ever written or removed.
func (s *Store) Over(under *Store) *Store {
	return &Store{objects: objects.Over(s.objects, under.objects, layout.Blobs, layout.Actions), log: s.log}
}

// Bucket is where the store's objects lie.
func (s *Store) Bucket() objects.Bucket { return s.objects }

// list lists the objects under a prefix, by name.
func (s *Store) list(ctx context.Context, prefix string) ([]objects.Info, error) {
	var out []objects.Info
	for info, err := range s.objects.List(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		out = append(out, info)
	}
	return out, nil
}

// Ping asks whether the store answers.
func (s *Store) Ping(ctx context.Context) error {
	for _, err := range s.objects.List(ctx, layout.Format) {
		return err
	}
	return nil
}

// Close drops idle connections, for which a server that is about to end
// would wait. The store can still be used.
func (s *Store) Close() { s.objects.Close() }

// Empty removes everything from the store. It is for temporary stores.
func (s *Store) Empty(ctx context.Context) error {
	all, err := s.list(ctx, "")
	if err != nil {
		return err
	}
	return parallel.Each(ctx, all, func(ctx context.Context, o objects.Info) error { return s.objects.Remove(ctx, o.Name) })
}

// Destroy removes the store with everything in it.
func (s *Store) Destroy(ctx context.Context) error {
	if err := s.Empty(ctx); err != nil {
		return err
	}
	return s.objects.Destroy(ctx)
}
