package runner

import (
	"math"
	"slices"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/pipelines"
)

// TestCurve: a trained curve between two networks has the losses of both at its ends and a lower maximum than their straight line. A training of its
// bend that is interrupted ends with the same bits.
func TestCurve(t *testing.T) {
	b := newBench(t)
	const net = "small:width=4"
	var ends []Input
	for seed := range 2 {
		p := b.trainParams(5)
		p.Net, p.Seed, p.Data.Train = net, uint64(seed+1), 64
		ends = append(ends, from(b.made(t, b.step(t, pipelines.KindTrain, p, nil)), pipelines.OutWeights))
	}
	between := map[string]Input{pipelines.OutWeights: ends[0], pipelines.InTowardX: ends[1]}
	p := pipelines.CurveParams{TrainParams: b.trainParams(10), Shape: "polygon"}
	p.Net, p.Data.Train, p.Data.Test, p.Augment = net, 64, 0, false
	bend := b.made(t, b.step(t, pipelines.KindCurve, p, between))
	course := b.log(t, bend)
	if first, last := course.Epochs[0].TrainLoss, course.Epochs[9].TrainLoss; len(course.Epochs) != 10 || !(last < first) || !math.IsNaN(float64(course.Final.TestLoss)) {
		t.Errorf("the mean losses along the curve are %v first and %v last, the final losses %+v", first, last, course.Final)
	}
	between[pipelines.InTowardY] = from(bend, pipelines.OutWeights)
	dirs := from(b.made(t, b.step(t, pipelines.KindDifference, pipelines.DifferenceParams{Net: net, Problem: shapesProblem, States: true}, between)), pipelines.OutDirections)
	over := pipelines.MapParams{
		Net: net, Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "train", To: 64},
		X: pipelines.Axis{Min: 0, Max: 1, N: 5}, Batch: 64, BatchNorm: &pipelines.BatchNorm{Recompute: 64, Size: 64},
	}
	losses := make(map[string][]float64)
	for _, over.Curve = range []string{"", p.Shape, "bezier"} {
		losses[over.Curve] = b.read(t, b.made(t, b.step(t, pipelines.KindLine, over, map[string]Input{pipelines.OutWeights: ends[0], pipelines.OutDirections: dirs}))).Loss
	}
	straight, along := losses[""], losses[p.Shape]
	if along[0] != straight[0] || along[4] != straight[4] {
		t.Errorf("the curve %v does not end where the straight line %v does", along, straight)
	}
	if !(slices.Max(along) < slices.Max(straight)) {
		t.Errorf("the curve %v has a maximum above that of the straight line %v", along, straight)
	}
	if slices.Equal(along, losses["bezier"]) {
		t.Error("two shapes have the same losses")
	}
	over.Curve = "circle"
	_, err := b.do(t, b.step(t, pipelines.KindLine, over, map[string]Input{pipelines.OutWeights: ends[0], pipelines.OutDirections: dirs}))
	if typeOf(err) != "BadStep" {
		t.Errorf("a map along a circle: %v", err)
	}

	delete(between, pipelines.InTowardY)
	in := b.step(t, pipelines.KindCurve, p, between)
	in.Recipe.Version++ // the same under another key
	if in.Key, err = in.Recipe.Key(); err != nil {
		t.Fatal(err)
	}
	r := b.run(in)
	r.Pulse = &stopping{left: 4}
	if _, err := trainCurve(t.Context(), r); err == nil {
		t.Fatal("a worker that stops after four epochs finishes the training")
	}
	if again := b.made(t, in); again.Outputs[pipelines.OutWeights] != bend.Outputs[pipelines.OutWeights] {
		t.Error("an interrupted training of the bend ends with other bits")
	}
}
