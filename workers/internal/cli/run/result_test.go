package run

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/results"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/cli/app"
	"lossatlas/workers/internal/exit"
)

// TestVerdict: which exit code a run ends with, and what it says.
func TestVerdict(t *testing.T) {
	done := results.Experiment{Name: "a", State: artifacts.StateDone}
	failed := results.Experiment{Name: "b", State: artifacts.StateFailed, Errors: map[string]string{"train": "diverged"}}
	diverged := results.Experiment{Name: "c", State: artifacts.StateDiverged, Diverged: &trainlog.Divergence{Epoch: 1, Step: 2, LastLoss: 2.5, LR: 10}}
	const lost = "c: the training diverged in epoch 1, step 2 (last finite loss 2.5): lower train.optimizer.lr, which was 10, or warm it up"
	for _, c := range []struct {
		name string
		root artifacts.Root
		rows []results.Experiment
		code exit.Code
		say  string
	}{
		{"all done", artifacts.Root{State: artifacts.StateDone}, []results.Experiment{done, done}, exit.Done, ""},
		{"one failed", artifacts.Root{State: artifacts.StateFailed}, []results.Experiment{done, failed}, exit.Partial, "1 of 2 experiments failed: b/train: diverged"},
		{"all failed", artifacts.Root{State: artifacts.StateFailed}, []results.Experiment{failed}, exit.Failed, "1 of 1 experiment failed: b/train: diverged"},
		{"one diverged", artifacts.Root{State: artifacts.StateDiverged}, []results.Experiment{done, diverged}, exit.Partial, "1 of 2 experiments diverged: " + lost},
		{"one failed, one needs it", artifacts.Root{State: artifacts.StateFailed}, []results.Experiment{done, failed, {State: artifacts.StateNotRun}}, exit.Partial, "1 of 3 experiments failed and 1 not run: b/train: diverged"},
		{"all diverged", artifacts.Root{State: artifacts.StateDiverged}, []results.Experiment{diverged}, exit.Partial, "1 of 1 experiment diverged: " + lost},
		{"one failed, one diverged", artifacts.Root{State: artifacts.StateFailed}, []results.Experiment{failed, diverged}, exit.Partial, "1 of 2 experiments failed: b/train: diverged"},
		{"the report failed", artifacts.Root{State: artifacts.StateFailed, Steps: map[string]artifacts.RootStep{"report": {State: "failed", Error: "disk full"}}},
			[]results.Experiment{done}, exit.Failed, "all experiments are done, but report failed: disk full"},
	} {
		err := (&run{App: &app.App{}}).verdict(c.root, c.rows)
		if exit.Of(err) != c.code || err != nil && err.Error() != c.say || err == nil && c.say != "" {
			t.Errorf("%s: code %d, %v; want code %d, %q", c.name, exit.Of(err), err, c.code, c.say)
		}
	}
}

// TestImported: what a run says of imported weights, and that it warns of those that are no better than guessing.
func TestImported(t *testing.T) {
	for _, c := range []struct {
		name string
		row  results.Experiment
		want string
	}{
		{"trained here", results.Experiment{TrainLoss: new(2.5)}, ""},
		{"good", results.Experiment{TrainLoss: new(0.25), TrainError: new(6.25), Guessing: 2.302585}, "6.25 % of the training images are classified wrongly"},
		{"no accuracy", results.Experiment{TrainLoss: new(0.25), Guessing: 0}, ""},
		{"as good as guessing", results.Experiment{TrainLoss: new(2.35), TrainError: new(90.0), Guessing: 2.302585},
			"90.00 % of the training images are classified wrongly; the loss of the training images, 2.35, is no less than that of guessing, 2.303: check mean and deviation, the order of the channels, and the numbers of the classes"},
	} {
		if got := strings.Join(imported(c.row), "; "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestImportedOnce: lines about imported weights are printed once for all experiments that have them.
func TestImportedOnce(t *testing.T) {
	step := func(weights string) []pipelines.Step {
		return []pipelines.Step{{ID: weights, Kind: pipelines.KindImport, Params: json.RawMessage(weights), At: pipelines.Address{Role: pipelines.RoleWeights}}}
	}
	g := &pipelines.Graph{Experiments: []pipelines.Experiment{{Name: "seed=1", Steps: step("a")}, {Name: "seed=2", Steps: step("a")}, {Name: "other", Steps: step("b")}, {Name: "trained"}}}
	rows := []results.Experiment{{Name: "seed=1"}, {Name: "seed=2", TrainError: new(5.0)}, {Name: "other", TrainError: new(5.0)}, {Name: "trained"}}
	var b strings.Builder
	printImported(&b, g, rows, nil)
	const want = `
seed=1 and seed=2: 5.00 % of the training images are classified wrongly

other: 5.00 % of the training images are classified wrongly
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.Reset()
	if printImported(&b, g, rows, map[string]bool{"a": true, "b": false}); strings.Contains(b.String(), "seed=1") || !strings.Contains(b.String(), "other: ") {
		t.Errorf("with one told during the run:\n%s", b.String())
	}
}

// TestSweepName: names of sweeps from names of files.
func TestSweepName(t *testing.T) {
	for file, want := range map[string]string{"net.pt2": "net", "mein modell ü.pt2": "mein-modell-u", "Crème brûlée.onnx": "Creme-brulee", "模型.pt2": "map", "_x-.pt2": "x", strings.Repeat("ab ", 40) + ".pt2": strings.Repeat("ab-", 21) + "a"} {
		if got := sweepName(file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

// TestRunResult holds the form of what `run --output json` ends with.
func TestRunResult(t *testing.T) {
	b, err := json.Marshal(runResult{
		Sweep: "s", RunID: "r", Steps: stepCounts{9, 1, 1, 1, 2, 4}, State: "interrupted", Seconds: 1.5, Report: "/r",
		Experiments: []results.Experiment{{Name: "e", State: "done", Params: map[string]any{"p": 1}, TestError: new(2.0), Artifacts: map[string]string{"train/log": "sha256:0"}}},
		Comparisons: []results.Comparison{},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"sweep":"s","run_id":"r","state":"interrupted","steps":{"total":9,"cached":1,"ran":1,"failed":1,"interrupted":2,"not_run":4},"seconds":1.5,"report":"/r",` +
		`"experiments":[{"name":"e","state":"done","params":{"p":1},"train_loss":null,"test_loss":null,"test_error":2,"artifacts":{"train/log":"sha256:0"}}],"comparisons":[]}`
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
