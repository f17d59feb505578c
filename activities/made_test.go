package activities

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestWhatIsMadeIsNotMadeAgain: an attempt after one that recorded the result and
// was killed before it could say so computes nothing, though what was stored on the way is gone.
func TestWhatIsMadeIsNotMadeAgain(t *testing.T) {
	b := newBench(t)
	var said bytes.Buffer
	b.Machine.Log = zerolog.New(&said)
	p := training(t)
	train := b.step(t, pipelines.KindTrain, p, nil)
	first := result[StepResult](t, b, b.MakeStep, train, artifacts.Spent{})
	if n := bytes.Count(said.Bytes(), []byte(runner.LogBegins)); n != 1 {
		t.Fatalf("%d epochs began, want 1", n)
	}
	weights := from(first, pipelines.OutWeights)
	dirs := result[StepResult](t, b, b.MakeStep, b.step(t, pipelines.KindDirections,
		pipelines.DirectionsParams{Net: "small", Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 1}, map[string]runner.Input{pipelines.OutWeights: weights}), artifacts.Spent{})
	line := b.step(t, pipelines.KindLine, pipelines.MapParams{
		Net: "small", Data: pipelines.MapData{Name: p.Data.Name, Digest: p.Data.Digest, Problem: shapesProblem, Split: "test", To: 8},
		X: pipelines.Axis{Min: -1, Max: 1, N: 3}, Batch: 8,
	}, map[string]runner.Input{pipelines.OutWeights: weights, pipelines.OutDirections: from(dirs, pipelines.OutDirections)})
	for _, chunk := range result[runner.Plan](t, b, b.PlanStep, line).Missing {
		if r := result[ChunkResult](t, b, b.RunChunk, line, chunk); r.Points == 0 {
			t.Errorf("chunk %d has no points", chunk)
		}
	}
	if parts, err := b.Machine.Store.Parts(t.Context(), line.Key); err != nil || !slices.Contains(parts, begunPart) || !slices.Contains(parts, jobPart) {
		t.Errorf("a step that has begun has the parts %v, %v", parts, err)
	}
	grid := result[StepResult](t, b, b.MakeStep, line, artifacts.Spent{Seconds: 1})
	if grid.Seconds != 1 {
		t.Errorf("the chunks took %v s, want 1", grid.Seconds)
	}

	said.Reset()
	if diff := cmp.Diff(first.Outputs, result[StepResult](t, b, b.MakeStep, train, artifacts.Spent{}).Outputs); diff != "" {
		t.Errorf("the training again: %s", diff)
	}
	if missing := result[runner.Plan](t, b, b.PlanStep, line).Missing; len(missing) > 0 {
		t.Errorf("chunks %v of a line that is made are missing", missing)
	}
	if diff := cmp.Diff(grid.Outputs, result[StepResult](t, b, b.MakeStep, line, artifacts.Spent{Seconds: 1}).Outputs); diff != "" {
		t.Errorf("the line again: %s", diff)
	}
	if bytes.Contains(said.Bytes(), []byte(runner.LogBegins)) {
		t.Errorf("something was computed again: %s", said.Bytes())
	}
	for _, key := range []StepInput{train, line} {
		if parts, err := b.Machine.Store.Parts(t.Context(), key.Key); err != nil || len(parts) != 0 {
			t.Errorf("%s, which is made, left the parts %v, %v", key.Label, parts, err)
		}
	}
}
