package sweepfile

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// catalog is what the program knows, or a stand-in for it.
var catalog = Catalog{
	Nets:     []string{"small", "resnet20", "resnet20-noshort", "vgg9"},
	Datasets: []Dataset{{Name: "cifar10", Train: 50000, Test: 10000, Augment: true}, {Name: "shapes10"}},
}

const digest = "sha256:0000000000000000000000000000000000000000000000000000000000000001"

// minimal is the shortest useful sweep file.
const minimal = `name: one
dataset: {name: cifar10}
train: {net: resnet20}
`

func mustParse(t testing.TB, src, preset string) *Sweep {
	t.Helper()
	s, err := Parse("sweep.yaml", []byte(src), catalog, preset)
	if err != nil {
		t.Fatalf("parse:\n%v\nin\n%s", err, src)
	}
	return s
}

func mustExpand(t testing.TB, src, preset string) *pipelines.Graph {
	t.Helper()
	g, err := mustParse(t, src, preset).Expand(digest)
	if err != nil {
		t.Fatalf("expand: %v\nin\n%s", err, src)
	}
	return g
}

// Every error names its place, what is wrong, and what is allowed.
func TestParseErrors(t *testing.T) {
	cases := []struct {
		name, src string
		want      []string // one per error: "line:column: " and parts, separated by |
	}{
		{"empty", "", []string{"1:1: |empty|name, dataset and train"}},
		{"only a comment", "# nothing\n", []string{"1:1: |empty"}},
		{"a list", "- a\n", []string{"1:1: |a mapping|a list of 1"}},
		{"a word", "hello\n", []string{"1:1: |a mapping|hello"}},
		{"nothing required", "title: x\n", []string{"1:1: |name is missing", "1:1: |dataset is missing", "1:1: |train is missing"}},
		{"missing inside", "name: a\ndataset: {train: 3}\ntrain: {epochs: 1}\n", []string{"2:10: |dataset.name is missing", "3:8: |train.net is missing"}},
		{"unknown key", minimal + "tittle: x\n", []string{"4:1: |unknown key tittle; did you mean title?"}},
		{"unknown key below", "name: a\ndataset: {name: cifar10}\ntrain:\n  net: vgg9\n  batchsize: 3\n", []string{"5:3: |unknown key batchsize in train; did you mean batch_size?"}},
		{"misplaced key", "name: a\ndataset: {name: cifar10}\ntrain:\n  net: vgg9\n  lr: 3\n", []string{"5:3: |unknown key lr in train|there is train.optimizer.lr"}},
		{"duplicate key", minimal + "train: {net: vgg9}\n", []string{"4:1: |train is given twice, first on line 3"}},
		{"net", "name: a\ndataset: {name: cifar10}\ntrain: {net: resnet2O}\n", []string{"3:14: |unknown name resnet2O; did you mean resnet20?|vgg9"}},
		{"type", "name: a\ndataset: {name: cifar10, train: many}\ntrain: {net: vgg9, augment: yes}\n", []string{"2:33: |dataset.train: want a whole number from 1 to |got many", "3:29: |true or false|got yes"}},
		{"decimal comma", "name: a\ndataset: {name: cifar10}\ntrain:\n  net: vgg9\n  optimizer:\n    lr: 0,05\n", []string{`6:9: |(with a decimal point: 0.05)`}},
		{"decimal comma in braces", "name: a\ndataset: {name: cifar10}\ntrain: {net: vgg9, optimizer: {lr: 1,05}}\n", []string{`3:38: unknown key 05|decimals have a point, as 0.05`}},
		{"eigenvalues", "name: a\ndataset: {name: cifar10}\ntrain: {net: vgg9}\nmaps: [{kind: eigenvalues}]\n", []string{`4:15: maps.kind: unknown name eigenvalues; did you mean spectrum?`}},
		{"quoted number", "name: a\ndataset: {name: cifar10}\ntrain: {net: vgg9, epochs: \"3\"}\n", []string{`3:28: |(without quotes)|got the text "3"`}},
		{"no epoch", "name: a\ndataset: {name: cifar10}\ntrain: {net: vgg9, epochs: 0}\n", []string{"3:28: |train.epochs: want a whole number from 1 to 100000, got 0"}},
		{"fraction", "name: a\ndataset: {name: cifar10}\ntrain: {net: vgg9, epochs: 1.5}\n", []string{"3:28: |a whole number|got 1.5"}},
		{"not a number", "name: a\ndataset: {name: cifar10}\ntrain: {net: vgg9, optimizer: {lr: .nan, momentum: .inf, weight_decay: 1e999}}\n",
			[]string{"3:36: |train.optimizer.lr: want a number above 0|got .nan", "3:52: |got .inf", "3:72: |got 1e999"}},
		{"mapping expected", "name: a\ndataset: cifar10\ntrain: [vgg9]\n", []string{"2:10: |dataset: want a mapping with name, train, test, labels|got cifar10", "3:8: |train: want a mapping|a list of 1"}},
		{"name", "name: a/b\ndataset: {name: cifar10}\ntrain: {net: vgg9}\n", []string{"1:7: |name: want letters, digits"}},
		{"data set too small", "name: a\ndataset: {name: cifar10, train: 60000, test: 10001}\ntrain: {net: vgg9}\n", []string{"2:33: |60000, but cifar10 has 50000", "2:46: |10001, but cifar10 has 10000"}},
		{"batch", "name: a\ndataset: {name: cifar10, train: 100}\ntrain: {net: vgg9, batch_size: 128}\n", []string{"3:32: |train.batch_size is 128, but dataset.train has only 100"}},
		{"default batch", "name: a\ndataset: {name: cifar10, train: 100}\ntrain: {net: vgg9}\n", []string{"2:33: |train.batch_size is 128"}},
		{"batch group", "name: a\ndataset: {name: cifar10}\ntrain: {net: vgg9, bn_group: 129}\n", []string{"3:30: |train.bn_group is 129, more than train.batch_size, which is 128"}},
		{"nesterov", "name: a\ndataset: {name: cifar10}\ntrain: {net: vgg9, optimizer: {momentum: 0, nesterov: true}}\n", []string{"3:55: |needs a momentum above 0"}},
		{"momentum", "name: a\ndataset: {name: cifar10}\ntrain: {net: vgg9, optimizer: {momentum: 1}}\n", []string{"3:42: |a number from 0 and below 1, got 1"}},
		{"schedule", "name: a\ndataset: {name: cifar10}\ntrain:\n  net: vgg9\n  optimizer:\n    schedule:\n      x: 0.1\n      3: 0\n      +3: 1\n      3: 1\n",
			[]string{"7:7: |train.optimizer.schedule, epoch: want a whole number", "8:10: |a number above 0", "10:7: |3 is given twice"}},
		{"map without kind", minimal + "maps:\n  - {points: 3}\n", []string{"5:5: |maps: want a map, as {kind: line"}},
		{"map kind", minimal + "maps:\n  - {kind: surfce}\n", []string{"5:12: |unknown name surfce; did you mean surface?"}},
		{"field of another kind", minimal + "maps:\n  - {kind: line, resolution: 3}\n", []string{"5:18: |a map of kind line has no resolution, only surface, hessian and trajectory have|points"}},
		{"mistakes in each list", minimal + "maps:\n  - {kind: lin}\n  - {kind: surface, rezolution: 5}\n  - {kind: line, resolution: 3, top: 5, points: x}\nplots: [countour]\nfigures:\n  - {kind: multiple, plot: contour}\n  - {kind: multiples, plot: contour, colums: 2}\n  - {kind: lines, x1: 1, x2: 1, x3: 1}\n",
			[]string{"5:", "6:", "7:18: |resolution", "7:33: |no top", "7:49: |points: want", "8:9: |did you mean contour?", "10:12: |did you mean multiples?", "11:38: |did you mean columns?", "12:19: ", "12:26: ", "12:33: "}},
		{"resolution", minimal + "maps:\n  - {kind: surface, resolution: 1}\n  - {kind: surface, name: b, resolution: [3, 4, 5]}\n", []string{"5:33: |from 2 to 1025|got 1", "6:42: |two of them as [x, y]"}},
		{"range", minimal + "maps:\n  - {kind: line, range: [1, -1]}\n  - {kind: line, name: b, range: 1}\n", []string{"5:25: |first below last|got [1, -1]", "6:34: |[first, last]"}},
		{"two maps of a name", minimal + "maps:\n  - {kind: line}\n  - {kind: line}\n", []string{"6:5: |two maps with the name line"}},
		{"split", minimal + "maps:\n  - {kind: line, splits: [train, tset]}\n", []string{"5:34: |unknown name tset; did you mean test?"}},
		{"split twice", minimal + "maps:\n  - {kind: line, splits: [train, train]}\n", []string{"5:34: |train is listed twice"}},
		{"images outside", minimal + "maps:\n  - {kind: line, images: 10001}\n", []string{"5:26: |asks for test[0:10001], but dataset.test has 10000"}},
		{"image range outside", minimal + "maps:\n  - {kind: line, images: 'test[9000:11000]'}\n", []string{"5:26: |asks for test[9000:11000]"}},
		{"no image", minimal + "maps:\n  - {kind: line, images: 'test[9:9]'}\n", []string{"5:26: |holds no image"}},
		{"image range", minimal + "maps:\n  - {kind: line, images: 'val[0:9]'}\n", []string{"5:26: |a range such as test[0:1000]"}},
		{"images against splits", minimal + "maps:\n  - {kind: line, splits: train, images: 'test[0:9]'}\n", []string{"5:41: |leave splits out"}},
		{"two ranges of a split", minimal + "maps:\n  - {kind: line, images: ['test[0:9]', 'test[9:19]']}\n", []string{"5:40: |make a second map"}},
		{"plot", minimal + "plots: [contuor]\n", []string{"4:9: |did you mean contour?"}},
		{"plot without map", minimal + "plots: [training, contour]\n", []string{"4:8: |contour needs a map of kind surface"}},
		{"sweep: no list", minimal + "sweep: {train.batch_size: 3}\n", []string{"4:27: |sweep: train.batch_size: want a list of at least one value"}},
		{"sweep: empty", minimal + "sweep: {train.batch_size: []}\n", []string{"4:27: |a list of at least one value"}},
		{"sweep: no value", minimal + "sweep:\n  train.batch_size:\n", []string{"5:3: |has no values"}},
		{"sweep: twice the same", minimal + "sweep: {train.optimizer.weight_decay: [5e-4, 0, 0.0005]}\n", []string{"4:49: |0.0005 is listed twice, first as 5e-4 in column 40"}},
		{"sweep: unknown", minimal + "sweep: {train.batch: [1]}\n", []string{"4:9: |unknown parameter train.batch|train.batch_size"}},
		{"sweep: last part only", minimal + "sweep: {batch_size: [1]}\n", []string{"4:9: |did you mean train.batch_size?"}},
		{"sweep: group", minimal + "sweep: {optimizer: [sgd, adam]}\n", []string{"4:9: |did you mean train.optimizer.kind?"}},
		{"sweep: nested", minimal + "sweep: {train: {batch_size: [1]}}\n", []string{"4:9: |write a path in one piece"}},
		{"sweep: several", minimal + "sweep: {train.optimizer: [1]}\n", []string{"4:9: |name one of train.optimizer.kind, train.optimizer.lr"}},
		{"sweep: data set", minimal + "sweep: {dataset.name: [cifar10]}\n", []string{"4:9: |cannot be swept"}},
		{"sweep: value", minimal + "sweep: {train.net: [vgg9, vgg8]}\n", []string{"4:27: |unknown name vgg8; did you mean vgg9?"}},
		{"sweep: value against others", minimal + "sweep: {dataset.train: [100, 1000]}\n", []string{"4:25: |train.batch_size is 128, but dataset.train has only 100"}},
		{"sweep: no map has it", minimal + "maps: [{kind: line}]\nsweep: {maps.resolution: [3, 5]}\n", []string{"5:9: |nothing in maps has this name|line"}},
		{"sweep: too many", minimal + "sweep:\n  train.seed: [" + numbers(300) + "]\n  maps.seed: [" + numbers(300) + "]\n", []string{"5:3: |more than 2000 experiments"}},
		{"zip: lengths", minimal + "sweep:\n  zip:\n    train.net: [vgg9, small]\n    train.seed: [1, 2, 3]\n", []string{"7:5: |train.seed has 3 values and train.net has 2"}},
		{"zip and grid", minimal + "sweep:\n  train.seed: [1]\n  zip: {train.seed: [1, 2]}\n", []string{"6:9: |swept twice, first on line 5"}},
		{"exclude nothing", minimal + "sweep:\n  train.seed: [1, 2]\n  exclude: [{train.seed: 3}]\n", []string{"6:14: |excludes nothing"}},
		{"exclude all", minimal + "sweep:\n  train.seed: [1, 2]\n  exclude: [{train.seed: [1, 2]}]\n", []string{"5:3: |exclude removes every experiment"}},
		{"include what is there", minimal + "sweep:\n  train.seed: [1, 2]\n  include: [{train.seed: 2}]\n", []string{"6:26: |experiment 3 (train.seed=2) is the same as experiment 2 (train.seed=2, line 5 column 19)"}},
		{"sweep: a list of nothing", minimal + "sweep: []\n", []string{"4:8: |sweep: want a mapping, as {train.batch_size: [128, 8192]}, or a list of such, got a list of 0"}},
		{"sweep: a list of words", minimal + "sweep:\n  - {train.seed: [1]}\n  - train.seed\n", []string{"6:5: |or a list of such, got train.seed"}},
		{"sweep: twice in a list", minimal + "sweep:\n  - {train.seed: [2, 3]}\n  - {train.epochs: [300], train.seed: [4, 3]}\n", []string{"6:21: |experiment 4 (train.epochs=300, train.seed=3) is the same as experiment 2 (train.seed=3, line 5 column 22)"}},
		{"sweep: the file itself twice", minimal + "sweep:\n  - {train.seed: [1]}\n  - {}\n", []string{"6:5: |experiment 2 (nothing set) is the same as experiment 1 (train.seed=1, line 5 column 19)"}},
		{"sweep: too many in a list", minimal + "sweep:\n  - {train.seed: [" + numbers(1500) + "]}\n  - {maps.seed: [" + numbers(600) + "]}\n", []string{"6:5: |more than 2000 experiments"}},
		{"preset: below a list", minimal + "sweep: [{train.seed: [1, 2]}]\npresets: {a: {sweep: {train.epochs: [1]}}}\n", []string{"5:23: |sweep is a list, from line 4 column 8 on: a preset replaces it by a list"}},
		{"preset: unknown key", minimal + "presets: {laptop: {epochs: 3}}\n", []string{"4:20: |unknown key epochs in a preset|there is train.epochs|(preset laptop)"}},
		{"preset: unknown below", minimal + "presets: {laptop: {train: {epoch: 3}}}\n", []string{"4:28: |train.epoch|did you mean train.epochs?|(preset laptop)"}},
		{"preset: unknown field of maps", minimal + "maps: [{kind: line}]\npresets: {laptop: {maps: {pionts: 3}}}\n", []string{"5:27: |unknown parameter maps.pionts; did you mean points?"}},
		{"preset: unknown field of a map", minimal + "maps: [{kind: line}]\npresets: {laptop: {maps: {line: {pionts: 3}}}}\n", []string{"5:34: |unknown parameter maps.line.pionts; did you mean maps.points?"}},
		{"preset: value of a map", minimal + "maps: [{kind: line}]\npresets: {laptop: {maps: {line: 3}}}\n", []string{"5:33: |maps.line: want a mapping of the changed fields, got 3"}},
		{"preset: field of a misspelled kind", minimal + "maps: [{kind: surfaces}]\npresets: {laptop: {maps: {resolution: 3}}}\n", []string{"4:15: |unknown name surfaces; did you mean surface?"}},
		{"sweep: kind of a map", minimal + "maps: [{kind: line}]\nsweep: {maps.kind: [line]}\n", []string{"5:9: |maps.kind is no parameter: write an entry of maps for each kind"}},
		{"preset: value", minimal + "presets: {laptop: {train: {epochs: 0}}}\n", []string{"4:36: |train.epochs|got 0 (preset laptop)"}},
		{"preset: no map has it", minimal + "presets: {laptop: {maps.resolution: 3}}\n", []string{"4:20: |nothing in maps to set it on"}},
		{"preset: twice", minimal + "presets: {laptop: {train: {epochs: 3}, train.epochs: 4}}\n", []string{"4:40: |train.epochs is given twice"}},
		{"preset: no mapping", minimal + "presets: {laptop: 3}\n", []string{"4:19: |a mapping of the changed fields"}},
		{"preset: scalar for a mapping", minimal + "presets: {laptop: {train: 3}}\n", []string{"4:27: |train: want a mapping of the changed fields"}},
		{"an error that presets share", minimal + "sweep: {trian.seed: [1]}\npresets: {a: {train: {epochs: 3}}, b: {train: {epochs: 4}}}\n", []string{"4:9: |did you mean train.seed?"}},
		{"an error that only presets have", minimal + "presets:\n  a: {maps: [{kind: line, points: 1}]}\n  b: {maps: [{kind: line, points: 1}]}\n", []string{"5:35: |got 1 (preset a)", "6:35: |got 1 (preset b)"}},
		{"tab", "name: a\n\ttitle: b\n", []string{"2:1: |tab|spaces"}},
		{"not UTF-8", "name: a\ntitle: \xff\n", []string{"2:8: |UTF-8"}},
		{"control character", "name: a\x00\n", []string{"1:8: |control character"}},
		{"anchor", "name: &a b\n", []string{"1:7: |anchors and aliases"}},
		{"alias", "name: *a\n", []string{"1:7: |anchors and aliases"}},
		{"tag", "name: !!str 3\n", []string{"1:7: |tags"}},
		{"merge", minimal + "<<: {name: b}\n", []string{"4:1: |merge keys"}},
		{"complex key", "? name\n: b\n", []string{"1:1: |complex keys"}},
		{"two documents", minimal + "---\n" + minimal, []string{"5:1: |a second YAML document"}},
		{"syntax", "name: [a\n", []string{"1:7: |not valid YAML"}},
		{"two keys on a line", "name: a: b\n", []string{"1:8: |second key on this line"}},
		{"deep flow", "name: " + strings.Repeat("[", 100) + "\n", []string{"1:31: |nested too deeply"}},
		{"deep list", strings.Repeat("- ", 100) + "\n", []string{"1:17: |nested too deeply"}},
		{"deep block", deepBlock(200), []string{"101:101: |indented by more than 100"}},
		{"many keys", strings.Repeat("a: 1\n", 5000), []string{"4001:2: |more than 4000 keys"}},
		{"large", "# " + strings.Repeat("x", 1<<20), []string{"1:1: |at most 131072"}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Parse("sweep.yaml", []byte(tc.src), catalog, "")
			var all syntax.Errors
			if !errors.As(err, &all) {
				t.Fatalf("got error %v, want Errors", err)
			}
			if len(all) != len(tc.want) {
				t.Fatalf("got %d errors, want %d:\n%v", len(all), len(tc.want), err)
			}
			for i, want := range tc.want {
				parts := strings.Split(want, "|")
				got := all[i].Error()
				if !strings.HasPrefix(got, "sweep.yaml:"+parts[0]) {
					t.Errorf("error %d is at another place:\ngot  %s\nwant sweep.yaml:%s", i, got, parts[0])
				}
				for _, part := range parts[1:] {
					if !strings.Contains(got, part) {
						t.Errorf("error %d: got %q, want it to say %q", i, got, part)
					}
				}
			}
		})
	}
}

