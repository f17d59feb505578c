package artifacts

import (
	"context"
	"errors"
	"time"

	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/objects"
)

// collection is the record of the latest collection.
type collection struct {
	ID       string    `json:"id"`
	Beat     int       `json:"beat"` // rises while the collection runs
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished,omitzero"`
}

func (c collection) active() bool { return c.ID != "" && c.Finished.IsZero() }

// collection reads the record; an absent or unreadable one counts as
// no collection. The tag is valid in both cases, "" for an absent record.
func (s *Store) collection(ctx context.Context) (collection, string, error) {
	var c collection
	tag, err := s.getRecord(ctx, layout.Collection, &c)
	if IsUnusable(err) {
		return collection{}, tag, nil
	}
	return c, tag, err
}

// Moment is a point in the history of a store's collections.
type Moment struct {
	at  collection
	tag string // of its record, "" where it is absent
}

// Moment returns where the store is now. Take it before looking up the results that [Store.PutRootSince] is to record.
func (s *Store) Moment(ctx context.Context) (Moment, error) {
	c, tag, err := s.collection(ctx)
	return Moment{c, tag}, err
}

// settle waits until no collection runs, and returns the moment of that and
// whether there was one since an earlier moment. A collection that was killed is
// ended here.
func (s *Store) settle(ctx context.Context, since Moment) (now Moment, interfered bool, err error) {
	var last string
	var changed time.Time
	for {
		c, tag, err := s.collection(ctx)
		if err != nil {
			return Moment{}, false, err
		}
		if !c.active() {
			return Moment{c, tag}, since.at.active() || c.ID != since.at.ID, nil
		}
		if tag != last {
			last, changed = tag, time.Now()
		} else if time.Since(changed) > deadAfter {
			c.Finished = time.Now().UTC()
			if err := s.putRecord(ctx, layout.Collection, c, objects.IfUnchanged(tag)); err != nil && !errors.Is(err, objects.ErrLost) {
				return Moment{}, false, err
			}
			continue
		}
		if err := pause(ctx, lookEvery); err != nil {
			return Moment{}, false, objects.Ended("wait for a collection", layout.Collection, s.objects.String(), err)
		}
	}
}

// Now is the time by the clock that objects are stamped with.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	body, info, err := s.objects.Get(ctx, layout.Collection)
	if err == nil {
		body.Close()
		if !info.Served.IsZero() {
			return info.Served, nil
		}
	}
	if ctx.Err() != nil {
		return time.Time{}, ctx.Err()
	}
	return time.Now(), nil // signatures hold only where the clocks agree within minutes
}

// pause waits, or returns the context's error when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
