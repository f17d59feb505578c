package objects

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
)

// over reads missing objects from another bucket.
type over struct {
	Bucket
	under    Bucket
	prefixes []string
}

var _ Bucket = over{}

// Over is the bucket top, except that Get and Stat look into another one for
// objects under the prefixes that top has not. Nothing there is ever listed, written or removed.
func Over(top, under Bucket, prefixes ...string) Bucket { return over{top, under, prefixes} }

// Get implements [Bucket].
func (o over) Get(ctx context.Context, name string) (io.ReadCloser, Info, error) {
	body, info, err := o.Bucket.Get(ctx, name)
	if o.below(name, err) {
		return o.under.Get(ctx, name)
	}
	return body, info, err
}

// Stat implements [Bucket].
func (o over) Stat(ctx context.Context, name string) (Info, error) {
	info, err := o.Bucket.Stat(ctx, name)
	if o.below(name, err) {
		return o.under.Stat(ctx, name)
	}
	return info, err
}

// below says whether to look below for an object that could not be read.
func (o over) below(name string, err error) bool {
	return errors.Is(err, ErrNotFound) && slices.ContainsFunc(o.prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}
