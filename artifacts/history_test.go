package artifacts_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"lossatlas/artifacts"
)

var historyTests = map[string]func(*testing.T, *bucket){
	"down to the data":  historyDown,
	"what differs":      historyDiffers,
	"of a blob's maker": historyMaker,
	"within a sweep":    historyWithin,
}

func historyDown(t *testing.T, b *bucket) {
	w := chain(t, b, 3)
	h, err := b.Store.History(t.Context(), w.action.Key)
	if err != nil {
		t.Fatal(err)
	}
	depth := 0
	for k := h.Top; ; depth++ {
		step := h.Steps[k]
		if step == nil {
			t.Fatalf("step %s of the history is missing", k.Short())
		}
		from := step.Inputs["weights"]
		if from.Step.IsZero() {
			if from.Digest != artifacts.Of([]byte("imported")) || from.Gone {
				t.Errorf("it began with %+v, want the imported weights", from)
			}
			break
		}
		k = from.Step
	}
	if depth != 2 {
		t.Errorf("the history is %d steps deep, want 2", depth)
	}
	first := h.Steps[h.Top].Inputs["weights"].Step
	b.Remove(t, actionObject(first))
	if h, err = b.Store.History(t.Context(), h.Top); err != nil || !h.Steps[h.Top].Inputs["weights"].Gone || len(h.Steps) != 1 {
		t.Errorf("with a step's record gone: %+v, %v", h, err)
	}
	b.Remove(t, actionObject(h.Top))
	if _, err := b.Store.History(t.Context(), h.Top); !errors.Is(err, artifacts.ErrNotFound) {
		t.Errorf("History of no step: %v, want ErrNotFound", err)
	}
}

// historyDiffers: a map of a training differs from another by what the trainings
// differ in, and by nothing else.
func historyDiffers(t *testing.T, b *bucket) {
	surface := func(params string, version int, numerics, computed, mapped string) *artifacts.History {
		t.Helper()
		make := func(kind string, version int, params, numerics, computed string, inputs map[string]artifacts.Digest, producers map[string]artifacts.Key) artifacts.Action {
			recipe := artifacts.Recipe{Kind: kind, Version: version, Params: []byte(params), Inputs: inputs, Numerics: numerics}
			key, err := recipe.Key()
			if err != nil {
				t.Fatal(err)
			}
			a := artifacts.Action{Key: key, Recipe: recipe, Outputs: map[string]artifacts.Blob{"out": put(t, b.Store, []byte(key.String()+computed))}}
			a.Made.Numerics, a.Made.Producers = computed, producers
			b.Remove(t, actionObject(key)) // made again elsewhere
			return putAction(t, b.Store, a)
		}
		train := make("train", version, params, numerics, computed, nil, nil)
		weights := train.Outputs["out"].Digest
		directions := make("directions", 1, `{"seed":1}`, "", "", map[string]artifacts.Digest{"weights": weights}, map[string]artifacts.Key{"weights": train.Key})
		top := make("surface", 1, mapped, "", computed, map[string]artifacts.Digest{"weights": weights, "directions": directions.Outputs["out"].Digest},
			map[string]artifacts.Key{"weights": train.Key, "directions": directions.Key})
		h, err := b.Store.History(t.Context(), top.Key)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	const params, mapped = `{"batch_size":32,"optimizer":{"lr":0.1,"schedule":[]}}`, `{"x":{"n":9}}`
	plain := surface(params, 1, "xla", "xla", mapped)
	for _, c := range []struct {
		name  string
		other *artifacts.History
		want  string
	}{
		{"nothing", plain, ""},
		{"a parameter", surface(strings.Replace(params, "0.1", "0.2", 1), 1, "xla", "xla", mapped), "directions,weights: parameter optimizer.lr 0.1 0.2"},
		{"an additional parameter", surface(strings.Replace(params, "{", `{"noise":0.5,`, 1), 1, "xla", "xla", mapped), "directions,weights: parameter noise  0.5"},
		{"a version", surface(params, 2, "xla", "xla", mapped), "directions,weights: version 1 2"},
		{"numerics", surface(params, 1, "go", "go", mapped), ": computed on xla go; directions,weights: numerics xla go"},
		{"the map itself", surface(params, 1, "xla", "xla", `{"x":{"n":17}}`), ": parameter x.n 9 17"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, d := range artifacts.Compare(plain, c.other) {
				got = append(got, fmt.Sprintf("%s: %s %s %s", strings.Join(d.Path, ","), d.What, d.ValueA, d.ValueB))
			}
			if s := strings.Join(got, "; "); s != c.want {
				t.Errorf("differs in %q, want %q", s, c.want)
			}
		})
	}
}

func historyMaker(t *testing.T, b *bucket) {
	w := newWorld(t, b)
	keys, err := b.Store.MadeBy(t.Context(), w.action.Outputs["grid"].Digest)
	if err != nil || !slices.Equal(keys, []artifacts.Key{w.action.Key}) {
		t.Errorf("MadeBy: %v, %v", keys, err)
	}
	if keys, err := b.Store.MadeBy(t.Context(), w.root.Graph.Digest); len(keys) != 0 || err != nil {
		t.Errorf("MadeBy of what no step wrote: %v, %v", keys, err)
	}
}

// historyWithin: a cached step's input was made by a step of another sweep; the history of a sweep has its own step.
func historyWithin(t *testing.T, b *bucket) {
	make := func(kind, params string, from ...artifacts.Action) artifacts.Action {
		recipe := artifacts.Recipe{Kind: kind, Version: 1, Params: []byte(params), Inputs: map[string]artifacts.Digest{}}
		made := artifacts.Provenance{Producers: map[string]artifacts.Key{}}
		for _, a := range from {
			recipe.Inputs["weights"], made.Producers["weights"] = a.Outputs["weights"].Digest, a.Key
		}
		key, err := recipe.Key()
		if err != nil {
			t.Fatal(err)
		}
		return putAction(t, b.Store, artifacts.Action{Key: key, Recipe: recipe, Outputs: map[string]artifacts.Blob{"weights": put(t, b.Store, []byte("equal weights"))}, Made: made})
	}
	older, own, other := make("import", `{"data":1}`), make("import", `{"data":2}`), make("import", `{"data":3}`)
	again := make("shift", `{"by":0}`, older) // writes its input
	directions := make("directions", `{}`, older)
	makers := func(of ...artifacts.Action) artifacts.Makers {
		m := artifacts.Makers{}
		for _, a := range of {
			m.Add(a.Key, a.Outputs["weights"].Digest)
		}
		return m
	}
	for _, c := range []struct {
		name   string
		of     artifacts.Action
		within []artifacts.Makers
		want   artifacts.Action
	}{
		{"of no sweep", directions, nil, older},
		{"of a sweep", directions, []artifacts.Makers{makers(own, other)}, own},
		{"of the recorded sweep", directions, []artifacts.Makers{makers(own, older)}, older},
		{"of an experiment", directions, []artifacts.Makers{makers(own), makers(own, older)}, own},
		{"of a step that writes its input", again, []artifacts.Makers{makers(again, own)}, own},
	} {
		h, err := b.Store.History(t.Context(), c.of.Key, c.within...)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.Steps[c.of.Key].Inputs["weights"].Step; got != c.want.Key || h.Steps[got] == nil {
			t.Errorf("%s: made by %s, want %s", c.name, got.Short(), c.want.Key.Short())
		}
	}
}
