package run

import (
	"testing"

	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
)

// TestOrder: the file decides which experiment is computed first, and the flag overrides it.
func TestOrder(t *testing.T) {
	plan := &pipelines.Plan{Steps: []pipelines.PlannedStep{
		{ID: "a/train", Experiment: "a", Kind: pipelines.KindTrain, State: pipelines.StateCached},
		{ID: "b/train", Experiment: "b", Kind: pipelines.KindTrain, State: pipelines.StateRun},
	}}
	for name, test := range map[string]struct{ file, flag, want string }{
		"neither":          {"", "", "b"},
		"file":             {"order: breadth", "", ""},
		"flag":             {"", "breadth", ""},
		"flag over a file": {"order: breadth", "depth", "b"},
	} {
		t.Run(name, func(t *testing.T) {
			sweep, err := sweepfile.Parse("s.yaml", []byte("name: s\ndataset: {name: d, train: 8, test: 8}\ntrain: {net: n, batch_size: 8}\n"+test.file), sweepfile.Catalog{}, "")
			if err != nil {
				t.Fatal(err)
			}
			if got := (&run{sweep: sweep, order: test.flag}).first(plan); got != test.want {
				t.Errorf("%q is computed first, want %q", got, test.want)
			}
		})
	}
}
