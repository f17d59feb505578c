package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"lossatlas/activities/render/internal/chart"
)

// RankCorrelation is Spearman's correlation between flatness and test error. Lower bounds have no known rank among
// the others and are left out: exact is how many dots it is over, bounds how many were left out. It
// is NaN for fewer than three, and where all values of one axis are equal.
func RankCorrelation(dots []Dot) (rho float64, exact, bounds int) {
	var x, y []float64
	for _, d := range dots {
		switch {
		case !d.known():
		case d.AtLeast:
			bounds++
		default:
			x, y = append(x, d.Flatness), append(y, d.Error)
		}
	}
	if len(x) < 3 {
		return math.NaN(), len(x), bounds
	}
	return spearman(x, y), len(x), bounds
}

// correlationNote says what the RankCorrelation is, over how many minimizers or pairs of them, and how many were left out.
func correlationNote(dots []Dot, of string) string {
	rho, exact, bounds := RankCorrelation(dots)
	note := fmt.Sprintf("Spearman's rank correlation %s over %d %s", strings.ReplaceAll(fmt.Sprintf("%.2f", rho), "-", "−"), exact, of)
	excluded := ", excluded from the correlation"
	switch {
	case exact < 3:
		values := "values"
		if exact == 1 {
			values = "value"
		}
		note, excluded = fmt.Sprintf("no rank correlation (%d exact %s, 3 needed)", exact, values), ""
	case math.IsNaN(rho):
		note, excluded = "no rank correlation (all values of one axis are equal)", ""
	}
	switch {
	case bounds == 1:
		note = chart.Joined(note, "the arrow marks a lower bound"+excluded)
	case bounds > 1:
		note = chart.Joined(note, fmt.Sprintf("arrows mark %d lower bounds%s", bounds, excluded))
	}
	return note
}

// spearman is the correlation of the ranks of two lists, NaN where the values of one are all equal. Equal values share the mean of their ranks.
func spearman(x, y []float64) float64 {
	a, b := ranks(x), ranks(y)
	mean := float64(len(a)+1) / 2
	var ab, aa, bb float64
	for i := range a {
		ab += (a[i] - mean) * (b[i] - mean)
		aa += (a[i] - mean) * (a[i] - mean)
		bb += (b[i] - mean) * (b[i] - mean)
	}
	return ab / math.Sqrt(aa*bb)
}

// ranks are counted from 1.
func ranks(v []float64) []float64 {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(v[a], v[b]) })
	out := make([]float64, len(v))
	for from := 0; from < len(order); {
		to := from
		for to < len(order) && v[order[to]] == v[order[from]] {
			to++
		}
		for _, i := range order[from:to] {
			out[i] = float64(from+1+to) / 2
		}
		from = to
	}
	return out
}
