package artifacts

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"lossatlas/artifacts/objects"
)

// Freeing what nobody needs goes on while others write. A writer may meet an
// old blob that is about to be freed, take it for stored, and record an action
// that names it. So a collection announces itself in one record, and whoever has
// recorded something looks at it afterwards: if a collection ran meanwhile, the
// writer waits for its end and looks whether all is still there. Whatever was
// recorded before a collection began, the collection sees, and keeps. Replacing
// an action and setting an object aside count as collections, too: they take away
// what others may just have looked up.

const collectionObject = "collection.json"

// collection is the record of the latest collection.
type collection struct {
	ID       string    `json:"id"`
	Beat     int       `json:"beat"` // rises while it goes on
	Started  time.Time `json:"started"`
	Finished time.Time `json:"finished,omitzero"`
}

func (c collection) active() bool { return c.ID != "" && c.Finished.IsZero() }

const (
	// beatEvery is how often a collection shows that it is alive. One that has
	// not done so for deadAfter was killed; it has itself stopped before that.
	beatEvery = time.Second
	deadAfter = 10 * time.Second
	lookEvery = 100 * time.Millisecond
	// collectAttempts bounds how many others may go first. Each of them gets done with something.
	collectAttempts = 500
)

// collection reads the record; none, or one that can't be read, is as good as
// no collection. The tag is valid in both cases, "" for none.
func (s *Store) collection(ctx context.Context) (collection, string, error) {
	var c collection
	tag, err := s.getRecord(ctx, collectionObject, &c)
	if unusable(err) {
		return collection{}, tag, nil
	}
	return c, tag, err
}

// Moment is a point in the history of a store's collections.
type Moment struct {
	at  collection
	tag string // of its record, "" for none
}

// Moment returns where the store is now. Take it before looking up what is to be recorded by [Store.PutRootSince].
func (s *Store) Moment(ctx context.Context) (Moment, error) {
	c, tag, err := s.collection(ctx)
	return Moment{c, tag}, err
}

// settle waits until no collection goes on, and returns the moment of that and
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
			if err := s.putRecord(ctx, collectionObject, c, objects.IfUnchanged(tag)); err != nil && !errors.Is(err, objects.ErrLost) {
				return Moment{}, false, err
			}
			continue
		}
		if err := pause(ctx, lookEvery); err != nil {
			return Moment{}, false, objects.Ended("wait for a collection", collectionObject, s.objects.String(), err)
		}
	}
}

// exclusively calls do as a collection: no other process removes or replaces anything meanwhile. The context of do ends
// when others take this collection for dead.
func (s *Store) exclusively(ctx context.Context, do func(context.Context, *collecting) error) (err error) {
	c, err := s.collect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.end(ctx)) }()
	if err := do(c.ctx, c); err != nil {
		return cmp.Or(context.Cause(c.ctx), err)
	}
	return nil
}

// collecting is a collection of this process, under way.
type collecting struct {
	store *Store
	now   collection
	tag   string
	alive atomic.Pointer[time.Time] // when it last showed that it is
	ctx   context.Context
	stop  context.CancelCauseFunc
	done  chan struct{}
}

// errOvertaken says that this collection counts as dead, and must not go on.
var errOvertaken = errors.New("this collection of garbage was held up, and others went on without it; run it again")

// collect begins a collection, after one that is under way; a killed one is ended.
func (s *Store) collect(ctx context.Context) (*collecting, error) {
	for range collectAttempts {
		before, _, err := s.settle(ctx, Moment{})
		if err != nil {
			return nil, err
		}
		when := objects.IfAbsent
		if before.tag != "" {
			when = objects.IfUnchanged(before.tag)
		}
		c := &collecting{store: s, now: collection{ID: rand.Text(), Started: time.Now().UTC()}, done: make(chan struct{})}
		if err := s.putRecord(ctx, collectionObject, c.now, when); errors.Is(err, objects.ErrLost) {
			continue
		} else if err != nil {
			return nil, err
		}
		// The put doesn't tell the tag of what it wrote.
		now, tag, err := s.collection(ctx)
		if err != nil {
			return nil, err
		}
		if now.ID != c.now.ID {
			continue
		}
		c.tag = tag
		c.shown()
		c.ctx, c.stop = context.WithCancelCause(ctx)
		go c.beat()
		return c, nil
	}
	return nil, fmt.Errorf("collect garbage (%s): others were there first, %d times in a row", s.objects.String(), collectAttempts)
}

func (c *collecting) shown() {
	now := time.Now()
	c.alive.Store(&now)
}

// heldUp says that others may soon take the collection for dead.
func (c *collecting) heldUp() bool { return time.Since(*c.alive.Load()) > deadAfter/2 }

// remove removes an object, unless the collection was held up.
func (c *collecting) remove(ctx context.Context, object string) error {
	if c.heldUp() {
		return errOvertaken
	}
	return c.store.objects.Remove(ctx, object)
}

// beat shows that the collection goes on; where it can't, the collection ends.
func (c *collecting) beat() {
	defer close(c.done)
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-tick.C:
		}
		next := c.now
		next.Beat++
		limited, cancel := context.WithTimeout(c.ctx, deadAfter/4)
		err := c.write(limited, next)
		cancel()
		switch {
		case c.ctx.Err() != nil:
			return
		case err == nil:
			c.shown()
		case errors.Is(err, objects.ErrLost) || c.heldUp():
			c.stop(errOvertaken)
			return
		}
	}
}

// write replaces the record, if it is still this collection's.
func (c *collecting) write(ctx context.Context, next collection) error {
	if err := c.store.putRecord(ctx, collectionObject, next, objects.IfUnchanged(c.tag)); err != nil {
		return err
	}
	now, tag, err := c.store.collection(ctx)
	if err != nil {
		return err
	}
	if now.ID != c.now.ID {
		return objects.ErrLost
	}
	c.now, c.tag = next, tag
	return nil
}

// end lets writers go on.
func (c *collecting) end(ctx context.Context) error {
	c.stop(nil)
	<-c.done
	last := c.now
	last.Finished = time.Now().UTC()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deadAfter/2)
	defer cancel()
	if err := c.write(ctx, last); err != nil && !errors.Is(err, objects.ErrLost) {
		return err
	}
	return nil
}
