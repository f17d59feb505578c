package results_test

import (
	"strings"
	"testing"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
)

// TestDraws: of a map with several pairs of directions the first is read, and its notes say so; splits and other maps do not count.
func TestDraws(t *testing.T) {
	step := func(of, split string, pair int) pipelines.Step {
		return pipelines.Step{ID: of + "-" + split, Kind: pipelines.KindLine, At: pipelines.Address{Map: of, Split: split, Role: pipelines.RoleMap, Pair: pair}}
	}
	maps, err := (&results.Sweep{Graph: &pipelines.Graph{}}).Maps(t.Context(), []pipelines.Step{
		step("line", "train", 0), step("line", "train", 1), step("line", "test", 0), step("line", "test", 1), step("other", "train", 0),
	})
	if err != nil || len(maps) != 3 {
		t.Fatalf("%d maps, %v", len(maps), err)
	}
	for i, want := range []int{2, 2, 1} {
		m := maps[i]
		m.Done, m.Grid = true, surface.NewGrid([]float64{-1, 0, 1}, []float64{0})
		if m.Draws != want || strings.HasPrefix(m.Notes(), "draw 1 of 2") != (want == 2) {
			t.Errorf("%s has %d draws and the notes %q", m.Step.ID, m.Draws, m.Notes())
		}
	}
}
