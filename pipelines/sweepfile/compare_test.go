package sweepfile

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
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

// TestSelectorSpelling: names of experiments may be spelled as in tables.
func TestSelectorSpelling(t *testing.T) {
	const file = `name: s
dataset: {name: shapes10, train: 64, test: 64}
train: {epochs: 1, batch_size: 64}
sweep: {train.net: [{small: {width: 4}}, {small: {width: 8}}]}
figures: [{kind: norms, of: [%s]}]
`
	want := mustExpand(t, fmt.Sprintf(file, "small_width_8"), "").Final
	if got := mustExpand(t, fmt.Sprintf(file, `"small:width=8"`), "").Final; !reflect.DeepEqual(got, want) {
		t.Errorf("steps %v, want %v", got, want)
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

const curved = `name: two
dataset: {name: cifar10, train: 500}
train: {net: resnet20, epochs: 8, checkpoints: 1, average: swa, optimizer: {lr: 0.05}}
sweep: {train.seed: [1, 2]}
compare:
  - {kind: curve, between: [{train.seed: 1}, {train.seed: 2}], points: 5, align: weights, surface: true, resolution: 3}
`

// TestCurveSteps: the bend is trained as the first experiment, between the ends as they are aligned, and mapped next to the straight line.
func TestCurveSteps(t *testing.T) {
	steps := make(map[string]pipelines.Step)
	g := mustExpand(t, curved, "")
	for _, s := range g.Final {
		steps[s.ID] = s
	}
	if g.Comparisons[0].Curve != pipelines.CurveBezier {
		t.Errorf("the page is told of the curve %q", g.Comparisons[0].Curve)
	}
	bend := pipelines.Ref{Step: "curve/bend", Output: pipelines.OutWeights}
	for id, want := range map[string]map[string]string{
		"curve/bend":            {"weights": "seed=1/train", "toward_x": "curve/align-b"},
		"curve/line-directions": {"weights": "seed=1/train", "toward_x": "curve/align-b"},
		"curve/directions":      {"weights": "seed=1/train", "toward_x": "curve/align-b", "toward_y": bend.Step},
		"curve/line-test":       {"weights": "seed=1/train", "directions": "curve/line-directions"},
		"curve/test":            {"weights": "seed=1/train", "directions": "curve/directions"},
		"curve/plane-test":      {"weights": "seed=1/train", "directions": "curve/plane-directions"},
		"curve/plot":            {"train": "curve/train", "test": "curve/test", "line-train": "curve/line-train", "line-test": "curve/line-test"},
	} {
		got := make(map[string]string)
		for name, ref := range steps[id].Inputs {
			got[name] = ref.Step
		}
		if !maps.Equal(got, want) {
			t.Errorf("%s has the inputs %v, want %v", id, got, want)
		}
	}
	for id, want := range map[string]string{
		"curve/test": `"curve":"bezier"`, "curve/line-test": `"x":{"min":0,"max":1,"n":5}`, "curve/plane-train": `"y":{"min":-0.5,"max":1.5,"n":3}`,
		"curve/plane-train-contour": `{"x":0,"y":1,"label":"θ"}],"curve":"bezier"`, "curve/train": `"batchnorm":{"recompute":500,"size":128}`,
	} {
		if !strings.Contains(string(steps[id].Params), want) {
			t.Errorf("%s has the parameters %s, want %s", id, steps[id].Params, want)
		}
	}
	if strings.Contains(string(steps["curve/line-test"].Params), "curve") {
		t.Error("the straight line runs along the curve")
	}

	for change, want := range map[string]pipelines.CurveParams{
		"":                                   {Shape: "bezier", TrainParams: pipelines.TrainParams{Epochs: 8, Optimizer: pipelines.Optimizer{LR: 0.05, Schedule: []pipelines.Drop{{Epoch: 4, Factor: 0.1}, {Epoch: 6, Factor: 0.1}, {Epoch: 7, Factor: 0.1}}}}},
		"shape: polygon, train: {epochs: 4}": {Shape: "polygon", TrainParams: pipelines.TrainParams{Epochs: 4, Optimizer: pipelines.Optimizer{LR: 0.05, Schedule: []pipelines.Drop{{Epoch: 2, Factor: 0.1}, {Epoch: 3, Factor: 0.1}}}}},
		"train: {optimizer: {lr: 0.3, schedule: {5: 0.5}}}": {Shape: "bezier", TrainParams: pipelines.TrainParams{Epochs: 8, Optimizer: pipelines.Optimizer{LR: 0.3, Schedule: []pipelines.Drop{{Epoch: 5, Factor: 0.5}}}}},
	} {
		var got pipelines.CurveParams
		for _, s := range mustExpand(t, strings.Replace(curved, "points: 5", strings.TrimSuffix("points: 5, "+change, ", "), 1), "").Final {
			if s.Kind == pipelines.KindCurve {
				if err := json.Unmarshal(s.Params, &got); err != nil {
					t.Fatal(err)
				}
			}
		}
		if got.Shape != want.Shape || got.Epochs != want.Epochs || got.Optimizer.LR != want.Optimizer.LR || !slices.Equal(got.Optimizer.Schedule, want.Optimizer.Schedule) {
			t.Errorf("%s: %+v, want %+v", change, got, want)
		}
		if got.Data.Train != 500 || got.Data.Test != 0 || got.Checkpoints != nil || got.Average != nil {
			t.Errorf("%s: the bend is trained with %+v", change, got)
		}
	}
}

// TestCurveMistakes checks that each mistake is reported at its place.
func TestCurveMistakes(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{"surface: true", "surface: false", "resolution is that of the plane of the curve; write surface: true"},
		{"points: 5", "points: 5, shape: circle", "compare.shape"},
		{"points: 5", "points: 5, weight_decay: 0.1", "a map of kind curve has no weight_decay"},
		{"points: 5", "points: 5, states: false", "a map of kind curve has no states"},
		{"points: 5", "points: 5, train: {optimizer: {kind: adam, nesterov: true}}", "nesterov belongs to"},
		{"kind: curve", "kind: interpolation", "has no surface"},
	} {
		_, err := Parse("two.yaml", []byte(strings.Replace(curved, test.old, test.new, 1)), catalog, "")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v\nwant %s", test.new, err, test.want)
		}
	}
}

