package results_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/pairs"
	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestComparisons: each has its state, what it is between, and the first cause where it is blocked.
func TestComparisons(t *testing.T) {
	at := func(comparison string) pipelines.Address { return pipelines.Address{Comparison: comparison} }
	ref := func(step, output string) map[string]pipelines.Ref {
		return map[string]pipelines.Ref{"in": {Step: step, Output: output}}
	}
	g := &pipelines.Graph{Sweep: "s", Comparisons: []pipelines.Comparison{
		{Name: "done", Between: []string{"x", "y"}}, {Name: "blocked", Between: []string{"x", "z"}}, {Name: "waiting", Between: []string{"x", "y", "w"}},
	}, Experiments: []pipelines.Experiment{{Name: "z", Steps: []pipelines.Step{{ID: "z/train", Kind: pipelines.KindTrain}}}}, Final: []pipelines.Step{
		{ID: "done/train", At: at("done"), Kind: pipelines.KindLine},
		{ID: "blocked/directions", At: at("blocked"), Kind: pipelines.KindDifference, Inputs: ref("z/train", "weights")},
		{ID: "blocked/train", At: at("blocked"), Kind: pipelines.KindLine, Inputs: ref("blocked/directions", "directions")},
		{ID: "waiting/train", At: at("waiting"), Kind: pipelines.KindLine},
		{ID: "report", Kind: pipelines.KindReport},
	}}
	grid := artifacts.BlobOf([]byte("grid"))
	steps := map[string]artifacts.RootStep{
		"z/train":            {State: artifacts.StateFailed, Error: "out of memory"},
		"done/train":         {State: artifacts.StateCached, Outputs: map[string]artifacts.Blob{"grid": grid}},
		"blocked/directions": {State: artifacts.StateNotRun, Error: "z/train failed"},
		"blocked/train":      {State: artifacts.StateNotRun, Error: "z/train failed"},
	}
	want := []results.Comparison{
		{Name: "done", State: "done", Between: []string{"x", "y"}, Artifacts: map[string]string{"train/grid": grid.Digest.String()}},
		{Name: "blocked", State: "not run", Between: []string{"x", "z"}, Artifacts: map[string]string{}, Why: "z/train failed: out of memory",
			Errors: map[string]string{"directions": "z/train failed", "train": "z/train failed"}},
		{Name: "waiting", State: "waiting", Between: []string{"x", "y", "w"}, Artifacts: map[string]string{}},
	}
	sweep := &results.Sweep{Graph: g, Steps: steps}
	comparisons := func(s *results.Sweep) []results.Comparison {
		t.Helper()
		got, err := s.Comparisons(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if diff := cmp.Diff(want, comparisons(sweep)); diff != "" {
		t.Errorf("comparisons (-want +got):\n%s", diff)
	}
	// A training that is done without weights has diverged.
	steps["z/train"] = artifacts.RootStep{State: artifacts.StateRan}
	steps["blocked/directions"] = artifacts.RootStep{State: artifacts.StateNotRun, Error: "z/train produced no weights"}
	if got := comparisons(sweep); got[1].Why != "z/train produced no weights" {
		t.Errorf("after a divergence the cause is %q", got[1].Why)
	}
	imported := &results.Sweep{Graph: &pipelines.Graph{Sweep: "weights"}}
	if got := comparisons(imported); got == nil || len(got) != 0 {
		t.Errorf("a record without a report: %v", got)
	}
}

// TestPairsOfAComparison: the barriers of both splits stand with their pair.
func TestPairsOfAComparison(t *testing.T) {
	store := memory{blobs: map[artifacts.Digest][]byte{}}
	measured := func(height float64) artifacts.RootStep {
		return artifacts.RootStep{State: artifacts.StateRan, Outputs: map[string]artifacts.Blob{"pairs": store.put(t, pairs.Result{
			Names: []string{"1", "2", "3"}, Present: []bool{true, true, true}, Components: make([][2]float64, 3), Layout: make([][2]float64, 3),
			Pairs: []pairs.Pair{{A: 0, B: 2, Distance: 7, Barrier: &surface.Barrier{Height: surface.Measured{Value: height}, At: 0.5}}, {A: 1, B: 2, Distance: 8}},
		})}}
	}
	step := func(split string) pipelines.Step {
		return pipelines.Step{ID: "b/" + split + "-pairs", Kind: pipelines.KindPairs, At: pipelines.Address{Comparison: "b", Split: split, Role: pipelines.RolePairs}}
	}
	sweep := &results.Sweep{Store: store, Graph: &pipelines.Graph{Comparisons: []pipelines.Comparison{{Name: "b", Between: []string{"x", "y", "z"}, Pairs: true}}, Final: []pipelines.Step{step("train"), step("test")}},
		Steps: map[string]artifacts.RootStep{"b/train-pairs": measured(1), "b/test-pairs": measured(2)}}
	got, err := sweep.Comparisons(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	barrier := func(height float64) surface.Barrier {
		return surface.Barrier{Height: surface.Measured{Value: height}, At: 0.5}
	}
	want := []results.ComparedPair{
		{Between: [2]string{"x", "z"}, Distance: 7, Barriers: map[string]surface.Barrier{"train": barrier(1), "test": barrier(2)}},
		{Between: [2]string{"y", "z"}, Distance: 8, Barriers: map[string]surface.Barrier{}},
	}
	if diff := cmp.Diff(want, got[0].Pairs); diff != "" {
		t.Errorf("pairs (-want +got):\n%s", diff)
	}
}
