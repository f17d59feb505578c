package sweepfile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// Repetitions are experiments side by side, each with the name of its group.
func TestRepeats(t *testing.T) {
	for _, tc := range []struct {
		src  string
		want []string // group: experiment
	}{
		{"repeats: 3\n", []string{"one: seed=1", "one: seed=2", "one: seed=3"}},
		{"repeats: 1\n", []string{"one: seed=1"}},
		{"repeats: 2\nsweep: {train.net: [small, vgg9], exclude: [{train.net: small}], include: [{train.epochs: 3}]}\n",
			[]string{"vgg9: vgg9,seed=1", "vgg9: vgg9,seed=2", "epochs=3: epochs=3,seed=1", "epochs=3: epochs=3,seed=2"}},
		{"repeats: {train.seed: [5, 3], maps.surface.seed: [1, 2]}\nsweep: [{}, {train.net: [small]}]\n", []string{
			"one: train.seed=5,surface.seed=1", "one: train.seed=5,surface.seed=2", "one: train.seed=3,surface.seed=1", "one: train.seed=3,surface.seed=2",
			"small: small,train.seed=5,surface.seed=1", "small: small,train.seed=5,surface.seed=2", "small: small,train.seed=3,surface.seed=1", "small: small,train.seed=3,surface.seed=2"}},
		{"repeats: {variables.seed: [4, 5]}\nvariables: {seed: 4}\nplots: [line]\nnetworks: {n: [{bn: $seed}]}\n", nil}, // two of one meaning
	} {
		s, err := Parse("", []byte(short+tc.src), catalog, "")
		if err == nil && tc.want == nil {
			t.Errorf("no error of\n%s", tc.src)
		}
		if err != nil {
			if tc.want != nil || !strings.Contains(err.Error(), "experiment 2 (variables.seed=5) is the same as experiment 1 (variables.seed=4") {
				t.Errorf("%v of\n%s", err, tc.src)
			}
			continue
		}
		g, err := s.Expand(digest)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range g.Experiments {
			got = append(got, e.Group+": "+e.Name)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("(-want +got):\n%s\nof\n%s", diff, tc.src)
		}
	}
	for _, e := range mustExpand(t, short+"sweep: {train.seed: [1, 2]}\n", "").Experiments {
		if e.Group != "" {
			t.Errorf("%s is of the group %s in a sweep without repetitions", e.Name, e.Group)
		}
	}
}

// Seeds are counted up from that of each experiment, also one that a variable gives.
func TestRepeatsCountUp(t *testing.T) {
	g := mustExpand(t, strings.Replace(short, "net: resnet20", "net: resnet20, seed: $first", 1)+
		"variables: {first: 10, n: 2}\nsweep: {variables.first: [10, 20]}\nrepeats: $n\n", "")
	var seeds []uint64
	for _, e := range g.Experiments {
		var p pipelines.TrainParams
		mustUnmarshal(t, e.Steps[0].Params, &p)
		seeds = append(seeds, p.Seed)
	}
	if want := []uint64{10, 11, 20, 21}; !slices.Equal(seeds, want) {
		t.Errorf("the seeds are %v, want %v", seeds, want)
	}
}

// Repeating what was computed once computes the first again nowhere, and a sweep
// of the same seeds has the same steps.
func TestRepeatsShareSteps(t *testing.T) {
	keys := func(src string) map[string]bool {
		g := mustExpand(t, src, "")
		out := make(map[string]bool)
		for _, key := range computed(g, keysOf(t, g)) {
			out[key.String()] = true
		}
		return out
	}
	once, five := keys(short), keys(short+"repeats: 5\n")
	for key := range once {
		if !five[key] {
			t.Errorf("the step %s of the experiment is not one of its repetitions'", key)
		}
	}
	if !maps.Equal(five, keys(short+"sweep: {train.seed: [5, 4, 3, 2, 1]}\n")) {
		t.Error("five repetitions are not the experiments with the seeds 1 to 5")
	}
	// One training has a map for each seed of the directions.
	two := mustExpand(t, short+"repeats: {maps.seed: [1, 2]}\n", "")
	all := keysOf(t, two)
	if all["seed=1/train"] != all["seed=2/train"] || all["seed=1/surface-train"] == all["seed=2/surface-train"] {
		t.Error("repetitions over directions train twice, or map once")
	}
}

