package sweepfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/artifacts"
)

// A generated sweep: a few axes with distinct values of each parameter.
type generated struct {
	axes   []string // lines of the sweep
	counts []int
}

func genSweep(t *rapid.T) generated {
	pool := map[string][]string{
		"train.batch_size":             {"1", "32", "128", "8192"},
		"train.net":                    {"vgg9", "small", "resnet20"},
		"train.optimizer.weight_decay": {"0", "5e-4", "1e-3"},
		"train.optimizer.schedule":     {"{}", "{1: 0.5}", "{1: 0.5, 2: 0.1}"},
		"train.augment":                {"true", "false"},
		"train.epochs":                 {"3", "300"},
		"dataset.train":                {"10000", "50000"},
		"maps.range":                   {"[-1, 1]", "[-0.5, 0.5]", "[0, 2]", "auto"},
		"maps.surface.resolution":      {"17", "[9, 5]"},
		"maps.images":                  {"100", "'train[0:200]'"},
		"maps.normalize":               {"filter", "layer", "none"},
	}
	var g generated
	total := 1
	for _, path := range rapid.SliceOfNDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(pool))), 0, 4, rapid.ID[string]).Draw(t, "paths") {
		values := rapid.SliceOfNDistinct(rapid.SampledFrom(pool[path]), 1, -1, rapid.ID[string]).Draw(t, path)
		g.axes = append(g.axes, fmt.Sprintf("  %s: [%s]\n", path, strings.Join(values, ", ")))
		g.counts = append(g.counts, len(values))
		total *= len(values)
	}
	return g
}

func (g generated) source(axes []string) string {
	src := short
	if len(axes) > 0 {
		src += "sweep:\n" + strings.Join(axes, "")
	}
	return src
}

// A grid has as many experiments as the product of its lists; every ID is unique
// and fit for file names; the steps of a graph are in order.
func TestGridProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := genSweep(t)
		s, err := Parse("sweep.yaml", []byte(g.source(g.axes)), catalog, "")
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, g.source(g.axes))
		}
		want := 1
		for _, n := range g.counts {
			want *= n
		}
		graph, err := s.Expand(digest)
		if err != nil {
			t.Fatal(err)
		}
		if len(graph.Experiments) != want {
			t.Fatalf("%d experiments, want %d", len(graph.Experiments), want)
		}
		ids := make(map[string]bool)
		for _, p := range graph.All() {
			id := strings.ToLower(p.Step.ID)
			if ids[id] {
				t.Fatalf("the ID %s is not unique", id)
			}
			ids[id] = true
			if strings.ContainsAny(id, " :*?\"<>|\\[]{}'") || strings.Count(id, "/") > 1 || strings.HasPrefix(id, ".") {
				t.Fatalf("the ID %s is not fit for a file name", id)
			}
		}
		n := 0
		for _, level := range graph.Levels() {
			n += len(level)
		}
		if n != len(ids) {
			t.Fatalf("the levels hold %d steps of %d", n, len(ids))
		}
	})
}

// The order of keys in a file changes no key of a step that computes.
func TestReorderedKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := genSweep(t)
		order := rapid.Permutation(g.axes).Draw(t, "order")
		var all [2][]artifacts.Key
		for i, axes := range [][]string{g.axes, order} {
			s, err := Parse("sweep.yaml", []byte(g.source(axes)), catalog, "")
			if err != nil {
				t.Fatal(err)
			}
			graph, err := s.Expand(digest)
			if err != nil {
				t.Fatal(err)
			}
			all[i] = slices.SortedFunc(maps.Values(computed(graph, keysOf(t, graph))), compareKeys)
		}
		if !slices.Equal(all[0], all[1]) {
			t.Fatal("another order of the sweep's lines changes keys")
		}
	})
}

// zip, include and exclude, counted by hand.
func TestSweepForms(t *testing.T) {
	cases := []struct {
		sweep string
		want  []string
	}{
		{"{}", []string{"one"}},
		{"{train.net: [small, vgg9]}", []string{"small", "vgg9"}},
		{"{train.batch_size: [128, 8192], train.optimizer.weight_decay: [0, 5e-4]}",
			[]string{"batch_size=128,weight_decay=0", "batch_size=128,weight_decay=0.0005", "batch_size=8192,weight_decay=0", "batch_size=8192,weight_decay=0.0005"}},
		{"{grid: {train.seed: [1, 2]}, train.net: [small]}", []string{"seed=1,small", "seed=2,small"}},
		{"{zip: {train.net: [small, small, vgg9], train.optimizer.lr: [0.1, 0.01, 0.1]}}", []string{"small,lr=0.1", "small,lr=0.01", "vgg9,lr=0.1"}},
		{"{zip: [{train.net: [small, vgg9], train.optimizer.lr: [0.1, 0.01]}, {train.seed: [1, 2], maps.seed: [3, 4]}]}",
			[]string{"small,lr=0.1,train.seed=1,maps.seed=3", "small,lr=0.1,train.seed=2,maps.seed=4", "vgg9,lr=0.01,train.seed=1,maps.seed=3", "vgg9,lr=0.01,train.seed=2,maps.seed=4"}},
		{"{train.seed: [1, 2, 3], exclude: [{train.seed: [1, 3]}]}", []string{"seed=2"}},
		{"{train.net: [small, vgg9], train.seed: [1, 2], exclude: [{train.net: vgg9, train.seed: 2}], include: [{train.net: resnet20}]}",
			[]string{"small,seed=1", "small,seed=2", "vgg9,seed=1", "resnet20"}},
		{"[{train.net: [small, vgg9], train.seed: [1, 2], exclude: [{train.net: vgg9, train.seed: 1}]}, {zip: {train.epochs: [3, 4], maps.seed: [5, 6]}}]",
			[]string{"small,train.seed=1", "small,train.seed=2", "vgg9,train.seed=2", "epochs=3,maps.seed=5", "epochs=4,maps.seed=6"}},
		{"[{}, {train.seed: [2]}]", []string{"one", "seed=2"}},
		{"{include: [{train.seed: 4}, {train.net: vgg9, train.seed: 4}]}", []string{"seed=4", "vgg9,seed=4"}},
	}
	for _, tc := range cases {
		got := mustParse(t, short+"sweep: "+tc.sweep+"\n", "").Experiments()
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s:\ngot  %v\nwant %v", tc.sweep, got, tc.want)
		}
	}
}
