package artifacts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// CopyOptions say how a sweep is copied.
type CopyOptions struct {
	// Replace also replaces a later run of the same sweep at the other store.
	Replace bool
	// Progress is told how many blobs were sent or found there, of how many.
	Progress func(blobs, of int, sent, ofBytes int64)
}

// Copied is what a copy came to.
type Copied struct {
	Blobs   int   `json:"blobs"`   // sent
	Bytes   int64 `json:"bytes"`   // of these
	Actions int   `json:"actions"` // sent
	There   int   `json:"there"`   // blobs and actions that were there already
	// Other are steps that the other store had other results of. It keeps its own
	// for runs to come; the sweep that was copied names those that were sent.
	Other []Key `json:"other"`
}

// LaterError refuses to replace a later run of a sweep.
type LaterError struct{ Sweep string }

// Error says what to do.
func (e *LaterError) Error() string {
	return fmt.Sprintf("there is a later run of sweep %s already where it is to go: replace it with --replace, or pin this one under another name first", e.Sweep)
}

// Copy copies a sweep's run with all that it needs, through the recipes to the
// data it began with, to another store: blobs first, then actions, the run last,
// so that a copy that is cut short leaves nothing that dangles, and goes on where
// it was. What is there already, in its size, is not sent again. Everything is
// verified as it is read and as it is written.
func (s *Store) Copy(ctx context.Context, sweep string, to *Store, o CopyOptions) (Copied, error) {
	return s.copyTo(ctx, sweep, to, parallel, o)
}

func (s *Store) copyTo(ctx context.Context, sweep string, to *Store, writers int, o CopyOptions) (Copied, error) {
	c := &copying{from: s, to: to, trusted: true, writers: writers, opts: o}
	root, err := s.Root(ctx, sweep)
	if err != nil {
		return Copied{Other: []Key{}}, err
	}
	return c.run(ctx, root)
}

