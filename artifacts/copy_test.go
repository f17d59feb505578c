package artifacts_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"lossatlas/artifacts"
	"lossatlas/artifacts/maintain"
	"lossatlas/artifacts/transfer"
)

var copyTests = map[string]func(*testing.T, *bucket){
	"with all that it needs": copyWhole,
	"goes on":                copyGoesOn,
	"damaged":                copyDamaged,
	"other results":          copyOther,
	"contradictions":         copyContradictions,
	"a later run":            copyLater,
	"running":                copyRunning,
}

// chain makes a sweep of n steps, each fed by the one before, the first by imported weights.
func chain(t *testing.T, b *bucket, n int) world {
	t.Helper()
	w := newWorld(t, b)
	imported := put(t, b.Store, []byte("imported"))
	input, producers := imported.Digest, map[string]artifacts.Key(nil)
	w.root.Steps = map[string]artifacts.RootStep{}
	for i := range n {
		recipe := artifacts.Recipe{Kind: "train", Version: 1, Params: fmt.Appendf(nil, `{"n":%d,"weights":%q}`, i, imported.Digest), Inputs: map[string]artifacts.Digest{"weights": input}}
		key, err := recipe.Key()
		if err != nil {
			t.Fatal(err)
		}
		a := artifacts.Action{Key: key, Recipe: recipe, Outputs: map[string]artifacts.Blob{"weights": put(t, b.Store, pseudoRandom(uint64(i), 1000+i))}}
		a.Made.Producers = producers
		w.action = putAction(t, b.Store, a)
		input, producers = a.Outputs["weights"].Digest, map[string]artifacts.Key{"weights": key}
	}
	// The sweep names the last one only; the rest is reached through recipes.
	w.root.Steps["last"] = artifacts.RootStep{Kind: "train", Key: w.action.Key, State: artifacts.StateRan, Outputs: w.action.Outputs}
	w.root.Graph = putGraph(t, b.Store, w.root.Steps)
	if err := b.Store.PutRoot(t.Context(), w.root); err != nil {
		t.Fatal(err)
	}
	return w
}

// second is another bucket of the same kind.
func second(t *testing.T, b *bucket) *bucket {
	t.Helper()
	return openBucket(t, b.fresh)
}

func copyWhole(t *testing.T, b *bucket) {
	w, to := chain(t, b, 5), second(t, b)
	litter(t, b, 3)
	c, err := transfer.Copy(t.Context(), b.Store, "fig3", to.Store, transfer.Options{})
	if err != nil || c.Actions != 5 || c.Blobs != 5+2 || c.There != 0 { // with the graph and what was imported
		t.Fatalf("Copy: %+v, %v", c, err)
	}
	there := world{bucket: to}
	there.wholeRoots(t)
	h, err := to.Store.History(t.Context(), w.action.Key)
	if err != nil || len(h.Steps) != 5 {
		t.Errorf("the copy's history: %+v, %v", h, err)
	}
	collect(t, to.Store, maintain.CollectOptions{}) // all is needed
	again, err := transfer.Copy(t.Context(), b.Store, "fig3", to.Store, transfer.Options{})
	if err != nil || again.Blobs != 0 || again.Actions != 0 || again.There != 12 {
		t.Errorf("a second Copy: %+v, %v, want nothing sent", again, err)
	}
}

