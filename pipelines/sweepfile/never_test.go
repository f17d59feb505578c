package sweepfile

import (
	"strings"
	"testing"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestPlanOfADivergedTraining: what needs the weights of a training that came to
// none is blocked for good, and the report is planned with what there is.
func TestPlanOfADivergedTraining(t *testing.T) {
	g := mustExpand(t, short, "")
	c := newMemoryCache()
	train := mustPlan(t, g, c).Steps[0]
	c.actions[train.Key] = artifacts.Action{Key: train.Key, Outputs: map[string]artifacts.Blob{pipelines.OutLog: artifacts.BlobOf([]byte("log"))}}
	plan := mustPlan(t, g, c)
	for _, s := range plan.Steps {
		want := pipelines.StateBlocked
		switch s.ID {
		case "one/train":
			want = pipelines.StateCached
		case "one/training":
			want = pipelines.StateRun
		}
		if s.State != want || s.Never != (want == pipelines.StateBlocked && s.ID != "report") {
			t.Errorf("%s is planned as %s (never: %v): %s", s.ID, s.State, s.Never, s.Reason)
		}
		if s.Never && !strings.Contains(s.Reason, "one/train produced no weights") {
			t.Errorf("%s is blocked because %s", s.ID, s.Reason)
		}
	}
	// With the picture of the training and the report that shows it, nothing is left to do.
	for _, id := range []string{"one/training", "report"} {
		for _, s := range mustPlan(t, g, c).Steps {
			if s.ID == id {
				c.actions[s.Key] = artifacts.Action{Key: s.Key, Outputs: map[string]artifacts.Blob{pipelines.OutSVG: artifacts.BlobOf([]byte("svg")), pipelines.OutPNG: artifacts.BlobOf([]byte("png"))}}
			}
		}
	}
	if plan := mustPlan(t, g, c); !plan.Complete() {
		t.Errorf("not complete: %+v", plan.Steps)
	}
}
