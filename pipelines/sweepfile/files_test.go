package sweepfile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/pipelines"
	"lossatlas/pipelines/syntax"
)

// What a preset does to every kind of value.
func TestPreset(t *testing.T) {
	const src = `name: one
dataset: {name: cifar10, train: 50000}
train:
  net: resnet20
  optimizer: {lr: 0.1, schedule: {150: 0.1, 225: 0.1}}
  augment: false
sweep:
  train.batch_size: [128, 8192]
  train.seed: [1, 2]
maps:
  - {kind: line, points: 401}
  - {kind: surface}
  - {kind: surface, name: near, range: [-0.1, 0.1]}
presets:
  laptop:
    dataset: {train: 1000}
    train: {optimizer: {schedule: {2: 0.5}}, augment: }
    sweep: {train.batch_size: [32], train.seed: }
    maps: {resolution: 17, near: {resolution: [9, 5]}}
    maps.line.points: 41
`
	s := mustParse(t, src, "laptop")
	if got := s.Experiments(); len(got) != 1 || got[0] != "batch_size=32" {
		t.Fatalf("experiments %v, want one with batches of 32", got)
	}
	cfg := s.experiments[0].config
	if cfg.Dataset.Train != 1000 || cfg.Dataset.Test != 10000 {
		t.Errorf("dataset %+v, want 1000 training images and the default of test images", cfg.Dataset)
	}
	if diff := cmp.Diff([]pipelines.Drop{{Epoch: 2, Factor: 0.5}}, cfg.Train.Optimizer.Schedule.Drops); diff != "" {
		t.Errorf("the schedule is not replaced (-want +got):\n%s", diff)
	}
	if *cfg.Train.Optimizer.LR != 0.1 {
		t.Errorf("lr %v, want the file's 0.1", *cfg.Train.Optimizer.LR)
	}
	if !*cfg.Train.Augment {
		t.Error("augment is not back at its default, true")
	}
	if got := cfg.Maps[0].Points; got != 41 {
		t.Errorf("points %d, want 41", got)
	}
	if got := cfg.Maps[1].Resolution; got != [2]int{17, 17} {
		t.Errorf("resolution %v, want 17", got)
	}
	if got := cfg.Maps[2].Resolution; got != [2]int{9, 5} {
		t.Errorf("resolution of the named map %v, want 9 and 5", got)
	}
	if got := len(mustParse(t, src, "").Experiments()); got != 4 {
		t.Errorf("%d experiments without preset, want 4", got)
	}
}

// fileCatalog has the networks that the sweep files of this folder name.
var fileCatalog = Catalog{
	Nets: []string{
		"small", "vgg9", "densenet121", "resnet20", "resnet32", "resnet44", "resnet56", "resnet110", "resnet20-noshort", "resnet32-noshort", "resnet44-noshort", "resnet56-noshort", "resnet110-noshort",
		"wrn56-2", "wrn56-4", "wrn56-8", "wrn56-2-noshort", "wrn56-4-noshort", "wrn56-8-noshort",
	},
	Datasets: catalog.Datasets,
}