// copyGoesOn: wherever a copy is cut short the other store is whole, and the next sends the rest.
func copyGoesOn(t *testing.T, b *bucket) {
	chain(t, b, 40)
	to := second(t, b)
	sent := 0
	for cut := range 4 {
		ctx, cancel := context.WithCancel(t.Context())
		c, err := transfer.Copy(ctx, b.Store, "fig3", to.Store, transfer.Options{Progress: func(n, _ int, _, _ int64) {
			if n > 3*cut {
				cancel()
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("Copy that was cut short: %v", err)
		}
		sent += c.Blobs
		found, err := maintain.Check(t.Context(), to.Store, maintain.CheckOptions{})
		if err != nil || len(found.Findings) > 0 {
			t.Errorf("a cut copy leaves %+v, %v", found.Findings, err)
		}
	}
	c, err := transfer.Copy(t.Context(), b.Store, "fig3", to.Store, transfer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Blobs+c.There != 42 || c.There < sent || c.Actions != 40 {
		t.Errorf("the last copy: %+v, after %d blobs were sent before", c, sent)
	}
	(world{bucket: to}).wholeRoots(t)
}

func copyDamaged(t *testing.T, b *bucket) {
	w, to := chain(t, b, 3), second(t, b)
	blob := w.action.Outputs["weights"]
	for _, damage := range damages {
		b.Overwrite(t, blobObject(blob.Digest), damage.Do(pseudoRandom(2, 1002)))
		if _, err := transfer.Copy(t.Context(), b.Store, "fig3", to.Store, transfer.Options{}); err == nil {
			t.Errorf("%s: copied", damage.Name)
		}
		if has, err := to.Store.Has(t.Context(), blob); has || err != nil {
			t.Errorf("%s: the other store has the blob: %v, %v", damage.Name, has, err)
		}
		if _, err := to.Store.Root(t.Context(), "fig3"); !errors.Is(err, artifacts.ErrNotFound) {
			t.Errorf("%s: Root: %v, want ErrNotFound", damage.Name, err)
		}
	}
}

func copyOther(t *testing.T, b *bucket) {
	w, to := chain(t, b, 2), second(t, b)
	theirs := w.action
	theirs.Outputs = map[string]artifacts.Blob{"weights": put(t, to.Store, []byte("in other arithmetic"))}
	putAction(t, to.Store, theirs)
	c, err := transfer.Copy(t.Context(), b.Store, "fig3", to.Store, transfer.Options{})
	if err != nil || len(c.Other) != 1 || c.Other[0] != w.action.Key {
		t.Fatalf("Copy: %+v, %v, want the step named", c, err)
	}
	if got, err := to.Store.Lookup(t.Context(), w.action.Key); err != nil || got.Outputs["weights"] != theirs.Outputs["weights"] {
		t.Errorf("the other store's own result was replaced: %+v, %v", got.Outputs, err)
	}
	(world{bucket: to}).wholeRoots(t)
	copyOn(t, to, w, 0) // the other step is reached through this one
}

// copyOn copies a sweep that a store has other results of on, through an archive and to a third store: with so many of
// its actions, those that agree with it.
func copyOn(t *testing.T, b *bucket, w world, actions int) {
	t.Helper()
	var file bytes.Buffer
	if c, err := transfer.Save(t.Context(), b.Store, "fig3", &file, transfer.Options{}); err != nil || c.Actions != actions {
		t.Fatalf("Save: %+v, %v", c, err)
	}
	third, fourth := second(t, b), second(t, b)
	if c, err := transfer.Load(t.Context(), third.Store, open(t, file.Bytes()), transfer.Options{}); err != nil || c.Actions != actions {
		t.Errorf("Load: %+v, %v", c, err)
	}
	if c, err := transfer.Copy(t.Context(), b.Store, "fig3", fourth.Store, transfer.Options{}); err != nil || c.Actions != actions {
		t.Errorf("Copy: %+v, %v", c, err)
	}
	for _, to := range []*bucket{third, fourth} {
		if r, err := to.Store.Root(t.Context(), "fig3"); err != nil || !r.Steps["last"].Apart || r.Steps["last"].Outputs["weights"] != w.action.Outputs["weights"] {
			t.Errorf("the root there: %+v, %v", r, err)
		}
		if c := (world{bucket: to}).check(t, maintain.CheckOptions{}); len(c.Findings) > 0 {
			t.Errorf("a check finds %+v", c.Findings)
		}
	}
}

// copyContradictions: a sweep whose step has other outputs than its action is not copied, unless the action was made
// again after the run.
func copyContradictions(t *testing.T, b *bucket) {
	w, to := chain(t, b, 2), second(t, b)
	action := actionObject(w.action.Key)
	again := func(at time.Time) func(*artifacts.Action) {
		return func(a *artifacts.Action) {
			a.Outputs = map[string]artifacts.Blob{"weights": put(t, b.Store, []byte("other"))}
			a.Made.At = at
		}
	}
	whole := b.Bytes(t, action)
	b.Overwrite(t, action, reseal(t, whole, again(w.root.Finished.Add(-time.Hour))))
	before := to.count(t)
	var contradiction *transfer.ContradictionError
	if _, err := transfer.Copy(t.Context(), b.Store, "fig3", to.Store, transfer.Options{}); !errors.As(err, &contradiction) || contradiction.Step != "last" {
		t.Errorf("Copy of a sweep that contradicts itself: %v, want *ContradictionError", err)
	}
	if after := to.count(t); after != before {
		t.Errorf("%d objects were written", after-before)
	}
	b.Overwrite(t, action, reseal(t, whole, again(w.root.Finished.Add(time.Hour))))
	copyOn(t, b, w, 0)
}

func copyLater(t *testing.T, b *bucket) {
	w, to := chain(t, b, 1), second(t, b)
	later := w.root
	later.RunID, later.Started = "later", w.root.Started.Add(time.Hour)
	later.Graph = put(t, to.Store, []byte("graph"))
	later.Steps = nil
	if err := to.Store.PutRoot(t.Context(), later); err != nil {
		t.Fatal(err)
	}
	var refused *transfer.LaterError
	if _, err := transfer.Copy(t.Context(), b.Store, "fig3", to.Store, transfer.Options{}); !errors.As(err, &refused) {
		t.Errorf("Copy over a later run: %v, want *LaterError", err)
	}
	if _, err := transfer.Copy(t.Context(), b.Store, "fig3", to.Store, transfer.Options{Replace: true}); err != nil {
		t.Error(err)
	}
	if got, err := to.Store.Root(t.Context(), "fig3"); err != nil || got.RunID != w.root.RunID {
		t.Errorf("Root: run %q, %v", got.RunID, err)
	}
}

func copyRunning(t *testing.T, b *bucket) {
	if err := b.Store.PutRoot(t.Context(), root("fig3")); err != nil {
		t.Fatal(err)
	}
	if _, err := transfer.Copy(t.Context(), b.Store, "fig3", second(t, b).Store, transfer.Options{}); err == nil {
		t.Error("a running sweep was copied")
	}
}
