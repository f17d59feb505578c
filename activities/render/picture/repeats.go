package picture

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"

	"lossatlas/activities/render/internal/lattice"
)

// Mean is the curve of the means of repetitions with other seeds, with a band of their standard deviation to both sides, inside the range of
// their values. It is over the places of the longest of them; repetitions over other places, such as diverged trainings, are left out, and
// count is how many are left. A place where one of these has no value has none.
func Mean(repetitions []*lattice.Field) (mean Curve, count int) {
	var x []float64
	for _, f := range repetitions {
		if len(f.X) > len(x) {
			x = f.X
		}
	}
	same := slices.DeleteFunc(slices.Clone(repetitions), func(f *lattice.Field) bool { return !slices.Equal(f.X, x) })
	if len(same) == 1 {
		return Curve{F: same[0]}, 1
	}
	means, low, high := make([]float64, len(x)), make([]float64, len(x)), make([]float64, len(x))
	for i := range x {
		values := make([]float64, len(same))
		for k, f := range same {
			if values[k] = f.Z[i]; !f.OK[i] {
				values[k] = math.NaN()
			}
		}
		m, deviation := stat.MeanStdDev(values, nil)
		means[i] = m
		low[i], high[i] = max(m-deviation, slices.Min(values)), min(m+deviation, slices.Max(values))
	}
	f := lattice.NewCurve(x, means)
	for i, ok := range f.OK {
		if ok { // axes have room for the band
			f.Lo, f.Hi = min(f.Lo, low[i]), max(f.Hi, high[i])
		}
	}
	f.Note = same[0].Note
	return Curve{F: f, Low: low, High: high}, len(same)
}

// BandNote begins the explanation of bands, and Repetitions is what means usually are over.
const (
	BandNote    = "bands: ± standard deviation over "
	Repetitions = "repetitions"
)

// MeanName is the name of a mean over count of all repetitions.
func MeanName(name string, count, all int) string {
	if count < all {
		return fmt.Sprintf("%s (%d of %d)", name, count, all)
	}
	return name
}
