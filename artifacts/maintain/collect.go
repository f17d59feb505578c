package maintain

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"lossatlas/artifacts"
	"lossatlas/artifacts/internal/inventory"
	"lossatlas/artifacts/internal/layout"
	"lossatlas/artifacts/internal/parallel"
)

// CollectOptions limit a collection of garbage.
type CollectOptions struct {
	// OlderThan is the age, by the server's clock, from which an object that no root
	// needs is garbage; 0 spares nothing. It covers work under way: blobs that no action
	// names yet, actions that no sweep has recorded yet.
	OlderThan time.Duration
	// MaxSize frees only as much, the oldest first, as brings the store to this many
	// bytes; zero frees all garbage.
	MaxSize int64
	// DryRun only looks.
	DryRun bool
	// Quarantine also frees objects in quarantine.
	Quarantine bool
	// Keep says which actions stay though no root reaches them, with all that they
	// need: actions of sweeps under way, whose roots don't name them yet. Nil keeps no action.
	Keep func(artifacts.Action) bool
	// KeepParts says which unfinished steps' checkpoints stay at any age. Nil keeps no checkpoint.
	KeepParts func(artifacts.Key) bool
	// Progress is called with the number of objects freed, and the number to free.
	Progress func(done, of int)
}

// Freed is an object that was freed, or would be.
type Freed struct {
	Object string    `json:"object"`
	Kind   string    `json:"kind"` // action, blob, part, quarantined
	Size   int64     `json:"size"`
	At     time.Time `json:"at"` // when it was written
}

// Collected is the result of a collection.
type Collected struct {
	Freed []Freed `json:"freed"` // in the order of their removal
	Bytes int64   `json:"bytes"` // of these
	// Objects and Size are the content of the store afterwards.
	Objects int   `json:"objects_left"`
	Size    int64 `json:"bytes_left"`
	// Younger and YoungerSize are the objects that no root needs and that stay as they are younger than OlderThan.
	Younger     int   `json:"younger"`
	YoungerSize int64 `json:"bytes_younger"`
}

// Collect frees what no root needs. What roots reach stays, through the recipes
// of actions to the data they began with, and so does what is younger than
// OlderThan or under way. Actions go before the blobs that they name, so that a
// collection that is killed leaves nothing that dangles. Others may write
// meanwhile. It fails with *[UnknownRootsError] and *[artifacts.RecordError] where it can't
// know which objects are needed.
func Collect(ctx context.Context, s *artifacts.Store, o CollectOptions) (out Collected, err error) {
	if o.DryRun {
		return planCollection(ctx, s, o)
	}
	err = s.Exclusively(ctx, func(ctx context.Context, remove func(context.Context, string) error) error {
		if out, err = planCollection(ctx, s, o); err != nil {
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
				if err := parallel.Each(ctx, batch, remove); err != nil {
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
func planCollection(ctx context.Context, s *artifacts.Store, o CollectOptions) (Collected, error) {
	now, err := s.Now(ctx)
	if err != nil {
		return Collected{}, err
	}
	v, err := inventory.Take(ctx, s)
	if err != nil {
		return Collected{}, err
	}
	if err := checkKnown(v); err != nil {
		return Collected{}, err
	}
	out := garbageOf(v, o, now)
	if o.OlderThan > 0 {
		o.MaxSize = 0
		old := garbageOf(v, o, now)
		o.OlderThan = 0
		all := garbageOf(v, o, now)
		out.Younger, out.YoungerSize = len(all.Freed)-len(old.Freed), all.Bytes-old.Bytes
	}
	return out, nil
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

// checkKnown fails where records can't be read, as it is then unknown which objects are unreferenced.
func checkKnown(v *inventory.Survey) error {
	var sweeps []string
	for _, h := range v.Faults {
		switch name := layout.SweepOf(h.Name); {
		case h.Stray:
		case name == "": // what an action needs is unknown, too
			return h.Err
		default:
			sweeps = append(sweeps, name)
		}
	}
	for _, q := range v.Quarantined {
		name := layout.QuarantinedSweep(q.Name)
		if name != "" && !slices.ContainsFunc(v.Roots, func(r artifacts.Root) bool { return r.Sweep == name }) {
			sweeps = append(sweeps, name)
		}
	}
	slices.Sort(sweeps)
	if sweeps = slices.Compact(sweeps); len(sweeps) > 0 {
		return &UnknownRootsError{sweeps}
	}
	return nil
}

// UnknownRootsError refuses to free anything while roots can't be read, because
// it is unknown what they need.
type UnknownRootsError struct{ Sweeps []string }

// Error names the sweeps and says what to do.
func (e *UnknownRootsError) Error() string {
	return fmt.Sprintf("nothing can be freed: the record of %s is damaged, and the results that it needs are unknown; run the sweep again, or remove it with `lossatlas artifacts rm`",
		strings.Join(e.Sweeps, ", "))
}
