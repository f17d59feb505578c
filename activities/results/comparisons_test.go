package results_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/results"
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
