package artifacts

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"
)

// list goes over the objects under a prefix, at any depth, in the order of their names.
func (s *Store) list(ctx context.Context, prefix string) iter.Seq2[minio.ObjectInfo, error] {
	return func(yield func(minio.ObjectInfo, error) bool) {
		ctx, cancel := context.WithCancel(ctx) // ends the request when the caller has seen enough
		defer cancel()
		for info := range s.core.Client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if info.Err != nil {
				yield(minio.ObjectInfo{}, s.fail("list", prefix, info.Err))
				return
			}
			if !yield(info, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil { // the iterator ends in silence then
			yield(minio.ObjectInfo{}, s.fail("list", prefix, err))
		}
	}
}

// remove deletes an object; that there is none is no error.
func (s *Store) remove(ctx context.Context, object string) error {
	err := s.core.RemoveObject(ctx, s.bucket, object, minio.RemoveObjectOptions{})
	if err == nil {
		return nil
	}
	if err = s.fail("remove", object, err); errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// pause waits, or returns the context's error when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// parallel is how many requests one call of this package has under way at most.
const parallel = 8

// each calls do for every element, several at a time, and returns the first
// error; after one, elements not yet begun are left out.
func each[T any](ctx context.Context, elements []T, do func(context.Context, T) error) error {
	return eachOf(ctx, parallel, elements, do)
}

// eachOf is each with so many at a time; one keeps the order.
func eachOf[T any](ctx context.Context, n int, elements []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	slots := make(chan struct{}, n)
	var wg sync.WaitGroup
	for _, e := range elements {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := do(ctx, e); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
