package sweepfile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/pipelines"
)

const followed = "name: one\ndataset: {name: cifar10}\ntrain: {net: resnet20, epochs: 6, checkpoints: 2}\n"

// A map of kind trajectory reads the checkpoints of its training, fits the
// surface to the path unless told otherwise, and has one picture of both.
func TestTrajectoryMap(t *testing.T) {
	steps := stepsOf(t, followed+"maps: [{kind: trajectory, resolution: [5, 3], images: 64, seed: 7, margin: 0.5}]\n")
	path := steps["trajectory-path"]
	var got pipelines.TrajectoryParams
	if err := json.Unmarshal(path.Params, &got); err != nil {
		t.Fatal(err)
	}
	want := pipelines.TrajectoryParams{Net: "resnet20", Ignore: "biasbn", Normalize: "filter", Seed: 7, Epochs: []int{0, 2, 4, 6}, RateChanges: []int{3, 4, 5}}
	if d := cmp.Diff(want, got); d != "" || path.Kind != pipelines.KindTrajectory {
		t.Errorf("a step of kind %s (-want +got):\n%s", path.Kind, d)
	}
	inputs := map[string]pipelines.Ref{
		"weights": {Step: "one/train", Output: pipelines.OutWeights}, "checkpoint-00000": {Step: "one/train", Output: "checkpoint-00000"},
		"checkpoint-00002": {Step: "one/train", Output: "checkpoint-00002"}, "checkpoint-00004": {Step: "one/train", Output: "checkpoint-00004"},
	}
	if d := cmp.Diff(inputs, path.Inputs); d != "" {
		t.Errorf("inputs of the path (-want +got):\n%s", d)
	}
	surface := steps["trajectory-train"]
	var mp pipelines.MapParams
	if err := json.Unmarshal(surface.Params, &mp); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&pipelines.Fit{X: true, Y: true, Margin: 0.5}, mp.Fit); d != "" || mp.X != (pipelines.Axis{N: 5}) || *mp.Y != (pipelines.Axis{N: 3}) || surface.Kind != pipelines.KindSurface {
		t.Errorf("a %s over %+v and %+v, fit (-want +got):\n%s", surface.Kind, mp.X, mp.Y, d)
	}
	if surface.Inputs["path"] != (pipelines.Ref{Step: "one/trajectory-path", Output: pipelines.OutPath}) || surface.Inputs["directions"] != (pipelines.Ref{Step: "one/trajectory-path", Output: pipelines.OutDirections}) {
		t.Errorf("inputs of the surface: %v", surface.Inputs)
	}
	if p := steps["trajectory-train-plot"]; p.Kind != pipelines.KindRender || len(p.Inputs) != 3 || p.Inputs["losses"].Step != "one/trajectory-train-losses" {
		t.Errorf("the picture is %+v", p)
	}

	// An axis that is given is not fitted; with both there is nothing to fit.
	for spelled, fit := range map[string]*pipelines.Fit{"x: [-3, 4]": {Y: true, Margin: 0.15}, "x: [-3, 4], y: [-1, 2]": nil} {
		surface := stepsOf(t, followed+"maps: [{kind: trajectory, resolution: 5, "+spelled+"}]\n")["trajectory-train"]
		mp := pipelines.MapParams{}
		if err := json.Unmarshal(surface.Params, &mp); err != nil {
			t.Fatal(err)
		}
		if _, ok := surface.Inputs["path"]; ok != (fit != nil) || cmp.Diff(fit, mp.Fit) != "" || mp.X != (pipelines.Axis{Min: -3, Max: 4, N: 5}) {
			t.Errorf("%s: fit %+v, inputs %v", spelled, mp.Fit, surface.Inputs)
		}
	}
}

func stepsOf(t *testing.T, src string) map[string]pipelines.Step {
	t.Helper()
	steps := map[string]pipelines.Step{}
	for _, p := range mustExpand(t, src, "").All() {
		_, name, _ := strings.Cut(p.Step.ID, "/")
		steps[name] = p.Step
	}
	return steps
}

