package artifacts

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lossatlas/artifacts/objects"
)

// Kinds of errors, for errors.Is; see package objects. In addition, an ended context passes
// through as context.Canceled or context.DeadlineExceeded.
var (
	ErrNotFound     = objects.ErrNotFound
	ErrUnreachable  = objects.ErrUnreachable
	ErrCertificate  = objects.ErrCertificate
	ErrCredentials  = objects.ErrCredentials
	ErrAccessDenied = objects.ErrAccessDenied
	ErrNoBucket     = objects.ErrNoBucket
	ErrNoSpace      = objects.ErrNoSpace
	ErrClockSkew    = objects.ErrClockSkew
	ErrUnsupported  = objects.ErrUnsupported
)

// StoreError is a failed request.
type StoreError = objects.Error

// Kinds of damage to the bytes of an object.
const (
	Damaged   = "damaged"   // other bytes than its name or frame promises
	Truncated = "truncated" // it ends too early
	Trailing  = "trailing"  // bytes follow its end
)

// DamagedError says that an object doesn't hold the bytes its name promises.
// Nothing damaged is ever handed out as a result.
type DamagedError struct {
	Digest Digest // of the intact blob
	Object string // where it lies in the bucket
	// Size is how many bytes were found, at least: reading stops where they
	// are already too many.
	Size int64
	// Want is how many there should have been, or -1 when the caller knew only the digest.
	Want int64
	// Found is the digest of the content, or zero when the size already differs.
	Found Digest
}

// Error names the blob, the object, and the bytes that were found in it.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("blob %s is damaged: object %s: %s; `lossatlas artifacts verify` sets it aside, and the next run makes it again", e.Digest, e.Object, e.Detail())
}

// Detail describes the bytes that were found in place of the blob.
func (e *DamagedError) Detail() string {
	switch {
	case e.Want >= 0 && e.Size > e.Want:
		return fmt.Sprintf("it is longer than the %d bytes of its record", e.Want)
	case e.Want >= 0 && e.Size < e.Want:
		return fmt.Sprintf("it ends after %d of %d bytes", e.Size, e.Want)
	}
	return fmt.Sprintf("its %d bytes have the digest %s", e.Size, e.Found)
}

// RecordError says that an action or a root is damaged.
type RecordError struct {
	Object string
	Reason string
}

// Error names the object and the fault.
func (e *RecordError) Error() string {
	return fmt.Sprintf("object %s is damaged: %s; `lossatlas artifacts verify` sets it aside, and running the sweep again replaces it", e.Object, e.Reason)
}

// NewerError says that an object was written by a newer version of the program. It is no damage: nothing may be
// concluded from it, and it may not be replaced.
type NewerError struct {
	Object string
	Schema int
}

// Error says what to do.
func (e *NewerError) Error() string {
	return fmt.Sprintf("object %s was written by a newer lossatlas (schema %d, this one reads %d); update the program", e.Object, e.Schema, StoreFormat)
}

// IncompleteError says that there is an action for the key, but blobs it names
// are gone or have another size, so that it is no result.
type IncompleteError struct {
	Key     Key
	Missing map[string]Blob // by output name
}

// Error lists missing parts.
func (e *IncompleteError) Error() string {
	return fmt.Sprintf("the cached result of step %s is incomplete: %s; the step has to run again", e.Key.Short(), e.Detail())
}

// Detail lists the blobs that are missing.
func (e *IncompleteError) Detail() string { return missing(e.Missing) }

// DanglingError refuses an action that names blobs the store doesn't hold.
type DanglingError struct {
	Key     Key
	Missing map[string]Blob // by output name
}

// Error lists missing parts.
func (e *DanglingError) Error() string {
	return fmt.Sprintf("the result of step %s can't be recorded: %s; its blobs have to be stored before the action that names them", e.Key.Short(), missing(e.Missing))
}

// LostError says that garbage was collected while a sweep's results were being
// recorded, and that some of them had counted as garbage before.
type LostError struct {
	Sweep   string
	Missing []string // steps
}

// Error lists missing parts.
func (e *LostError) Error() string {
	return fmt.Sprintf("sweep %s can't be recorded: garbage was collected just now, and took the results of %s along; run it again", e.Sweep, strings.Join(e.Missing, ", "))
}

// IsUnusable reports whether an error says that a record is absent, damaged, or an action without its blobs.
func IsUnusable(err error) bool {
	return errors.Is(err, ErrNotFound) || isA[*IncompleteError](err) || isA[*RecordError](err)
}

// isA reports whether an error is, or wraps, one of type E.
func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

func missing(blobs map[string]Blob) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(blobs)) {
		parts = append(parts, fmt.Sprintf("output %q, %s, is not in the store with that size", name, blobs[name]))
	}
	return strings.Join(parts, "; ")
}
