package activities

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"lossatlas/activities/data"
	"lossatlas/pipelines"
)

// TestWhatIsMadeIsNotMadeAgain: an attempt after one that recorded the result and
// was killed before it could say so computes nothing, though what was stored on the way is gone.
func TestWhatIsMadeIsNotMadeAgain(t *testing.T) {
	b := newBench(t)
	var said bytes.Buffer
	b.Log = zerolog.New(&said)
	train := b.step(t, pipelines.KindTrain, b.trainParams(2), nil)
	first := do[StepResult](t, b, b.Train, train)
	if n := bytes.Count(said.Bytes(), []byte(LogBegins)); n != 2 {
		t.Fatalf("%d epochs began, want 2", n)
	}
	dirs := do[StepResult](t, b, b.Directions, b.step(t, pipelines.KindDirections,
		pipelines.DirectionsParams{Net: "small", Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 1},
		map[string]Input{weightsInput: from(first, pipelines.OutWeights)}))
	line := b.step(t, pipelines.KindLine, pipelines.MapParams{
		Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Split: "test", To: 8},
		X: pipelines.Axis{Min: -1, Max: 1, N: 3}, Batch: 8,
	}, map[string]Input{weightsInput: from(first, pipelines.OutWeights), directionsInput: from(dirs, pipelines.OutDirections)})
	for _, chunk := range do[MapPlan](t, b, b.PlanMap, line).Missing {
		do[ChunkResult](t, b, b.EvaluateChunk, line, chunk)
	}
	grid := do[StepResult](t, b, b.AssembleMap, line, 1.0)

	said.Reset()
	if diff := cmp.Diff(first.Outputs, do[StepResult](t, b, b.Train, train).Outputs); diff != "" {
		t.Errorf("the training again: %s", diff)
	}
	if missing := do[MapPlan](t, b, b.PlanMap, line).Missing; len(missing) > 0 {
		t.Errorf("chunks %v of a line that is made are missing", missing)
	}
	if diff := cmp.Diff(grid.Outputs, do[StepResult](t, b, b.AssembleMap, line, 1.0).Outputs); diff != "" {
		t.Errorf("the line again: %s", diff)
	}
	if bytes.Contains(said.Bytes(), []byte(LogBegins)) {
		t.Errorf("something was computed again: %s", said.Bytes())
	}
}
