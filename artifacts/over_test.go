package artifacts_test

import (
	"bytes"
	"errors"
	"testing"

	"lossatlas/artifacts"
)

var overTests = map[string]func(*testing.T, *bucket){
	"reads what is below": overReads,
	"writes on its own":   overWrites,
}

// over is an empty store over that of a bucket, which holds a chain of two steps.
func over(t *testing.T, b *bucket) (w world, top *artifacts.Store, own *bucket) {
	w, own = chain(t, b, 2), second(t, b)
	return w, own.Store.Over(b.Store), own
}

func overReads(t *testing.T, b *bucket) {
	w, top, own := over(t, b)
	a, err := top.Lookup(t.Context(), w.action.Key)
	if err != nil || a.Outputs["weights"] != w.action.Outputs["weights"] {
		t.Errorf("an action below: %+v, %v", a, err)
	}
	blob := w.action.Outputs["weights"]
	if got, err := top.GetBlob(t.Context(), blob); err != nil || artifacts.BlobOf(got) != blob {
		t.Errorf("a blob below: %d bytes, %v", len(got), err)
	}
	if _, err := top.Root(t.Context(), "fig3"); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("the sweep below is listed as its own: %v", err)
	}
	if err := own.Store.Destroy(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Store.Lookup(t.Context(), w.action.Key); err != nil {
		t.Errorf("after the upper store was destroyed: %v", err)
	}
}

func overWrites(t *testing.T, b *bucket) {
	w, top, own := over(t, b)
	before := b.count(t)
	fresh := put(t, top, []byte("fresh"))
	for _, data := range [][]byte{pseudoRandom(1, 1001), bytes.Repeat([]byte("large"), 100_000)} {
		put(t, top, data)
	}
	recipe := w.action.Recipe
	recipe.Version++
	key, err := recipe.Key()
	if err != nil {
		t.Fatal(err)
	}
	// One output is its own, the other lies below.
	putAction(t, top, artifacts.Action{Key: key, Recipe: recipe, Outputs: map[string]artifacts.Blob{"log": fresh, "weights": w.action.Outputs["weights"]}})
	if _, err := top.Lookup(t.Context(), key); err != nil {
		t.Errorf("its own action, with a blob from below: %v", err)
	}
	if err := top.PutRoot(t.Context(), w.root); err != nil {
		t.Fatal(err)
	}
	if after := b.count(t); after != before {
		t.Errorf("the store below has %d objects, and had %d", after, before)
	}
	if _, err := b.Store.Lookup(t.Context(), key); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("the store below has the new action: %v", err)
	}
	if own.count(t) == 0 {
		t.Error("nothing was written")
	}
}

// count is how many objects the bucket has.
func (b *bucket) count(t *testing.T) int {
	t.Helper()
	n := 0
	for _, err := range b.Objects.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}
