package compare

import (
	"math"
	"testing"
)

// A lower bound has no known rank: the correlation is over the exact values alone, and the note says how many were left out.
func TestScatterLeavesBoundsOut(t *testing.T) {
	exact := []Dot{{Flatness: 1, Error: 9}, {Flatness: 2, Error: 8}, {Flatness: 3, Error: 7}}
	bound := Dot{Flatness: 1.5, Error: 1, AtLeast: true}
	for _, c := range []struct {
		dots []Dot
		rho  float64
		note string
	}{
		{exact, -1, "correlation −1.00 over 3 minimizers"},
		{append(exact[:3:3], bound), -1, "correlation −1.00 over 3 minimizers; arrow: a lower bound, excluded from the correlation"},
		{append(exact[:2:2], bound, bound), math.NaN(), "correlation: needs three exact values, there are 2; arrows: 2 lower bounds, excluded from the correlation"},
		{append(exact[:2:2], Dot{Flatness: math.Inf(1), Error: 1}, Dot{Flatness: 4, Error: math.NaN()}), math.NaN(), "correlation: needs three exact values, there are 2"},
	} {
		if rho, _, _ := RankCorrelation(c.dots); rho != c.rho && !(math.IsNaN(rho) && math.IsNaN(c.rho)) {
			t.Errorf("the correlation of %v is %v, want %v", c.dots, rho, c.rho)
		}
		want := "Spearman's rank " + c.note
		if got := correlationNote(c.dots); got != want {
			t.Errorf("the note on %v is %q, want %q", c.dots, got, want)
		}
	}
}