// Ways to say which checkpoints are kept: the same epochs are the same
// training, and a training that keeps none is the one without the field.
func TestCheckpoints(t *testing.T) {
	train := func(field string) (pipelines.TrainParams, string) {
		t.Helper()
		g := mustExpand(t, "name: one\ndataset: {name: cifar10}\ntrain: {net: resnet20, epochs: 6"+field+"}\n", "")
		var p pipelines.TrainParams
		if err := json.Unmarshal(g.Experiments[0].Steps[0].Params, &p); err != nil {
			t.Fatal(err)
		}
		return p, keysOf(t, g)["one/train"].String()
	}
	_, none := train("")
	for field, want := range map[string][]int{
		", checkpoints: 1": {0, 1, 2, 3, 4, 5}, ", checkpoints: 2": {0, 2, 4}, ", checkpoints: [6]": nil, ", checkpoints: 100": {0},
	} {
		p, key := train(field)
		if d := cmp.Diff(want, p.Checkpoints); d != "" {
			t.Errorf("%s (-want +got):\n%s", field, d)
		}
		if (key == none) != (want == nil) {
			t.Errorf("%s: the key of the training is that of one without checkpoints: %v", field, key == none)
		}
	}
	_, every := train(", checkpoints: 2")
	_, listed := train(", checkpoints: [4, 0, 6, 2]")
	if every != listed {
		t.Error("the same epochs, said in two ways, are two trainings")
	}
}

// Checkpoints can be swept, and name their experiments.
func TestSweptCheckpoints(t *testing.T) {
	s := mustParse(t, followed+"sweep: {train.checkpoints: [1, [5, 0]]}\nmaps: [{kind: trajectory, margin: 0.2}]\npresets: {wide: {maps.margin: 1, train.checkpoints: 3}}\n", "wide")
	if d := cmp.Diff([]string{"checkpoints=1", "checkpoints=0_5"}, s.Experiments()); d != "" {
		t.Errorf("experiments (-want +got):\n%s", d)
	}
	for i, want := range [][]int{{0, 1, 2, 3, 4, 5}, {0, 5}} {
		cfg := s.experiments[i].config
		if d := cmp.Diff(want, cfg.Train.kept()); d != "" || cfg.Maps[0].Margin != 1 {
			t.Errorf("margin %g, checkpoints (-want +got):\n%s", cfg.Maps[0].Margin, d)
		}
	}
}

func TestTrajectoryErrors(t *testing.T) {
	const plain = "name: one\ndataset: {name: cifar10}\ntrain: {net: resnet20, epochs: 6%}\n"
	const follow = "maps: [{kind: trajectory}]\n"
	for _, c := range []struct{ train, maps, want string }{
		{"", follow, "4:15: maps: a map of kind trajectory needs the weights along the training; write checkpoints: 1 under train"},
		{", checkpoints: [0, 6]", follow, "4:15: maps: a map of kind trajectory needs at least 2 checkpoints before the last epoch, train.checkpoints keeps 1 of 6 epochs"},
		{", checkpoints: 0", "", "3:48: train.checkpoints: want a whole number from 1 to 100000, got 0"},
		{", checkpoints: [1, 1]", "", "3:52: train.checkpoints: epoch 1 is listed twice"},
		{", checkpoints: [1, 7]", "", "3:48: train.checkpoints names epoch 7, but train.epochs is 6"},
		{", checkpoints: {a: 1}", "", "3:48: train.checkpoints: want a number n for every n-th epoch, or a list"},
		{", checkpoints: []", "", "train.checkpoints: want a number n"},
		{", checkpoints: 1", "maps: [{kind: trajectory, range: [0, 1]}]\n", "4:27: maps: a map of kind trajectory has no range"},
		{", checkpoints: 1", "maps: [{kind: surface, margin: 1}]\n", "only trajectory has"},
		{", checkpoints: 1", "maps: [{kind: trajectory, margin: 0.2, x: [0, 1], y: [0, 1]}]\n", "margin has no effect where both x and y are given"},
		{"", "maps: [{kind: surface}]\nplots: [trajectory]\n", "trajectory needs a map of kind trajectory"},
	} {
		src := strings.Replace(plain, "%", c.train, 1) + c.maps
		if _, err := Parse("sweep.yaml", []byte(src), catalog, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%sthe error is %v, want one that says %q", src, err, c.want)
		}
	}
	for src, want := range map[string]string{
		"name: one\ndataset: {name: cifar10}\ntrain: {net: resnet20, import: a.npz}\n" + follow:        "follows a training, but the weights are imported",
		"name: one\ndataset: {name: cifar10}\ntrain: {net: resnet20, import: a.npz, checkpoints: 1}\n": "train.checkpoints has no effect with train.import",
		"name: one\ndataset: {name: cifar10}\ntrain: {net: resnet20, epochs: 5000, checkpoints: 2}\n":  "keeps the weights of 2501 epochs; at most 1000 are allowed: keep every 6-th",
	} {
		if _, err := Parse("sweep.yaml", []byte(src), catalog, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%sthe error is %v, want one that says %q", src, err, want)
		}
	}
}

