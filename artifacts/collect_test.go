package artifacts_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"lossatlas/artifacts"
	"lossatlas/artifacts/maintain"
)

var collectTests = map[string]func(*testing.T, *bucket){
	"keeps what is needed":    collectKeeps,
	"young things stay":       collectYoung,
	"unknown roots":           collectUnknown,
	"beside writers":          collectWriters,
	"stopped halfway":         collectStopped,
	"one that was killed":     collectKilled,
	"one after another":       collectTwo,
	"what was set aside":      collectAside,
	"finished steps' parts":   collectParts,
	"recorded after its loss": collectLost,
}

// litter puts n actions that no root names, each with a blob of its own and one
// of a few that all share, and returns how many objects that is.
func litter(t *testing.T, b *bucket, n int) {
	t.Helper()
	for i := range n {
		a := action(t, b.Store, 1000+i)
		a.Outputs["shared"] = put(t, b.Store, fmt.Appendf(nil, "shared %d", i%3))
		putAction(t, b.Store, a)
	}
}

func collect(t *testing.T, s *artifacts.Store, o maintain.CollectOptions) maintain.Collected {
	t.Helper()
	c, err := maintain.Collect(t.Context(), s, o)
	if err != nil {
		t.Fatalf("Collect: %v", err)
	}
	return c
}

func collectKeeps(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	litter(t, b, 6)
	put(t, b.Store, []byte("nobody's"))
	kept := action(t, b.Store, 2000)
	putAction(t, b.Store, kept)
	o := maintain.CollectOptions{
		DryRun:    true,
		Keep:      func(a artifacts.Action) bool { return a.Key == kept.Key },
		KeepParts: func(artifacts.Key) bool { return true },
	}
	plan := collect(t, b.Store, o)
	if want := 6*3 + 3 + 1; len(plan.Freed) != want { // an action and two blobs each, what they share, no one's
		t.Errorf("would free %d objects, want %d: %+v", len(plan.Freed), want, plan.Freed)
	}
	for _, f := range plan.Freed {
		b.Bytes(t, f.Object) // a dry run removes nothing
	}
	o.DryRun = false
	if got := collect(t, b.Store, o); fmt.Sprint(got) != fmt.Sprint(plan) {
		t.Errorf("freed %d objects, %+v, and the dry run said %d", len(got.Freed), got, len(plan.Freed))
	}
	for _, a := range []artifacts.Action{w.action, kept} {
		if _, err := b.Store.Lookup(t.Context(), a.Key); err != nil {
			t.Errorf("a needed action: %v", err)
		}
	}
	w.finds(t, map[string]string{})
	if again := collect(t, b.Store, o); len(again.Freed) != 0 || again.Objects != plan.Objects {
		t.Errorf("a second collection: %+v", again)
	}
	if err := b.Store.DropRoot(t.Context(), "fig3"); err != nil {
		t.Fatal(err)
	}
	if last := collect(t, b.Store, o); len(last.Freed) != 4 { // the action, two outputs, the graph
		t.Errorf("after DropRoot: %+v", last.Freed)
	}
}

func collectYoung(t *testing.T, b *bucket) {
	newWorld(t, b)
	litter(t, b, 3)
	all := collect(t, b.Store, maintain.CollectOptions{DryRun: true})
	if c := collect(t, b.Store, maintain.CollectOptions{OlderThan: time.Hour}); len(c.Freed) != 0 || c.Younger != len(all.Freed) || c.YoungerSize != all.Bytes || all.Younger != 0 {
		t.Errorf("freed %+v, with %d younger objects of %d bytes; want none freed, and %d younger of %d bytes", c.Freed, c.Younger, c.YoungerSize, len(all.Freed), all.Bytes)
	}
}

// collectUnknown: as long as a root can't be read, no one knows what it needs.
func collectUnknown(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	whole := b.Bytes(t, "roots/fig3.json")
	b.Overwrite(t, "roots/fig3.json", whole[:len(whole)/2])
	var unknown *maintain.UnknownRootsError
	refused := func(when string) {
		t.Helper()
		if c, err := maintain.Collect(t.Context(), b.Store, maintain.CollectOptions{}); !errors.As(err, &unknown) || !slices.Equal(unknown.Sweeps, []string{"fig3"}) || len(c.Freed) > 0 {
			t.Fatalf("%s: %+v, %v, want *UnknownRootsError naming fig3", when, c, err)
		}
	}
	refused("with a damaged root")
	w.finds(t, map[string]string{"roots/fig3.json": maintain.Unreadable})
	refused("with a damaged root in quarantine")
	if err := b.Store.PutRoot(t.Context(), w.root); err != nil {
		t.Fatal(err)
	}
	if c := collect(t, b.Store, maintain.CollectOptions{OlderThan: time.Hour}); len(c.Freed) != 0 {
		t.Errorf("with the root there again: %+v", c.Freed)
	}
	for range 2 {
		if err := b.Store.DropRoot(t.Context(), "fig3"); err != nil {
			t.Fatal(err)
		}
	}
	collect(t, b.Store, maintain.CollectOptions{})
}

