package progress

import (
	"os"
	"testing"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/failure/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"

	"lossatlas/activities"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/codec"
)

// plain reads what is not encrypted.
var plain = reader{(&codec.Codec{}).Converters(nil)}

// told reads the first events of a saved history of an experiment; all of them for 0.
func told(t *testing.T, events int) telling {
	t.Helper()
	f, err := os.Open("../../../workflows/testdata/histories/experiment.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
	if err != nil {
		t.Fatal(err)
	}
	list := h.GetEvents()
	if events > 0 {
		list = list[:events]
	}
	tell := plain.newTelling()
	for _, e := range list {
		if err := tell.event(e); err != nil {
			t.Fatal(err)
		}
	}
	return tell
}

// TestHistory: an experiment's history tells what became of each step, with what it made, at every moment.
func TestHistory(t *testing.T) {
	whole := told(t, 0)
	if len(whole.steps) == 0 {
		t.Fatal("no steps in the history")
	}
	for id, st := range whole.steps {
		if (st.State != artifacts.StateRan && st.State != artifacts.StateCached) || len(st.Made.Outputs) == 0 || st.Kind == "" || whole.asked[id].Numerics == "" {
			t.Errorf("%s: %+v, asked by %+v", id, st, whole.asked[id])
		}
	}
	running := 0
	for n := 1; n < 40; n++ {
		for id, st := range told(t, n).steps {
			switch st.State {
			case artifacts.StateRunning:
				running++
			case artifacts.StateRan, artifacts.StateCached:
			default:
				t.Errorf("after %d events %s is %s", n, id, st.State)
			}
		}
	}
	if running == 0 {
		t.Error("no step ever ran")
	}
}

// TestHistoryOfFailures: steps that failed, missed an input, and were stopped before and after they began, and what waits for them.
func TestHistoryOfFailures(t *testing.T) {
	tell := plain.newTelling()
	for event, id := range map[int64]string{5: "e/train", 6: "e/other", 7: "e/third", 8: "e/fourth"} {
		tell.requests[event], tell.steps[id] = id, activities.StepStatus{ID: id, State: artifacts.StateRunning}
	}
	begun, err := plain.by.Data.ToPayloads(true)
	if err != nil {
		t.Fatal(err)
	}
	fail := func(event int64, kind, why string) *history.HistoryEvent {
		return &history.HistoryEvent{EventType: enumspb.EVENT_TYPE_ACTIVITY_TASK_FAILED, Attributes: &history.HistoryEvent_ActivityTaskFailedEventAttributes{
			ActivityTaskFailedEventAttributes: &history.ActivityTaskFailedEventAttributes{ScheduledEventId: event, Failure: &failure.Failure{
				Message: why, FailureInfo: &failure.Failure_ApplicationFailureInfo{ApplicationFailureInfo: &failure.ApplicationFailureInfo{Type: kind}},
			}},
		}}
	}
	for _, e := range []*history.HistoryEvent{
		fail(5, "BadData", "no such file"), fail(6, activities.ErrorBlocked, "x failed"), fail(99, "BadData", "of another activity"),
		{EventType: enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED, Attributes: &history.HistoryEvent_ActivityTaskCanceledEventAttributes{
			ActivityTaskCanceledEventAttributes: &history.ActivityTaskCanceledEventAttributes{ScheduledEventId: 7}}},
		{EventType: enumspb.EVENT_TYPE_ACTIVITY_TASK_CANCELED, Attributes: &history.HistoryEvent_ActivityTaskCanceledEventAttributes{
			ActivityTaskCanceledEventAttributes: &history.ActivityTaskCanceledEventAttributes{ScheduledEventId: 8, Details: begun}}},
	} {
		if err := tell.event(e); err != nil {
			t.Fatal(err)
		}
	}
	weights := map[string]pipelines.Ref{"weights": {Step: "e/train", Output: "weights"}}
	grid := map[string]pipelines.Ref{"grid": {Step: "e/map", Output: "grid"}}
	p := NewPoller(nil, nil, plain.by, "", &pipelines.Graph{
		Experiments: []pipelines.Experiment{{Name: "e", Steps: []pipelines.Step{{ID: "e/train"}, {ID: "e/other"}, {ID: "e/third"}, {ID: "e/fourth"}, {ID: "e/line", Inputs: map[string]pipelines.Ref{"weights": {Step: "e/fourth", Output: "weights"}}}, {ID: "e/map", Inputs: weights}, {ID: "e/plot", Inputs: grid}}}},
		Final:       []pipelines.Step{{ID: "report", Inputs: grid, Partial: true}},
	}, "sweep-s", "run")
	p.known = tell.steps
	p.block()
	for id, want := range map[string][2]string{
		"e/train": {artifacts.StateFailed, "no such file"}, "e/other": {artifacts.StateNotRun, "x failed"}, "e/third": {artifacts.StateNotRun, ""}, "e/fourth": {artifacts.StateInterrupted, ""}, "e/line": {artifacts.StateNotRun, ""},
		"e/map": {artifacts.StateNotRun, "e/train failed"}, "e/plot": {artifacts.StateNotRun, "e/train failed"}, "report": {"", ""},
	} {
		if got := p.known[id]; got.State != want[0] || got.Error != want[1] {
			t.Errorf("%s: %s %q, want %s %q", id, got.State, got.Error, want[0], want[1])
		}
	}
}
