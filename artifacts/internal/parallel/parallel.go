// Package parallel runs the requests of one call on a store several at a time.
package parallel

import (
	"cmp"
	"context"

	"golang.org/x/sync/errgroup"
)

// Requests is how many requests one call has under way at most.
const Requests = 8

// Each calls do for every element, up to [Requests] at a time, and returns the first
// error. After an error, elements that have not begun are skipped.
func Each[T any](ctx context.Context, elements []T, do func(context.Context, T) error) error {
	return EachOf(ctx, Requests, elements, do)
}

// EachOf is [Each] with up to n at a time; n = 1 keeps the order.
func EachOf[T any](ctx context.Context, n int, elements []T, do func(context.Context, T) error) error {
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
