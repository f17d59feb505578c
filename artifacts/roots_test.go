package artifacts_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lossatlas/artifacts"
)

var rootTests = map[string]func(*testing.T, *bucket){
	"round trip": rootRoundTrip,
	"refused":    rootRefused,
	"damaged":    rootDamaged,
}

func root(name string) artifacts.Root {
	return artifacts.Root{
		Sweep: name, RunID: "run-1", Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), State: artifacts.StateRunning,
		Graph: artifacts.BlobOf([]byte("graph")),
		Steps: map[string]artifacts.RootStep{
			"train":   {Kind: "train", Key: artifacts.Key{1}, State: artifacts.StateRan, Seconds: 2.5, Outputs: map[string]artifacts.Blob{"weights": artifacts.BlobOf([]byte("w"))}},
			"surface": {Kind: "surface", State: artifacts.StateWaiting},
			"line":    {Kind: "line", Key: artifacts.Key{2}, State: artifacts.StateFailed, Error: "loss is NaN\nat <α, β> & more"},
		},
	}
}

func rootRoundTrip(t *testing.T, b *bucket) {
	if _, err := b.Store.Root(t.Context(), "fig3"); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("Root before PutRoot: %v, want ErrNotFound", err)
	}
	if roots, err := b.Store.Roots(t.Context()); len(roots) != 0 || err != nil {
		t.Errorf("Roots of an empty store: %v, %v", roots, err)
	}
	want := []artifacts.Root{root("depth"), root("fig3"), root("quick.start_2")}
	for _, r := range want {
		if err := b.Store.PutRoot(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	want[1].State, want[1].Finished = artifacts.StateDone, want[1].Started.Add(time.Hour)
	if err := b.Store.PutRoot(t.Context(), want[1]); err != nil {
		t.Fatal(err)
	}
	got, err := b.Store.Root(t.Context(), "fig3")
	if diff := cmp.Diff(want[1], got, same); diff != "" || err != nil {
		t.Errorf("Root: %v (-want +got):\n%s", err, diff)
	}
	roots, err := b.Store.Roots(t.Context())
	if diff := cmp.Diff(want, roots, same); diff != "" || err != nil {
		t.Errorf("Roots: %v (-want +got):\n%s", err, diff)
	}
	for range 2 { // the second time there is none any more
		if err := b.Store.DropRoot(t.Context(), "depth"); err != nil {
			t.Errorf("DropRoot: %v", err)
		}
	}
	roots, err = b.Store.Roots(t.Context())
	if diff := cmp.Diff(want[1:], roots, same); diff != "" || err != nil {
		t.Errorf("Roots after DropRoot: %v (-want +got):\n%s", err, diff)
	}
}

func rootRefused(t *testing.T, b *bucket) {
	for _, bad := range []string{"", "..", "a/b", "../actions/x"} {
		if err := b.Store.PutRoot(t.Context(), root(bad)); err == nil {
			t.Errorf("PutRoot accepted the name %q", bad)
		}
	}
	r := root("fig3")
	r.State = "finished"
	if err := b.Store.PutRoot(t.Context(), r); err == nil {
		t.Errorf("PutRoot accepted the state %q", r.State)
	}
}

// rootDamaged: a damaged root is an error, never silently no root: else what it needs could be freed.
func rootDamaged(t *testing.T, b *bucket) {
	for _, name := range []string{"a", "b", "c"} {
		if err := b.Store.PutRoot(t.Context(), root(name)); err != nil {
			t.Fatal(err)
		}
	}
	whole := b.Bytes(t, "roots/b.json")
	for _, damage := range damages {
		t.Run(damage.Name, func(t *testing.T) {
			b.Overwrite(t, "roots/b.json", damage.Do(slices.Clone(whole[:len(whole)-1])))
			var harm *artifacts.RecordError
			if _, err := b.Store.Root(t.Context(), "b"); !errors.As(err, &harm) || harm.Object != "roots/b.json" {
				t.Errorf("Root of a damaged one: %v, want *RecordError naming roots/b.json", err)
			}
			roots, err := b.Store.Roots(t.Context())
			if !errors.As(err, &harm) || harm.Object != "roots/b.json" {
				t.Errorf("Roots with a damaged one: error %v, want *RecordError naming roots/b.json", err)
			}
			if diff := cmp.Diff([]artifacts.Root{root("a"), root("c")}, roots, same); diff != "" {
				t.Errorf("Roots with a damaged one (-want +got):\n%s", diff)
			}
		})
	}
}
