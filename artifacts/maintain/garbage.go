package maintain

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"lossatlas/artifacts"
	"lossatlas/artifacts/internal/inventory"
	"lossatlas/artifacts/objects"
)

// garbageOf is what may be freed, in the order of its removal.
func garbageOf(v *inventory.Survey, o CollectOptions, now time.Time) Collected {
	// The server's clock may have whole seconds in one place and parts of them in another.
	old := func(s objects.Info) bool { return o.OlderThan <= 0 || now.Sub(s.At) >= o.OlderThan }
	need := v.Reach(v.Roots, func(a *inventory.Action) bool { return !old(a.Info) || o.Keep != nil && o.Keep(a.Action) })
	g := &garbage{freed: []Freed{}, left: v.Bytes, limit: o.MaxSize, taken: map[string]bool{}}
	for _, q := range v.Quarantined {
		g.left += q.Size
	}
	for _, p := range v.Parts {
		a := v.Actions[p.Key]
		finished := a != nil && v.IsComplete(a)
		if finished || old(p.Info) && (o.KeepParts == nil || !o.KeepParts(p.Key)) {
			g.take(kindPart, p.Info)
		}
	}
	if o.Quarantine {
		for _, q := range v.Quarantined {
			if old(q) {
				g.take(kindQuarantined, q)
			}
		}
	}
	// How many actions that stay name each blob.
	users := map[artifacts.Digest]int{}
	var actions []*inventory.Action
	for k, a := range v.Actions {
		if !need.Actions[k] {
			actions = append(actions, a)
		}
		for _, b := range a.Outputs {
			users[b.Digest]++
		}
	}
	blob := func(d artifacts.Digest) {
		if b, ok := v.Blobs[d]; ok && users[d] == 0 && !need.Blobs[d] && old(b) {
			g.take(kindBlob, b)
		}
	}
	oldest := func(a, b objects.Info) int { return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Name, b.Name)) }
	for _, d := range slices.SortedFunc(maps.Keys(v.Blobs), func(a, b artifacts.Digest) int { return oldest(v.Blobs[a], v.Blobs[b]) }) {
		blob(d)
	}
	slices.SortFunc(actions, func(a, b *inventory.Action) int { return oldest(a.Info, b.Info) })
	for _, a := range actions {
		if g.enough() {
			break
		}
		g.take(kindAction, a.Info)
		for _, b := range a.Outputs {
			users[b.Digest]--
		}
		for _, name := range slices.Sorted(maps.Keys(a.Outputs)) {
			blob(a.Outputs[name].Digest)
		}
	}
	slices.SortStableFunc(g.freed, func(a, b Freed) int { return slices.Index(freeingOrder, a.Kind) - slices.Index(freeingOrder, b.Kind) })
	return Collected{
		Freed: g.freed, Bytes: g.bytes, Size: g.left,
		Objects: v.Records + len(v.Blobs) + len(v.Parts) + len(v.Quarantined) - len(g.freed),
	}
}

// garbage is gathered until there is enough of it.
type garbage struct {
	freed       []Freed
	bytes, left int64
	limit       int64
	taken       map[string]bool
}

// enough says whether the store is small enough after the removals so far.
func (g *garbage) enough() bool { return g.limit > 0 && g.left <= g.limit }

func (g *garbage) take(kind string, o objects.Info) {
	if g.taken[o.Name] || kind == kindBlob && g.enough() {
		return
	}
	g.taken[o.Name] = true
	g.freed = append(g.freed, Freed{o.Name, kind, o.Size, o.At})
	g.bytes += o.Size
	g.left -= o.Size
}
