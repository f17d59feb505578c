package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// testRun is the ID of the run that the test environment gives its activities.
const testRun = "default-test-run-id"

// TestLargeRecipe: a report over a thousand results goes through Temporal without them, and is made, and
// recorded, with them.
func TestLargeRecipe(t *testing.T) {
	b := newBench(t)
	blob, err := b.Store.Put(t.Context(), []byte("picture"))
	if err != nil {
		t.Fatal(err)
	}
	inputs := map[string]Input{}
	for i := range 1000 {
		inputs[fmt.Sprintf("e%d/line-plot/svg", i)] = Input{Digest: blob.Digest, Producer: artifacts.Key{byte(i), 1}}
	}
	in := b.step(t, pipelines.KindReport, pipelines.ReportParams{Sweep: "s", Title: "s"}, inputs)
	small, err := b.slim(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if raw, err := json.Marshal(small); err != nil || len(raw) > 1000 || !small.Large {
		t.Errorf("the input has %d bytes in Temporal, %v", len(raw), err)
	}
	whole, err := b.whole(t.Context(), small)
	if diff := cmp.Diff(in, whole); diff != "" || err != nil {
		t.Errorf("the input that comes back differs, %v:\n%s", err, diff)
	}
	made := do[StepResult](t, b, b.Report, small)
	action, err := b.Store.Lookup(t.Context(), made.Key)
	if err != nil || made.Key != in.Key || len(action.Recipe.Inputs) != 1000 || len(action.Made.Producers) != 1000 {
		t.Errorf("recorded under %v with %d inputs, %v; want %v", made.Key, len(action.Recipe.Inputs), err, in.Key)
	}
	if again := do[StepResult](t, b, b.Report, small); !maps.Equal(again.Outputs, made.Outputs) {
		t.Errorf("made, and its recipe gone, the step came to %v, want %v", again.Outputs, made.Outputs)
	}
	small, err = b.slim(t.Context(), b.step(t, pipelines.KindReport, pipelines.ReportParams{Sweep: "s", Title: "another"}, inputs))
	if err := errors.Join(err, b.Store.DropParts(t.Context(), small.Key)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.env.ExecuteActivity(b.Report, small); kindOfError(err) != ErrorRecipeLost {
		t.Errorf("a step whose recipe is gone ended with %v", err)
	}
}

// TestRecords: what the steps of a run came to is put together from the records of its experiments, for the
// last steps and for the sweep's root, and stays when the end is recorded twice.
func TestRecords(t *testing.T) {
	b := newBench(t)
	status := func(id, state, output string) StepStatus {
		s := StepStatus{ID: id, Kind: "train", State: state, Made: StepResult{Key: artifacts.Key(artifacts.Of([]byte(id)))}}
		if output != "" {
			s.Made.Outputs = map[string]artifacts.Blob{output: {Digest: artifacts.Of([]byte(id + output)), Size: 1}}
		}
		return s
	}
	ref := func(id string) pipelines.Ref { return pipelines.Ref{Step: id, Output: pipelines.OutWeights} }
	graph, err := json.Marshal(pipelines.Graph{Sweep: "s", Final: []pipelines.Step{
		{ID: "between", Kind: pipelines.KindDifference, Params: json.RawMessage(`{}`), Inputs: map[string]pipelines.Ref{"a": ref("a/train"), "b": ref("b/train")}},
		{ID: "beyond", Kind: pipelines.KindDifference, Params: json.RawMessage(`{}`), Inputs: map[string]pipelines.Ref{"a": ref("a/train"), "b": ref("c/train")}},
		{ID: "report", Kind: pipelines.KindReport, Params: json.RawMessage(`{}`), Partial: true,
			Inputs: map[string]pipelines.Ref{"a": ref("a/train"), "b": ref("b/train"), "c": {Step: "between", Output: pipelines.OutDirections}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	blob, err := b.Store.Put(t.Context(), graph)
	if err != nil {
		t.Fatal(err)
	}
	resolve := func(ctx context.Context, req StepRequest) (map[string]Input, error) {
		_, inputs, err := b.requested(ctx, req)
		return inputs, err
	}
	b.env.RegisterActivity(resolve)
	record := func(activity, r any) {
		t.Helper()
		if _, err := b.env.ExecuteActivity(activity, r); err != nil {
			t.Fatal(err)
		}
	}
	record(b.RecordSteps, StepsRecord{Run: testRun, Group: 0, Steps: []StepStatus{status("a/train", artifacts.StateRan, pipelines.OutWeights)}})
	record(b.RecordSteps, StepsRecord{Run: testRun, Group: 1, Steps: []StepStatus{status("b/train", artifacts.StateRan, "")}})
	record(b.RecordSteps, StepsRecord{Run: "another", Group: 1, Steps: []StepStatus{status("b/train", artifacts.StateRan, pipelines.OutWeights)}})

	last := func(id string) StepRequest { return StepRequest{Graph: blob.Digest, Step: pipelines.Step{ID: id}} }
	if _, err := b.env.ExecuteActivity(resolve, last("between")); kindOfError(err) != ErrorBlocked {
		t.Errorf("a step between a network and one without weights ended with %v", err)
	}
	req := last("report")
	req.Inputs = map[string]Input{"c": {Digest: artifacts.Of(nil)}}
	if got := do[map[string]Input](t, b, resolve, req); len(got) != 2 || got["a"].Digest != artifacts.Of([]byte("a/train"+pipelines.OutWeights)) || got["c"].Digest != artifacts.Of(nil) {
		t.Errorf("the report gets %v, want the weights of a and the direction", got)
	}
	req = last("beyond")
	req.Known = []StepStatus{status("c/train", artifacts.StateRan, pipelines.OutWeights)}
	if got := do[map[string]Input](t, b, resolve, req); len(got) != 2 {
		t.Errorf("with c known, which is in no record, the step between both gets %v", got)
	}

	for range 2 {
		record(b.RecordSweep, SweepRecord{Sweep: SweepInput{Sweep: "s", Graph: blob.Digest}, State: artifacts.StateFailed, Steps: []StepStatus{status("report", artifacts.StateRan, pipelines.OutHTML)}})
		root, err := b.Store.Root(t.Context(), "s")
		if err != nil || len(root.Steps) != 5 || root.Steps["between"].State != artifacts.StateNotRun || root.Steps["a/train"].Outputs[pipelines.OutWeights].Size != 1 || root.Steps["report"].State != artifacts.StateRan {
			t.Errorf("the sweep's root is %+v, %v", root, err)
		}
	}
	if parts, err := b.Store.Parts(t.Context(), RunKey(testRun)); err != nil || len(parts) != 0 {
		t.Errorf("left of the run: %v, %v", parts, err)
	}
}