// The name of an experiment stands for its repetitions: they are compared with,
// and take directions from, the ones with the same seeds.
func TestRepetitionsByName(t *testing.T) {
	src := short + `sweep: {train.batch_size: [32, 64]}
compare: [{kind: interpolation, between: [batch_size=32, batch_size=64]}]
figures: [{kind: norms, of: [batch_size=64]}, {kind: scatter}]
`
	src = strings.Replace(src, "{kind: line}", "{kind: line, directions: {of: batch_size=32}}", 1)
	for repeats, want := range map[string][]string{
		"": {"interpolation: batch_size=32 and batch_size=64"},
		"repeats: {train.seed: [1, 2]}\n": {"interpolation,batch_size=32,seed=1: batch_size=32,seed=1 and batch_size=64,seed=1",
			"interpolation,batch_size=32,seed=2: batch_size=32,seed=2 and batch_size=64,seed=2"},
	} {
		g := mustExpand(t, src+repeats, "")
		var report pipelines.Graph
		mustUnmarshal(t, g.Final[len(g.Final)-1].Params, &report)
		var got []string
		for _, c := range report.Comparisons {
			got = append(got, fmt.Sprintf("%s: %v and %v", c.Name, c.Between[0], c.Between[1]))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: comparisons (-want +got):\n%s", repeats, diff)
		}
		_, params := finals(t, g)
		if got := len(params["figures/norms"].Figure.Panels); got != len(want) {
			t.Errorf("%q: the figure of one experiment is of %d", repeats, got)
		}
		for i, p := range params["figures/norms"].Figure.Panels { // the last experiments of the sweep
			if e := g.Experiments[len(g.Experiments)-len(want)+i]; p.Group != e.Group {
				t.Errorf("%q: the norms of %s are of the group %q, want %q", repeats, e.Name, p.Group, e.Group)
			}
		}
		for i, p := range params["figures/scatter"].Figure.Panels {
			if p.Group != g.Experiments[i].Group {
				t.Errorf("%q: a dot of %s is of the group %s", repeats, g.Experiments[i].Name, p.Group)
			}
		}
		for _, e := range g.Experiments {
			if name, ok := strings.CutPrefix(e.Name, "batch_size=64"); ok && !slices.ContainsFunc(e.Steps, func(s pipelines.Step) bool { return s.ID == e.Name+"/train@batch_size=32"+name }) {
				t.Errorf("the directions of %s are not those of its counterpart", e.Name)
			}
		}
	}
}

// A preset may repeat otherwise, or not at all.
func TestPresetRepeats(t *testing.T) {
	src := short + "repeats: {train.seed: [1, 2, 3], maps.seed: [1, 2]}\npresets: {few: {repeats: {train.seed: [1, 2]}}, once: {repeats: }, n: {repeats: 4}, directions: {repeats.train.seed: }}\n"
	for preset, want := range map[string]int{"": 6, "few": 4, "once": 1, "n": 4, "directions": 2} {
		if got := len(mustParse(t, src, preset).Experiments()); got != want {
			t.Errorf("preset %q: %d experiments, want %d", preset, got, want)
		}
	}
	if got := len(mustParse(t, short+"repeats: 3\npresets: {a: {repeats: {maps.seed: [1, 2]}}}\n", "a").Experiments()); got != 2 {
		t.Errorf("seeds in place of a number make %d experiments, want 2", got)
	}
}

func TestRepeatErrors(t *testing.T) {
	for _, tc := range []struct{ src, want string }{
		{"repeats: 0\n", "4:10: repeats: want a whole number from 1 to 1000, got 0"},
		{"repeats: many\n", "4:10: repeats: want a whole number from 1 to 1000, got many"},
		{"repeats: []\n", "4:10: repeats: want how often, as 5, or seeds, as {train.seed: [1, 2, 3]}, got a list of 0"},
		{"repeats: {}\n", "4:10: repeats: want how often"},
		{"repeats: {train.sead: [1]}\n", "4:11: repeats: unknown parameter train.sead; did you mean train.seed?"},
		{"repeats: {seed: [1]}\n", "4:11: repeats: unknown parameter seed; did you mean train.seed or maps.seed?"},
		{"repeats: {train.epochs: [1]}\n", "4:11: repeats: train.epochs is no seed, and experiments that differ in it are not repetitions"},
		{"repeats: {train.seed: 3}\n", "4:23: repeats: train.seed: want a list of at least one value, as [1, 2], got 3"},
		{"repeats: {train.seed: [1, 1]}\n", "4:27: repeats: train.seed: 1 is listed twice, first as 1 in column 24 of line 4"},
		{"repeats: {train.seed: [1, x]}\n", "4:27: train.seed: want a whole number from 0 to"},
		{"repeats: {maps.seed: [1, 2]}\n", "4:11: repeats: maps.seed: there is nothing in maps to set it on"},
		{"sweep: {train.seed: [1, 2]}\nrepeats: 2\n", "5:10: repeats: train.seed is swept as well (experiment train.seed=1); leave it out of one of them"},
		{"sweep: {train.seed: [1, 2]}\nrepeats: {train.seed: [3]}\n", "5:11: repeats: train.seed is swept as well"},
		{"sweep: {train.epochs: [" + numbers(500)[3:] + "]}\nrepeats: 5\n", "5:10: repeats: 499 experiments, each 5 times, are more than 2000"},
		{"repeats: {train.seed: [" + numbers(50) + "], maps.seed: [" + numbers(50) + "]}\nmaps: [{kind: line}]\n", "4:10: repeats: more than 2000"},
		{"presets: {a: {repeats: {train.seed: [x]}}}\n", "4:38: train.seed: want a whole number from 0 to"},
	} {
		_, err := Parse("", []byte(minimal+tc.src), catalog, "")
		var all syntax.Errors
		if !errors.As(err, &all) || !strings.HasPrefix(err.Error(), ":"+tc.want) {
			t.Errorf("got  %v\nwant %s\nof\n%s", err, tc.want, tc.src)
		}
	}
	_, err := Parse("", []byte(strings.Replace(minimal, "net: resnet20", "net: resnet20, seed: 9007199254740990", 1)+"repeats: 3\n"), catalog, "")
	checkError(t, "seeds beyond the largest", err, "4:10: |begin with a smaller one")
	_, err = Parse("", []byte(strings.Replace(minimal, "net: resnet20", "net: resnet20, import: a.npz", 1)+"repeats: 3\n"), catalog, "")
	checkError(t, "of an import", err, "train.seed has no effect with train.import")
}
