package artifacts

import (
	"cmp"
	"context"
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

// source is where a sweep is copied from: a store, or an archive.
type source interface {
	Root(ctx context.Context, name string) (Root, error)
	// listBlobs lists the blobs that are there.
	listBlobs(ctx context.Context) (*survey, error)
	// Recorded returns the action of a key; it fails with [ErrNotFound] and *[RecordError].
	Recorded(ctx context.Context, k Key) (Action, error)
	// trusted says whether records that disagree may have good reasons to: where they were not all written at a time.
	trusted() bool
	GetBlob(ctx context.Context, b Blob) ([]byte, error)
}

// sink is where a sweep is copied to: a store, or an archive that is being written.
type sink interface {
	accepts(ctx context.Context, root Root, replace bool) error
	Moment(ctx context.Context) (Moment, error)
	listBlobs(ctx context.Context) (*survey, error)
	Put(ctx context.Context, data []byte) (Blob, error)
	// take stores an action unless there is one already, and returns which is there now.
	take(ctx context.Context, a Action) (won Action, sent bool, err error)
	PutRootSince(ctx context.Context, root Root, since Moment) error
	// writers is how many may write at a time.
	writers() int
}

// Copy copies a sweep's run with all that it needs, through the recipes to the
// data it began with, to another store: blobs first, then actions, the run last,
// so that a copy that is cut short leaves nothing that dangles, and goes on where
// it was. What is there already, in its size, is not sent again. Everything is
// verified as it is read and as it is written.
func (s *Store) Copy(ctx context.Context, sweep string, to *Store, o CopyOptions) (Copied, error) {
	return transfer(ctx, s, sweep, to, o)
}

func transfer(ctx context.Context, from source, sweep string, to sink, o CopyOptions) (Copied, error) {
	out := Copied{Other: []Key{}}
	root, err := from.Root(ctx, sweep)
	if err != nil {
		return out, err
	}
	if root.State == StateRunning {
		return out, fmt.Errorf("sweep %s is still running, or was interrupted: its results can be copied when it has ended", sweep)
	}
	if err := to.accepts(ctx, root, o.Replace); err != nil {
		return out, err
	}
	since, err := to.Moment(ctx)
	if err != nil {
		return out, err
	}
	here, apart, err := closure(ctx, from, root)
	if err != nil {
		return out, err
	}
	if err := copyBlobs(ctx, from, here, to, o, &out); err != nil {
		return out, err
	}
	if err := copyActions(ctx, here, to, &out); err != nil {
		return out, err
	}
	for _, k := range out.Other {
		apart[k] = true
	}
	root.setApart(apart)
	return out, to.PutRootSince(ctx, root, since)
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

func (s *Store) writers() int  { return parallel }
func (s *Store) trusted() bool { return true }

// link leads to an action. What it was followed for is the output that has the digest, or is all of it for zero.
type link struct {
	key    Key
	digest Digest
}

// closure follows a root through actions to all that it needs of the blobs that there are. Actions that have other
// outputs than the root, with good reason, are left out, and their keys returned; without one, it fails with *[ContradictionError].
func closure(ctx context.Context, from source, root Root) (v *survey, apart map[Key]bool, err error) {
	all, err := from.listBlobs(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !all.holds(root.Graph) {
		return nil, nil, fmt.Errorf("sweep %s is not whole: its list of steps, %s, is not there", root.Sweep, root.Graph)
	}
	graph, err := from.GetBlob(ctx, root.Graph)
	if err != nil {
		return nil, nil, err
	}
	var queue []link
	for _, step := range root.Steps {
		queue = append(queue, link{key: step.Key})
	}
	v, seen := &survey{actions: map[Key]*storedAction{}, blobs: map[Digest]stored{}}, map[link]bool{}
	for first := true; len(queue) > 0; first = false {
		batch, err := follow(ctx, from, root, queue, seen)
		if err != nil {
			return nil, nil, err
		}
		if first {
			if apart, err = root.agree(graph, batch, from.trusted()); err != nil {
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
func follow(ctx context.Context, from source, root Root, links []link, seen map[link]bool) (map[Key]*storedAction, error) {
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
		a, err := from.Recorded(ctx, l.key)
		switch {
		case unusable(err): // of a step that failed, or was lost
			return nil
		case err != nil:
			return err
		case !l.digest.IsZero() && !a.wrote(l.digest):
			if from.trusted() {
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

func copyBlobs(ctx context.Context, from source, here *survey, to sink, o CopyOptions, out *Copied) error {
	there, err := to.listBlobs(ctx)
	if err != nil {
		return err
	}
	var missing []Blob
	var total int64
	for d, b := range here.blobs {
		blob := Blob{d, b.size}
		if there.holds(blob) {
			out.There++
			continue
		}
		missing = append(missing, blob)
		total += b.size
	}
	slices.SortFunc(missing, func(a, b Blob) int { return cmp.Compare(a.Digest.Hex(), b.Digest.Hex()) })
	var mu sync.Mutex
	return eachOf(ctx, to.writers(), missing, func(ctx context.Context, b Blob) error {
		data, err := from.GetBlob(ctx, b)
		if err != nil {
			return err
		}
		if _, err := to.Put(ctx, data); err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		out.Blobs++
		out.Bytes += b.Size
		if o.Progress != nil {
			o.Progress(out.Blobs, len(missing), out.Bytes, total)
		}
		return nil
	})
}

func copyActions(ctx context.Context, here *survey, to sink, out *Copied) error {
	var mu sync.Mutex
	var keys []Key
	for k := range here.actions {
		if here.complete(here.actions[k]) { // one whose blobs are lost is no result there, either
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b Key) int { return slices.Compare(a[:], b[:]) })
	err := eachOf(ctx, to.writers(), keys, func(ctx context.Context, k Key) error {
		a := here.actions[k].Action
		won, sent, err := to.take(ctx, a)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if sent {
			out.Actions++
		} else {
			out.There++
		}
		for name, b := range a.Outputs {
			if won.Outputs[name] != b {
				out.Other = append(out.Other, k)
				break
			}
		}
		return nil
	})
	slices.SortFunc(out.Other, func(a, b Key) int { return slices.Compare(a[:], b[:]) })
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
