package artifacts

import (
	"cmp"
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

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
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(n)
	for _, e := range elements {
		if inner.Err() != nil {
			break
		}
		g.Go(func() error { return do(inner, e) })
	}
	return cmp.Or(g.Wait(), context.Cause(ctx))
}
