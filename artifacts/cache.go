package artifacts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/internal/parallel"
	"lossatlas/artifacts/objects"
)

// Check refuses an action that could never be looked up.
func (a Action) Check() error {
	key, err := a.Recipe.Key()
	if err != nil {
		return fmt.Errorf("action %s: %w", a.Key.Short(), err)
	}
	if key != a.Key {
		return fmt.Errorf("action %s: its recipe has the key %s: a result is stored under the key of its recipe", a.Key.Short(), key.Short())
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
// action counts as absent and is logged), *[IncompleteError] and *[NewerError].
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
	a, _, err := s.readAction(ctx, layout.Action(k))
	return a, err
}

// EachAction reads all actions, several at a time, and calls do for each object in turn: with its action, or with
// *[RecordError]. Objects removed meanwhile are skipped. Other errors, and errors of do, end it.
func (s *Store) EachAction(ctx context.Context, do func(objects.Info, Action, *RecordError) error) error {
	all, err := s.list(ctx, layout.Actions)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	return parallel.Each(ctx, all, func(ctx context.Context, o objects.Info) error {
		a, _, err := s.readAction(ctx, o.Name)
		harm, damaged := errors.AsType[*RecordError](err)
		switch {
		case errors.Is(err, ErrNotFound):
			return nil
		case err != nil && !damaged:
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		return do(o, a, harm)
	})
}

func (s *Store) notFound(op, object string) error {
	return &StoreError{Op: op, Object: object, Where: s.objects.String(), Kind: ErrNotFound}
}

// action reads the action of a key and checks that its blobs are there. In addition to
// the errors of Lookup it has *RecordError; the entity tag is valid with both.
func (s *Store) action(ctx context.Context, k Key) (Action, string, error) {
	a, etag, err := s.readAction(ctx, layout.Action(k))
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
// not that its blobs are there. In addition to the errors of requests it has *RecordError,
// with which the entity tag is valid, too.
func (s *Store) readAction(ctx context.Context, object string) (a Action, etag string, err error) {
	if etag, err = s.getRecord(ctx, object, &a); err != nil {
		return Action{}, etag, err
	}
	if object != layout.Action(a.Key) {
		return Action{}, etag, &RecordError{Object: object, Reason: "it is the action of step " + a.Key.String()}
	}
	if err := a.Check(); err != nil {
		return Action{}, etag, &RecordError{Object: object, Reason: err.Error()}
	}
	return a, etag, nil
}

// gone returns the blobs that are missing from the store or have another size there.
func (s *Store) gone(ctx context.Context, blobs map[string]Blob) (map[string]Blob, error) {
	var mu sync.Mutex
	gone := map[string]Blob{}
	err := parallel.Each(ctx, slices.Collect(maps.Keys(blobs)), func(ctx context.Context, name string) error {
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
	for info, err := range s.objects.List(ctx, layout.Actions+digits[:2]+"/"+digits) {
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