// TestMatchSteps: activations are compared over training images, in batches that leave out few of them.
func TestMatchSteps(t *testing.T) {
	for _, s := range mustExpand(t, strings.Replace(curved, "align: weights", "align: activations", 1), "").Final {
		if s.Kind != pipelines.KindMatch {
			continue
		}
		var p pipelines.MatchParams
		if err := json.Unmarshal(s.Params, &p); err != nil {
			t.Fatal(err)
		}
		if s.ID != "curve/match-b" || s.Inputs["toward_x"].Step != "seed=2/train" || p.Data.Split != "train" || p.Data.To != 500 || p.Batch != 125 {
			t.Errorf("%s of %v: %+v", s.ID, s.Inputs, p)
		}
		return
	}
	t.Error("no step matches units")
}

const many = `name: many
dataset: {name: cifar10, train: 5000}
train: {net: resnet20, epochs: 2}
sweep: {train.batch_size: [128, 512], train.seed: [1, 2]}
compare:
  - {kind: barriers, align: weights}
`

// TestBarriersSteps: each pair has a line over each split, between minimizers that are aligned with each other, and the step that measures the pairs runs
// without those that failed.
func TestBarriersSteps(t *testing.T) {
	g := mustExpand(t, many+"figures: [{kind: scatter, measure: barrier, of: [{train.batch_size: 512}, \"batch_size=128,seed=2\"]}]\n", "")
	steps, lines := make(map[string]pipelines.Step), 0
	for _, s := range g.Final {
		if steps[s.ID] = s; s.At.Role == pipelines.RoleLine {
			lines++
		}
	}
	if lines != 12 {
		t.Errorf("%d lines between four minimizers, over two splits", lines)
	}
	for id, want := range map[string]map[string]string{
		"barriers/2-4-directions": {"weights": "barriers/align-2", "toward_x": "barriers/align-2-4"},
		"barriers/align-2-4":      {"weights": "barriers/align-2", "toward_x": "barriers/align-4"},
		"barriers/1-4-directions": {"weights": "batch_size=128,seed=1/train", "toward_x": "barriers/align-4"},
		"barriers/1-3-test":       {"weights": "batch_size=128,seed=1/train", "directions": "barriers/1-3-directions"},
		"barriers/test-layout":    {"pairs": "barriers/test-pairs"},
	} {
		for name, step := range want {
			if got := steps[id].Inputs[name].Step; got != step {
				t.Errorf("%s: the input %s is of %q, want %s", id, name, got, step)
			}
		}
	}
	measured := steps["barriers/train-pairs"]
	if measured.Inputs["weights-0"].Step != "batch_size=128,seed=1/train" || measured.Inputs["grid-1-3"].Step != "barriers/2-4-train" || measured.Inputs["weights-1-3"].Step != "barriers/align-2-4" || len(measured.Inputs) != 13 || !measured.Partial {
		t.Errorf("pairs are measured of %v", measured.Inputs)
	}
	if !strings.Contains(string(measured.Params), `"names":["batch_size=128, seed=1"`) || !strings.Contains(string(steps["barriers/1-2-train"].Params), `"x":{"min":0,"max":1,"n":25}`) {
		t.Errorf("parameters %s", measured.Params)
	}
	if scatter := steps["figures/scatter"]; len(scatter.Inputs) != 9 || scatter.Inputs["2/grid"].Step != "barriers/3-4-train" || scatter.Inputs["2/log-a"].Step != "batch_size=512,seed=1/train" {
		t.Errorf("the scatter plot has the inputs %v", scatter.Inputs)
	}
	if c := g.Comparisons[0]; !c.Pairs || len(c.Between) != 4 || c.Label(3) != "4" {
		t.Errorf("the comparison is %+v", c)
	}
	some := mustExpand(t, strings.Replace(many, "align: weights", "of: [{train.seed: 2}], points: 5, splits: test, name: b", 1), "")
	if c := some.Comparisons[0]; c.Name != "b" || !slices.Equal(c.Between, []string{"batch_size=128,seed=2", "batch_size=512,seed=2"}) {
		t.Errorf("the comparison of some is %+v", c)
	}
}

