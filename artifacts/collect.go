package artifacts

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// CollectOptions say what a collection of garbage may free.
type CollectOptions struct {
	// OlderThan is the age, by the server's clock, from which something that nobody
	// needs is garbage; 0 spares nothing. It covers work under way: blobs that no action
	// names yet, actions that no sweep has recorded yet.
	OlderThan time.Duration
	// MaxSize frees only as much, the oldest first, as brings the store to this many
	// bytes; zero frees all garbage.
	MaxSize int64
	// DryRun only looks.
	DryRun bool
	// Quarantine frees what was set aside as damaged, too.
	Quarantine bool
	// Keep says which actions stay though no root reaches them, with all that they
	// need: those of sweeps under way, whose roots don't tell yet. Nil keeps none.
	Keep func(Action) bool
	// KeepParts says which unfinished steps' checkpoints stay however old they are. Nil keeps none.
	KeepParts func(Key) bool
	// Progress is told how many objects were freed, of how many.
	Progress func(done, of int)
}

// Freed is an object that was freed, or would be.
type Freed struct {
	Object string    `json:"object"`
	Kind   string    `json:"kind"` // action, blob, part, quarantined
	Size   int64     `json:"size"`
	At     time.Time `json:"at"` // when it was written
}

// Collected is what a collection came to.
type Collected struct {
	Freed []Freed `json:"freed"` // in the order of their removal
	Bytes int64   `json:"bytes"` // of these
	// Objects and Size are what the store has left.
	Objects int   `json:"objects_left"`
	Size    int64 `json:"bytes_left"`
}

// Collect frees what no root needs. What roots reach stays, through the recipes
// of actions to the data they began with, and so does what is younger than
// OlderThan or under way. Actions go before the blobs that they name, so that a
// collection that is killed leaves nothing that dangles. Others may write
// meanwhile. It fails with *[UnknownRootsError] and *[RecordError] where it can't
// know what is needed.
func (s *Store) Collect(ctx context.Context, o CollectOptions) (out Collected, err error) {
	if o.DryRun {
		return s.planCollection(ctx, o)
	}
	err = s.exclusively(ctx, func(ctx context.Context, c *collecting) error {
		if out, err = s.planCollection(ctx, o); err != nil {
			return err
		}
		done := 0
		for _, kind := range freeingOrder {
			var objects []string
			for _, f := range out.Freed {
				if f.Kind == kind {
					objects = append(objects, f.Object)
				}
			}
			for batch := range slices.Chunk(objects, removeBatch) {
				if err := each(ctx, batch, c.remove); err != nil {
					return err
				}
				done += len(batch)
				if o.Progress != nil {
					o.Progress(done, len(out.Freed))
				}
			}
		}
		return nil
	})
	return out, err
}

// planCollection finds what may be freed.
func (s *Store) planCollection(ctx context.Context, o CollectOptions) (Collected, error) {
	now, err := s.serverTime(ctx)
	if err != nil {
		return Collected{}, err
	}
	v, err := s.survey(ctx)
	if err != nil {
		return Collected{}, err
	}
	if err := v.known(); err != nil {
		return Collected{}, err
	}
	return v.garbage(o, now), nil
}

// Kinds of freed objects.
const (
	kindPart        = "part"
	kindAction      = "action"
	kindBlob        = "blob"
	kindQuarantined = "quarantined"
)

// freeingOrder has referring objects before the objects they refer to.
var freeingOrder = []string{kindPart, kindAction, kindBlob, kindQuarantined}

// removeBatch is how many objects are removed between two reports of progress.
const removeBatch = 200

// serverTime is the time by the clock that objects are stamped with.
func (s *Store) serverTime(ctx context.Context) (time.Time, error) {
	body, info, err := s.objects.Get(ctx, collectionObject)
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

// known refuses to say what is garbage where records can't be read.
func (v *survey) known() error {
	var sweeps []string
	for _, h := range v.harms {
		switch name := rootSweep(h.object); {
		case h.problem == Stray:
		case name == "": // what an action needs is unknown, too
			return h.err
		default:
			sweeps = append(sweeps, name)
		}
	}
	for _, q := range v.quarantined {
		name := quarantinedRoot(q.object)
		if name != "" && !slices.ContainsFunc(v.roots, func(r Root) bool { return r.Sweep == name }) {
			sweeps = append(sweeps, name)
		}
	}
	slices.Sort(sweeps)
	if sweeps = slices.Compact(sweeps); len(sweeps) > 0 {
		return &UnknownRootsError{sweeps}
	}
	return nil
}

// garbage is what may be freed, in the order of its removal.
func (v *survey) garbage(o CollectOptions, now time.Time) Collected {
	// The server's clock may have whole seconds in one place and parts of them in another.
	old := func(s stored) bool { return o.OlderThan <= 0 || now.Sub(s.at) >= o.OlderThan }
	need := v.reach(v.roots, func(a *storedAction) bool { return !old(a.stored) || o.Keep != nil && o.Keep(a.Action) })
	g := &garbage{freed: []Freed{}, left: v.bytes, limit: o.MaxSize, taken: map[string]bool{}}
	for _, q := range v.quarantined {
		g.left += q.size
	}
	for _, p := range v.parts {
		a := v.actions[p.key]
		finished := a != nil && v.complete(a)
		if finished || old(p.stored) && (o.KeepParts == nil || !o.KeepParts(p.key)) {
			g.take(kindPart, p.stored)
		}
	}
	if o.Quarantine {
		for _, q := range v.quarantined {
			if old(q) {
				g.take(kindQuarantined, q)
			}
		}
	}
	// How many actions that stay name each blob.
	users := map[Digest]int{}
	var actions []*storedAction
	for k, a := range v.actions {
		if !need.actions[k] {
			actions = append(actions, a)
		}
		for _, b := range a.Outputs {
			users[b.Digest]++
		}
	}
	blob := func(d Digest) {
		if b, ok := v.blobs[d]; ok && users[d] == 0 && !need.blobs[d] && old(b) {
			g.take(kindBlob, b)
		}
	}
	oldest := func(a, b stored) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.object, b.object)) }
	for _, d := range slices.SortedFunc(maps.Keys(v.blobs), func(a, b Digest) int { return oldest(v.blobs[a], v.blobs[b]) }) {
		blob(d)
	}
	slices.SortFunc(actions, func(a, b *storedAction) int { return oldest(a.stored, b.stored) })
	for _, a := range actions {
		if g.enough() {
			break
		}
		g.take(kindAction, a.stored)
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
		Objects: v.records + len(v.blobs) + len(v.parts) + len(v.quarantined) - len(g.freed),
	}
}

// garbage is gathered until there is enough of it.
type garbage struct {
	freed       []Freed
	bytes, left int64
	limit       int64
	taken       map[string]bool
}

// enough says whether the store is small enough without what was taken so far.
func (g *garbage) enough() bool { return g.limit > 0 && g.left <= g.limit }

func (g *garbage) take(kind string, o stored) {
	if g.taken[o.object] || kind == kindBlob && g.enough() {
		return
	}
	g.taken[o.object] = true
	g.freed = append(g.freed, Freed{o.object, kind, o.size, o.at})
	g.bytes += o.size
	g.left -= o.size
}
