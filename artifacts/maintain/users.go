package maintain

import (
	"fmt"
	"maps"
	"slices"

	"lossatlas/artifacts"
	"lossatlas/artifacts/internal/inventory"
	"lossatlas/artifacts/internal/layout"
)

// users knows what depends on each object, for people.
type users struct {
	byObject map[string]map[string]bool
	// wanted are the blobs that records name as results, with their sizes.
	wanted map[artifacts.Digest]int64
}

func (u *users) add(object, user string) {
	if u.byObject[object] == nil {
		u.byObject[object] = map[string]bool{}
	}
	u.byObject[object][user] = true
}

// of returns what depends on an object, sorted.
func (u *users) of(object string) []string { return slices.Sorted(maps.Keys(u.byObject[object])) }

// size is the size that records give for a blob, -1 if no record gives one.
func (u *users) size(d artifacts.Digest) int64 {
	if n, ok := u.wanted[d]; ok {
		return n
	}
	return -1
}

// usersOf goes through all records.
func usersOf(v *inventory.Survey) *users {
	u := &users{byObject: map[string]map[string]bool{}, wanted: map[artifacts.Digest]int64{}}
	names := map[artifacts.Key][]string{} // of steps, in sweeps
	for _, r := range v.Roots {
		u.wanted[r.Graph.Digest] = r.Graph.Size
		u.add(layout.Blob(r.Graph.Digest), "sweep "+r.Sweep+": its list of steps")
		for id, step := range r.Steps {
			name := "sweep " + r.Sweep + ": " + id
			if !step.Key.IsZero() {
				names[step.Key] = append(names[step.Key], name)
				u.add(layout.Action(step.Key), name)
			}
			for output, b := range step.Outputs {
				u.wanted[b.Digest] = b.Size
				u.add(layout.Blob(b.Digest), name+" ("+output+")")
			}
		}
	}
	for k, a := range v.Actions {
		called := names[k]
		if called == nil {
			called = []string{fmt.Sprintf("step %s %s", a.Recipe.Kind, k.Short())}
		}
		for _, name := range called {
			for output, b := range a.Outputs {
				u.wanted[b.Digest] = b.Size
				u.add(layout.Blob(b.Digest), name+" ("+output+")")
			}
			for what, d := range a.Needs() {
				u.add(layout.Blob(d), name+" ("+what+")")
			}
		}
	}
	for _, p := range v.Parts {
		user := "the unfinished step " + p.Key.Short()
		if called := names[p.Key]; called != nil {
			user = called[0]
		}
		u.add(p.Name, user)
	}
	return u
}