// TestBarriersMistakes checks that each mistake is reported at its place.
func TestBarriersMistakes(t *testing.T) {
	for _, test := range []struct{ old, new, want string }{
		{"align: weights", "of: [\"batch_size=128,seed=1\"]", "6:26: compare: barriers between experiments, of which there are 1; 2 to 32 are allowed"},
		{"train.seed: [1, 2]", "train.seed: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]", "6:5: compare: barriers between experiments, of which there are 34; 2 to 32"},
		{"train.seed: [1, 2]", "train.net: [resnet20, vgg9]", "are different networks, whose weights don't lie on one line; choose equal ones by of"},
		{"align: weights", "of: [{train.seed: 3}]", "6:27: compare: no experiment is train.seed=3"},
		{"align: weights", "resolution: 3", "a map of kind barriers has no resolution"},
		{"align: weights", "range: [0, 2]", "a map of kind barriers has no range"},
		{"  - {kind: barriers, align: weights}", "  - {kind: interpolation, between: [{train.seed: 1}, {train.seed: 2}]}\nplots: [layout]", "plots: layout needs a map of kind barriers; add one to compare"},
		{"weights}", "weights}\nfigures: [{kind: lines, map: barriers}]", "barriers is a map of kind barriers; lines needs one of kind line"},
	} {
		_, err := Parse("many.yaml", []byte(strings.Replace(many, test.old, test.new, 1)), catalog, "")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v\nwant %s", test.new, err, test.want)
		}
	}
}
