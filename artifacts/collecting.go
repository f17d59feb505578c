package artifacts

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/objects"
)

// Garbage is collected while others write. A writer may meet an
// old blob that is about to be freed, take it for stored, and record an action
// that names it. So a collection announces itself in one record, and each writer
// reads that record after recording something: if a collection ran meanwhile, the
// writer waits for its end and checks that everything is still there. A collection sees, and keeps, all
// that was recorded before it began. Replacing
// an action and setting an object aside count as collections, too: they take away
// results that others may just have looked up.

const (
	// beatEvery is how often a collection shows that it is alive. One that has
	// not done so for deadAfter was killed; it has itself stopped before that.
	beatEvery = time.Second
	deadAfter = 10 * time.Second
	lookEvery = 100 * time.Millisecond
	// collectAttempts bounds how many others may go first. Each of them gets done with something.
	collectAttempts = 500
)

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

// Exclusively calls do, as a collection: no other process removes or replaces anything meanwhile. do removes objects by
// the function that it is given. Its context ends when others take this collection for dead.
func (s *Store) Exclusively(ctx context.Context, do func(ctx context.Context, remove func(ctx context.Context, object string) error) error) error {
	return s.exclusively(ctx, func(ctx context.Context, c *collecting) error { return do(ctx, c.remove) })
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

// errOvertaken says that this collection counts as dead, and must not continue.
var errOvertaken = errors.New("this garbage collection paused for so long that another one replaced it; run it again")

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
		if err := s.putRecord(ctx, layout.Collection, c.now, when); errors.Is(err, objects.ErrLost) {
			continue
		} else if err != nil {
			return nil, err
		}
		// A put doesn't return the tag of the object that it wrote.
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

// beat shows that the collection is alive; where it can't, the collection ends.
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
	if err := c.store.putRecord(ctx, layout.Collection, next, objects.IfUnchanged(c.tag)); err != nil {
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

// end lets writers continue.
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
