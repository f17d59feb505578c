package run

import (
	"maps"
	"testing"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestGivenUp: what the next run shares, or draws, is not given up.
func TestGivenUp(t *testing.T) {
	key := func(text string) artifacts.Key { return artifacts.Key(artifacts.Of([]byte(text))) }
	made := map[string]artifacts.Blob{"x": {Size: 1}}
	last := artifacts.Root{Steps: map[string]artifacts.RootStep{
		"a/train":   {Kind: "train", Key: key("a"), Outputs: made},
		"a/surface": {Kind: "surface", Key: key("as"), Outputs: made},
		"a/contour": {Kind: "render", Key: key("ac"), Outputs: made},
		"b/train":   {Kind: "train", Key: key("b"), Outputs: made},
		"c/train":   {Kind: "train", Key: key("c")}, // it has no result
	}}
	planned := func(id, k string, state pipelines.State) pipelines.PlannedStep {
		return pipelines.PlannedStep{ID: id, Key: key(k), State: state}
	}
	for _, c := range []struct {
		name  string
		steps []pipelines.PlannedStep
		want  map[pipelines.Kind]int
	}{
		{"the same file", []pipelines.PlannedStep{planned("a/train", "a", pipelines.StateCached), planned("a/surface", "as", pipelines.StateCached), planned("b/train", "b", pipelines.StateCached)}, nil},
		{"other names", []pipelines.PlannedStep{planned("x/train", "a", pipelines.StateCached), planned("x/surface", "as", pipelines.StateCached), planned("y/train", "b", pipelines.StateCached)}, nil},
		{"another training, whose maps are not known", []pipelines.PlannedStep{planned("a/train", "other", pipelines.StateRun), planned("a/surface", "", pipelines.StateBlocked), planned("b/train", "b", pipelines.StateCached)},
			map[pipelines.Kind]int{"train": 1, "surface": 1}},
		{"a result that is gone from the store", []pipelines.PlannedStep{planned("a/train", "a", pipelines.StateRun), planned("a/surface", "", pipelines.StateBlocked), planned("b/train", "b", pipelines.StateCached)}, nil},
		{"nothing left", nil, map[pipelines.Kind]int{"train": 2, "surface": 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, total := givenUp(last, &pipelines.Plan{Steps: c.steps})
			sum := 0
			for _, n := range c.want {
				sum += n
			}
			if !maps.Equal(got, c.want) || total != sum {
				t.Errorf("%v, %d in all, want %v", got, total, c.want)
			}
		})
	}
}
