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
		{ID: "b/train", Experiment: "b", Kind: pipelines.KindTrain, State: pipelines.StateBlocked, Unknown: true, Reason: "waits for a/train and b/import"},
		{ID: "figures/norms", Kind: pipelines.KindRender, State: pipelines.StateBlocked, EstimateS: 2, EstimateFrom: 1,
			Reason: "waits for an-experiment-with-a-long-name/train and 5 others"},
	}}
	var b bytes.Buffer
	if err := stepsOf(plan).Text(&b); err != nil {
		t.Fatal(err)
	}
	const want = `STATE    STEP           KEY    TIME  REASON

a
blocked  train          -         -  waits for import

b
blocked  train          -         ?  waits for a/train and import

all experiments
blocked  figures/norms  -    ~2.0 s  waits for an-experiment-with-a-long-name/train and 5 others
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.Reset()
	if err := planSummary(plan).Text(&b); err != nil {
		t.Fatal(err)
	}
	const summary = `KIND    STEPS  CACHED  TO RUN  BLOCKED        TIME
train       2       0       0        2           ?
render      1       0       0        1      ~2.0 s
total       3       0       0        3  ~2.0 s + ?
`
	if diff := cmp.Diff(summary, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	plan.EstimateS, plan.EstimateFrom, plan.Unknown = 2, 1, 1
	const text = "at least 2.0 s of work on a machine without other load, estimated from 1 earlier step, with their times for compiling\nnot counted: 1 train step: estimates come from steps of the same kind, on a network of similar size, that took 10 s or had a quarter of the work; no such step ran here"
	if got := planTime(plan); got != text {
		t.Error(got)
	}
}