const optimizers = "name: one\ndataset: {name: cifar10}\ntrain: {net: resnet20, epochs: 6, checkpoints: 2}\nsweep: {train.optimizer.kind: [sgd, adam]}\n"

// A comparison of trajectories has one path step over all trainings, a surface around the end of the first, and the losses
// at all points.
func TestComparedTrajectories(t *testing.T) {
	g := mustExpand(t, optimizers+"compare: [{kind: trajectory, of: [{train.optimizer.kind: sgd}, {train.optimizer.kind: adam}], resolution: 5, images: 64}]\n", "")
	steps := map[string]pipelines.Step{}
	for _, p := range g.All() {
		steps[p.Step.ID] = p.Step
	}
	path := steps["trajectory/path"]
	var tp pipelines.TrajectoryParams
	if err := json.Unmarshal(path.Params, &tp); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]pipelines.OtherPath{{Epochs: []int{0, 2, 4, 6}, RateChanges: []int{3, 4, 5}}}, tp.Others); d != "" || len(path.Inputs) != 8 {
		t.Errorf("%d inputs, other paths (-want +got):\n%s", len(path.Inputs), d)
	}
	if got, want := path.Inputs["b/checkpoint-00002"], (pipelines.Ref{Step: "kind=adam/train", Output: "checkpoint-00002"}); got != want {
		t.Errorf("the second training's input is %v, want %v", got, want)
	}
	if got, want := steps["trajectory/train"].Inputs["weights"], (pipelines.Ref{Step: "kind=sgd/train", Output: "weights"}); got != want {
		t.Errorf("the surface is around %v, want %v", got, want)
	}
	var along pipelines.PathLossParams
	if err := json.Unmarshal(steps["trajectory/train-losses"].Params, &along); err != nil || !cmp.Equal(along.Points, tp.Points()) || along.Data.To != 64 {
		t.Errorf("losses of %+v, %v", along, err)
	}
	if p := steps["trajectory/train-plot"]; len(p.Inputs) != 3 || p.Caption != "Paths of the trainings over the training loss" {
		t.Errorf("the picture is %+v", p)
	}
	if c := g.Comparisons[0]; c.Marks() != nil || !cmp.Equal(c.Between, []string{"kind=sgd", "kind=adam"}) {
		t.Errorf("the comparison is %+v", c)
	}
}

func TestComparedTrajectoryErrors(t *testing.T) {
	for src, want := range map[string]string{
		"of: [kind=sgd]": "2 to 20 are allowed",
		"of: [kind=sgd, kind=adam], range: [0, 1]":                   "range",
		"of: [kind=sgd, kind=adam], states: false":                   "states",
		"of: [kind=sgd, kind=admm]":                                  "adam",
		"between: [sgd, adam]":                                       "between",
		"resolution: 5":                                              "of is missing",
		"of: [kind=sgd, kind=adam], x: [0, 1], y: [0, 1], margin: 1": "margin has no effect",
	} {
		src = optimizers + "compare: [{kind: trajectory, " + src + "}]\n"
		if _, err := Parse("sweep.yaml", []byte(src), catalog, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%sthe error is %v, want one that says %q", src, err, want)
		}
	}
	src := strings.Replace(optimizers, ", checkpoints: 2", "", 1) + "compare: [{kind: trajectory, of: [kind=sgd, kind=adam]}]\n"
	if _, err := Parse("sweep.yaml", []byte(src), catalog, ""); err == nil || !strings.Contains(err.Error(), "checkpoints: 1 under train") {
		t.Errorf("without checkpoints the error is %v", err)
	}
}
