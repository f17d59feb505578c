// Package objects is the interface of the artifact store to the storage of its bytes:
// named objects in one bucket. An object store is another implementation of
// [Bucket]: package s3 has that of S3-compatible servers, [Memory] one for
// tests. [Over] and [Metered] are buckets made of other buckets.
//
// To add one, write its Bucket in a file of its own and open it in
// artifacts.Open; TestObjects of package artifacts is the suite to hold it against.
package objects

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

// Bucket keeps objects, each written and replaced as a whole: a reader sees the
// old one or the new one, never a mixture. Its methods may be called
// concurrently, by any number of processes on one bucket, and what was written
// is seen by every later read and listing.
//
// Requests that fail on their way are repeated by the implementation as far as
// that helps within seconds. All methods are idempotent, so callers may repeat
// further. Errors are *[Error], with one of this package's sentinels where it
// applies; that of an ended context is context.Canceled or
// context.DeadlineExceeded, for errors.Is.
type Bucket interface {
	// Put writes an object when the condition holds, and fails with [ErrLost] when it doesn't. The digest is the
	// SHA-256 of the body, for implementations that send or check it.
	Put(ctx context.Context, name string, body []byte, digest [32]byte, when Condition) error
	// Get starts reading an object. The stream's Read returns errors of a Bucket, too. The caller must close
	// it. It fails with [ErrNotFound].
	Get(ctx context.Context, name string) (io.ReadCloser, Info, error)
	// Stat says what Get would, without reading. It fails with [ErrNotFound].
	Stat(ctx context.Context, name string) (Info, error)
	// List goes over the objects whose names begin with the prefix, at any depth, in the order of their names. An
	// error ends it. Nothing is held when the caller stops early.
	List(ctx context.Context, prefix string) iter.Seq2[Info, error]
	// Folders goes over what lies directly under a prefix and has, or could have, objects below it, by names that
	// end in "/". A server that keeps objects as files may have one in an object's place, which List doesn't show when it is empty.
	Folders(ctx context.Context, prefix string) iter.Seq2[string, error]
	// Remove deletes an object; a missing object is no error. With a name that ends in "/" it deletes the empty
	// folder that a server may have in an object's place.
	Remove(ctx context.Context, name string) error
	// Destroy deletes the bucket, which must be empty; a missing bucket is no error.
	Destroy(ctx context.Context) error
	// Close drops idle connections. The bucket can still be used.
	Close()
	// String says which bucket this is, for messages.
	String() string
}

// Info describes an object.
type Info struct {
	Name string
	Size int64  // -1 when Get doesn't know
	ETag string // changes with each Put; empty in listings without it
	// At is when it was written, by the store's clock.
	At time.Time
	// Served is the time of the answer by the store's clock, where Get knows it.
	Served time.Time
}

// Condition limits a put to a state of the object.
type Condition struct {
	Absent    bool // it does not exist
	Unchanged bool // it is the one with the tag
	ETag      string
}

// Always holds in any state.
var Always Condition

// IfAbsent holds where there is no such object.
var IfAbsent = Condition{Absent: true}

// IfUnchanged holds where the object is the one with this tag.
func IfUnchanged(etag string) Condition { return Condition{Unchanged: true, ETag: etag} }

// Ended is the error of a request that ended with its context.
func Ended(op, name, where string, err error) error {
	return fmt.Errorf("%s %s (%s): %w", op, name, where, err)
}

// ErrLost says that the condition of a put didn't hold.
var ErrLost = errors.New("another writer was there first")
