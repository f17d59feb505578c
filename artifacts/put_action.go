package artifacts

import (
	"context"
	"errors"
	"fmt"

	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/objects"
)

// PutAction records the outputs of a step, under its key. The blobs must be in the
// store already: *[DanglingError] otherwise. The first writer wins, and the
// winner is returned, because later steps' keys depend on which outputs they
// see. Only an action that is damaged, or whose blobs are gone, is replaced.
func (s *Store) PutAction(ctx context.Context, a Action) (Action, error) {
	if err := a.Check(); err != nil {
		return Action{}, err
	}
	for try := range putAttempts {
		since, err := s.Moment(ctx)
		if err != nil {
			return Action{}, err
		}
		won, err := s.putAction(ctx, a)
		if try > 0 && isA[*DanglingError](err) { // the action of the first try
			err = errors.Join(err, s.dropIncomplete(ctx, a.Key))
		}
		if err != nil {
			return Action{}, err
		}
		_, interfered, err := s.settle(ctx, since)
		if err != nil || !interfered {
			return won, err
		}
		// The object stored now stays, or is found missing and put again.
		if won, _, err = s.action(ctx, a.Key); err == nil || !IsUnusable(err) {
			return won, err
		}
	}
	return Action{}, &StoreError{Op: "put", Object: layout.Action(a.Key), Where: s.objects.String(), Err: fmt.Errorf("garbage was collected %d times in a row, and took it along", putAttempts)}
}

// putAction is PutAction while no garbage is collected.
func (s *Store) putAction(ctx context.Context, a Action) (Action, error) {
	gone, err := s.gone(ctx, a.Outputs)
	if err != nil {
		return Action{}, err
	}
	if len(gone) > 0 {
		return Action{}, &DanglingError{Key: a.Key, Missing: gone}
	}
	if err := s.putRecord(ctx, layout.Action(a.Key), a, objects.IfAbsent); !errors.Is(err, objects.ErrLost) {
		return a, err
	}
	winner, _, err := s.settled(ctx, a.Key)
	if err == nil || !IsUnusable(err) {
		return winner, err
	}
	err = s.exclusively(ctx, func(ctx context.Context, c *collecting) error {
		winner, err = s.replaceAction(ctx, c, a)
		return err
	})
	return winner, err
}

// replaceAction puts an action in place of one that is unusable. Others may have
// put the missing blobs again since that was seen, and recorded the result in a
// root, so the action is read again inside the collection c.
func (s *Store) replaceAction(ctx context.Context, c *collecting, a Action) (Action, error) {
	object := layout.Action(a.Key)
	for range putAttempts {
		winner, etag, err := s.settled(ctx, a.Key)
		// A server that keeps attributes apart may remember an object whose bytes are gone.
		when := objects.Always
		switch {
		case err == nil || !IsUnusable(err):
			return winner, err
		case c.heldUp():
			return Action{}, errOvertaken
		case !errors.Is(err, ErrNotFound):
			s.log.Warn().Str("object", object).Msg("replacing an action: " + err.Error())
			when = objects.IfUnchanged(etag)
		}
		if err := s.putRecord(ctx, object, a, when); !errors.Is(err, objects.ErrLost) {
			return a, err
		}
	}
	return Action{}, &StoreError{Op: "put", Object: object, Where: s.objects.String(), Err: fmt.Errorf("%w, %d times in a row, and left no usable action", objects.ErrLost, putAttempts)}
}

// dropIncomplete removes the action of a key if blobs that it names are gone.
func (s *Store) dropIncomplete(ctx context.Context, k Key) error {
	return s.exclusively(ctx, func(ctx context.Context, c *collecting) error {
		_, _, err := s.action(ctx, k)
		switch {
		case isA[*IncompleteError](err):
			return c.remove(ctx, layout.Action(k))
		case err == nil || IsUnusable(err):
			return nil
		}
		return err
	})
}

// settled reads an action that another writer may just be putting. Servers that
// keep attributes apart from bytes show, for a moment, the entity tag of the
// new object with the bytes of the old one, or with none: to take that for an
// action to be replaced would make two winners. So what is no result must look
// the same twice.
func (s *Store) settled(ctx context.Context, k Key) (Action, string, error) {
	a, etag, err := s.action(ctx, k)
	for range putAttempts {
		if err == nil || !IsUnusable(err) {
			break
		}
		if err := pause(ctx, racePause); err != nil {
			return Action{}, "", objects.Ended("get", layout.Action(k), s.objects.String(), err)
		}
		seen := etag
		if a, etag, err = s.action(ctx, k); etag == seen {
			break
		}
	}
	return a, etag, err
}
