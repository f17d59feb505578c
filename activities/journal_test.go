package activities

import (
	"encoding/json"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// testRun is the ID of the run that the test environment gives its activities.
const testRun = "default-test-run-id"

// TestWhatAStepIsMadeFrom: a report over a thousand results goes through Temporal without them, is made, and
// recorded, with them; and a run that finds another run's result in place of the job reads the job from the result.
func TestWhatAStepIsMadeFrom(t *testing.T) {
	b := newBench(t)
	blob, err := b.Machine.Store.Put(t.Context(), []byte("picture"))
	if err != nil {
		t.Fatal(err)
	}
	inputs := map[string]runner.Input{}
	for i := range 1000 {
		inputs[fmt.Sprintf("e%d/line-plot/svg", i)] = runner.Input{Digest: blob.Digest, Producer: artifacts.Key{byte(i), 1}}
	}
	in := b.step(t, pipelines.KindReport, pipelines.Graph{Sweep: "s", Title: "s"}, inputs)
	if raw, err := json.Marshal(in); err != nil || len(raw) > 300 {
		t.Errorf("the input has %d bytes in Temporal, %v", len(raw), err)
	}
	want, err := b.job(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := &Activities{Machine: b.Machine} // another worker, which remembers nothing
	got, err := elsewhere.job(t.Context(), in)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("another worker reads the job with a difference, %v:\n%s", err, diff)
	}
	made := result[StepResult](t, b, b.MakeStep, in, artifacts.Spent{})
	action, err := b.Machine.Store.Lookup(t.Context(), made.Key)
	if err != nil || made.Key != in.Key || len(action.Recipe.Inputs) != 1000 || len(action.Made.Producers) != 1000 {
		t.Errorf("recorded under %v with %d inputs, %v; want %v", made.Key, len(action.Recipe.Inputs), err, in.Key)
	}
	elsewhere = &Activities{Machine: b.Machine}
	if got, err := elsewhere.job(t.Context(), in); err != nil || cmp.Diff(want, got) != "" {
		t.Errorf("after the step is made another worker finds %v, %v", got.Label, err)
	}
	in.Key = artifacts.Key{1}
	if _, err := b.env.ExecuteActivity(b.MakeStep, in, artifacts.Spent{}); kindOfError(err) != errorJobLost {
		t.Errorf("a step of which nothing is known ended with %v", err)
	}
}

// TestJournal: what became of the steps of a run is put together from the entries of its journal, for the
// last steps and for the sweep's root, and stays when the end is recorded twice.
func TestJournal(t *testing.T) {
	b := newBench(t)
	status := func(id, state, output string) StepStatus {
		s := StepStatus{ID: id, Kind: "train", State: state, Made: StepResult{Key: artifacts.Key(artifacts.Of([]byte(id)))}}
		if output != "" {
			s.Made.Outputs = map[string]artifacts.Blob{output: {Digest: artifacts.Of([]byte(id + output)), Size: 1}}
		}
		return s
	}
	ref := func(id string) pipelines.Ref { return pipelines.Ref{Step: id, Output: pipelines.OutWeights} }
	train := func(id string) []pipelines.Step {
		return []pipelines.Step{{ID: id, Kind: pipelines.KindTrain, Params: json.RawMessage(`{}`)}}
	}
	graph, err := json.Marshal(pipelines.Graph{Sweep: "s", Experiments: []pipelines.Experiment{{Name: "a", Steps: train("a/train")}, {Name: "b", Steps: train("b/train")}, {Name: "c", Steps: train("c/train")}}, Final: []pipelines.Step{
		{ID: "between", Kind: pipelines.KindDifference, Params: json.RawMessage(`{}`), Inputs: map[string]pipelines.Ref{"a": ref("a/train"), "b": ref("b/train")}},
		{ID: "beyond", Kind: pipelines.KindDifference, Params: json.RawMessage(`{}`), Inputs: map[string]pipelines.Ref{"a": ref("a/train"), "b": ref("c/train")}},
		{ID: "report", Kind: pipelines.KindReport, Params: json.RawMessage(`{}`), Partial: true,
			Inputs: map[string]pipelines.Ref{"a": ref("a/train"), "b": ref("b/train"), "c": {Step: "between", Output: pipelines.OutDirections}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	blob, err := b.Machine.Store.Put(t.Context(), graph)
	if err != nil {
		t.Fatal(err)
	}
	record := func(r StepsRecord) {
		t.Helper()
		if _, err := b.env.ExecuteActivity(b.RecordSteps, r); err != nil {
			t.Fatal(err)
		}
	}
	journal := OpenJournal(b.Machine.Store, testRun)
	states := func(want map[string]string) {
		t.Helper()
		if err := journal.Update(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for id, s := range journal.Steps {
			got[id] = s.State
		}
		if !maps.Equal(got, want) {
			t.Errorf("the journal says %v, want %v", got, want)
		}
	}
	// An experiment that has begun, one of its steps at work, and then over.
	if got := result[[]Task](t, b, b.LoadTasks, ExperimentInput{Graph: blob.Digest, Run: testRun, Group: 1}); len(got) != 1 || got[0].ID != "b/train" || got[0].Found != nil {
		t.Errorf("the tasks of an experiment are %+v", got)
	}
	states(map[string]string{})
	if !journal.Begun(1) || journal.Begun(0) {
		t.Error("the journal does not say which experiment has begun")
	}
	req := StepRequest{Graph: blob.Digest, Run: testRun, Step: "b/train", Kind: pipelines.KindTrain}
	if err := b.noteStep(t.Context(), req, StepStatus{State: artifacts.StateRunning, Workflow: "w", Queue: "q"}); err != nil {
		t.Fatal(err)
	}
	states(map[string]string{"b/train": artifacts.StateRunning})
	if s := journal.Steps["b/train"]; s.Workflow != "w" || s.Queue != "q" || s.Kind != pipelines.KindTrain {
		t.Errorf("a running step is noted as %+v", s)
	}
	if err := b.noteStep(t.Context(), req, StepStatus{State: artifacts.StateRan}); err != nil {
		t.Fatal(err)
	}
	states(map[string]string{"b/train": artifacts.StateRan})

	record(StepsRecord{Run: testRun, Group: 0, Steps: []StepStatus{status("a/train", artifacts.StateRan, pipelines.OutWeights)}})
	record(StepsRecord{Run: testRun, Group: 1, Steps: []StepStatus{status("b/train", artifacts.StateRan, "")}})
	record(StepsRecord{Run: "another", Group: 1, Steps: []StepStatus{status("b/train", artifacts.StateRan, pipelines.OutWeights)}})
	states(map[string]string{"a/train": artifacts.StateRan, "b/train": artifacts.StateRan})
	if parts, err := b.Machine.Store.Parts(t.Context(), RunKey(testRun)); err != nil || len(parts) != 2 {
		t.Errorf("of two experiments that are over the journal has the entries %v, %v", parts, err)
	}

	inputs := func(req StepRequest) (map[string]artifacts.Digest, error) {
		t.Helper()
		req.Graph, req.Run = blob.Digest, testRun
		g, at, err := b.placed(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		job, err := b.requested(t.Context(), g, at, req)
		return job.Recipe.Inputs, err
	}
	if _, err := inputs(StepRequest{Step: "between"}); err == nil || b.classify(t.Context(), err) == nil || kindOfError(b.classify(t.Context(), err)) != ErrorBlocked {
		t.Errorf("a step between a network and one without weights ended with %v", err)
	}
	got, err := inputs(StepRequest{Step: "report", Inputs: map[string]runner.Input{"c": {Digest: artifacts.Of(nil)}}})
	if err != nil || len(got) != 2 || got["a"] != artifacts.Of([]byte("a/train"+pipelines.OutWeights)) || got["c"] != artifacts.Of(nil) {
		t.Errorf("the report gets %v, %v, want the weights of a and the direction", got, err)
	}
	if _, err := inputs(StepRequest{Step: "beyond"}); err == nil {
		t.Error("a step between a network and one that is not trained yet is begun")
	}

	record(StepsRecord{Run: testRun, Group: 3, Steps: []StepStatus{status("report", artifacts.StateRan, pipelines.OutHTML)}})
	for range 2 {
		if _, err := b.env.ExecuteActivity(b.RecordSweep, SweepRecord{Sweep: SweepInput{Sweep: "s", Graph: blob.Digest}, State: artifacts.StateFailed}); err != nil {
			t.Fatal(err)
		}
		root, err := b.Machine.Store.Root(t.Context(), "s")
		if err != nil || len(root.Steps) != 6 || root.Steps["between"].State != artifacts.StateNotRun || root.Steps["a/train"].Outputs[pipelines.OutWeights].Size != 1 || root.Steps["report"].State != artifacts.StateRan {
			t.Errorf("the sweep's root is %+v, %v", root, err)
		}
	}
	if parts, err := b.Machine.Store.Parts(t.Context(), RunKey(testRun)); err != nil || len(parts) != 0 {
		t.Errorf("left of the run: %v, %v", parts, err)
	}
}

// TestFoundInTheCache: an experiment of which everything was made before is known as soon as it begins, and by its record also where
// the run ends before that.
func TestFoundInTheCache(t *testing.T) {
	b := newBench(t)
	p := training(t)
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	trained := result[StepResult](t, b, b.MakeStep, b.step(t, pipelines.KindTrain, p, nil), artifacts.Spent{})
	dirs := func(seed uint64) json.RawMessage {
		raw, err := json.Marshal(pipelines.DirectionsParams{Net: "small", Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: seed, Axes: 1})
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	weights := map[string]pipelines.Ref{pipelines.OutWeights: {Step: "a/train", Output: pipelines.OutWeights}}
	graph, err := json.Marshal(pipelines.Graph{Sweep: "s", Experiments: []pipelines.Experiment{{Name: "a", Steps: []pipelines.Step{
		{ID: "a/train", Kind: pipelines.KindTrain, Params: raw},
		{ID: "a/old", Kind: pipelines.KindDirections, Params: dirs(1), Inputs: weights},
		{ID: "a/new", Kind: pipelines.KindDirections, Params: dirs(2), Inputs: weights},
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	old := result[StepResult](t, b, b.MakeStep, b.step(t, pipelines.KindDirections, dirs(1), map[string]runner.Input{pipelines.OutWeights: from(trained, pipelines.OutWeights)}), artifacts.Spent{})
	blob, err := b.Machine.Store.Put(t.Context(), graph)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.env.ExecuteActivity(b.RecordSweep, SweepRecord{Sweep: SweepInput{Sweep: "s", Graph: blob.Digest}, State: artifacts.StateInterrupted}); err != nil {
		t.Fatal(err)
	}
	root, err := b.Machine.Store.Root(t.Context(), "s")
	if err != nil || root.Steps["a/train"].State != artifacts.StateCached || root.Steps["a/old"].Key != old.Key || len(root.Steps["a/old"].Outputs) == 0 || root.Steps["a/new"].State != artifacts.StateNotRun {
		t.Errorf("of a run that reached no step the record is %+v, %v", root.Steps, err)
	}
	tasks := result[[]Task](t, b, b.LoadTasks, ExperimentInput{Graph: blob.Digest, Run: testRun})
	if len(tasks) != 3 || tasks[0].Found == nil || tasks[1].Found == nil || tasks[2].Found != nil || tasks[1].Found.Key != old.Key || !tasks[1].Found.Cached {
		t.Errorf("of three steps, two of them made before, the workflow sees %+v", tasks)
	}
	journal := OpenJournal(b.Machine.Store, testRun)
	if err := journal.Update(t.Context()); err != nil || len(journal.Steps) != 2 || journal.Steps["a/train"].State != artifacts.StateCached {
		t.Errorf("the journal says %v, %v", journal.Steps, err)
	}
	if _, err := b.env.ExecuteActivity(b.LoadTasks, ExperimentInput{Graph: blob.Digest, Run: testRun, Group: 2}); kindOfError(err) != "BadStep" {
		t.Errorf("an experiment that the sweep does not have: %v", err)
	}
}
