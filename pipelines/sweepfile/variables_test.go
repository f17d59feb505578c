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
	"lossatlas/pipelines/sweepfile/parameters"
	"lossatlas/pipelines/syntax"
)

const named = `name: one
dataset: {name: cifar10, train: $train}
variables: {train: 1000, sizes: [32, 64], points: 41, span: [-0.5, 0.5], splits: [test], net: small}
train: {net: $net, optimizer: {schedule: {3: $half}}, epochs: 5}
sweep: {train.batch_size: $sizes, include: [{train.seed: $seed, train.epochs: 3}]}
maps:
  - {kind: line, points: $points, range: $span, splits: [train, test]}
  - {kind: surface, x: [$low, 1], splits: $splits}
presets:
  laptop: {variables: {points: 5}, variables.sizes: [16]}
`

const unnamed = `name: one
dataset: {name: cifar10, train: 1000}
train: {net: small, optimizer: {schedule: {3: 0.5}}, epochs: 5}
sweep: {train.batch_size: [32, 64], include: [{train.seed: 7, train.epochs: 3}]}
maps:
  - {kind: line, points: 41, range: [-0.5, 0.5], splits: [train, test]}
  - {kind: surface, x: [-2, 1], splits: [test]}
presets:
  laptop: {maps.line.points: 5, sweep: {train.batch_size: [16]}}
`

// A file with variables is the file with their values written out, in every preset.
func TestVariables(t *testing.T) {
	src := strings.Replace(named, "net: small}", "net: small, half: 0.5, seed: 7, low: -2}", 1)
	for _, preset := range []string{"", "laptop"} {
		got, want := mustExpand(t, src, preset), mustExpand(t, unnamed, preset)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("preset %q (-written out +with variables):\n%s", preset, diff)
		}
		if !maps.Equal(keysOf(t, got), keysOf(t, want)) {
			t.Errorf("preset %q: the keys differ", preset)
		}
	}
}

// A text in quotes is a text, whatever it begins with.
func TestQuotedDollar(t *testing.T) {
	s := mustParse(t, minimal+"title: \"$5 a network\"\n", "")
	if s.Title != "$5 a network" {
		t.Errorf("the title is %q", s.Title)
	}
}

// One swept variable reaches several fields, networks among them, names the
// experiments and is a parameter of the results.
func TestSweptVariable(t *testing.T) {
	const src = `name: one
dataset: {name: cifar10}
variables: {width: 16, size: 128}
networks:
  mine: [{conv: $width}, bn, relu, avgpool, flatten, {linear: 10}]
train: {net: mine, batch_size: $size, bn_group: $size}
sweep:
  - {variables.width: [16, 32], exclude: [{variables.width: 16}]}
  - {zip: {variables.width: [8, 8], variables.size: [32, 64]}, include: [{variables.width: 4, train.batch_size: 512}]}
figures: [{kind: norms, of: [{variables.width: 8}]}]
presets: {wide: {figures: , sweep: [{variables.width: [128]}]}}
`
	g := mustExpand(t, src, "")
	var names []string
	for _, e := range g.Experiments {
		var p pipelines.TrainParams
		mustUnmarshal(t, e.Steps[0].Params, &p)
		names = append(names, fmt.Sprintf("%s: %v, %d and %d in %d layers of %s", e.Name, e.Params["variables.width"], p.BatchSize, p.BNGroup,
			strings.Count(string(p.Net), "kind"), strings.SplitN(string(p.Net), ",", 4)[2]))
	}
	want := []string{
		`width=32: 32, 128 and 128 in 6 layers of "out":32`,
		`width=8,size=32: 8, 32 and 32 in 6 layers of "out":8`,
		`width=8,size=64: 8, 64 and 64 in 6 layers of "out":8`,
		`width=4,batch_size=512: 4, 512 and 128 in 6 layers of "out":4`, // what is swept itself counts
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("experiments (-want +got):\n%s", diff)
	}
	if got := mustParse(t, src, "wide").Experiments(); !slices.Equal(got, []string{"width=128"}) {
		t.Errorf("the preset has %v", got)
	}
}

