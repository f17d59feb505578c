package render

import (
	"math"
	"testing"

	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// TestLevelsEndBelow: the ground is shaded where a further level would have room, and not for a rest of the range.
func TestLevelsEndBelow(t *testing.T) {
	for _, c := range []struct {
		levels levels
		hi     float64
		want   bool
	}{
		{levels{v: []float64{1, 2, 3}}, 3.9, false},
		{levels{v: []float64{1, 2, 3}}, 4, true},
		{levels{v: []float64{1, 10, 100}, log: true}, 900, false},
		{levels{v: []float64{1, 10, 100}, log: true}, 1000, true},
		{levels{v: []float64{1}}, 1000, false},
	} {
		if got := c.levels.endsBelow(&lattice.Field{Lo: 0.5, Hi: c.hi}); got != c.want {
			t.Errorf("levels %v below %g: %t", c.levels.v, c.hi, got)
		}
	}
}

// TestPanelBetweenLevels: a panel whose losses lie between two shared levels has lines of its own.
func TestPanelBetweenLevels(t *testing.T) {
	flat := sampled(9, func(x, y float64) float64 { return 2.2 + 0.1*(x*x+y*y) })
	f, err := lattice.NewField(flat, "loss", flat.Loss, 2)
	if err != nil {
		t.Fatal(err)
	}
	opt := picture.Options{Panel: &picture.PanelOptions{Lo: 0.1, Hi: 9}}
	shared := chooseLevels(opt.Panel.Lo, opt.Panel.Hi, opt, lineLevels)
	if shared.crosses(f) {
		t.Fatalf("the levels %v were to leave the panel out", shared.v)
	}
	if own := ownLevels(f); len(own.v) < 2 || !own.crosses(f) {
		t.Errorf("its own levels are %v for losses from %g to %g", own.v, f.Lo, f.Hi)
	}
}

// TestScoreWithoutOutputs: where the loss is not finite, neither is the score: the class of outputs that are not numbers is arbitrary.
func TestScoreWithoutOutputs(t *testing.T) {
	g := surface.NewGrid([]float64{-1, 0, 1}, []float64{0})
	copy(g.Loss, []float64{1, math.NaN(), math.Inf(1)})
	copy(g.Accuracy, []float64{0.5, 0.1, 0.1})
	if got := scores(g); got[0] != 0.5 || !math.IsNaN(got[1]) || !math.IsNaN(got[2]) || g.Accuracy[1] != 0.1 {
		t.Errorf("scores %v of accuracies %v", got, g.Accuracy)
	}
}

// TestLevelNearMinimum: logarithmic levels begin near the lowest loss, with a round number.
func TestLevelNearMinimum(t *testing.T) {
	for _, c := range []struct {
		lo   float64
		v    []float64
		want float64
	}{
		{2.28, []float64{5, 10, 20}, 2.5}, {0.3, []float64{0.5, 1}, 0.5}, {1.9, []float64{2, 5}, 2}, {9.7, []float64{50, 100}, 12}, {0, []float64{1, 10}, 1}, {4.9, []float64{10, 20}, 6},
	} {
		if got := nearMinimum(c.lo, c.v); got[0] != c.want {
			t.Errorf("the levels %v above %g begin at %g, want %g", c.v, c.lo, got[0], c.want)
		}
	}
}
