package transfer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"lossatlas/artifacts"
	"lossatlas/artifacts/internal/inventory"
	"lossatlas/artifacts/internal/parallel"
)

// link leads to an action. It is followed for the output with the digest, or for the whole action with a zero digest.
type link struct {
	key    artifacts.Key
	digest artifacts.Digest
}

// closure follows a root through actions to all blobs of the store that it needs. Actions that have other
// outputs than the root, with good reason, are omitted, and their keys returned; without one, it fails with *[ContradictionError].
func (c *copying) closure(ctx context.Context, root artifacts.Root) (v *inventory.Survey, apart map[artifacts.Key]bool, err error) {
	all, err := inventory.Blobs(ctx, c.from)
	if err != nil {
		return nil, nil, err
	}
	if !all.Holds(root.Graph) {
		return nil, nil, fmt.Errorf("sweep %s is incomplete: its list of steps, %s, is missing", root.Sweep, root.Graph)
	}
	graph, err := c.from.GetBlob(ctx, root.Graph)
	if err != nil {
		return nil, nil, c.fault(err)
	}
	var queue []link
	for _, step := range root.Steps {
		queue = append(queue, link{key: step.Key})
	}
	v, seen := inventory.Empty(), map[link]bool{}
	for first := true; len(queue) > 0; first = false {
		batch, err := c.follow(ctx, root, queue, seen)
		if err != nil {
			return nil, nil, err
		}
		if first {
			if apart, err = agree(root, graph, batch, c.trusted); err != nil {
				return nil, nil, err
			}
		}
		maps.Copy(v.Actions, batch)
		queue = nil
		for _, a := range batch {
			for name, producer := range a.Made.Producers {
				queue = append(queue, link{producer, a.Recipe.Inputs[name]})
			}
		}
	}
	for d := range v.Reach([]artifacts.Root{root}, nil).Blobs {
		if b, ok := all.Blobs[d]; ok {
			v.Blobs[d] = b
		}
	}
	for _, step := range root.Steps {
		for name, b := range step.Outputs {
			if !all.Holds(b) {
				return nil, nil, fmt.Errorf("sweep %s is incomplete: output %q of a %s step, %s, is missing; `lossatlas artifacts verify` shows the details", root.Sweep, name, step.Kind, b)
			}
		}
	}
	return v, apart, nil
}

// follow reads the actions that links lead to, except actions already seen. One that is lost, or did not write what
// it was followed for, is left out; the latter is an error where records can't have changed since.
func (c *copying) follow(ctx context.Context, root artifacts.Root, links []link, seen map[link]bool) (map[artifacts.Key]*inventory.Action, error) {
	var fresh []link
	for _, l := range links {
		if !l.key.IsZero() && !seen[l] {
			seen[l] = true
			fresh = append(fresh, l)
		}
	}
	var mu sync.Mutex
	out := map[artifacts.Key]*inventory.Action{}
	return out, parallel.Each(ctx, fresh, func(ctx context.Context, l link) error {
		a, err := c.from.Recorded(ctx, l.key)
		switch {
		case errors.Is(err, artifacts.ErrNotFound) || c.trusted && artifacts.IsUnusable(err): // of a step that failed, or was lost
			return nil
		case err != nil:
			return c.fault(err)
		case !l.digest.IsZero() && !a.Wrote(l.digest):
			if c.trusted {
				return nil
			}
			return &ContradictionError{Sweep: root.Sweep, Reason: fmt.Sprintf("the result %s is named as the one that wrote %s, and did not", l.key, l.digest)}
		}
		mu.Lock()
		defer mu.Unlock()
		out[l.key] = &inventory.Action{Action: a}
		return nil
	})
}

// agree fails with *[ContradictionError] where the root and its steps' actions do not agree. Where they may have good
// reasons, actions with other outputs are taken out, and their keys returned.
func agree(r artifacts.Root, graph []byte, actions map[artifacts.Key]*inventory.Action, trusted bool) (apart map[artifacts.Key]bool, err error) {
	apart = map[artifacts.Key]bool{}
	for _, d := range inventory.Disagreements(r, graph, actions) {
		k := r.Steps[d.Step].Key
		if !trusted || !d.Excused {
			return nil, &ContradictionError{r.Sweep, d.Step, d.Reason}
		}
		apart[k] = true
	}
	for k := range apart {
		delete(actions, k)
	}
	return apart, nil
}

// setApart marks the steps with some keys as apart from the actions there.
func setApart(r *artifacts.Root, keys map[artifacts.Key]bool) {
	r.Steps = maps.Clone(r.Steps)
	for id, step := range r.Steps {
		if step.Apart = step.Apart || keys[step.Key]; step.Apart {
			r.Steps[id] = step
		}
	}
}
