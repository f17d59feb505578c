package sweepfile

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// fakeOutputs stands in for what a step with a key would write, so that the keys
// of the steps after it can be computed: equal keys write equal blobs.
func fakeOutputs(s pipelines.Step, key artifacts.Key) map[string]artifacts.Blob {
	out := make(map[string]artifacts.Blob)
	for _, name := range s.Outputs() {
		out[name] = artifacts.Blob{Digest: artifacts.Of([]byte(key.String() + name)), Size: 1}
	}
	return out
}

// keysOf computes the key of every step of a graph, as a run would.
func keysOf(t rapid.TB, g *pipelines.Graph) map[string]artifacts.Key {
	t.Helper()
	keys := make(map[string]artifacts.Key)
	written := make(map[string]map[string]artifacts.Blob)
	for _, p := range g.All() {
		inputs := make(map[string]artifacts.Digest)
		for name, ref := range p.Step.Inputs {
			inputs[name] = written[ref.Step][ref.Output].Digest
		}
		recipe, err := p.Step.Recipe(inputs, "test:f32")
		if err != nil {
			t.Fatal(err)
		}
		key, err := recipe.Key()
		if err != nil {
			t.Fatal(err)
		}
		keys[p.Step.ID] = key
		written[p.Step.ID] = fakeOutputs(p.Step, key)
	}
	return keys
}

func mustUnmarshal(t testing.TB, b []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(b, v); err != nil {
		t.Fatal(err)
	}
}

// computed leaves the keys of the steps that compute: a title may change pictures and the report.
func computed(g *pipelines.Graph, keys map[string]artifacts.Key) map[string]artifacts.Key {
	out := maps.Clone(keys)
	for _, p := range g.All() {
		if p.Step.Kind == pipelines.KindRender || p.Step.Kind == pipelines.KindReport {
			delete(out, p.Step.ID)
		}
	}
	return out
}

const short = `name: one
dataset: {name: cifar10}
train: {net: resnet20}
maps:
  - {kind: line}
  - {kind: surface}
`

// A default that is spelled out means the same, in every step.
func TestSpelledOutDefaults(t *testing.T) {
	const long = `numerics: exact
plots: [training, filled, contour, line]
maps:
  - {points: 401, splits: [test, train], kind: line, normalize: filter, ignore: biasbn, range: [-1.0, 1], seed: 1, name: line}
  - kind: surface
    resolution: [51, 51]
    x: [-1, 1e0]
    y: [-1, 1]
    images: train[0:50000]
train:
  net: "resnet20"
  epochs: 300
  batch_size: +128
  bn_group: 128
  augment: true
  seed: 1
  optimizer:
    schedule: {275: 0.1, 225: 1e-1, 150: .1, 300: 0.5, 7: 1}
    weight_decay: 0.0005
    nesterov: true
    momentum: 0.90
    lr: 0.1
    kind: sgd
dataset: {test: 10000, train: 50000, name: cifar10}
name: one
`
	a, b := mustExpand(t, short, ""), mustExpand(t, long, "")
	ka, kb := keysOf(t, a), keysOf(t, b)
	if len(ka) != 14 {
		t.Errorf("%d steps, want train, 2 directions, 3 grids with their flatness, 4 pictures and the report", len(ka))
	}
	if !maps.Equal(ka, kb) {
		for id, key := range ka {
			if kb[id] != key {
				t.Errorf("%s: key %s against %s with defaults spelled out", id, key.Short(), kb[id].Short())
			}
		}
	}
}

// edits change the meaning; each names a step whose key must change and one whose
// key must not (or "").
func TestMeaningChangesKeys(t *testing.T) {
	cases := []struct{ from, to, changes, keeps string }{
		{"net: resnet20", "net: vgg9", "one/train", ""},
		{"{net: resnet20}", "{net: resnet20, seed: 2}", "one/train", ""},
		{"{net: resnet20}", "{net: resnet20, optimizer: {weight_decay: 0}}", "one/train", ""},
		{"{net: resnet20}", "{net: resnet20, optimizer: {schedule: {}}}", "one/train", ""},
		{"{net: resnet20}", "{net: resnet20, bn_group: 64}", "one/train", ""},
		{"{net: resnet20}", "{net: resnet20, augment: false}", "one/train", ""},
		{"name: cifar10}", "name: cifar10, train: 49999}", "one/train", ""},
		{"kind: line}", "kind: line, points: 41}", "one/line-train", "one/line-directions"},
		{"kind: line}", "kind: line, images: 100}", "one/line-test", "one/line-directions"},
		{"kind: line}", "kind: line, normalize: layer}", "one/line-directions", "one/surface-train"},
		{"kind: line}", "kind: line, seed: 2}", "one/line-directions", "one/train"},
		{"kind: surface}", "kind: surface, y: [-1, 2]}", "one/surface-train", "one/surface-directions"},
	}
	before := mustExpand(t, short, "")
	old := keysOf(t, before)
	for _, tc := range cases {
		src := strings.Replace(short, tc.from, tc.to, 1)
		if src == short {
			t.Fatalf("%q is not in the file", tc.from)
		}
		now := keysOf(t, mustExpand(t, src, ""))
		if now[tc.changes] == old[tc.changes] {
			t.Errorf("%q instead of %q: the key of %s stays the same", tc.to, tc.from, tc.changes)
		}
		if tc.keeps != "" && now[tc.keeps] != old[tc.keeps] {
			t.Errorf("%q instead of %q: the key of %s changes", tc.to, tc.from, tc.keeps)
		}
	}
}

