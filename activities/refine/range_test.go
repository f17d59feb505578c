package refine

import (
	"math"
	"slices"
	"testing"
)

// settle follows a search over a function to its end.
func settle(t *testing.T, s Search, f func(x, y float64) float64) (Range, []Probe) {
	t.Helper()
	var probes []Probe
	for range 40 {
		next := s.Next(probes)
		if len(next) == 0 {
			return s.Found(probes), probes
		}
		if again := s.Next(slices.Clone(probes)); !slices.Equal(again, next) {
			t.Fatalf("the same values ask for %v and for %v", next, again)
		}
		for _, p := range next {
			probes = append(probes, Probe{p.X, p.Y, f(p.X, p.Y)})
		}
	}
	t.Fatalf("not settled after %d points: %v", len(probes), probes)
	return Range{}, nil
}

// TestSearchFindsTheRise: the range ends at the first round number at which the loss has risen, on every scale of distances and losses.
func TestSearchFindsTheRise(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for name, c := range map[string]struct {
		search Search
		loss   func(x, y float64) float64
		want   []float64
	}{
		"bowl":            {Search{2, 10, 0}, func(x, y float64) float64 { return 0.1 * (1 + 1.01*x*x + 101*y*y) }, []float64{3, 0.3}},
		"narrow":          {Search{1, 10, 0}, func(x, _ float64) float64 { return 2 + 2.02e6*x*x/(1+x*x*9) }, []float64{0.003}},
		"wide":            {Search{1, 10, 0}, func(x, _ float64) float64 { return 1 + x*x/400 }, []float64{60}},
		"small rise":      {Search{1, 1.5, 0}, func(x, _ float64) float64 { return 2 + 2*x*x }, []float64{0.8}},
		"one side":        {Search{1, 10, 0}, func(x, _ float64) float64 { return 1 + max(x, 0)*9 - min(x, 0)*90 }, []float64{1}},
		"not finite":      {Search{1, 10, 0}, func(x, _ float64) float64 { return map[bool]float64{true: nan, false: 1}[math.Abs(x) > 0.45] }, []float64{0.5}},
		"infinite":        {Search{1, 10, 0}, func(x, _ float64) float64 { return map[bool]float64{true: inf, false: 0}[math.Abs(x) > 0.45] }, []float64{0.5}},
		"saturates below": {Search{1, 10, 0}, func(x, _ float64) float64 { return 1 + 4*math.Tanh(x*x) }, []float64{1.5}},
		"zero at center":  {Search{1, 10, 0}, func(x, _ float64) float64 { return x * x }, []float64{0.3}},
		"below zero":      {Search{1, 10, 0}, func(x, _ float64) float64 { return -1 + 9*math.Abs(x) }, []float64{1}},
		"flat":            {Search{2, 10, 0}, func(x, y float64) float64 { return 1 }, []float64{1, 1}},
		"falls":           {Search{1, 10, 0}, func(x, _ float64) float64 { return -x * x }, []float64{1}},
		"center is NaN":   {Search{1, 10, 0}, func(x, _ float64) float64 { return nan }, []float64{1}},
		"needle":          {Search{1, 10, 0}, func(x, _ float64) float64 { return math.Abs(x) * 1e30 }, []float64{0.1}},
		"cliff":           {Search{1, 2, 0}, func(x, _ float64) float64 { return map[bool]float64{true: 5, false: 1}[x != 0] }, []float64{distance(-39)}},
	} {
		r, probes := settle(t, c.search, c.loss)
		if !slices.Equal(r.Distance, c.want) {
			t.Errorf("%s: the range is %v, want %v", name, r.Distance, c.want)
		}
		if most := c.search.Axes * 2 * 17; len(probes) > most {
			t.Errorf("%s: %d points, want at most %d", name, len(probes), most)
		}
	}
}

// TestSearchBeyondMinimizers: between minimizers at 0 and 1 a map reaches as far below the first as above the last.
func TestSearchBeyondMinimizers(t *testing.T) {
	r, probes := settle(t, Search{Axes: 2, Rise: 5, Beyond: 1}, func(x, y float64) float64 {
		return 0.25 + min(x*x+y*y, (x-1)*(x-1)+y*y, x*x+(y-1)*(y-1))
	})
	for axis := range 2 {
		if lo, hi := r.Range(axis, 0); lo != -1 || hi != 2 {
			t.Errorf("axis %d reaches from %v to %v, want -1 to 2", axis, lo, hi)
		}
	}
	if lo, hi := r.Range(0, 0.5); lo != -2.5 || hi != 3.5 {
		t.Errorf("with a margin from %v to %v", lo, hi)
	}
	for _, p := range probes {
		if p.X != 0 && p.Y != 0 || p.X > 0 && p.X < 1 || p.Y > 0 && p.Y < 1 {
			t.Errorf("%v lies on no axis beyond the minimizers", p)
		}
	}
}

func TestDecodeRange(t *testing.T) {
	if r, err := DecodeRange([]byte(`{"distance":[0.5,2],"beyond":1}`)); err != nil || r.Distance[1] != 2 || r.Beyond != 1 {
		t.Errorf("%v, %v", r, err)
	}
	for _, bad := range []string{``, `{}`, `{"distance":[]}`, `{"distance":[0]}`, `{"distance":[-1]}`, `{"distance":[1],"beyond":-1}`, `{"distance":["x"]}`} {
		if _, err := DecodeRange([]byte(bad)); err == nil {
			t.Errorf("%s was taken for a range", bad)
		}
	}
}
