package sweepfile

import (
	"testing"

	"lossatlas/pipelines"
)

// TestAddresses: each step says where it stands, whatever it and its owner are called.
func TestAddresses(t *testing.T) {
	const src = `name: one
dataset: {name: cifar10}
train: {net: resnet20, epochs: 4, checkpoints: 1}
sweep:
  train.seed: [1, 2]
maps:
  - {kind: surface, name: wide-path, resolution: 5, pairs: 2, splits: [train, test]}
  - {kind: trajectory, name: p, resolution: 5}
  - {kind: spectrum, name: test-train}
compare:
  - {kind: interpolation, between: [{train.seed: 1}, {train.seed: 2}], splits: [test]}
figures: [{kind: norms}]
`
	want := map[string]pipelines.Address{
		"seed=1/train":                   {Experiment: "seed=1", Role: pipelines.RoleWeights},
		"seed=1/training":                {Experiment: "seed=1", Role: pipelines.RolePicture},
		"seed=1/wide-path-directions@2":  {Experiment: "seed=1", Map: "wide-path", Pair: 1, Role: pipelines.RoleDirections},
		"seed=2/wide-path-test@2":        {Experiment: "seed=2", Map: "wide-path", Split: "test", Pair: 1, Role: pipelines.RoleMap},
		"seed=2/wide-path-test-flatness": {Experiment: "seed=2", Map: "wide-path", Split: "test", Role: pipelines.RoleFlatness},
		"seed=2/wide-path-test-contour":  {Experiment: "seed=2", Map: "wide-path", Split: "test", Role: pipelines.RolePicture},
		"seed=1/p-path":                  {Experiment: "seed=1", Map: "p", Role: pipelines.RolePath},
		"seed=1/p-train":                 {Experiment: "seed=1", Map: "p", Split: "train", Role: pipelines.RoleMap},
		"seed=1/test-train-train":        {Experiment: "seed=1", Map: "test-train", Split: "train", Role: pipelines.RoleMap},
		"interpolation/directions":       {Comparison: "interpolation", Map: "interpolation", Role: pipelines.RoleDirections},
		"interpolation/test":             {Comparison: "interpolation", Map: "interpolation", Split: "test", Role: pipelines.RoleMap},
		"interpolation/plot":             {Comparison: "interpolation", Map: "interpolation", Role: pipelines.RolePicture},
		"figures/norms":                  {Figure: "norms", Role: pipelines.RoleFigure},
		"report":                         {Role: pipelines.RoleReport},
	}
	g := mustExpand(t, src, "")
	for _, p := range g.All() {
		at := p.Step.At
		if w, ok := want[p.Step.ID]; ok && at != w {
			t.Errorf("the address of %s is %+v, want %+v", p.Step.ID, at, w)
		}
		delete(want, p.Step.ID)
		if at.Role == "" || at.Experiment != p.Experiment {
			t.Errorf("the address of %s is %+v, and its experiment %q", p.Step.ID, at, p.Experiment)
		}
	}
	for id := range want {
		t.Errorf("there is no step %s", id)
	}
}
