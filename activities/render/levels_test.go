package render

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
)

func TestLevels(t *testing.T) {
	for name, c := range map[string]struct {
		lo, hi float64
		o      picture.Options
		want   levels
	}{
		"the paper's command": {0, 700, picture.Options{Min: 0.1, Max: 3, Step: 0.5}, levels{v: []float64{0.1, 0.6, 1.1, 1.6, 2.1, 2.6}}},
		"the paper's levels":  {0.02, 3.2, picture.Options{}, levels{v: []float64{0.1, 0.6, 1.1, 1.6, 2.1, 2.6, 3.1}}},
		"a wide range":        {0.3, 800, picture.Options{}, levels{v: []float64{0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500}, log: true}},
		"a wider range":       {0.003, 5e5, picture.Options{}, levels{v: []float64{0.004, 0.01, 0.1, 1, 10, 100, 1e3, 1e4, 1e5}, log: true}},
		"an exact zero":       {0, 500, picture.Options{}, levels{v: []float64{0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300}, sym: 5e-4}},
		"a logarithm of zero": {0, 500, picture.Options{Scale: picture.ScaleLog}, levels{v: []float64{0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300}, log: true}},
		"a narrow range":      {2.21, 2.42, picture.Options{}, levels{v: []float64{2.212, 2.22, 2.24, 2.26, 2.28, 2.3, 2.32, 2.34, 2.36, 2.38, 2.4, 2.42}}},
		"linear by choice":    {0.3, 800, picture.Options{Scale: picture.ScaleLinear}, levels{v: []float64{20, 100, 200, 300, 400, 500, 600, 700, 800}}},
		"logarithmic steps":   {0, 9, picture.Options{Scale: picture.ScaleLog, Min: 0.01, Max: 10, Step: 1}, levels{v: []float64{0.01, 0.1, 1, 10}, log: true}},
		"a chosen range":      {0, 9, picture.Options{Min: 1, Max: 2}, levels{v: []float64{1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2}}},
		"a constant":          {2.3, 2.3, picture.Options{}, levels{}},
		"nothing":             {math.Inf(1), math.Inf(-1), picture.Options{}, levels{}},
	} {
		got := chooseLevels(c.lo, c.hi, c.o, lineLevels)
		// Levels by steps of a decade are powers, right to a few units in the last place.
		same := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-14*math.Abs(b) })
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(levels{}), same); diff != "" {
			t.Errorf("%s (−want +got):\n%s", name, diff)
		}
	}
}

// Left to the data, levels rise, lie in its range (those of the paper may begin below it) and are at most the 21 of the paper.
func TestLevelsOfAnyRange(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lo := math.Pow(10, rapid.Float64Range(-8, 3).Draw(rt, "lo"))
		hi := lo * math.Pow(10, rapid.Float64Range(0.01, 20).Draw(rt, "hi"))
		o := picture.Options{Scale: rapid.SampledFrom([]string{picture.ScaleAuto, picture.ScaleLinear, picture.ScaleLog}).Draw(rt, "scale")}
		l := chooseLevels(lo, hi, o, lineLevels)
		if len(l.v) > 21 || (len(l.v) < 3 && hi > 2*lo) {
			rt.Fatalf("%d levels in [%g, %g]: %v", len(l.v), lo, hi, l.v)
		}
		for i, v := range l.v {
			slack := 1e-6*lo + 1e-9*(hi-lo)
			if v < lo-slack && v > 1 || v > hi+slack || (i > 0 && v <= l.v[i-1]) {
				rt.Fatalf("levels %v in [%g, %g]", l.v, lo, hi)
			}
		}
	})
}

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
