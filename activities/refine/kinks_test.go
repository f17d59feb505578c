package refine

import (
	"math"
	"math/rand/v2"
	"testing"
)

// kinked is the exponential of a smooth function and of bends by ReLUs, as the loss of few images has them: count of them, with slopes
// whose squares add up to that of slope.
func kinked(count int, slope float64, seed uint64) func(x, y float64) float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	type bend struct{ a, b, c, w float64 }
	bends := make([]bend, count)
	for i := range bends {
		t := 2 * math.Pi * r.Float64()
		bends[i] = bend{math.Cos(t), math.Sin(t), 1.2 * (2*r.Float64() - 1), r.NormFloat64() * slope / math.Sqrt(float64(count))}
	}
	return func(x, y float64) float64 {
		v := 0.3*x + 1.2*(x*x+y*y) + 0.5*math.Sin(2*x+y)
		for _, b := range bends {
			v += b.w * math.Max(0, b.a*x+b.b*y-b.c)
		}
		return 1.5 * math.Exp(v)
	}
}

// TestKinks: bounds of losses that are smooth between coarse points and bent between fine ones hold at small errors, too. Kernels that fit
// the coarse points best are too smooth for the fine ones.
func TestKinks(t *testing.T) {
	var estimated, stated int
	for _, c := range []struct {
		count int
		seed  uint64
		error float64
	}{{300, 3, 0.01}, {300, 1, 0.02}} {
		s := landscape{loss: kinked(c.count, 1, c.seed), n: 41}
		truth, l := s.truth(), Lattice{NX: s.n, NY: s.n, Error: c.error}
		f := l.Estimate(walk(t, l, truth))
		n, good := 0, 0
		for i, v := range truth {
			if f.Evaluated[i] {
				continue
			}
			n++
			if math.Abs(f.Loss[i]-v) <= f.LossError[i] {
				good++
			}
		}
		t.Logf("error %g: %d of %d points estimated, %.1f %% within their bounds", c.error, n, len(truth), 100*float64(good)/float64(n))
		estimated, stated = estimated+n, stated+good
	}
	if float64(stated) < 0.95*float64(estimated) {
		t.Errorf("%.1f %% of %d estimated points are within their bounds", 100*float64(stated)/float64(estimated), estimated)
	}
}
