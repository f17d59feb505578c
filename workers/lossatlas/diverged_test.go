package main_test

import (
	"strings"
	"testing"
)

// divergingFile is a sweep of which one training blows up: a rate times a weight
// decay of a million multiplies the weights by it in every step.
const divergingFile = `name: diverging
dataset: {name: shapes10, train: 64, test: 32}
train: {net: small, epochs: 6, batch_size: 32, optimizer: {weight_decay: 1000, schedule: {}}}
sweep: {train.optimizer.lr: [0.0001, 1000]}
maps: [{kind: line, points: 3}]
`

// TestDivergingTraining: the training ends as a result that says where it
// diverged, its maps are left out, the rest is done, and a second run has
// nothing to do. Both end with 3.
func TestDivergingTraining(t *testing.T) {
	home, file := t.TempDir(), writeSweep(t, divergingFile)
	for run, ran := range []int{11, 0} {
		stdout, stderr, code := invoke(t, home, "run", file, "--output", "json")
		if code != 3 || !strings.Contains(stderr, "lr=1000: the training diverged in epoch") || !strings.Contains(stderr, "lower train.optimizer.lr") {
			t.Errorf("run %d ended with %d:\n%s", run+1, code, stderr)
		}
		var got struct {
			State string
			Steps struct {
				Ran    int
				NotRun int `json:"not_run"`
			}
			Experiments []struct {
				Name      string
				TestError *float64 `json:"test_error"`
				Diverged  *struct{ Epoch, Step int }
				Artifacts map[string]string
			}
		}
		decode(t, stdout, &got)
		// All but the directions, the two grids, what is measured on them, and the picture of the line of one experiment.
		if got.Steps.Ran != ran || got.Steps.NotRun != 6 || got.State != "diverged" {
			t.Errorf("run %d: %+v, want %d steps run and 6 left out", run+1, got.Steps, ran)
		}
		for _, e := range got.Experiments {
			lost := e.Name == "lr=1000"
			if (e.Diverged != nil) != lost || (e.TestError == nil) != lost || lost && (e.Diverged.Epoch < 1 || e.Diverged.Step < 1) {
				t.Errorf("experiment %s: diverged %+v, test error %v", e.Name, e.Diverged, e.TestError)
			}
		}
	}
	for _, args := range [][]string{{"list"}, {"status"}, {"status", "diverging"}} {
		if stdout, _, _ := invoke(t, home, args...); !strings.Contains(stdout, "diverged") || strings.Contains(stdout, "failed") {
			t.Errorf("%v says\n%s", args, stdout)
		}
	}
	_, stderr, code := invoke(t, home, "export", "sweep", "diverging", t.TempDir()+"/out")
	if code != 0 || !strings.Contains(stderr, "6 of 17 steps have no result (6 not run because lr=1000/train produced no weights): lr=1000/") || !strings.Contains(stderr, " and 1 more; sweep.json") {
		t.Errorf("export ended with %d:\n%s", code, stderr)
	}
	if stdout, _, code := invoke(t, home, "show", "diverging"); code != 0 || !strings.Contains(stdout, "diverged in epoch") {
		t.Errorf("show ended with %d:\n%s", code, stdout)
	}
}