// A swept variable makes the same trainings as its values written out.
func TestSweptVariableKeys(t *testing.T) {
	keys := func(src string) []string {
		g := mustExpand(t, src, "")
		var out []string
		for _, key := range computed(g, keysOf(t, g)) {
			out = append(out, key.String())
		}
		slices.Sort(out)
		return out
	}
	a := keys(strings.Replace(short, "net: resnet20", "net: resnet20, seed: $s, batch_size: $b", 1) + "variables: {s: 1, b: 128}\nsweep: {variables.s: [1, 2], variables.b: [32, 64]}\n")
	b := keys(short + "sweep: {train.batch_size: [64, 32], train.seed: [2, 1]}\n")
	if diff := cmp.Diff(b, a); diff != "" {
		t.Errorf("keys (-written out +swept variables):\n%s", diff)
	}
}

// Mistakes in variables are reported where they are used, with the place of their value.
func TestVariableErrors(t *testing.T) {
	with := func(variables, rest string) string { return minimal + "variables: {" + variables + "}\n" + rest }
	for _, tc := range []struct{ src, want string }{
		{with("", "title: $titel\n"), "5:8: there is no variable titel; give it a value under variables, or put a text that begins with $ in quotes"},
		{with("title: a", "title: $titel\n"), "4:13: variables: title is not used; write $title where its value belongs, or remove it\n" +
			"5:8: there is no variable titel; did you mean title? (a text that begins with $ stands in quotes)"},
		{minimal + "title: $\n", "4:8: $ without the name of a variable; put a text that begins with $ in quotes"},
		{minimal + "title: $5 off\n", "4:8: there is no variable 5 off; give"},
		{with("n: many", "maps: [{kind: line, points: $n}]\n"), "5:29: maps.points: want a whole number from 2 to 100001, got many ($n, from line 4 column 16)"},
		{with("n: \"41\"", "maps: [{kind: line, points: $n}]\n"), "5:29: maps.points: want a whole number from 2 to 100001 (without quotes), got the text \"41\" ($n, from line 4 column 16)"},
		{with("r: [1, x]", "maps: [{kind: line, range: $r}]\n"), "5:28: maps.range: want a number from -1e+06 to 1e+06, got x ($r, from line 4 column 16)"},
		{with("n: 10001", "maps: [{kind: line, images: $n}]\n"), "5:29: maps.images asks for test[0:10001], but dataset.test has 10000 images ($n, from line 4 column 16)"},
		{with("k: surfce", "maps: [{kind: $k}]\n"), "5:15: maps.kind: unknown name surfce; did you mean surface?; allowed: line, surface, hessian, trajectory, spectrum, sharpness ($k, from line 4 column 16)"},
		{with("n: 3", "maps: [{kind: line, points: $n}]\npresets: {a: {variables: {n: few}}}\n"), "5:29: maps.points: want a whole number from 2 to 100001, got few ($n, from line 6 column 30) (preset a)"},
		{with("n: 3", "maps: [{kind: line, points: $n}]\npresets: {a: {variables: {m: 3}}}\n"), "6:27: there is no variable m; did you mean n? (a text that begins with $ stands in quotes) (preset a)"},
		{with("n: 3", "maps: [{kind: line, points: $n}]\npresets: {a: {variables.n: }}\n"), "6:15: variables.n: want a value or a list of values, got nothing (preset a)"},
		{with("n: 3", "maps: [{kind: line, points: $n}]\npresets: {a: {variables: }}\n"), "6:15: variables: want a mapping of the changed fields, got nothing (preset a)"},
		{with("n: 3, m: $n", "maps: [{kind: line, points: $m}]\n"), "4:13: variables: n is not used"},
		{with("n: 3, m: [$n]", "maps: [{kind: line, points: $m, seed: $n}]\n"), "4:23: variables: m holds the variable $n; a variable's value is written out"},
		{with("n: {a: 1}", "title: $n\n"), "4:16: variables.n: want a value or a list of values, got a mapping {a, …}"},
		{with("n: ", "title: $n\n"), "4:13: variables.n: want a value or a list of values, got nothing"},
		{with("n.m: 3", "title: $n.m\n"), "4:13: variables: n.m is no name for a variable; want letters, digits, '_' and '-', beginning with a letter, at most 64"},
		{minimal + "variables: [a]\n", "4:12: variables: want a mapping of names to values, as {width: 32}, got a list of 1"},
		{with("n: ["+numbers(1001)+"]", "title: $n\n"), "4:13: variables: n holds more than 1000 values"},
		{with("n: 3", "maps: [{kind: line, points: $n}]\nsweep: {variables.m: [3]}\n"), "6:9: sweep: there is no variable m; did you mean n? (a text that begins with $ stands in quotes); or zip, include, exclude"},
		{with("n: 3", "maps: [{kind: line, points: $n}]\nsweep: {variables.n: [3, many]}\n"), "5:29: maps.points: want a whole number from 2 to 100001, got many ($n, from line 6 column 26)"},
		{with("n: 3", "maps: [{kind: line, points: $n}]\nsweep: {variables.n: [3, 3.0]}\n"), "6:26: sweep: variables.n: 3.0 is listed twice, first as 3"},
		{with("n: 3", "maps: [{kind: line, points: $n}]\nsweep: {variables.n: [3, {a: 1}]}\n"), "6:26: variables.n: want a value or a list of values, got a mapping {a, …}"},
		{with("n: 3", "maps: [{kind: line, points: $n}]\nsweep: {variables.n: [3, 5], train.seed: [$n]}\n"), "6:43: $n is swept (line 6 column 9) and cannot stand here; a swept variable stands in the parameters of dataset, train and maps, and in networks"},
		{with("n: 3", "maps: [{kind: line, name: $n}]\nsweep: {variables.n: [3, 5]}\n"), "5:27: $n is swept (line 6 column 9) and cannot stand here"},
		{"name: one\ndataset: {name: $d}\ntrain: {net: small}\nvariables: {d: cifar10}\nsweep: {variables.d: [cifar10, shapes10]}\n", "2:17: $d is swept (line 5 column 9) and cannot stand here"},
		{with("n: 3", "maps: [{kind: line, points: $n}]\nfigures: [{kind: norms, of: [{variables.m: 3}]}]\n"), "6:31: figures.of: there is no variable m; did you mean n?"},
	} {
		_, err := Parse("", []byte(tc.src), catalog, "")
		var all syntax.Errors
		if !errors.As(err, &all) {
			t.Errorf("got %v, want Errors, of\n%s", err, tc.src)
			continue
		}
		got := strings.ReplaceAll("\n"+err.Error(), "\n:", "\n")[1:]
		if !strings.HasPrefix(got, tc.want) {
			t.Errorf("got  %s\nwant %s\nof\n%s", got, tc.want, tc.src)
		}
	}
}

// A short file cannot stand for a long one.
func TestVariablesAreBounded(t *testing.T) {
	const uses = 30000
	c := syntax.NewChecker("")
	root := c.Read([]byte("variables: {a: [" + numbers(1000) + "]}\nplots: [" + strings.Repeat("$a, ", uses) + "$a]\n"))
	parameters.NewFiller(root).At(c, parameters.Point{})
	if c.Err() == nil || c.Filled > syntax.MaxFilled+uses+syntax.MaxVariableValues+10 {
		t.Errorf("%d nodes were made, where %d are allowed: %v", c.Filled, syntax.MaxFilled, c.Err())
	}
}
