package transfer

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"lossatlas/artifacts"
	"lossatlas/artifacts/internal/inventory"
	"lossatlas/artifacts/internal/parallel"
)

// Options say how a sweep is copied.
type Options struct {
	// Replace also replaces a later run of the same sweep at the other store.
	Replace bool
	// Progress is called with the number of blobs sent or found there, and the number of all.
	Progress func(blobs, of int, sent, ofBytes int64)
}

// Copied is the result of a copy.
type Copied struct {
	Blobs   int   `json:"blobs"`   // sent
	Bytes   int64 `json:"bytes"`   // of these
	Actions int   `json:"actions"` // sent
	There   int   `json:"there"`   // blobs and actions that the other store had
	// Other are steps that the other store had other results of. It keeps its own
	// for runs to come; the sweep that was copied names those that were sent.
	Other []artifacts.Key `json:"other"`
}

// Copy copies a sweep's run with all that it needs, through the recipes to the
// data it began with, to another store: blobs first, then actions, the run last,
// so that a copy that is cut short leaves nothing that dangles, and resumes. Objects
// that are there already, in their size, are not sent again. Everything is
// verified as it is read and as it is written.
func Copy(ctx context.Context, from *artifacts.Store, sweep string, to *artifacts.Store, o Options) (Copied, error) {
	return copyTo(ctx, from, sweep, to, parallel.Requests, o)
}

func copyTo(ctx context.Context, from *artifacts.Store, sweep string, to *artifacts.Store, writers int, o Options) (Copied, error) {
	c := &copying{from: from, to: to, trusted: true, writers: writers, opts: o}
	root, err := from.Root(ctx, sweep)
	if err != nil {
		return Copied{Other: []artifacts.Key{}}, err
	}
	return c.run(ctx, root)
}

// copying is a copy under way.
type copying struct {
	from, to *artifacts.Store
	// trusted reports whether records may disagree for good reasons. Those of an archive were all written at a
	// time: what disagrees there was changed since.
	trusted bool
	writers int // at a time
	opts    Options

	mu  sync.Mutex
	out Copied
}

// fault is an error of where the sweep comes from.
func (c *copying) fault(err error) error {
	if c.trusted {
		return err
	}
	return noArchive(err)
}

func (c *copying) run(ctx context.Context, root artifacts.Root) (Copied, error) {
	c.out.Other = []artifacts.Key{}
	if root.State == artifacts.StateRunning {
		return c.out, fmt.Errorf("sweep %s is still running, or was interrupted: its results can be copied when it has ended", root.Sweep)
	}
	if err := accepts(ctx, c.to, root, c.opts.Replace); err != nil {
		return c.out, err
	}
	since, err := c.to.Moment(ctx)
	if err != nil {
		return c.out, err
	}
	here, apart, err := c.closure(ctx, root)
	if err != nil {
		return c.out, err
	}
	if err := c.blobs(ctx, here); err != nil {
		return c.out, err
	}
	if err := c.actions(ctx, here); err != nil {
		return c.out, err
	}
	for _, k := range c.out.Other {
		apart[k] = true
	}
	setApart(&root, apart)
	return c.out, c.to.PutRootSince(ctx, root, since)
}

// accepts says whether a run may take the place of the one that is there.
func accepts(ctx context.Context, s *artifacts.Store, root artifacts.Root, replace bool) error {
	there, err := s.Root(ctx, root.Sweep)
	switch {
	case artifacts.IsUnusable(err):
		return nil
	case err != nil:
		return err
	case !replace && there.RunID != root.RunID && there.Started.After(root.Started):
		return &LaterError{root.Sweep}
	}
	return nil
}

func (c *copying) blobs(ctx context.Context, here *inventory.Survey) error {
	there, err := inventory.Blobs(ctx, c.to)
	if err != nil {
		return err
	}
	var missing []artifacts.Blob
	var total int64
	for d, b := range here.Blobs {
		blob := artifacts.Blob{Digest: d, Size: b.Size}
		if there.Holds(blob) {
			c.out.There++
			continue
		}
		missing = append(missing, blob)
		total += b.Size
	}
	slices.SortFunc(missing, func(a, b artifacts.Blob) int { return cmp.Compare(a.Digest.Hex(), b.Digest.Hex()) })
	return parallel.EachOf(ctx, c.writers, missing, func(ctx context.Context, b artifacts.Blob) error {
		data, err := c.from.GetBlob(ctx, b)
		if err != nil {
			return c.fault(err)
		}
		if _, err := c.to.Put(ctx, data); err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.out.Blobs++
		c.out.Bytes += b.Size
		if c.opts.Progress != nil {
			c.opts.Progress(c.out.Blobs, len(missing), c.out.Bytes, total)
		}
		return nil
	})
}

func (c *copying) actions(ctx context.Context, here *inventory.Survey) error {
	var keys []artifacts.Key
	for k := range here.Actions {
		if here.IsComplete(here.Actions[k]) { // one whose blobs are lost is no result there, either
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b artifacts.Key) int { return slices.Compare(a[:], b[:]) })
	err := parallel.EachOf(ctx, c.writers, keys, func(ctx context.Context, k artifacts.Key) error {
		a := here.Actions[k].Action
		won, sent, err := take(ctx, c.to, a)
		if err != nil {
			return err
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if sent {
			c.out.Actions++
		} else {
			c.out.There++
		}
		if !maps.Equal(won.Outputs, a.Outputs) {
			c.out.Other = append(c.out.Other, k)
		}
		return nil
	})
	slices.SortFunc(c.out.Other, func(a, b artifacts.Key) int { return slices.Compare(a[:], b[:]) })
	return err
}

// take stores an action unless there is a whole one already.
func take(ctx context.Context, s *artifacts.Store, a artifacts.Action) (won artifacts.Action, sent bool, err error) {
	won, err = s.Lookup(ctx, a.Key)
	if artifacts.IsUnusable(err) {
		won, err = s.PutAction(ctx, a)
		return won, err == nil, err
	}
	return won, false, err
}
