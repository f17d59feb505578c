package runner

import (
	"math"
	"strings"
	"testing"

	"lossatlas/pipelines"
)

// TestDivergedTrainingIsAResult: a training whose loss is not finite ends with a
// log that says where, without weights, and its picture and report are made.
func TestDivergedTrainingIsAResult(t *testing.T) {
	b := newBench(t)
	p := b.trainParams(3)
	p.Optimizer.LR = 1e30
	in := b.step(t, pipelines.KindTrain, p, nil)
	trained := b.made(t, in)
	if _, ok := trained.Outputs[pipelines.OutWeights]; ok || len(trained.Outputs) != 1 {
		t.Errorf("outputs %v, want the log alone", trained.Outputs)
	}
	if act, err := b.Store.Lookup(t.Context(), in.Key); err != nil || len(act.Outputs) != 1 {
		t.Errorf("the store has %v, %v: a diverged training is found again like any other", act.Outputs, err)
	}
	course := b.log(t, trained)
	d := course.Diverged
	// The first step is taken at the initial weights, where the loss is about ln 10; the second is lost.
	if d == nil || d.Epoch != 1 || d.Step != 2 || math.Abs(float64(d.LastLoss)-math.Ln10) > 0.5 || d.LR != 1e30 {
		t.Fatalf("divergence %+v, want epoch 1, step 2, after a loss of about 2.3", d)
	}
	if !math.IsNaN(float64(course.Final.TrainLoss)) || !math.IsNaN(course.Final.TestError()) {
		t.Errorf("a diverged training has the results %+v", course.Final)
	}
	log := map[string]Input{"log": from(trained, pipelines.OutLog)}
	picture := b.made(t, b.step(t, pipelines.KindRender, pipelines.RenderParams{Plot: "training", Title: "x", Training: &p}, log))
	if svg := string(b.get(t, picture, pipelines.OutSVG)); !strings.Contains(svg, "network small") {
		t.Error("the picture of the training has no caption with its optimizer")
	}
	report := b.made(t, b.step(t, pipelines.KindReport, sweepOf(map[string][]pipelines.Step{"a": {
		pictureStep("a/lost", "Surface", "surface", "train"), pictureStep("a/training", "Training", "", ""),
	}}, "a"), map[string]Input{"a/train/log": log["log"], "a/training/svg": from(picture, pipelines.OutSVG), "a/training/png": from(picture, pipelines.OutPNG)}))
	page, err := b.Store.Get(t.Context(), report.Outputs[pipelines.OutHTML].Digest)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"The training diverged in epoch 1, step 2 (last finite loss 2.", "lower train.optimizer.lr, which was 1e&#43;30"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the report doesn't say %q", want)
		}
	}
	if strings.Contains(string(page), "This picture was not made") {
		t.Error("the report misses pictures that could not be made")
	}
}

// TestLabelNoiseTrainsOnWrongLabels: with every label wrong the recorded
// training loss is that of the wrong labels; a map of the same images that is
// told of the noise agrees with it, and one that isn't does not.
func TestLabelNoiseTrainsOnWrongLabels(t *testing.T) {
	b := newBench(t)
	p := b.trainParams(2)
	p.LabelNoise, p.Augment, p.Optimizer.Kind, p.Optimizer.Momentum, p.Optimizer.Nesterov = 1, false, "adam", 0, false
	p.Optimizer.LR, p.Optimizer.Beta1, p.Optimizer.Beta2, p.Optimizer.Epsilon = 0.01, 0.9, 0.999, 1e-8
	trained := b.made(t, b.step(t, pipelines.KindTrain, p, nil))
	weights := map[string]Input{pipelines.OutWeights: from(trained, pipelines.OutWeights)}
	dirs := b.made(t, b.step(t, pipelines.KindDirections,
		pipelines.DirectionsParams{Net: "small", Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 1}, weights))
	weights[pipelines.OutDirections] = from(dirs, pipelines.OutDirections)
	course := b.log(t, trained)
	want := float64(course.Final.TrainLoss)
	for _, noise := range []*pipelines.LabelNoise{{Fraction: 1, Seed: p.Seed}, nil} {
		in := b.step(t, pipelines.KindLine, pipelines.MapParams{
			Net: "small", Data: pipelines.MapData{Name: p.Data.Name, Digest: b.digest, Problem: shapesProblem, Split: "train", To: p.Data.Train, Noise: noise},
			X: pipelines.Axis{Min: -1, Max: 1, N: 3}, Batch: 16,
		}, weights)
		grid := b.read(t, b.made(t, in))
		if same := math.Abs(grid.Loss[1]-want) < 1e-5*want; same != (noise != nil) {
			t.Errorf("noise %v: the map's centre is %v, the training's loss %v", noise, grid.Loss[1], want)
		}
	}
}
