package main_test

import (
	"bytes"
	"flag"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"lossatlas/workers/registry"
)

var recordHistories = flag.Bool("record", false, "save the histories of TestHistoriesReplay where the tests of package workflows find them")

// everySort is a sweep with every sort of step, two experiments and a comparison.
const everySort = `name: everything
dataset: {name: shapes10, train: 16, test: 8}
networks:
  tiny:
    - {conv: 4, stride: 2, name: stem}
    - relu
    - avgpool
    - flatten
    - {linear: 10, name: fc}
train: {net: tiny, epochs: 2, batch_size: 8, checkpoints: 1}
sweep: {train.seed: [1, 2]}
maps:
  - {kind: line, points: 5}
  - {kind: surface, resolution: 3}
  - {kind: surface, name: sharpest, directions: hessian, resolution: 3}
  - {kind: hessian, resolution: 2, tolerance: 0.1}
  - {kind: spectrum, tolerance: 0.1, probes: 2, steps: 4}
  - {kind: trajectory, resolution: 3}
compare: [{kind: interpolation, between: [{train.seed: 1}, {train.seed: 2}], points: 3}]
figures: [{kind: multiples, plot: contour}]
`

// TestHistoriesReplay runs a sweep with every sort of step and replays each of its workflows.
func TestHistoriesReplay(t *testing.T) {
	home := t.TempDir()
	file := filepath.Join(home, "everything.yaml")
	if err := os.WriteFile(file, []byte(everySort), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := invoke(t, home, "run", file, "--backend", "go"); code != 0 {
		t.Fatalf("the sweep ended with %d: %s", code, stderr)
	}
	p := remember(t, home)
	seen := map[string]bool{}
	for _, r := range p.runs {
		id := r.GetExecution().GetWorkflowId()
		name := strings.ToLower(r.GetType().GetName())
		if name == "step" {
			name, _, _ = strings.Cut(id, "-")
			if strings.HasPrefix(id, "given") {
				name = "given-directions"
			}
		}
		events := p.client.GetWorkflowHistory(t.Context(), id, r.GetExecution().GetRunId(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		var h history.History
		for events.HasNext() {
			e, err := events.Next()
			if err != nil {
				t.Fatal(err)
			}
			h.Events = append(h.Events, e)
		}
		saved, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(&h)
		if err != nil {
			t.Fatal(err)
		}
		if err := replayed(bytes.NewReader(saved)); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		if *recordHistories {
			saved = regexp.MustCompile(`"identity":"[^"]*"`).ReplaceAll(saved, []byte(`"identity":"worker"`))
			if err := os.WriteFile(filepath.Join("../../workflows/testdata/histories", name+".json"), saved, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, name := range strings.Fields("sweep experiment train directions eigenvectors difference line surface hessian spectrum trajectory flatness render report") {
		if !seen[name] {
			t.Errorf("no history of a %s", name)
		}
	}
}

// replayed runs today's workflow code over a history.
func replayed(saved io.Reader) error {
	h, err := client.HistoryFromJSON(saved, client.HistoryJSONOptions{})
	if err != nil {
		return err
	}
	r := worker.NewWorkflowReplayer()
	registry.RegisterWorkflows(r)
	start := h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes()
	return r.ReplayWorkflowHistoryWithOptions(log.NewStructuredLogger(slog.New(slog.DiscardHandler)), h, worker.ReplayWorkflowHistoryOptions{
		OriginalExecution: workflow.Execution{ID: start.GetWorkflowId(), RunID: start.GetOriginalExecutionRunId()},
	})
}