func numbers(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprint(i)
	}
	return strings.Join(parts, ", ")
}

func deepBlock(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%sa:\n", strings.Repeat(" ", i))
	}
	return b.String()
}

// A file with very many errors reports the first of them.
func TestErrorsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(minimal)
	for i := range 100 {
		fmt.Fprintf(&b, "wrong%d: 1\n", i)
	}
	_, err := Parse("sweep.yaml", []byte(b.String()), catalog, "")
	var all syntax.Errors
	if !errors.As(err, &all) || len(all) != syntax.MaxErrors {
		t.Fatalf("got %d errors, want %d", len(all), syntax.MaxErrors)
	}
	if all[0].Line != 4 || all[len(all)-1].Line != 3+len(all) {
		t.Errorf("errors on lines %d to %d, want the first ones, from 4 on", all[0].Line, all[len(all)-1].Line)
	}
}

// TestUnknownPreset: a preset that the file does not have is a mistake of the command line; presets that can't be read are one of the file.
func TestUnknownPreset(t *testing.T) {
	for text, want := range map[string]string{
		minimal + "presets: {laptop: {train: {epochs: 3}}}\n": "sweep.yaml has no preset labtop; did you mean laptop?; it has laptop",
		minimal: "sweep.yaml has no preset labtop; the file has no presets",
	} {
		_, err := Parse("sweep.yaml", []byte(text), catalog, "labtop")
		var missing *PresetError
		if !errors.As(err, &missing) || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	var inFile syntax.Errors
	if _, err := Parse("sweep.yaml", []byte(minimal+"presets: {laptop: 3}\n"), catalog, "labtop"); !errors.As(err, &inFile) {
		t.Errorf("got %v", err)
	}
}
