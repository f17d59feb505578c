package surface_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lossatlas/activities/surface"
)

// valleys is a grid over [-1, 1]² with the loss 1 at the center, 0.5 at (0.5, 0), and 2 at the pass between them, at (0.25, 0); 3 elsewhere.
func valleys(estimated float64) surface.Grid {
	g := surface.NewGrid(surface.Lattice(-1, 1, 9), surface.Lattice(-1, 1, 9))
	for i := range g.Loss {
		g.Loss[i], g.Mask[i] = 3, true
	}
	g.Loss[4*9+4], g.Loss[4*9+5], g.Loss[4*9+6] = 1, 2, 0.5
	if estimated > 0 {
		g.Estimate = &surface.Estimate{Error: 0.5, Evaluated: make([]bool, 81), LossError: make([]float64, 81), AccuracyError: make([]float64, 81)}
		g.Estimate.LossError[4*9+5] = estimated
	}
	return *g
}

// TestBasinsOfGrid: basins, their number and the depth of the center's follow persistence, stated errors, border and missing values.
func TestBasinsOfGrid(t *testing.T) {
	walled := valleys(0)
	walled.Loss[4*9+5] = math.NaN()
	for i := range walled.Loss { // around the two points there is no loss
		if x, y := i%9, i/9; y >= 3 && y <= 5 && x >= 3 && x <= 7 && walled.Loss[i] == 3 {
			walled.Loss[i] = math.Inf(1)
		}
	}
	for name, c := range map[string]struct {
		grid        surface.Grid
		persistence float64
		basins      int
		atLeast     bool
		depth       surface.Measured
	}{
		"two":                          {valleys(0), 0.1, 2, false, surface.Measured{Value: 1}},
		"one that is persistent":       {valleys(0), 1.5, 1, false, surface.Measured{Value: 2, AtLeast: true}},
		"a pass that is nearly sure":   {valleys(0.5), 0.1, 2, false, surface.Measured{Value: 0.5}},
		"a pass that may not be there": {valleys(1), 0.1, 1, true, surface.Measured{Value: 2, AtLeast: true}},
		"regions without a pass":       {walled, 0.1, 3, false, surface.Measured{Value: math.Inf(1)}},
	} {
		f, err := c.grid.Flatness(surface.FlatnessOptions{Persistence: &c.persistence})
		if err != nil {
			t.Fatal(err)
		}
		if got := *f.BasinCount; got.Value != float64(c.basins) || got.AtLeast != c.atLeast || len(f.Basins) != c.basins {
			t.Errorf("%s: %d basins, counted as %+v, want %d", name, len(f.Basins), got, c.basins)
		}
		if *f.Depth != c.depth {
			t.Errorf("%s: a depth of %+v, want %+v", name, *f.Depth, c.depth)
		}
		b, err := json.Marshal(f)
		var back surface.Flatness
		if err == nil {
			err = json.Unmarshal(b, &back)
		}
		if diff := cmp.Diff(f, back, cmpopts.EquateNaNs()); err != nil || diff != "" {
			t.Errorf("%s: reads back with %v (-want +got):\n%s", name, err, diff)
		}
	}
	none, err := valleys(0).Flatness(surface.FlatnessOptions{})
	if err != nil || none.Basins != nil || none.BasinCount != nil || none.Depth != nil {
		t.Errorf("without a persistence there are %+v, %v", none, err)
	}
	away := surface.NewGrid([]float64{1, 2}, []float64{1, 2})
	least := 0.0
	if f, err := away.Flatness(surface.FlatnessOptions{Persistence: &least}); err != nil || !math.IsNaN(f.Depth.Value) {
		t.Errorf("a grid away from the center has a depth of %+v, %v", f.Depth, err)
	}
}
