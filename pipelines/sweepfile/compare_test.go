package sweepfile

import (
	"encoding/json"
	"strings"
	"testing"

	"lossatlas/pipelines"
)

const compared = `name: two
dataset: {name: cifar10}
train: {net: resnet20, epochs: 1}
sweep:
  train.batch_size: [128, 512, 2048]
  train.seed: [1, 2]
compare:
  - {kind: interpolation, between: [{train.batch_size: 128}, {train.batch_size: 512}], points: 5, images: 64}
  - {kind: plane, through: ["batch_size=128,seed=1", "batch_size=512,seed=1", "batch_size=2048,seed=2"], resolution: 3, states: false, x: [-1, 2]}
`

// TestAlignedEnds: the minimizers but the first are those of steps that permute their units, and nothing else changes.
func TestAlignedEnds(t *testing.T) {
	plain, aligned := mustExpand(t, compared, ""), mustExpand(t, strings.ReplaceAll(compared, "resolution: 3,", "resolution: 3, align: weights,"), "")
	steps := make(map[string]pipelines.Step)
	for _, s := range aligned.Final {
		steps[s.ID] = s
	}
	for letter, toward := range map[string]string{"b": pipelines.InTowardX, "c": pipelines.InTowardY} {
		id := "plane/align-" + letter
		if got := steps["plane/directions"].Inputs[toward]; got != (pipelines.Ref{Step: id, Output: pipelines.OutWeights}) {
			t.Errorf("%s of the plane is %v", toward, got)
		}
		if s := steps[id]; s.Kind != pipelines.KindAlign || s.Inputs[pipelines.OutWeights].Step != "batch_size=128,seed=1/train" {
			t.Errorf("%s: kind %q, inputs %v", id, s.Kind, s.Inputs)
		}
	}
	if n := len(aligned.Final) - len(plain.Final); n != 2 {
		t.Errorf("the alignment of two minimizers adds %d steps", n)
	}
}

// TestCompare checks which experiments are compared: those that differ in what the
// selectors name and agree in the rest.
func TestCompare(t *testing.T) {
	g := mustExpand(t, compared, "")
	inputs := make(map[string]map[string]pipelines.Ref)
	kinds := make(map[string]pipelines.Kind)
	var params map[string]json.RawMessage
	for _, s := range g.Final {
		inputs[s.ID], kinds[s.ID] = s.Inputs, s.Kind
		if s.ID == "plane/directions" {
			if err := json.Unmarshal(s.Params, &params); err != nil {
				t.Fatal(err)
			}
		}
	}
	for id, want := range map[string]map[string]string{
		"interpolation,seed=1/directions": {"weights": "batch_size=128,seed=1/train", "toward_x": "batch_size=512,seed=1/train"},
		"interpolation,seed=2/directions": {"weights": "batch_size=128,seed=2/train", "toward_x": "batch_size=512,seed=2/train"},
		"interpolation,seed=1/test":       {"weights": "batch_size=128,seed=1/train", "directions": "interpolation,seed=1/directions"},
		"plane/directions":                {"weights": "batch_size=128,seed=1/train", "toward_x": "batch_size=512,seed=1/train", "toward_y": "batch_size=2048,seed=2/train"},
	} {
		if len(inputs[id]) != len(want) {
			t.Errorf("%s has the inputs %v, want %v", id, inputs[id], want)
		}
		for name, step := range want {
			if inputs[id][name].Step != step {
				t.Errorf("%s: input %s comes from %q, want %q", id, name, inputs[id][name].Step, step)
			}
		}
	}
	if kinds["interpolation,seed=1/train"] != pipelines.KindLine || kinds["plane/train"] != pipelines.KindSurface || string(params["states"]) != "false" {
		t.Errorf("kinds %v, states %s", kinds, params["states"])
	}
	report := g.Final[len(g.Final)-1]
	if report.Kind != pipelines.KindReport || report.Inputs["plane/train-contour/svg"].Step != "plane/train-contour" {
		t.Errorf("the last step is %s with %d inputs", report.ID, len(report.Inputs))
	}
	// What is between two trainings is the same work whatever else is compared.
	if alone := mustExpand(t, compared[:strings.Index(compared, "  - {kind: plane")], ""); string(alone.Final[1].Params) != string(g.Final[1].Params) {
		t.Error("another comparison changes the interpolation")
	}
}

// TestCompareMistakes checks that each mistake is reported at its place.
func TestCompareMistakes(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{"{train.batch_size: 512}", "{train.batch_size: 500}", "8:62: compare: no experiment is train.batch_size=500; the experiments are batch_size=128,seed=1"},
		{"{train.batch_size: 512}", "{train.seed: 2}", "8:62: compare: train.seed=2 is several experiments"},
		{"{train.batch_size: 512}", "{train.batch: 512}", "8:63: compare.between: unknown parameter train.batch"},
		{"{train.batch_size: 512}", "{train.batch_size: 128}", "8:62: compare: batch_size=128,seed=1 is compared with itself"},
		{", {train.batch_size: 512}]", "]", "8:36: compare.between: want a list of 2 experiments"},
		{`"batch_size=512,seed=1"`, `"batch_size=512,seed=3"`, "9:54: compare: no experiment is batch_size=512,seed=3; did you mean batch_size=512,seed=1?"},
		{"resolution: 3", "points: 3", "compare: a map of kind plane has no points"},
		{"kind: plane", "kind: interpolation, name: b", "has no through"},
		{"between: [{train.batch_size: 128}, {train.batch_size: 512}], ", "", "8:5: compare: between is missing"},
		{"kind: plane", "kind: plane, name: interpolation", "9:5: compare: two comparisons with the name interpolation"},
		{"train.seed: [1, 2]", "train.net: [resnet20, vgg9]", "compare"},
	} {
		_, err := Parse("two.yaml", []byte(strings.Replace(compared, test.old, test.new, 1)), catalog, "")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v\nwant %s", test.new, err, test.want)
		}
	}
	different := "name: two\ndataset: {name: cifar10}\ntrain: {net: vgg9}\nsweep: {train.net: [resnet20, vgg9]}\n" +
		"compare: [{kind: interpolation, between: [resnet20, vgg9]}]\n"
	if _, err := Parse("two.yaml", []byte(different), catalog, ""); err == nil || !strings.Contains(err.Error(), "5:53: compare: resnet20 and vgg9 are different networks") {
		t.Errorf("two networks: %v", err)
	}
	preset := compared + "presets: {small: {compare: {images: 32, plane.resolution: 2}}, wrong: {compare: {plane: {pints: 3}}}}\n"
	if _, err := Parse("two.yaml", []byte(preset), catalog, "small"); err == nil || !strings.Contains(err.Error(), "unknown key pints in compare; did you mean points?") {
		t.Errorf("a wrong preset: %v", err)
	}
	g := mustExpand(t, strings.Replace(preset, ", wrong: {compare: {plane: {pints: 3}}}", "", 1), "small")
	for _, s := range g.Final {
		if s.ID == "plane/train" && (!strings.Contains(string(s.Params), `"n":2`) || !strings.Contains(string(s.Params), `"to":32`)) {
			t.Errorf("the preset is not applied: %s", s.Params)
		}
	}
}
