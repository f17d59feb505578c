package artifacts

import (
	"context"

	"github.com/minio/minio-go/v7"
)

// Empty removes everything from the store. It is for stores made for the moment.
func (s *Store) Empty(ctx context.Context) error {
	var objects []string
	if err := s.eachObject(ctx, "", func(o stored) { objects = append(objects, o.object) }); err != nil {
		return err
	}
	return each(ctx, objects, s.remove)
}

// Destroy removes the store with everything in it.
func (s *Store) Destroy(ctx context.Context) error {
	if err := s.Empty(ctx); err != nil {
		return err
	}
	if err := s.core.RemoveBucket(ctx, s.bucket); err != nil && minio.ToErrorResponse(err).Code != minio.NoSuchBucket {
		return s.fail("remove the bucket", "", err)
	}
	return nil
}