// writer records sweeps, each of one step whose blobs others had before or have as well, until told to stop.
func (w world) writer(t *testing.T, n int, stop <-chan struct{}) (recorded, lost int) {
	random := rand.New(rand.NewPCG(uint64(n), 1))
	for i := 0; ; i++ {
		select {
		case <-stop:
			return recorded, lost
		default:
		}
		since, err := w.Store.Moment(t.Context())
		if err != nil {
			t.Errorf("Moment: %v", err)
			return
		}
		a := artifacts.Action{Recipe: artifacts.Recipe{Kind: "train", Version: 1, Params: fmt.Appendf(nil, `{"n":%d}`, random.IntN(20))}, Outputs: map[string]artifacts.Blob{}}
		if a.Key, err = a.Recipe.Key(); err != nil {
			t.Errorf("Key: %v", err)
			return
		}
		for name := range 2 {
			blob, err := w.Store.Put(t.Context(), fmt.Appendf(nil, "pool %d", random.IntN(20)))
			if err != nil {
				t.Errorf("Put: %v", err)
				return
			}
			a.Outputs[fmt.Sprint(name)] = blob
		}
		won, err := w.Store.PutAction(t.Context(), a)
		var dangling *artifacts.DanglingError
		if errors.As(err, &dangling) { // freed before anything named it
			lost++
			continue
		}
		if err != nil {
			t.Errorf("PutAction: %v", err)
			return
		}
		r := w.root
		r.Sweep = fmt.Sprintf("writer-%d-%d", n, i%2)
		r.Steps = map[string]artifacts.RootStep{"train": {Kind: "train", Key: won.Key, State: artifacts.StateRan, Outputs: won.Outputs}}
		if r.Graph, err = w.Store.Put(t.Context(), fmt.Appendf(nil, `{"final":[{"id":"train","kind":"train","params":%s}]}`, a.Recipe.Params)); err != nil {
			t.Errorf("Put: %v", err)
			return
		}
		err = w.Store.PutRootSince(t.Context(), r, since)
		var gone *artifacts.LostError
		switch {
		case errors.As(err, &gone):
			lost++
		case err != nil:
			t.Errorf("PutRootSince: %v", err)
			return
		default:
			recorded++
		}
	}
}

// collectWriters: collections that spare nothing young, beside writers who meet
// the same few blobs again and again. Whatever was recorded stays whole.
func collectWriters(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	litter(t, b, 5)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var recorded, lost [3]int
	for n := range recorded {
		wg.Go(func() { recorded[n], lost[n] = w.writer(t, n, stop) })
	}
	freed := 0
	for range 16 {
		freed += len(collect(t, b.Store, maintain.CollectOptions{}).Freed)
		time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
	}
	close(stop)
	wg.Wait()
	w.wholeRoots(t)
	if recorded[0]+recorded[1]+recorded[2] < 10 || freed < 10 {
		t.Errorf("recorded %v sweeps beside %d freed objects: too few to tell", recorded, freed)
	}
	t.Logf("recorded %v, lost %v, freed %d", recorded, lost, freed)
}

// wholeRoots holds that a check has no objection and that every root's steps are found in the cache.
func (w world) wholeRoots(t *testing.T) {
	t.Helper()
	if c := w.check(t, maintain.CheckOptions{}); len(c.Findings) > 0 {
		t.Errorf("a check finds %+v", c.Findings)
	}
	roots, err := w.Store.Roots(t.Context())
	if err != nil || len(roots) == 0 {
		t.Fatalf("%d roots, %v", len(roots), err)
	}
	for _, r := range roots {
		for id, s := range r.Steps {
			if _, err := w.Store.Lookup(t.Context(), s.Key); err != nil {
				t.Errorf("sweep %s, %s: %v", r.Sweep, id, err)
			}
		}
	}
}

