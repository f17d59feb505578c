package show

import (
	"strings"
	"testing"

	"lossatlas/artifacts"
	"lossatlas/workers/internal/progress"
)

// TestStepTable: steps that wait or were not run for the same reason share a line, unless all are asked for.
func TestStepTable(t *testing.T) {
	steps := []progress.Step{
		{ID: "a/train", Kind: "train", State: artifacts.StateRan, Seconds: 2},
		{ID: "b/train", Kind: "train", State: artifacts.StateFailed, Error: "disk full"},
		{ID: "b/line", Kind: "line", State: artifacts.StateNotRun, Error: "b/train failed"},
		{ID: "b/plot", Kind: "render", State: artifacts.StateNotRun, Error: "b/train failed"},
		{ID: "c/train", Kind: "train", State: artifacts.StateNotRun},
		{ID: "d/train", Kind: "train", State: artifacts.StateWaiting, Ready: true, Queued: true, Retry: "a lost worker"},
		{ID: "e/train", Kind: "train", State: artifacts.StateWaiting},
		{ID: "f/train", Kind: "train", State: artifacts.StateWaiting},
		{ID: "f/line", Kind: "line", State: artifacts.StateWaiting},
	}
	for _, test := range []struct {
		all  bool
		want string
	}{{false, `
STATE    STEP     KIND    TOOK
ran      a/train  train  2.0 s
failed   b/train  train      -  disk full
not run  2 steps  -          -  1 line, 1 render, because b/train failed
not run  c/train  train      -
waiting  d/train  train      -  queued, after: a lost worker
waiting  3 steps  -          -  2 train, 1 line
`}, {true, `
STATE    STEP     KIND     TOOK
ran      a/train  train   2.0 s
failed   b/train  train       -  disk full
not run  b/line   line        -  because b/train failed
not run  b/plot   render      -  because b/train failed
not run  c/train  train       -
waiting  d/train  train       -  queued, after: a lost worker
waiting  e/train  train       -
waiting  f/train  train       -
waiting  f/line   line        -
`}} {
		var out strings.Builder
		if err := stepTable(steps, test.all).Text(&out); err != nil {
			t.Fatal(err)
		}
		if "\n"+out.String() != test.want {
			t.Errorf("with all %v:\n%s", test.all, out.String())
		}
	}
}
