package results_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/results"
)

// TestComparisons: each has its state, what it is between, and the first cause where it is blocked.
func TestComparisons(t *testing.T) {
	params, err := json.Marshal(pipelines.ReportParams{Sweep: "s", Comparisons: []pipelines.ReportExperiment{
		{Name: "done", Params: map[string]any{"a": "x", "b": "y"}},
		{Name: "blocked", Params: map[string]any{"b": "z", "a": "x"}},
		{Name: "waiting", Params: map[string]any{"a": "x", "b": "y", "c": "w"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	ref := func(step, output string) map[string]pipelines.Ref {
		return map[string]pipelines.Ref{"in": {Step: step, Output: output}}
	}
	g := &pipelines.Graph{Sweep: "s", Experiments: []pipelines.Experiment{{Name: "z", Steps: []pipelines.Step{{ID: "z/train", Kind: pipelines.KindTrain}}}}, Final: []pipelines.Step{
		{ID: "done/train", Kind: pipelines.KindLine},
		{ID: "blocked/directions", Kind: pipelines.KindDifference, Inputs: ref("z/train", "weights")},
		{ID: "blocked/train", Kind: pipelines.KindLine, Inputs: ref("blocked/directions", "directions")},
		{ID: "waiting/train", Kind: pipelines.KindLine},
		{ID: "report", Kind: pipelines.KindReport, Params: params},
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
	got, err := results.Comparisons(g, steps)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	// A training that is done without weights has diverged.
	steps["z/train"] = artifacts.RootStep{State: artifacts.StateRan}
	steps["blocked/directions"] = artifacts.RootStep{State: artifacts.StateNotRun, Error: "z/train produced no weights"}
	if got, _ := results.Comparisons(g, steps); got[1].Why != "z/train produced no weights" {
		t.Errorf("after a divergence the cause is %q", got[1].Why)
	}
	if got, err := results.Comparisons(&pipelines.Graph{Sweep: "weights"}, nil); err != nil || got == nil || len(got) != 0 {
		t.Errorf("a record without a report: %v, %v", got, err)
	}
}
