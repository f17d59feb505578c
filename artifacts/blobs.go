package artifacts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/objects"
)

const (
	// askFirst is the size in bytes from which Put asks whether the blob is
	// already there before it sends it.
	askFirst = 64 << 10
	// putAttempts bounds the races that one put can lose in a row.
	putAttempts = 8
	// racePause is how long to wait for a competing writer.
	racePause = 50 * time.Millisecond
)

// Put stores data under its digest. A blob that is already there is verified by
// reading it, and replaced when it is damaged, so that Put returning nil always
// means that the store holds exactly data. Concurrent Puts of one blob all
// succeed. It fails with [ErrNoSpace] and the other errors of this package.
func (s *Store) Put(ctx context.Context, data []byte) (Blob, error) {
	blob := BlobOf(data)
	if blob.Size > MaxBlob {
		return Blob{}, fmt.Errorf("put %s: a blob holds at most %d bytes", blob, int64(MaxBlob))
	}
	object := layout.Blob(blob.Digest)
	when, lost := objects.IfAbsent, false
	for range putAttempts {
		if lost || blob.Size >= askFirst {
			switch there, err := s.holds(ctx, blob); {
			case err != nil:
				return Blob{}, err
			case there == held:
				return blob, nil
			case there == damaged:
				when = objects.Always
			case lost:
				// Either the winner is still writing, or the server remembers an object
				// whose bytes are gone. Anyone who writes here writes these same bytes, so
				// overwriting is safe.
				when = objects.Always
				if err := pause(ctx, racePause); err != nil {
					return Blob{}, objects.Ended("put", object, s.objects.String(), err)
				}
			}
		}
		err := s.objects.Put(ctx, object, data, blob.Digest, when)
		if err == nil {
			return blob, nil
		}
		if !errors.Is(err, objects.ErrLost) {
			return Blob{}, err
		}
		lost = true
	}
	return Blob{}, &StoreError{Op: "put", Object: object, Where: s.objects.String(), Err: fmt.Errorf("%w, %d times in a row, and left nothing", objects.ErrLost, putAttempts)}
}

// presence is the state of a blob in a store.
type presence int

const (
	absent presence = iota
	damaged
	held
)

// holds reads a blob to its end, to learn whether it is there and whole.
func (s *Store) holds(ctx context.Context, blob Blob) (presence, error) {
	err := s.Verify(ctx, blob)
	var harm *DamagedError
	switch {
	case err == nil:
		return held, nil
	case errors.Is(err, ErrNotFound):
		return absent, nil
	case errors.As(err, &harm):
		s.log.Warn().Str("object", harm.Object).Msg("replacing a damaged blob: " + err.Error())
		return damaged, nil
	}
	return absent, err
}

// Verify reads a blob to its end and returns nil when it is whole, ErrNotFound
// when it isn't there, and *[DamagedError] when it is something else.
func (s *Store) Verify(ctx context.Context, blob Blob) error {
	r, _, err := s.open(ctx, blob)
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(io.Discard, r)
	return err
}

// Get returns the blob's bytes, verified. It fails with [ErrNotFound], and with
// *[DamagedError] when the content has another digest than the name.
func (s *Store) Get(ctx context.Context, d Digest) ([]byte, error) {
	return s.GetBlob(ctx, Blob{Digest: d, Size: -1})
}

// GetBlob is Get for a caller that also knows the size: damage is found
// before more than that is read, with an exact message.
func (s *Store) GetBlob(ctx context.Context, blob Blob) ([]byte, error) {
	r, size, err := s.open(ctx, blob)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if size >= worthAhead { // what readAll reads into stays unchanged
		ahead := hashAhead(r.hash)
		defer ahead.stop()
		r.hash = ahead
	}
	return readAll(r, size)
}

// open returns a stream of a blob and the size that the server announces, or -1. Read fails with *[DamagedError]
// in place of io.EOF when the bytes that went by were not the blob's: nothing may follow from them before the end.
func (s *Store) open(ctx context.Context, blob Blob) (*verifier, int64, error) {
	object := layout.Blob(blob.Digest)
	body, info, err := s.objects.Get(ctx, object)
	if err != nil {
		return nil, 0, err
	}
	if blob.Size >= 0 && info.Size >= 0 && info.Size != blob.Size {
		body.Close()
		return nil, 0, &DamagedError{Digest: blob.Digest, Object: object, Size: info.Size, Want: blob.Size}
	}
	return newVerifier(body, object, blob.Digest, blob.Size), info.Size, nil
}

// Has reports whether the store holds an object of the blob's name and size. It
// doesn't read the bytes; Get and Verify do.
func (s *Store) Has(ctx context.Context, blob Blob) (bool, error) {
	info, err := s.objects.Stat(ctx, layout.Blob(blob.Digest))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && info.Size == blob.Size, err
}