// copying is a copy under way.
type copying struct {
	from, to *Store
	// trusted says whether records that disagree may have good reasons to. Those of an archive were all written at a
	// time: what disagrees there was changed since.
	trusted bool
	writers int // at a time
	opts    CopyOptions

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

func (c *copying) run(ctx context.Context, root Root) (Copied, error) {
	c.out.Other = []Key{}
	if root.State == StateRunning {
		return c.out, fmt.Errorf("sweep %s is still running, or was interrupted: its results can be copied when it has ended", root.Sweep)
	}
	if err := c.to.accepts(ctx, root, c.opts.Replace); err != nil {
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
	root.setApart(apart)
	return c.out, c.to.PutRootSince(ctx, root, since)
}

// accepts says whether a run may take the place of the one that is there.
func (s *Store) accepts(ctx context.Context, root Root, replace bool) error {
	there, err := s.Root(ctx, root.Sweep)
	switch {
	case unusable(err):
		return nil
	case err != nil:
		return err
	case !replace && there.RunID != root.RunID && there.Started.After(root.Started):
		return &LaterError{root.Sweep}
	}
	return nil
}

func (s *Store) listBlobs(ctx context.Context) (*survey, error) {
	all := &survey{blobs: map[Digest]stored{}}
	return all, s.eachObject(ctx, blobPrefix, all.addBlob)
}

// link leads to an action. What it was followed for is the output that has the digest, or is all of it for zero.
type link struct {
	key    Key
	digest Digest
}

// closure follows a root through actions to all that it needs of the blobs that there are. Actions that have other
// outputs than the root, with good reason, are left out, and their keys returned; without one, it fails with *[ContradictionError].
func (c *copying) closure(ctx context.Context, root Root) (v *survey, apart map[Key]bool, err error) {
	all, err := c.from.listBlobs(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !all.holds(root.Graph) {
		return nil, nil, fmt.Errorf("sweep %s is not whole: its list of steps, %s, is not there", root.Sweep, root.Graph)
	}
	graph, err := c.from.GetBlob(ctx, root.Graph)
	if err != nil {
		return nil, nil, c.fault(err)
	}
	var queue []link
	for _, step := range root.Steps {
		queue = append(queue, link{key: step.Key})
	}
	v, seen := &survey{actions: map[Key]*storedAction{}, blobs: map[Digest]stored{}}, map[link]bool{}
	for first := true; len(queue) > 0; first = false {
		batch, err := c.follow(ctx, root, queue, seen)
		if err != nil {
			return nil, nil, err
		}
		if first {
			if apart, err = root.agree(graph, batch, c.trusted); err != nil {
				return nil, nil, err
			}
		}
		maps.Copy(v.actions, batch)
		queue = nil
		for _, a := range batch {
			for name, producer := range a.Made.Producers {
				queue = append(queue, link{producer, a.Recipe.Inputs[name]})
			}
		}
	}
	for d := range v.reach([]Root{root}, nil).blobs {
		if b, ok := all.blobs[d]; ok {
			v.blobs[d] = b
		}
	}
	for _, step := range root.Steps {
		for name, b := range step.Outputs {
			if !all.holds(b) {
				return nil, nil, fmt.Errorf("sweep %s is not whole: output %q of a %s step, %s, is not there; `lossatlas artifacts verify` says more", root.Sweep, name, step.Kind, b)
			}
		}
	}
	return v, apart, nil
}

// follow reads the actions that links lead to, but for those that were seen. One that is lost, or did not write what
// it was followed for, is left out; the latter is an error where records can't have changed since.
func (c *copying) follow(ctx context.Context, root Root, links []link, seen map[link]bool) (map[Key]*storedAction, error) {
	var fresh []link
	for _, l := range links {
		if !l.key.IsZero() && !seen[l] {
			seen[l] = true
			fresh = append(fresh, l)
		}
	}
	var mu sync.Mutex
	out := map[Key]*storedAction{}
	return out, each(ctx, fresh, func(ctx context.Context, l link) error {
		a, err := c.from.Recorded(ctx, l.key)
		switch {
		case errors.Is(err, ErrNotFound) || c.trusted && unusable(err): // of a step that failed, or was lost
			return nil
		case err != nil:
			return c.fault(err)
		case !l.digest.IsZero() && !a.wrote(l.digest):
			if c.trusted {
				return nil
			}
			return &ContradictionError{Sweep: root.Sweep, Reason: fmt.Sprintf("the result %s is named as the one that wrote %s, and did not", l.key, l.digest)}
		}
		mu.Lock()
		defer mu.Unlock()
		out[l.key] = &storedAction{Action: a}
		return nil
	})
}

// wrote says whether an output has a digest.
func (a Action) wrote(d Digest) bool {
	for _, b := range a.Outputs {
		if b.Digest == d {
			return true
		}
	}
	return false
}

func (c *copying) blobs(ctx context.Context, here *survey) error {
	there, err := c.to.listBlobs(ctx)
	if err != nil {
		return err
	}
	var missing []Blob
	var total int64
	for d, b := range here.blobs {
		blob := Blob{d, b.size}
		if there.holds(blob) {
			c.out.There++
			continue
		}
		missing = append(missing, blob)
		total += b.size
	}
	slices.SortFunc(missing, func(a, b Blob) int { return cmp.Compare(a.Digest.Hex(), b.Digest.Hex()) })
	return eachOf(ctx, c.writers, missing, func(ctx context.Context, b Blob) error {
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

func (c *copying) actions(ctx context.Context, here *survey) error {
	var keys []Key
	for k := range here.actions {
		if here.complete(here.actions[k]) { // one whose blobs are lost is no result there, either
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b Key) int { return slices.Compare(a[:], b[:]) })
	err := eachOf(ctx, c.writers, keys, func(ctx context.Context, k Key) error {
		a := here.actions[k].Action
		won, sent, err := c.to.take(ctx, a)
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
	slices.SortFunc(c.out.Other, func(a, b Key) int { return slices.Compare(a[:], b[:]) })
	return err
}

// take stores an action where there is none, or none that is whole.
func (s *Store) take(ctx context.Context, a Action) (won Action, sent bool, err error) {
	won, err = s.Lookup(ctx, a.Key)
	if unusable(err) {
		won, err = s.PutAction(ctx, a)
		return won, err == nil, err
	}
	return won, false, err
}
