package runner

import (
	"bytes"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/results"
	"lossatlas/pipelines"
)

// TestEvaluatorsGoOn: maps of the same images around different minimizers, more of them than a worker keeps and mixed, have
// the bits that each has alone, and need no more evaluators than are kept.
func TestEvaluatorsGoOn(t *testing.T) {
	b := newBench(t)
	var lines []Job
	for seed := range uint64(keptEvaluators + 2) {
		p := b.trainParams(1)
		p.Seed = seed
		weights := from(b.made(t, b.step(t, pipelines.KindTrain, p, nil)), pipelines.OutWeights)
		dirs := b.made(t, b.step(t, pipelines.KindDirections,
			pipelines.DirectionsParams{Net: "small", Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: seed, Axes: 1}, map[string]Input{pipelines.OutWeights: weights}))
		lines = append(lines, b.step(t, pipelines.KindLine, pipelines.MapParams{
			Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 8},
			X: pipelines.Axis{Min: -1, Max: 1, N: 3}, Batch: 8,
		}, map[string]Input{pipelines.OutWeights: weights, pipelines.OutDirections: from(dirs, pipelines.OutDirections)}))
	}
	evaluate := func(in Job) []byte {
		t.Helper()
		b.chunk(t, in, 0)
		points, err := b.Store.GetPart(t.Context(), in.Key, results.ChunkPart(0))
		if err != nil {
			t.Fatal(err)
		}
		return points
	}
	var alone [][]byte
	for _, in := range lines {
		b.evaluators.clear()
		alone = append(alone, evaluate(in))
	}
	used := map[*engine.Evaluator]bool{}
	for range 2 {
		for i, in := range lines {
			if !bytes.Equal(evaluate(in), alone[i]) {
				t.Errorf("map %d differs when others were evaluated before it", i)
			}
			for _, k := range b.evaluators.free {
				used[k.Evaluator] = true
			}
		}
	}
	if len(used) != keptEvaluators {
		t.Errorf("%d evaluators were made for maps of the same images, want %d", len(used), keptEvaluators)
	}
	for i := range alone {
		if i > 0 && bytes.Equal(alone[i], alone[0]) {
			t.Errorf("maps 0 and %d are the same, so this shows nothing", i)
		}
	}
}