// readFile reads a sweep file of this folder.
func readFile(t *testing.T, file, preset string) *Sweep {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", filepath.Base(file)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(file, src, fileCatalog, preset)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// expandFile expands one.
func expandFile(t *testing.T, file, preset string) *pipelines.Graph {
	t.Helper()
	g, err := readFile(t, file, preset).Expand(digest)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// The sweep files of this folder are right, in every preset.
func TestSweepFiles(t *testing.T) {
	files, err := filepath.Glob("../*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %v (%v), want at least three sweep files", files, err)
	}
	for _, file := range files {
		s := readFile(t, file, "")
		if want := strings.TrimSuffix(filepath.Base(file), ".yaml"); s.Name != want {
			t.Errorf("%s: name %s, want %s", file, s.Name, want)
		}
		for _, preset := range append([]string{""}, s.Presets...) {
			if got := len(readFile(t, file, preset).Experiments()); got < 2 {
				t.Errorf("%s, preset %q: %d experiments, want a comparison", file, preset, got)
			}
			expandFile(t, file, preset)
		}
	}
}

// The sizes of the paper are what the files of its figures say in their preset of that name.
func TestPaperSizes(t *testing.T) {
	for _, c := range []struct{ file, preset string }{{"table1", "paper"}, {"table1", "figure13"}, {"depth", "paper"}, {"width", "paper"}, {"curvature", "paper"}} {
		for _, e := range readFile(t, c.file+".yaml", c.preset).experiments {
			tr := e.config.Train
			if tr.Epochs != 300 || e.config.Dataset.Train != 50000 || e.config.Dataset.Test != 10000 || !*tr.Augment {
				t.Errorf("%s: %s: %+v of %+v", c.file, e.name, tr, e.config.Dataset)
			}
			want := []pipelines.Drop{{Epoch: 150, Factor: 0.1}, {Epoch: 225, Factor: 0.1}, {Epoch: 275, Factor: 0.1}}
			if diff := cmp.Diff(want, tr.Optimizer.Schedule.Drops); diff != "" {
				t.Errorf("%s: schedule (-want +got):\n%s", c.file, diff)
			}
		}
	}
}

// The example of the package comment is a right sweep file.
func TestDocExample(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var src strings.Builder
	for line := range strings.Lines(string(doc)) {
		if text, ok := strings.CutPrefix(line, "//\t"); ok {
			src.WriteString(text)
		}
	}
	var want []string
	for _, e := range []string{"batch_size=128,vgg9,lr=0.1", "batch_size=128,small,lr=0.01", "batch_size=8192,vgg9,lr=0.1", "resnet20"} {
		want = append(want, e+",seed=1", e+",seed=2")
	}
	for _, preset := range []string{"", "laptop"} {
		if diff := cmp.Diff(want, mustParse(t, src.String(), preset).Experiments()); diff != "" {
			t.Errorf("preset %q: experiments (-want +got):\n%s", preset, diff)
		}
	}
}

// FuzzParse: whatever the file holds, parsing ends with a sweep that expands or
// with errors that have places.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src, "laptop")
	}
	for _, src := range []string{minimal, "", "a", "- - -", "{", "[[[[", "? a", "&a *a", "a: |\n  b", "a: >\n", "\"", "a: b: c", "%YAML", "---\n...\n", "name:\n- a\n", "!", "a:\r\n b", "\xef\xbb\xbfa: 1",
		"maps: {a: 1}\nsweep: {maps.range: [[1,2]]}", "a: 'x\n y'", "{a: {b: {c: [}]}}", "presets: {a: {sweep: {zip: []}}}", "sweep: {include: [{train.seed: 1}], exclude: [{}]}",
		"variables: {a: 3, b: [1, 2]}\nrepeats: $a\nsweep: [{train.batch_size: $b}, {}]\npresets: {a: {variables: {a: 2}, sweep: [{variables.a: [1]}]}}",
		"variables: {s: 1, w: [$s]}\nnetworks: {n: [{conv: $w}, $s]}\nsweep: {variables.s: [1, x, [2]], zip: {variables.w: [1, 1, 2]}}\nrepeats: {variables.s: [$w]}",
		"maps: [{kind: line, seed: $s}]\nvariables: {s: 1}\nrepeats: {train.seed: [1, 2], maps.line.seed: [4]}\ncompare: [{kind: interpolation, between: [{train.seed: 1}, {train.seed: 2}]}]\npresets: {a: {repeats: {maps.seed: [2], train.seed: }}}",
		"repeats: {variables.seed: [9, 8]}\nvariables: {seed: 1}\ntitle: $seed\nmaps: $seed", "variables: {a: {b: c}}\ntitle: $"} {
		f.Add([]byte(src), "")
		f.Add([]byte(minimal+src), "a")
	}
	f.Fuzz(func(t *testing.T, src []byte, preset string) {
		s, err := Parse("f.yaml", src, catalog, preset)
		if missing := (*PresetError)(nil); errors.As(err, &missing) {
			s, err = Parse("f.yaml", src, catalog, "")
		}
		if err == nil {
			if _, err := s.Expand(digest); err != nil {
				t.Fatalf("parsed, but does not expand: %v", err)
			}
			return
		}
		var all syntax.Errors
		if !errors.As(err, &all) || len(all) == 0 || len(all) > syntax.MaxErrors {
			t.Fatalf("got %v, want 1 to %d errors", err, syntax.MaxErrors)
		}
		lines := strings.Count(string(src), "\n") + 1
		for _, e := range all {
			if e.Line < 1 || e.Line > lines || e.Column < 1 || e.Message == "" || strings.Contains(e.Message, "\n") {
				t.Errorf("a bad error: %+v (the file has %d lines)", e, lines)
			}
		}
	})
}
