package store

import (
	"slices"
	"strings"
	"testing"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestSurfacesOf: names stand for one surface each, all of one sweep.
func TestSurfacesOf(t *testing.T) {
	grid := map[string]artifacts.Blob{pipelines.OutGrid: {Digest: artifacts.Of([]byte("grid"))}}
	roots := []artifacts.Root{
		{Sweep: "a", Steps: map[string]artifacts.RootStep{"x/surface-train": {Outputs: grid}, "y/surface-train": {Outputs: grid}, "y/train": {}, "y/line-train": {Kind: string(pipelines.KindLine), Outputs: grid}}},
		{Sweep: "b", Steps: map[string]artifacts.RootStep{"z/surface-train": {Outputs: grid}}},
	}
	for _, test := range []struct{ names, sweep, steps, problem string }{
		{names: "a/x/surface-train y/surface-train", sweep: "a", steps: "x/surface-train y/surface-train"},
		{names: "z/surface-train", sweep: "b", steps: "z/surface-train"},
		{names: "surface-train", problem: "it could be a/x/surface-train, a/y/surface-train, b/z/surface-train"},
		{names: "b/z/surface-train surface-train", sweep: "b", steps: "z/surface-train z/surface-train"}, // that of the same sweep
		{names: "a/x/surface-train b/z/surface-train", problem: "a fragment shows surfaces of one sweep: b/z/surface-train is of b"},
		{names: "a/x/surface-train surface-trian", problem: `no surface has the name "surface-trian"; did you mean x/surface-train?`},
		{names: "a/y", problem: "name one, such as a/y/surface-train"},
		{names: "y/train", problem: `no surface has the name "y/train"`},
	} {
		sweep, steps, err := surfacesOf(roots, strings.Fields(test.names))
		switch {
		case test.problem != "" && (err == nil || !strings.Contains(err.Error(), test.problem)):
			t.Errorf("%s: %v, want %q", test.names, err, test.problem)
		case test.problem == "" && err != nil:
			t.Errorf("%s: %v", test.names, err)
		case test.problem == "" && (sweep != test.sweep || !slices.Equal(steps, strings.Fields(test.steps))):
			t.Errorf("%s: %s %v", test.names, sweep, steps)
		}
	}
}