// collectStopped: wherever a collection ends, a check has no objection, and the next one continues.
func collectStopped(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	for round := range 8 {
		litter(t, b, 25)
		ctx, cancel := context.WithCancel(t.Context())
		o := maintain.CollectOptions{Progress: func(done, of int) { cancel() }}
		if round%2 == 0 {
			time.AfterFunc(time.Duration(20+10*round)*time.Millisecond, cancel)
			o.Progress = nil
		}
		_, err := maintain.Collect(ctx, b.Store, o)
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		w.wholeRoots(t)
	}
	collect(t, b.Store, maintain.CollectOptions{})
	if c := w.check(t, maintain.CheckOptions{}); c.Records != 2 || c.Blobs != 3 {
		t.Errorf("after a whole collection there are %+v", c)
	}
}

// collectKilled: the record of a collection whose process is gone holds writers up for seconds, not for ever.
func collectKilled(t *testing.T, b *bucket) {
	t.Parallel()
	w := newWorld(t, b)
	ctx, cancel := context.WithCancel(t.Context())
	var left []byte
	_, err := maintain.Collect(ctx, b.Store, maintain.CollectOptions{OlderThan: time.Hour})
	cancel()
	if err != nil {
		t.Fatal(err)
	}
	// As it was while it continued.
	left = b.Bytes(t, "collection.json")
	b.Overwrite(t, "collection.json", unfinished(t, left))
	began := time.Now()
	a := action(t, b.Store, 5)
	putAction(t, b.Store, a)
	if took := time.Since(began); took < 5*time.Second || took > 30*time.Second {
		t.Errorf("a writer waited %v for a collection that was killed, want about 10 s", took)
	}
	began = time.Now()
	putAction(t, b.Store, action(t, b.Store, 6))
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the next writer waited %v", took)
	}
	w.finds(t, map[string]string{})
}

func collectTwo(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	litter(t, b, 20)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if _, err := maintain.Collect(t.Context(), b.Store, maintain.CollectOptions{}); err != nil {
				t.Errorf("one of three collections: %v", err)
			}
		})
	}
	wg.Wait()
	w.wholeRoots(t)
}

func collectAside(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	b.Overwrite(t, blobObject(w.action.Outputs["grid"].Digest), []byte("bad"))
	f := w.finds(t, map[string]string{blobObject(w.action.Outputs["grid"].Digest): artifacts.Truncated, actionObject(w.action.Key): maintain.Dangling})
	keepParts := func(artifacts.Key) bool { return true }
	if c := collect(t, b.Store, maintain.CollectOptions{KeepParts: keepParts}); len(c.Freed) != 0 {
		t.Errorf("freed %+v", c.Freed)
	}
	if c := collect(t, b.Store, maintain.CollectOptions{Quarantine: true, KeepParts: keepParts}); len(c.Freed) != len(f) {
		t.Errorf("freed %+v, want what was set aside: %+v", c.Freed, f)
	}
}

func collectParts(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	if err := b.Store.PutPart(t.Context(), w.action.Key, "chunk-1", []byte("left over")); err != nil {
		t.Fatal(err)
	}
	o := maintain.CollectOptions{OlderThan: time.Hour} // a finished step's goes at once, an unfinished one's is young
	if c := collect(t, b.Store, o); len(c.Freed) != 1 || c.Freed[0].Kind != "part" {
		t.Errorf("freed %+v, want the finished step's part", c.Freed)
	}
	o.OlderThan, o.KeepParts = 0, func(k artifacts.Key) bool { return k == artifacts.Key{7} }
	if c := collect(t, b.Store, o); len(c.Freed) != 0 {
		t.Errorf("freed %+v, want the kept part to stay", c.Freed)
	}
	o.KeepParts = nil
	if c := collect(t, b.Store, o); len(c.Freed) != 1 {
		t.Errorf("freed %+v, want the unfinished step's part", c.Freed)
	}
}

// collectLost: results that were looked up, then freed, can't be recorded.
func collectLost(t *testing.T, b *bucket) {
	a := action(t, b.Store, 1)
	putAction(t, b.Store, a)
	since, err := b.Store.Moment(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	collect(t, b.Store, maintain.CollectOptions{})
	r := root("fig3")
	r.Graph = put(t, b.Store, []byte("graph"))
	r.Steps = map[string]artifacts.RootStep{"surface": {Kind: "surface", Key: a.Key, State: artifacts.StateCached, Outputs: a.Outputs}}
	var lost *artifacts.LostError
	if err := b.Store.PutRootSince(t.Context(), r, since); !errors.As(err, &lost) || !slices.Equal(lost.Missing, []string{"surface"}) {
		t.Errorf("PutRootSince: %v, want *LostError naming the step", err)
	}
	if _, err := b.Store.Root(t.Context(), "fig3"); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("Root: %v, want ErrNotFound", err)
	}
}
