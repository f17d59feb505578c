package artifacts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"lossatlas/artifacts/objects"
)

// quarantinePrefix is where damaged objects are moved to, under the time of the
// move and their own name, so that a person can look at them or bring them back.
const quarantinePrefix = "quarantine/"

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
	moved, err := s.quarantine(ctx, harm.Object, time.Now())
	if err == nil && moved != "" {
		s.log.Warn().Str("object", harm.Object).Str("moved", moved).Msg("set a damaged blob aside: " + harm.Error())
	}
	return moved, err
}

// quarantine moves an object and returns where to, "" if it is gone already, or is a blob that is whole again. Not every
// server copies objects by itself, so the bytes go through here. Others may put the object anew meanwhile, so this
// counts as a collection.
func (s *Store) quarantine(ctx context.Context, object string, now time.Time) (moved string, err error) {
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
		if err != nil || object == blobObject(Of(b)) {
			return err
		}
		moved = quarantinePrefix + now.UTC().Format("20060102T150405.000Z") + "/" + object
		if err := s.objects.Put(ctx, moved, b, Of(b), objects.Always); err != nil {
			moved = ""
			return err
		}
		return c.remove(ctx, object)
	})
	return moved, err
}

// Quarantined lists what was set aside, by name.
func (s *Store) Quarantined(ctx context.Context) ([]string, error) {
	var out []string
	err := s.eachObject(ctx, quarantinePrefix, func(o stored) { out = append(out, o.object) })
	return out, err
}

// quarantinedRoot is the name of the sweep whose root an object in quarantine was, or lay in a folder in place of, or "".
func quarantinedRoot(object string) string {
	_, was, _ := strings.Cut(strings.TrimPrefix(object, quarantinePrefix), "/")
	return rootSweep(was)
}

// rootSweep is the name of the sweep whose root an object is, or lies in a folder in place of, or "".
func rootSweep(object string) string {
	rest, ok := strings.CutPrefix(object, rootPrefix)
	sweep, _, json := strings.Cut(rest+"/", ".json/")
	if !ok || !json {
		return ""
	}
	return sweep
}

// UnknownRootsError refuses to free anything while roots can't be read, because
// nobody knows what they need.
type UnknownRootsError struct{ Sweeps []string }

// Error names the sweeps and says what to do.
func (e *UnknownRootsError) Error() string {
	return fmt.Sprintf("nothing can be freed: the record of %s is damaged, and nobody knows what it needs; run the sweep again, or give it up with `lossatlas artifacts rm`",
		strings.Join(e.Sweeps, ", "))
}
