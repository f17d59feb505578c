package run

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/pipelines"
)

// TestPlanTable: steps stand below the names of their experiments, which are left out of IDs and reasons.
func TestPlanTable(t *testing.T) {
	plan := &pipelines.Plan{Steps: []pipelines.PlannedStep{
		{ID: "a/train", Experiment: "a", Kind: pipelines.KindTrain, State: pipelines.StateBlocked, Reason: "waits for a/import"},
		{ID: "b/train", Experiment: "b", Kind: pipelines.KindTrain, State: pipelines.StateBlocked, Reason: "waits for a/train and b/import"},
		{ID: "figures/norms", Kind: pipelines.KindRender, State: pipelines.StateBlocked, EstimateS: 2, EstimateFrom: 1,
			Reason: "waits for an-experiment-with-a-long-name/train and 5 others"},
	}}
	var b bytes.Buffer
	if err := stepsOf(plan).Text(&b); err != nil {
		t.Fatal(err)
	}
	const want = `STATE    STEP           KIND    KEY  TIME    REASON

a
blocked  train          train   -    -       waits for import

b
blocked  train          train   -    -       waits for a/train and import

all experiments
blocked  figures/norms  render  -    ~2.0 s  waits for an-experiment…ame/train and 5 others
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
