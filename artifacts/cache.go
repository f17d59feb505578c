package artifacts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"lossatlas/artifacts/objects"
)

const actionPrefix = "actions/"

// actionObject is where the action of a key lies: actions/ab/abcd….json.
func actionObject(k Key) string { return actionPrefix + k.String()[:2] + "/" + k.String() + ".json" }

// PutAction records what a step wrote, under its key. The blobs must be in the
// store already: *[DanglingError] otherwise. The first writer wins, and the
// winner is returned, because later steps' keys depend on which outputs they
// see. Only an action that is damaged, or whose blobs are gone, is replaced.
func (s *Store) PutAction(ctx context.Context, a Action) (Action, error) {
	if err := a.check(); err != nil {
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
		// What is there now is there to stay, or is found to be gone and put again.
		if won, _, err = s.action(ctx, a.Key); err == nil || !unusable(err) {
			return won, err
		}
	}
	return Action{}, &StoreError{Op: "put", Object: actionObject(a.Key), Where: s.objects.String(), Err: fmt.Errorf("garbage was collected %d times in a row, and took it along", putAttempts)}
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
	if err := s.putRecord(ctx, actionObject(a.Key), a, objects.IfAbsent); !errors.Is(err, objects.ErrLost) {
		return a, err
	}
	winner, _, err := s.settled(ctx, a.Key)
	if err == nil || !unusable(err) {
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
	object := actionObject(a.Key)
	for range putAttempts {
		winner, etag, err := s.settled(ctx, a.Key)
		// A server that keeps attributes apart may remember an object whose bytes are gone.
		when := objects.Always
		switch {
		case err == nil || !unusable(err):
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
			return c.remove(ctx, actionObject(k))
		case err == nil || unusable(err):
			return nil
		}
		return err
	})
}

// unusable reports whether an error says that a record is absent, damaged, or an action without its blobs.
func unusable(err error) bool {
	return errors.Is(err, ErrNotFound) || isA[*IncompleteError](err) || isA[*RecordError](err)
}

// settled reads an action that another writer may just be putting. Servers that
// keep attributes apart from bytes show, for a moment, the entity tag of the
// new object with the bytes of the old one, or with none: to take that for an
// action to be replaced would make two winners. So what is no result must look
// the same twice.
func (s *Store) settled(ctx context.Context, k Key) (Action, string, error) {
	a, etag, err := s.action(ctx, k)
	for range putAttempts {
		if err == nil || !unusable(err) {
			break
		}
		if err := pause(ctx, racePause); err != nil {
			return Action{}, "", objects.Ended("get", actionObject(k), s.objects.String(), err)
		}
		seen := etag
		if a, etag, err = s.action(ctx, k); etag == seen {
			break
		}
	}
	return a, etag, err
}

// check refuses an action that could never be looked up.
func (a Action) check() error {
	key, err := a.Recipe.Key()
	if err != nil {
		return fmt.Errorf("action %s: %w", a.Key.Short(), err)
	}
	if key != a.Key {
		return fmt.Errorf("action %s: its recipe has the key %s: a result belongs under the key of what it was made from", a.Key.Short(), key.Short())
	}
	if len(a.Outputs) == 0 {
		return fmt.Errorf("action %s: no outputs: a step that writes nothing has no result to keep", a.Key.Short())
	}
	for name, b := range a.Outputs {
		if name == "" || b.Digest.IsZero() || b.Size < 0 {
			return fmt.Errorf("action %s: output %q is %s: want a name, a digest and a size", a.Key.Short(), name, b)
		}
	}
	return nil
}

// Lookup returns the action of a key, if there is one and the store holds every
// blob it names, in the right size. It fails with [ErrNotFound] (a damaged
// action counts as none, with a word in the log), *[IncompleteError] and *[NewerError].
func (s *Store) Lookup(ctx context.Context, k Key) (Action, error) {
	a, _, err := s.action(ctx, k)
	if harm, ok := errors.AsType[*RecordError](err); ok {
		s.log.Warn().Str("object", harm.Object).Msg("ignoring an action: " + err.Error())
		return Action{}, s.notFound("look up", harm.Object)
	}
	return a, err
}

// Recorded returns the action of a key whether or not its blobs are there. It
// fails with [ErrNotFound], *[RecordError] and *[NewerError].
func (s *Store) Recorded(ctx context.Context, k Key) (Action, error) {
	a, _, err := s.readAction(ctx, actionObject(k))
	return a, err
}

func (s *Store) notFound(op, object string) error {
	return &StoreError{Op: op, Object: object, Where: s.objects.String(), Kind: ErrNotFound}
}

// action reads the action of a key and checks that its blobs are there. Beside
// the errors of Lookup it has *RecordError; the entity tag is valid with both.
func (s *Store) action(ctx context.Context, k Key) (Action, string, error) {
	a, etag, err := s.readAction(ctx, actionObject(k))
	if err != nil {
		return Action{}, etag, err
	}
	gone, err := s.gone(ctx, a.Outputs)
	if err != nil {
		return Action{}, etag, err
	}
	if len(gone) > 0 {
		return Action{}, etag, &IncompleteError{Key: k, Missing: gone}
	}
	return a, etag, nil
}

// readAction reads the action in an object and checks that it belongs there, but
// not that its blobs are there. Beside the errors of requests it has *RecordError,
// with which the entity tag is valid, too.
func (s *Store) readAction(ctx context.Context, object string) (a Action, etag string, err error) {
	if etag, err = s.getRecord(ctx, object, &a); err != nil {
		return Action{}, etag, err
	}
	if object != actionObject(a.Key) {
		return Action{}, etag, &RecordError{Object: object, Reason: "it is the action of step " + a.Key.String()}
	}
	if err := a.check(); err != nil {
		return Action{}, etag, &RecordError{Object: object, Reason: err.Error()}
	}
	return a, etag, nil
}

// gone returns those of the blobs that the store doesn't hold in their size.
func (s *Store) gone(ctx context.Context, blobs map[string]Blob) (map[string]Blob, error) {
	var mu sync.Mutex
	gone := map[string]Blob{}
	err := each(ctx, slices.Collect(maps.Keys(blobs)), func(ctx context.Context, name string) error {
		there, err := s.Has(ctx, blobs[name])
		if err != nil || there {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		gone[name] = blobs[name]
		return nil
	})
	return gone, err
}

// FindAction returns the key that begins with the given digits, at least 4, if
// there is exactly one.
func (s *Store) FindAction(ctx context.Context, digits string) (Key, error) {
	if len(digits) < 4 || strings.Trim(digits, "0123456789abcdef") != "" {
		return Key{}, fmt.Errorf("%.80q is not the beginning of a step key: want at least 4 lowercase hexadecimal digits", digits)
	}
	var found []Key
	for info, err := range s.objects.List(ctx, actionPrefix+digits[:2]+"/"+digits) {
		if err != nil {
			return Key{}, err
		}
		name := strings.TrimSuffix(info.Name[strings.LastIndexByte(info.Name, '/')+1:], ".json")
		if k, err := ParseKey(name); err == nil {
			found = append(found, k)
		}
	}
	switch len(found) {
	case 0:
		return Key{}, s.notFound("find step", digits)
	case 1:
		return found[0], nil
	}
	return Key{}, fmt.Errorf("%d step keys begin with %s: give more digits", len(found), digits)
}
