package artifacts

import (
	"context"
	"errors"
	"time"

	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/objects"
)

// SetAside moves a blob into quarantine if reading it once more shows it
// damaged, so that what depends on it is made again; a whole one stays. It
// returns where the blob lies now, "" if nothing was moved.
func (s *Store) SetAside(ctx context.Context, d Digest) (string, error) {
	err := s.Verify(ctx, Blob{Digest: d, Size: -1})
	harm, damaged := errors.AsType[*DamagedError](err)
	switch {
	case err == nil || errors.Is(err, ErrNotFound):
		return "", nil
	case !damaged:
		return "", err
	}
	moved, err := s.Quarantine(ctx, harm.Object, time.Now())
	if err == nil && moved != "" {
		s.log.Warn().Str("object", harm.Object).Str("moved", moved).Msg("set a damaged blob aside: " + harm.Error())
	}
	return moved, err
}

// Quarantine moves an object out of the way, to a place named after the time now, so that a person can look at it or
// bring it back. It returns that place, "" if the object is gone already, or is a blob that is whole again. Not every server
// copies objects by itself, so the bytes go through here. Others may put the object again meanwhile, so this counts
// as a collection.
func (s *Store) Quarantine(ctx context.Context, object string, now time.Time) (moved string, err error) {
	err = s.exclusively(ctx, func(ctx context.Context, c *collecting) error {
		body, info, err := s.objects.Get(ctx, object)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		defer body.Close()
		b, err := readAll(body, info.Size)
		if err != nil || object == layout.Blob(Of(b)) {
			return err
		}
		moved = layout.Quarantined(object, now)
		if err := s.objects.Put(ctx, moved, b, Of(b), objects.Always); err != nil {
			moved = ""
			return err
		}
		return c.remove(ctx, object)
	})
	return moved, err
}

// Quarantined lists the objects in quarantine, by name.
func (s *Store) Quarantined(ctx context.Context) ([]string, error) {
	var names []string
	all, err := s.list(ctx, layout.Quarantine)
	for _, o := range all {
		names = append(names, o.Name)
	}
	return names, err
}
