package render

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

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
		"a narrow range":      {2.21, 2.42, picture.Options{}, levels{v: []float64{2.22, 2.24, 2.26, 2.28, 2.3, 2.32, 2.34, 2.36, 2.38, 2.4, 2.42}}},
		"linear by choice":    {0.3, 800, picture.Options{Scale: picture.ScaleLinear}, levels{v: []float64{100, 200, 300, 400, 500, 600, 700, 800}}},
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
