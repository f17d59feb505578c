package maintain

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"lossatlas/artifacts"
	"lossatlas/artifacts/internal/inventory"
	"lossatlas/artifacts/internal/layout"
)

// missing reports blobs that something names and that are missing. A damaged
// one was reported already.
func (c *checker) missing(ctx context.Context) error {
	for _, d := range slices.SortedFunc(maps.Keys(c.users.wanted), func(a, b artifacts.Digest) int { return slices.Compare(a[:], b[:]) }) {
		object := layout.Blob(d)
		if _, ok := c.survey.Blobs[d]; ok || c.reported[object] {
			continue
		}
		size := c.users.size(d)
		if there, err := c.store.Has(ctx, artifacts.Blob{Digest: d, Size: size}); there || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		f := Finding{Object: object, Problem: Missing, Detail: fmt.Sprintf("a blob of %d bytes is not in the store", size), Needed: c.users.of(object)}
		if err := c.find(ctx, f, false); err != nil {
			return err
		}
	}
	return nil
}

// contradicting reports records that do not agree, each with the first step that shows it, and results of steps that are
// recorded no more. What contradicts is moved as well: the next run makes it again, whichever was right.
func (c *checker) contradicting(ctx context.Context) error {
	found, err := c.contradictions(ctx, c.survey)
	if err != nil || len(found) == 0 {
		return err
	}
	// A run may have been recorded after the roots were read, and before its actions were.
	later, err := inventory.Take(ctx, c.store)
	if err != nil {
		return err
	}
	again, err := c.contradictions(ctx, later)
	if err != nil {
		return err
	}
	for _, f := range found {
		stands := slices.ContainsFunc(again, func(a Finding) bool { return a.Object == f.Object && a.Detail == f.Detail })
		if !stands || c.reported[f.Object] {
			continue
		}
		if err := c.find(ctx, f, f.Problem == Contradicting); err != nil {
			return err
		}
	}
	return nil
}

// contradictions finds what contradicting reports, in one look at the store.
func (c *checker) contradictions(ctx context.Context, v *inventory.Survey) ([]Finding, error) {
	var out []Finding
	for _, r := range v.Roots {
		graph, err := c.store.GetBlob(ctx, r.Graph)
		_, damaged := errors.AsType[*artifacts.DamagedError](err)
		switch {
		case errors.Is(err, artifacts.ErrNotFound) || damaged: // which was reported
			continue
		case err != nil:
			return nil, err
		}
		for _, d := range inventory.Disagreements(r, graph, v.Actions) {
			if d.Excused {
				continue
			}
			needed := "sweep " + r.Sweep
			if d.Step != "" {
				needed += ": " + d.Step
			}
			out = append(out, Finding{Object: d.Object, Problem: Contradicting, Detail: d.Reason, Needed: []string{needed}})
		}
		for _, step := range r.Steps {
			if !step.Key.IsZero() && !step.Apart && len(step.Outputs) > 0 && v.Actions[step.Key] == nil {
				object := layout.Action(step.Key)
				out = append(out, Finding{Object: object, Problem: Missing, Detail: "the result of a step is not in the store", Needed: c.users.of(object)})
			}
		}
	}
	return out, nil
}

// dangling reports actions that name missing blobs, now that damaged blobs
// are known. They are no results any more, and moved as well.
func (c *checker) dangling(ctx context.Context) error {
	for _, k := range slices.SortedFunc(maps.Keys(c.survey.Actions), func(a, b artifacts.Key) int { return slices.Compare(a[:], b[:]) }) {
		a := c.survey.Actions[k]
		gone := map[string]artifacts.Blob{}
		for name, b := range a.Outputs {
			if c.reported[layout.Blob(b.Digest)] || !c.survey.Holds(b) {
				gone[name] = b
			}
		}
		if len(gone) == 0 {
			continue
		}
		_, err := c.store.Lookup(ctx, k)
		switch {
		case errors.Is(err, artifacts.ErrNotFound):
			continue // removed since, or moved
		case err == nil && !c.anyReported(gone):
			continue // made again since
		}
		f := Finding{Object: a.Name, Problem: Dangling, Detail: (&artifacts.IncompleteError{Key: k, Missing: gone}).Detail(), Needed: c.users.of(a.Name)}
		if err := c.find(ctx, f, true); err != nil {
			return err
		}
	}
	return nil
}

// anyReported says whether one of the blobs was reported and not moved: an action may
// look whole because a damaged blob has its size.
func (c *checker) anyReported(blobs map[string]artifacts.Blob) bool {
	for _, b := range blobs {
		if c.reported[layout.Blob(b.Digest)] {
			return true
		}
	}
	return false
}
