package storetest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lossatlas/artifacts"
)

var checkTests = map[string]func(*testing.T, *Bucket){
	"clean":             checkClean,
	"damaged blobs":     checkBlobs,
	"missing blob":      checkMissing,
	"damaged records":   checkRecords,
	"damaged parts":     checkParts,
	"misplaced action":  checkMisplaced,
	"newer record":      checkNewer,
	"stray objects":     checkStray,
	"samples are whole": checkSamples,
}

// world is a store with one of everything.
type world struct {
	*Bucket
	action artifacts.Action
	grid   []byte
	root   artifacts.Root
}

func newWorld(t *testing.T, b *Bucket) world {
	t.Helper()
	a := action(t, b.Store, 1)
	putAction(t, b.Store, a)
	r := root("fig3")
	r.State, r.Graph = artifacts.StateDone, put(t, b.Store, []byte("graph"))
	r.Steps = map[string]artifacts.RootStep{"bs=1/surface": {Kind: "surface", Key: a.Key, State: artifacts.StepRan, Outputs: a.Outputs}}
	if err := b.Store.PutRoot(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := b.Store.PutPart(t.Context(), artifacts.Key{7}, "chunk-1", Data(3, 500)); err != nil {
		t.Fatal(err)
	}
	return world{b, a, []byte("grid 1"), r}
}

// check runs one and fails the test when the store can't be read.
func (w world) check(t *testing.T, o artifacts.CheckOptions) artifacts.Checked {
	t.Helper()
	c, err := w.Store.Check(t.Context(), o)
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	return c
}

// finds holds that a check that only looks, and then one that moves, find exactly
// these problems, by object, and returns what the latter found.
func (w world) finds(t *testing.T, want map[string]string) map[string]artifacts.Finding {
	t.Helper()
	var last artifacts.Checked
	for _, o := range []artifacts.CheckOptions{{}, {Quarantine: true}} {
		last = w.check(t, o)
		got := map[string]string{}
		for _, f := range last.Findings {
			got[f.Object] = f.Problem
			if f.Moved != "" && !o.Quarantine {
				t.Errorf("a check that only looks moved %s", f.Object)
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("found %v, want %v", got, want)
		}
	}
	out := map[string]artifacts.Finding{}
	for _, f := range last.Findings {
		out[f.Object] = f
	}
	return out
}

func checkClean(t *testing.T, b *Bucket) {
	w := newWorld(t, b)
	c := w.finds(t, map[string]string{})
	if len(c) != 0 {
		t.Errorf("a whole store: %+v", c)
	}
	if c := w.check(t, artifacts.CheckOptions{}); c.Records != 2 || c.Blobs != 3 || c.Parts != 1 {
		t.Errorf("checked %+v, want 2 records, 3 blobs and a part", c)
	}
}

// checkBlobs: every kind of damage to a blob is found, names who needs it, makes
// the action that names it none, and is over when the step has run again.
func checkBlobs(t *testing.T, b *Bucket) {
	w := newWorld(t, b)
	grid := w.action.Outputs["grid"]
	for _, damage := range Damages {
		t.Run(damage.Name, func(t *testing.T) {
			bad := damage.Do(slices.Clone(w.grid))
			b.Overwrite(t, Object(grid.Digest), bad)
			problem := artifacts.Damaged
			if len(bad) < len(w.grid) {
				problem = artifacts.Truncated
			} else if len(bad) > len(w.grid) {
				problem = artifacts.Trailing
			}
			found := w.finds(t, map[string]string{Object(grid.Digest): problem, ActionObject(w.action.Key): artifacts.Dangling})
			f := found[Object(grid.Digest)]
			if want := "sweep fig3: bs=1/surface (grid)"; !slices.Contains(f.Needed, want) {
				t.Errorf("needed by %q, want %q among them", f.Needed, want)
			}
			if got := b.Bytes(t, f.Moved); !slices.Equal(got, bad) {
				t.Errorf("%s has %d bytes, want the %d damaged ones", f.Moved, len(got), len(bad))
			}
			if _, err := b.Store.Lookup(t.Context(), w.action.Key); !errors.Is(err, artifacts.ErrNotFound) {
				t.Errorf("Lookup after the check: %v, want ErrNotFound", err)
			}
			w.finds(t, map[string]string{Object(grid.Digest): artifacts.Missing}) // as the sweep still names it
			put(t, b.Store, w.grid)
			putAction(t, b.Store, w.action)
			w.finds(t, map[string]string{})
		})
	}
}

func checkMissing(t *testing.T, b *Bucket) {
	w := newWorld(t, b)
	b.Remove(t, Object(w.action.Outputs["log"].Digest))
	b.Remove(t, Object(w.root.Graph.Digest))
	found := w.finds(t, map[string]string{
		Object(w.action.Outputs["log"].Digest): artifacts.Missing,
		Object(w.root.Graph.Digest):            artifacts.Missing,
		ActionObject(w.action.Key):             artifacts.Dangling,
	})
	if f := found[Object(w.root.Graph.Digest)]; !slices.Contains(f.Needed, "sweep fig3: its list of steps") {
		t.Errorf("the graph is needed by %q", f.Needed)
	}
}

func checkRecords(t *testing.T, b *Bucket) {
	w := newWorld(t, b)
	for _, object := range []string{ActionObject(w.action.Key), "roots/fig3.json"} {
		whole := b.Bytes(t, object)
		for _, damage := range Damages {
			t.Run(object[:5]+" "+damage.Name, func(t *testing.T) {
				b.Overwrite(t, object, damage.Do(slices.Clone(whole[:len(whole)-1])))
				f := w.finds(t, map[string]string{object: artifacts.Unreadable})[object]
				if f.Moved == "" || len(f.Needed) == 0 || !strings.Contains(f.Needed[0], "fig3") {
					t.Errorf("finding %+v, want it moved and needed by fig3", f)
				}
				w.finds(t, map[string]string{})
				b.Overwrite(t, object, whole)
			})
		}
	}
}

func checkParts(t *testing.T, b *Bucket) {
	w := newWorld(t, b)
	object := "parts/" + artifacts.Key{7}.String() + "/chunk-1"
	whole := b.Bytes(t, object)
	for _, damage := range Damages {
		t.Run(damage.Name, func(t *testing.T) {
			bad := damage.Do(slices.Clone(whole))
			b.Overwrite(t, object, bad)
			problem := artifacts.Damaged
			if len(bad) < len(whole) {
				problem = artifacts.Truncated
			} else if len(bad) > len(whole) {
				problem = artifacts.Trailing
			}
			w.finds(t, map[string]string{object: problem})
			if _, err := b.Store.GetPart(t.Context(), artifacts.Key{7}, "chunk-1"); !errors.Is(err, artifacts.ErrNotFound) {
				t.Errorf("GetPart after the check: %v, want ErrNotFound", err)
			}
			w.finds(t, map[string]string{})
		})
	}
}

// checkMisplaced: a whole action under a key that is not its recipe's is no result.
func checkMisplaced(t *testing.T, b *Bucket) {
	w := newWorld(t, b)
	other := ActionObject(artifacts.Key{9})
	b.Overwrite(t, other, b.Bytes(t, ActionObject(w.action.Key)))
	f := w.finds(t, map[string]string{other: artifacts.Unreadable})[other]
	if !strings.Contains(f.Detail, w.action.Key.String()) {
		t.Errorf("detail %q doesn't say whose action it is", f.Detail)
	}
}

// checkNewer: a record of a newer version is reported and stays.
func checkNewer(t *testing.T, b *Bucket) {
	w := newWorld(t, b)
	b.Overwrite(t, "roots/future.json", []byte(`{"schema":99,"digest":"","record":{}}`))
	if f := w.finds(t, map[string]string{"roots/future.json": artifacts.Newer})["roots/future.json"]; f.Moved != "" {
		t.Errorf("it was moved to %s", f.Moved)
	}
}

func checkStray(t *testing.T, b *Bucket) {
	w := newWorld(t, b)
	misplaced := "cas/sha256/00/" + w.action.Outputs["grid"].Digest.Hex()
	want := map[string]string{}
	for _, object := range []string{"cas/sha256/ab/notes.txt", misplaced, "parts/x/y", "roots/README", "actions/README"} {
		b.Overwrite(t, object, []byte("hello"))
		want[object] = artifacts.Stray
	}
	want["actions/README"] = artifacts.Unreadable
	w.finds(t, want)
	w.finds(t, map[string]string{})
}

// checkSamples: as many samples as there are read everything once.
func checkSamples(t *testing.T, b *Bucket) {
	w := newWorld(t, b)
	for i := range 40 {
		put(t, b.Store, fmt.Appendf(nil, "blob %d", i))
		if err := b.Store.PutPart(t.Context(), artifacts.Key{byte(i)}, "p", []byte("part")); err != nil {
			t.Fatal(err)
		}
	}
	all := w.check(t, artifacts.CheckOptions{})
	var blobs, parts int
	for n := 1; n <= 3; n++ {
		c := w.check(t, artifacts.CheckOptions{Part: n, Of: 3})
		blobs, parts = blobs+c.Blobs, parts+c.Parts
		if c.Blobs == 0 || c.Blobs == all.Blobs {
			t.Errorf("sample %d of 3 has %d of %d blobs", n, c.Blobs, all.Blobs)
		}
	}
	if blobs != all.Blobs || parts != all.Parts {
		t.Errorf("three samples read %d blobs and %d parts of %d and %d", blobs, parts, all.Blobs, all.Parts)
	}
}
