package artifacts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/objects"
)

// AccessError lists the requests that a store denies to these credentials, or does not support.
type AccessError struct {
	Where string
	// Denied are the requests that the credentials do not allow.
	Denied []string
	// Unsupported are the requests that the server refuses, or accepts and ignores.
	Unsupported []string
}

// Error lists missing parts.
func (e *AccessError) Error() string {
	var parts []string
	if len(e.Denied) > 0 {
		parts = append(parts, "the credentials may not "+strings.Join(e.Denied, ", nor "))
	}
	if len(e.Unsupported) > 0 {
		parts = append(parts, "the server does not support "+strings.Join(e.Unsupported, ", nor "))
	}
	return e.Where + ": " + strings.Join(parts, "; ")
}

// Unwrap gives ErrAccessDenied and ErrUnsupported, as they apply.
func (e *AccessError) Unwrap() (kinds []error) {
	if len(e.Denied) > 0 {
		kinds = append(kinds, ErrAccessDenied)
	}
	if len(e.Unsupported) > 0 {
		kinds = append(kinds, ErrUnsupported)
	}
	return kinds
}

// CheckAccess tries, on an object of its own, all that work on the store takes: to put, with and without
// conditions, to get, list and delete. It fails with *[AccessError], before any work is begun, or as
// requests fail. A full store does not count as one that denies puts.
func (s *Store) CheckAccess(ctx context.Context) error {
	key := Key(Of([]byte("access")))
	name := "try-" + uuid.NewString()
	object := layout.Part(key, name) // left behind, it is garbage like any other part
	body := framePart([]byte(name))
	put := func(when objects.Condition) error { return s.objects.Put(ctx, object, body, Of(body), when) }
	missing := &AccessError{Where: s.objects.String()}
	for _, try := range []struct {
		what string
		do   func() error
		need func(error) bool
	}{
		{"put objects", func() error { return put(objects.IfAbsent) }, nil},
		{"puts on the condition that an object is absent (If-None-Match)", func() error { return put(objects.IfAbsent) }, isLost},
		{"puts on the condition that an object is unchanged (If-Match)", func() error { return put(objects.IfUnchanged("0123456789abcdef0123456789abcdef")) }, isLost},
		{"get objects", func() error { return s.readBack(ctx, object) }, nil},
		{"list objects", func() error { _, err := s.Parts(ctx, key); return err }, nil},
		{"delete objects", func() error { return s.objects.Remove(ctx, object) }, nil},
	} {
		err := try.do()
		switch {
		case errors.Is(err, ErrAccessDenied) && try.need == nil:
			missing.Denied = append(missing.Denied, try.what)
		case errors.Is(err, ErrNoSpace): // nothing can be tried now; work on the store waits for space
			return nil
		case errors.Is(err, ErrAccessDenied), errors.Is(err, ErrNotFound) && len(missing.Denied)+len(missing.Unsupported) > 0:
			// its object could not be put
		case try.need != nil && (err == nil || errors.Is(err, ErrUnsupported)):
			missing.Unsupported = append(missing.Unsupported, try.what)
		case err != nil && (try.need == nil || !try.need(err)):
			return err
		}
	}
	if len(missing.Denied)+len(missing.Unsupported) > 0 {
		return missing
	}
	return nil
}

func isLost(err error) bool { return errors.Is(err, objects.ErrLost) }

// readBack reads a part that was put.
func (s *Store) readBack(ctx context.Context, object string) error {
	_, err := s.readPart(ctx, object)
	if isA[*PartError](err) {
		return fmt.Errorf("%s: the server gave back other bytes than were put", s.objects.String())
	}
	return err
}
