package refine

import (
	"math"
	"testing"
)

// TestCurvature: both eigenvalues are within the error relative to the larger one of their point, and within their own bounds: where λmin
// changes its sign, where λmax has a bend because two eigenvalues change places, and around a region where there are none.
func TestCurvature(t *testing.T) {
	const n = 33
	for name, ends := range map[string]func(x, y float64) (low, high float64){
		"a sign that changes": func(x, y float64) (low, high float64) { return 3*x*x - y*y - 0.2, 20 * math.Exp(x+2*y*y) },
		"a bend":              func(x, y float64) (low, high float64) { return -0.1 - x*x, math.Max(10+8*x, 9-6*y) },
		"no eigenvalues in a corner": func(x, y float64) (low, high float64) {
			if x+y > 1.1 {
				return math.NaN(), math.NaN()
			}
			return -1 - y, 10 + x
		},
	} {
		l := Lattice{NX: n, NY: n, Error: 0.05, Curvature: true}
		truth := make([]Sample, n*n)
		for i := range truth {
			truth[i] = Sample{Index: i, Loss: 1, Accuracy: 50}
			truth[i].LambdaMin, truth[i].LambdaMax = ends(2*float64(i%n)/(n-1)-1, 2*float64(i/n)/(n-1)-1)
		}
		var rounds []Round
		for next := l.Next(nil); len(next.Whole) > 0; next = l.Next(rounds) {
			r := Round{Check: next.Check}
			for _, i := range next.Whole {
				r.Samples = append(r.Samples, truth[i])
			}
			rounds = append(rounds, r)
		}
		f := l.Estimate(rounds)
		evaluated, within, stated := 0, 0, 0
		for i, v := range truth {
			if f.Evaluated[i] {
				evaluated++
			}
			low, high, size := math.Abs(f.LambdaMin[i]-v.LambdaMin), math.Abs(f.LambdaMax[i]-v.LambdaMax), math.Max(math.Abs(v.LambdaMin), math.Abs(v.LambdaMax))
			missing := math.IsNaN(v.LambdaMin) && math.IsNaN(f.LambdaMin[i])
			if missing || low <= 0.05*size && high <= 0.05*size {
				within++
			}
			if missing || low <= f.LambdaMinError[i] && high <= f.LambdaMaxError[i] {
				stated++
			}
		}
		t.Logf("%s: %d of %d points evaluated, %d within the error, %d within their own", name, evaluated, n*n, within, stated)
		if evaluated > n*n/2 || within < n*n*95/100 || stated < n*n*95/100 {
			t.Errorf("%s: %d of %d points were evaluated, %d are within the error and %d within their own", name, evaluated, n*n, within, stated)
		}
	}
}