// Names and titles never reach the key of a step that computes.
func TestCosmeticEdits(t *testing.T) {
	old := mustExpand(t, short, "")
	for _, edit := range [][2]string{
		{"name: one", "name: one\ntitle: A nicer title"},
		{"kind: line}", "kind: line, title: \"α\"}"},
		{"maps:", "plots: [line]\nmaps:"},
		{"maps:", "# a comment\nmaps:"},
		{"maps:", "order: breadth\nmaps:"},
	} {
		now := mustExpand(t, strings.Replace(short, edit[0], edit[1], 1), "")
		if !maps.Equal(computed(old, keysOf(t, old)), computed(now, keysOf(t, now))) {
			t.Errorf("%q instead of %q changes the key of a step that computes", edit[1], edit[0])
		}
	}
	// Names are part of the steps' names, so that only the keys can be compared.
	a := slices.SortedFunc(maps.Values(computed(old, keysOf(t, old))), compareKeys)
	for _, edit := range [][2]string{
		{"name: one", "name: two"},
		{"kind: line}", "kind: line, name: along}"},
		{"maps:", "sweep: {train.epochs: [300]}\nmaps:"},
		{"maps:", "repeats: 1\nmaps:"},
		{"maps:", "figures: [{kind: multiples, name: all, colormap: magma}]\nmaps:"},
		{"{net: resnet20}", "{net: $the-net}\nvariables: {the-net: resnet20}"},
	} {
		renamed := mustExpand(t, strings.Replace(short, edit[0], edit[1], 1), "")
		b := slices.SortedFunc(maps.Values(computed(renamed, keysOf(t, renamed))), compareKeys)
		if !slices.Equal(a, b) {
			t.Errorf("%q instead of %q changes the key of a step that computes", edit[1], edit[0])
		}
	}
}

func compareKeys(a, b artifacts.Key) int { return strings.Compare(a.String(), b.String()) }

// numerics: any leaves the numerics class out of every key; exact keeps it in those that compute.
func TestNumerics(t *testing.T) {
	for _, policy := range []string{"exact", "any"} {
		g := mustExpand(t, short+"numerics: "+policy+"\n", "")
		for _, p := range g.All() {
			a, err := p.Step.Recipe(nil, "xla")
			if err != nil {
				t.Fatal(err)
			}
			kept := a.Numerics != ""
			if want := policy == "exact" && p.Step.Kind.Numeric(); kept != want {
				t.Errorf("numerics %s: %s: the class is in the key: %v, want %v", policy, p.Step.ID, kept, want)
			}
		}
	}
}

// Steps that experiments share have one key: what was trained once is not trained
// again for another map, and a sweep that adds a value adds only its own steps.
func TestSharedWork(t *testing.T) {
	g := mustExpand(t, short+"sweep: {maps.seed: [1, 2]}\n", "")
	keys := keysOf(t, g)
	if keys["seed=1/train"] != keys["seed=2/train"] {
		t.Error("two seeds of the directions train twice")
	}
	if keys["seed=1/surface-train"] == keys["seed=2/surface-train"] {
		t.Error("two seeds of the directions give one surface")
	}
	all := func(seeds string) map[artifacts.Key]bool {
		g := mustExpand(t, short+"sweep: {train.seed: ["+seeds+"]}\n", "")
		out := make(map[artifacts.Key]bool)
		for _, key := range computed(g, keysOf(t, g)) {
			out[key] = true
		}
		return out
	}
	two, three := all("1, 2"), all("1, 2, 3")
	for key := range two {
		if !three[key] {
			t.Error("a third seed changes a key of the first two")
		}
	}
	if added := len(three) - len(two); added != 9 {
		t.Errorf("a third seed adds %d computing steps, want its train, 2 directions, 3 grids and their flatness", added)
	}
}

// Expansion is a function of the file: the same graph every time.
func TestExpandIsDeterministic(t *testing.T) {
	src := short + "sweep: {train.seed: [" + numbers(20) + "], train.net: [small, vgg9]}\n"
	first := syntax.Canonical(mustExpand(t, src, ""))
	for range 5 {
		if syntax.Canonical(mustExpand(t, src, "")) != first {
			t.Fatal("two expansions of one file differ")
		}
	}
}
