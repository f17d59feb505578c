package main

import (
	"math"
	"testing"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 || math.IsNaN(a) && math.IsNaN(b) }

// TestStatistics compares with values that are known.
func TestStatistics(t *testing.T) {
	one, two := []float64{1, 2, 3, 4}, []float64{10, 20, 40, 30}
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"rank correlation", spearman(one, two), 0.8},
		{"p of four in order, 2 of 24", permutationP(one, one), 2.0 / 24},
		{"p of 0.8, of which |ρ| ≥ 0.8 have 8 of 24", permutationP(one, two), 8.0 / 24},
		{"rank of ties", ranks([]float64{5, 1, 5})[0], 2.5},
		{"AUC of separate lists", auc([]float64{3, 4}, []float64{1, 2}), 1},
		{"AUC of equal lists", auc([]float64{1, 2}, []float64{1, 2}), 0.5},
		{"AUC of nothing", auc(nil, one), math.NaN()},
		{"two components of a walk of three points", randomWalk(3), 1},
	} {
		if !near(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
	if long := randomWalk(10000); math.Abs(long-7.5/(math.Pi*math.Pi)) > 1e-3 { // (6/π²)(1 + 1/4)
		t.Errorf("two components of a long walk hold %v", long)
	}
	s := student("", []Value{{V: 1}, {V: 2}, {V: 3}, {V: 4}, {V: 5}}, 0, inf)
	if math.Abs(s.lo-1.0368) > 1e-3 || math.Abs(s.hi-4.9632) > 1e-3 { // 3 ± 2.7764·1.5811/√5
		t.Errorf("the interval is %v to %v", s.lo, s.hi)
	}
	lo, hi := bootstrap([][]float64{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}, func(c [][]float64) float64 {
		sum := 0.0
		for _, v := range c[0] {
			sum += v / 10
		}
		return sum
	})
	if lo < 2.4 || lo > 3 || hi < 6 || hi > 6.6 { // 4.5 ± 1.96·2.87/√10 = 2.7 to 6.3
		t.Errorf("the bootstrap interval of a mean is %v to %v", lo, hi)
	}
}
