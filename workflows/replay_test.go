package workflows_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"lossatlas/workers/registry"
)

// TestReplay runs today's workflow code over histories that were recorded from
// real runs. It fails when a change would break workflows that are under way.
func TestReplay(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*.json")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d saved histories, %v", len(files), err)
	}
	for _, file := range files {
		if err := replay(t, file, func(b []byte) []byte { return b }); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// TestReplayNotices holds that TestReplay would notice: a history in which a
// training's activity has another name does not replay.
func TestReplayNotices(t *testing.T) {
	err := replay(t, "testdata/histories/train.json", func(b []byte) []byte {
		return bytes.ReplaceAll(b, []byte(`"name":"MakeStep"`), []byte(`"name":"Distil"`))
	})
	if err == nil {
		t.Error("a history of other code replays without an error")
	}
}

func replay(t *testing.T, file string, change func([]byte) []byte) error {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	h, err := client.HistoryFromJSON(bytes.NewReader(change(b)), client.HistoryJSONOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r := worker.NewWorkflowReplayer()
	registry.RegisterWorkflows(r)
	start := h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
	return r.ReplayWorkflowHistoryWithOptions(quiet, h, worker.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: start.GetWorkflowId(), RunID: start.GetOriginalExecutionRunId()},
	})
}
