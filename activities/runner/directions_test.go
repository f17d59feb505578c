package runner

import (
	"slices"
	"testing"

	"lossatlas/activities/directions"
	"lossatlas/activities/runner/networks"
	"lossatlas/activities/safetensors"
	"lossatlas/pipelines"
)

// TestGivenDirections takes drawn directions from a file: the numbers are the
// same, a line takes the first of them, and a plane needs two.
func TestGivenDirections(t *testing.T) {
	b := newBench(t)
	net, err := networks.Of("small", shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	drawn := [][]float32{directions.Sample(net.Params(), 1, 0), directions.Sample(net.Params(), 1, 1)}
	put := b.putter(t)
	stored := func(dirs [][]float32) string {
		return put(directions.Encode(net.Params(), dirs, nil)).Digest.String()
	}
	step := func(digest string, axes int) Job {
		return b.step(t, pipelines.KindGivenDirections, pipelines.GivenDirectionsParams{Net: "small", Problem: shapesProblem, Directions: digest, Axes: axes}, nil)
	}
	for axes := 1; axes <= 2; axes++ {
		r := b.made(t, step(stored(drawn), axes))
		file, err := b.Store.Get(t.Context(), r.Outputs[pipelines.OutDirections].Digest)
		if err != nil {
			t.Fatal(err)
		}
		got, err := directions.Decode(net.Params(), file)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != axes {
			t.Fatalf("%d directions for %d axes", len(got), axes)
		}
		for i := range got {
			for j, x := range got[i] {
				if x != drawn[i][j] {
					t.Fatalf("number %d of direction %d is %v, the file has %v", j, i, x, drawn[i][j])
				}
			}
		}
		if _, meta, err := safetensors.Decode(file); err != nil || meta["norm_0"] == "" || (meta["cosine"] == "") != (axes == 1) {
			t.Errorf("metadata %v, %v", meta, err)
		}
	}
	if _, err := b.do(t, step(stored(drawn[:1]), 2)); typeOf(err) != "BadDirections" {
		t.Errorf("one direction for a plane: %v", err)
	}
}

// TestShift moves weights along the direction that follows those of a plane.
func TestShift(t *testing.T) {
	b := newBench(t)
	net, err := networks.Of("small", shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	theta, state := net.Init(1)
	at := map[string]Input{pipelines.OutWeights: b.putter(t)(net.Encode(theta, state, nil))}
	r := b.made(t, b.step(t, pipelines.KindShift, pipelines.ShiftParams{By: -0.5,
		DirectionsParams: pipelines.DirectionsParams{Net: "small", Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 7, Axes: 2}}, at))
	file, err := b.Store.Get(t.Context(), r.Outputs[pipelines.OutWeights].Digest)
	if err != nil {
		t.Fatal(err)
	}
	moved, movedState, err := net.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	third := directions.Sample(net.Params(), 7, 2)
	if err := directions.Normalize(net.Params(), third, theta, "filter", "biasbn"); err != nil {
		t.Fatal(err)
	}
	for i := range theta {
		if want := theta[i] - 0.5*third[i]; moved[i] != want {
			t.Fatalf("weight %d is %v, want %v", i, moved[i], want)
		}
	}
	if !slices.Equal(movedState, state) {
		t.Error("the shift changed the statistics of batch normalization")
	}
}
