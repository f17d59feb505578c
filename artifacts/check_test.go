package artifacts_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/artifacts"
	"lossatlas/artifacts/maintain"
	"lossatlas/artifacts/transfer"
)

var checkTests = map[string]func(*testing.T, *bucket){
	"clean":             checkClean,
	"damaged blobs":     checkBlobs,
	"missing blob":      checkMissing,
	"damaged records":   checkRecords,
	"damaged parts":     checkParts,
	"misplaced action":  checkMisplaced,
	"newer record":      checkNewer,
	"contradictions":    checkContradictions,
	"stray objects":     checkStray,
	"samples are whole": checkSamples,
}

// world is a store with one of everything.
type world struct {
	*bucket
	action artifacts.Action
	grid   []byte
	root   artifacts.Root
}

func newWorld(t *testing.T, b *bucket) world {
	t.Helper()
	a := action(t, b.Store, 1)
	putAction(t, b.Store, a)
	r := root("fig3")
	r.State, r.Finished = artifacts.StateDone, a.Made.At.Add(time.Hour)
	r.Steps = map[string]artifacts.RootStep{"bs=1/surface": {Kind: "surface", Key: a.Key, State: artifacts.StateRan, Outputs: a.Outputs}}
	r.Graph = putGraph(t, b.Store, r.Steps)
	if err := b.Store.PutRoot(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := b.Store.PutPart(t.Context(), artifacts.Key{7}, "chunk-1", pseudoRandom(3, 500)); err != nil {
		t.Fatal(err)
	}
	return world{b, a, []byte("grid 1"), r}
}

// putGraph stores the graph of steps that are in the cache.
func putGraph(t *testing.T, s *artifacts.Store, steps map[string]artifacts.RootStep) artifacts.Blob {
	t.Helper()
	type step struct {
		ID     string          `json:"id"`
		Kind   string          `json:"kind"`
		Params json.RawMessage `json:"params"`
	}
	var graph struct {
		Final []step `json:"final"`
	}
	for _, id := range slices.Sorted(maps.Keys(steps)) {
		a, err := s.Recorded(t.Context(), steps[id].Key)
		if err != nil {
			t.Fatal(err)
		}
		graph.Final = append(graph.Final, step{id, steps[id].Kind, a.Recipe.Params})
	}
	b, err := json.Marshal(graph)
	if err != nil {
		t.Fatal(err)
	}
	return put(t, s, b)
}

// check runs one and fails the test when the store can't be read.
func (w world) check(t *testing.T, o maintain.CheckOptions) maintain.Checked {
	t.Helper()
	c, err := maintain.Check(t.Context(), w.Store, o)
	if err != nil {
		t.Fatalf("Check: %v", err)
	}
	return c
}

// finds holds that a check that only looks, and then one that moves, find exactly
// these problems, by object, and returns what the latter found.
func (w world) finds(t *testing.T, want map[string]string) map[string]maintain.Finding {
	t.Helper()
	var last maintain.Checked
	for _, o := range []maintain.CheckOptions{{}, {Quarantine: true}} {
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
	out := map[string]maintain.Finding{}
	for _, f := range last.Findings {
		out[f.Object] = f
	}
	return out
}

func checkClean(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	c := w.finds(t, map[string]string{})
	if len(c) != 0 {
		t.Errorf("a whole store: %+v", c)
	}
	if c := w.check(t, maintain.CheckOptions{}); c.Records != 2 || c.Blobs != 3 || c.Parts != 1 {
		t.Errorf("checked %+v, want 2 records, 3 blobs and a part", c)
	}
}

// checkBlobs: every kind of damage to a blob is found, names who needs it, makes
// the action that names it none, and is over when the step has run again.
func checkBlobs(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	grid := w.action.Outputs["grid"]
	for _, damage := range damages {
		t.Run(damage.Name, func(t *testing.T) {
			bad := damage.Do(slices.Clone(w.grid))
			b.Overwrite(t, blobObject(grid.Digest), bad)
			problem := artifacts.Damaged
			if len(bad) < len(w.grid) {
				problem = artifacts.Truncated
			} else if len(bad) > len(w.grid) {
				problem = artifacts.Trailing
			}
			found := w.finds(t, map[string]string{blobObject(grid.Digest): problem, actionObject(w.action.Key): maintain.Dangling})
			f := found[blobObject(grid.Digest)]
			if want := "sweep fig3: bs=1/surface (grid)"; !slices.Contains(f.Needed, want) {
				t.Errorf("needed by %q, want %q among them", f.Needed, want)
			}
			if got := b.Bytes(t, f.Moved); !slices.Equal(got, bad) {
				t.Errorf("%s has %d bytes, want the %d damaged ones", f.Moved, len(got), len(bad))
			}
			if _, err := b.Store.Lookup(t.Context(), w.action.Key); !errors.Is(err, artifacts.ErrNotFound) {
				t.Errorf("Lookup after the check: %v, want ErrNotFound", err)
			}
			w.finds(t, map[string]string{blobObject(grid.Digest): maintain.Missing, actionObject(w.action.Key): maintain.Missing}) // as the sweep still names them
			put(t, b.Store, w.grid)
			putAction(t, b.Store, w.action)
			w.finds(t, map[string]string{})
		})
	}
}

func checkMissing(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	b.Remove(t, blobObject(w.action.Outputs["log"].Digest))
	b.Remove(t, blobObject(w.root.Graph.Digest))
	found := w.finds(t, map[string]string{
		blobObject(w.action.Outputs["log"].Digest): maintain.Missing,
		blobObject(w.root.Graph.Digest):            maintain.Missing,
		actionObject(w.action.Key):                 maintain.Dangling,
	})
	if f := found[blobObject(w.root.Graph.Digest)]; !slices.Contains(f.Needed, "sweep fig3: its list of steps") {
		t.Errorf("the graph is needed by %q", f.Needed)
	}
}

func checkRecords(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	for _, object := range []string{actionObject(w.action.Key), "roots/fig3.json"} {
		whole := b.Bytes(t, object)
		for _, damage := range damages {
			t.Run(object[:5]+" "+damage.Name, func(t *testing.T) {
				b.Overwrite(t, object, damage.Do(slices.Clone(whole[:len(whole)-1])))
				f := w.finds(t, map[string]string{object: maintain.Unreadable})[object]
				if f.Moved == "" || len(f.Needed) == 0 || !strings.Contains(f.Needed[0], "fig3") {
					t.Errorf("finding %+v, want it moved and needed by fig3", f)
				}
				after := map[string]string{}
				if object != "roots/fig3.json" { // the sweep still names it
					after[object] = maintain.Missing
				}
				w.finds(t, after)
				b.Overwrite(t, object, whole)
			})
		}
	}
}

func checkParts(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	object := "parts/" + artifacts.Key{7}.String() + "/chunk-1"
	whole := b.Bytes(t, object)
	for _, damage := range damages {
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
func checkMisplaced(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	other := actionObject(artifacts.Key{9})
	b.Overwrite(t, other, b.Bytes(t, actionObject(w.action.Key)))
	f := w.finds(t, map[string]string{other: maintain.Unreadable})[other]
	if !strings.Contains(f.Detail, w.action.Key.String()) {
		t.Errorf("detail %q doesn't say whose action it is", f.Detail)
	}
}

// checkNewer: records of a newer version are not damage. Every operation that meets one refuses, and changes nothing.
func checkNewer(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	collect(t, b.Store, maintain.CollectOptions{OlderThan: time.Hour})
	later := w.root
	later.RunID = "later"
	for object, meets := range map[string]map[string]func() error{
		"roots/fig3.json": {
			"Root":     func() error { _, err := b.Store.Root(t.Context(), "fig3"); return err },
			"Roots":    func() error { _, err := b.Store.Roots(t.Context()); return err },
			"PutRoot":  func() error { return b.Store.PutRoot(t.Context(), later) },
			"DropRoot": func() error { return b.Store.DropRoot(t.Context(), "fig3") },
			"Copy to": func() error {
				_, err := transfer.Copy(t.Context(), chain(t, second(t, b), 1).Store, "fig3", b.Store, transfer.Options{Replace: true})
				return err
			},
		},
		actionObject(w.action.Key): {
			"Lookup":    func() error { _, err := b.Store.Lookup(t.Context(), w.action.Key); return err },
			"PutAction": func() error { _, err := b.Store.PutAction(t.Context(), w.action); return err },
			"History":   func() error { _, err := b.Store.History(t.Context(), w.action.Key); return err },
			"Copy": func() error {
				_, err := transfer.Copy(t.Context(), b.Store, "fig3", second(t, b).Store, transfer.Options{})
				return err
			},
		},
		"collection.json": {"Moment": func() error { _, err := b.Store.Moment(t.Context()); return err }},
		"format.json":     {"Open": func() error { _, err := artifacts.In(t.Context(), b.Objects, zerolog.Nop()); return err }},
	} {
		if object == "roots/fig3.json" || object == actionObject(w.action.Key) {
			meets["Check"] = func() error {
				_, err := maintain.Check(t.Context(), b.Store, maintain.CheckOptions{Quarantine: true})
				return err
			}
			meets["Collect"] = func() error {
				_, err := maintain.Collect(t.Context(), b.Store, maintain.CollectOptions{Quarantine: true})
				return err
			}
		}
		before := b.Bytes(t, object)
		body := bytes.Replace(before, []byte(`{"schema":1,`), []byte(`{"schema":2,`), 1)
		b.Overwrite(t, object, body)
		objects := b.count(t)
		for name, meet := range meets {
			var newer *artifacts.NewerError
			if err := meet(); !errors.As(err, &newer) || !strings.Contains(err.Error(), "schema 2, this one reads 1); update the program") {
				t.Errorf("%s that meets a newer %s: %v, want *NewerError", name, object, err)
			}
		}
		if !bytes.Equal(b.Bytes(t, object), body) || b.count(t) != objects {
			t.Errorf("a newer %s was changed, or one of %d objects of the store, which now has %d", object, objects, b.count(t))
		}
		b.Overwrite(t, object, before)
	}
	w.finds(t, map[string]string{})
}

// checkContradictions: records that are whole and do not agree are found and set aside, unless there is a good reason.
func checkContradictions(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	action, other := actionObject(w.action.Key), put(t, b.Store, []byte("other"))
	const root = "roots/fig3.json"
	wholeRoot, wholeAction := b.Bytes(t, root), b.Bytes(t, action)
	step := func(change func(*artifacts.RootStep)) func(*artifacts.Root) {
		return func(r *artifacts.Root) {
			s := r.Steps["bs=1/surface"]
			change(&s)
			r.Steps["bs=1/surface"] = s
		}
	}
	outputs := func(a *artifacts.Action) { a.Outputs = map[string]artifacts.Blob{"grid": other} }
	for name, c := range map[string]struct {
		root   func(*artifacts.Root)
		action func(*artifacts.Action)
		want   string // the object that is found
		detail []string
	}{
		"other outputs":                {nil, outputs, action, []string{w.action.Outputs["grid"].Digest.String(), other.Digest.String()}},
		"made again since":             {nil, func(a *artifacts.Action) { outputs(a); a.Made.At = w.root.Finished.Add(time.Hour) }, "", nil},
		"kept apart":                   {step(func(s *artifacts.RootStep) { s.Apart = true }), outputs, "", nil},
		"a step that failed":           {step(func(s *artifacts.RootStep) { s.Outputs, s.State = nil, artifacts.StateFailed }), nil, "", nil},
		"another kind":                 {step(func(s *artifacts.RootStep) { s.Kind = "line" }), nil, root, []string{"surface", "line"}},
		"a step that is not planned":   {func(r *artifacts.Root) { r.Steps["x"] = r.Steps["bs=1/surface"] }, nil, root, []string{"list of steps"}},
		"a list of steps that is none": {func(r *artifacts.Root) { r.Graph = other }, nil, root, []string{other.Digest.String()}},
	} {
		t.Run(name, func(t *testing.T) {
			b.Overwrite(t, root, reseal(t, wholeRoot, c.root))
			b.Overwrite(t, action, reseal(t, wholeAction, c.action))
			want := map[string]string{}
			if c.want != "" {
				want[c.want] = maintain.Contradicting
			}
			f := w.finds(t, want)[c.want]
			for _, d := range c.detail {
				if !strings.Contains(f.Detail, d) {
					t.Errorf("detail %q doesn't say %q", f.Detail, d)
				}
			}
			if c.want == "" {
				return
			}
			if f.Moved == "" || len(f.Needed) == 0 || !strings.HasPrefix(f.Needed[0], "sweep fig3") {
				t.Errorf("finding %+v, want it moved and needed by fig3", f)
			}
			if c.want == action {
				w.finds(t, map[string]string{action: maintain.Missing})
				putAction(t, b.Store, w.action)
			} else if err := b.Store.PutRoot(t.Context(), w.root); err != nil {
				t.Fatal(err)
			}
			w.finds(t, map[string]string{})
		})
	}
}

func checkStray(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	misplaced := "cas/sha256/00/" + w.action.Outputs["grid"].Digest.Hex()
	want := map[string]string{}
	for _, object := range []string{"cas/sha256/ab/notes.txt", misplaced, "parts/x/y", "roots/README", "actions/README"} {
		b.Overwrite(t, object, []byte("hello"))
		want[object] = maintain.Stray
	}
	want["actions/README"] = maintain.Unreadable
	w.finds(t, want)
	w.finds(t, map[string]string{})
}

// checkSamples: as many samples as there are read everything once.
func checkSamples(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	for i := range 40 {
		put(t, b.Store, fmt.Appendf(nil, "blob %d", i))
		if err := b.Store.PutPart(t.Context(), artifacts.Key{byte(i)}, "p", []byte("part")); err != nil {
			t.Fatal(err)
		}
	}
	all := w.check(t, maintain.CheckOptions{})
	var blobs, parts int
	for n := 1; n <= 3; n++ {
		c := w.check(t, maintain.CheckOptions{Part: n, Of: 3})
		blobs, parts = blobs+c.Blobs, parts+c.Parts
		if c.Blobs == 0 || c.Blobs == all.Blobs {
			t.Errorf("sample %d of 3 has %d of %d blobs", n, c.Blobs, all.Blobs)
		}
	}
	if blobs != all.Blobs || parts != all.Parts {
		t.Errorf("three samples read %d blobs and %d parts of %d and %d", blobs, parts, all.Blobs, all.Parts)
	}
}
