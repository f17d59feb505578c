package artifacts

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

const rootPrefix = "roots/"

func rootObject(name string) string { return rootPrefix + name + ".json" }

// PutRoot records a sweep's run, in place of its earlier one.
func (s *Store) PutRoot(ctx context.Context, r Root) error {
	if err := checkName("sweep", r.Sweep); err != nil {
		return err
	}
	switch r.State {
	case StateRunning, StateDone, StateFailed, StateCancelled:
	default:
		return fmt.Errorf("sweep %s: state %q, want %s, %s, %s or %s", r.Sweep, r.State, StateRunning, StateDone, StateFailed, StateCancelled)
	}
	return s.putRecord(ctx, rootObject(r.Sweep), r, always)
}

// Root returns the latest run of a sweep. It fails with [ErrNotFound] and *[RecordError].
func (s *Store) Root(ctx context.Context, name string) (Root, error) {
	if err := checkName("sweep", name); err != nil {
		return Root{}, err
	}
	return s.root(ctx, rootObject(name))
}

func (s *Store) root(ctx context.Context, object string) (Root, error) {
	var r Root
	if _, err := s.getRecord(ctx, object, &r); err != nil {
		return Root{}, err
	}
	if object != rootObject(r.Sweep) {
		return Root{}, &RecordError{Object: object, Reason: fmt.Sprintf("it is the root of sweep %.160q", r.Sweep)}
	}
	return r, nil
}

// Roots returns the latest runs of all sweeps, sorted by name. Roots that can't
// be read are left out and come as *[RecordError], joined into the error, beside
// the others: listing may go on without them, but nothing may be freed, because
// nobody knows what they need.
func (s *Store) Roots(ctx context.Context) ([]Root, error) {
	var roots []Root
	var harms []error
	for info, err := range s.list(ctx, rootPrefix) {
		if err != nil {
			return nil, err
		}
		if !strings.HasSuffix(info.Key, ".json") {
			s.log.Warn().Str("object", info.Key).Msg("an object among the roots is none; it is ignored")
			continue
		}
		r, err := s.root(ctx, info.Key)
		var harm *RecordError
		switch {
		case errors.As(err, &harm):
			harms = append(harms, err)
		case errors.Is(err, ErrNotFound): // removed since it was listed
		case err != nil:
			return nil, err
		default:
			roots = append(roots, r)
		}
	}
	return roots, errors.Join(harms...)
}

// DropRoot forgets a sweep's run, so that what only it needs may be freed; that
// there is none is no error.
func (s *Store) DropRoot(ctx context.Context, name string) error {
	if err := checkName("sweep", name); err != nil {
		return err
	}
	return s.remove(ctx, rootObject(name))
}
