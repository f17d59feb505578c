package runner

import (
	"encoding/json"
	"testing"

	"lossatlas/activities/refine"
	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestRange: a search ends where the loss has risen, with the same bytes after kills and the loss of stored points, and a map with its
// result as input spans it.
func TestRange(t *testing.T) {
	b := newBench(t)
	surfaceOf := b.around(t, 4)
	like, err := params[pipelines.MapParams](surfaceOf(5, 0))
	if err != nil {
		t.Fatal(err)
	}
	inputs := map[string]Input{}
	for name, digest := range surfaceOf(5, 0).Recipe.Inputs {
		inputs[name] = Input{Digest: digest}
	}
	search := pipelines.RangeParams{Net: like.Net, Data: like.Data, Batch: like.Batch, Axes: 2, Rise: 1.5}
	in := b.step(t, pipelines.KindRange, search, inputs)
	found := b.made(t, in)
	var r refine.Range
	if err := json.Unmarshal(b.get(t, found, pipelines.OutRange), &r); err != nil || len(r.Distance) != 2 {
		t.Fatalf("%v, %v", r, err)
	}

	inputs[pipelines.OutRange] = from(found, pipelines.OutRange)
	p := pipelines.MapParams{Net: like.Net, Data: like.Data, Batch: like.Batch, X: pipelines.Axis{N: 3}, Y: &pipelines.Axis{Min: -2, Max: 3, N: 3}, Fit: &pipelines.Fit{X: true}}
	grid := b.read(t, b.made(t, b.step(t, pipelines.KindSurface, p, inputs)))
	if d := r.Distance[0]; grid.X[0] != -d || grid.X[1] != 0 || grid.X[2] != d || grid.Y[0] != -2 || grid.Y[2] != 3 {
		t.Errorf("the map spans %v and %v, the range is %v", grid.X, grid.Y, r)
	}
	p.Y, p.X.N = nil, 5
	line := b.read(t, b.made(t, b.step(t, pipelines.KindLine, p, inputs)))
	center := line.Loss[2]
	if rise := max(line.Loss[0], line.Loss[4]) / center; !(rise >= 1.5) {
		t.Errorf("at the ends of the range %v the losses are %v, and %v at the center", r, line.Loss, center)
	}

	other := newBench(t)
	other.around(t, 4) // the same weights and directions
	again := other.step(t, pipelines.KindRange, search, map[string]Input{pipelines.OutWeights: inputs[pipelines.OutWeights], pipelines.OutDirections: inputs[pipelines.OutDirections]})
	for i := range 6 {
		other.chunk(t, again, i)
	}
	if err := other.Store.DropParts(t.Context(), again.Key); err != nil {
		t.Fatal(err)
	}
	if _, err := other.run(again).Make(t.Context(), "test", artifacts.Provenance{WorkflowID: "step", RunID: "run"}); typeOf(err) != ErrorChunkLost {
		t.Errorf("an unfinished search was made: %v", err)
	}
	if got := other.made(t, again).Outputs; got[pipelines.OutRange].Digest != found.Outputs[pipelines.OutRange].Digest {
		t.Errorf("after a loss the range is %v, want %v", got, found.Outputs)
	}
	if err := other.Store.PutPart(t.Context(), again.Key, results.ChunkPart(0), []byte("damaged")); err != nil {
		t.Fatal(err)
	}
	if _, err := other.run(again).Plan(t.Context()); typeOf(err) != "BadChunk" {
		t.Errorf("a damaged chunk: %v", err)
	}
	bad := b.step(t, pipelines.KindLine, p, map[string]Input{pipelines.OutWeights: inputs[pipelines.OutWeights], pipelines.OutDirections: inputs[pipelines.OutDirections],
		pipelines.OutRange: b.putter(t)([]byte(`{"distance":[]}`), nil)})
	if _, err := b.run(bad).Plan(t.Context()); typeOf(err) != "BadRange" {
		t.Errorf("a range without axes: %v", err)
	}
}
