package spectrum_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"lossatlas/activities/spectrum"
)

// TestHutchPP holds the estimates over many seeds against known traces: their mean, their spread against the stated error, and their
// spread against that of Hutchinson's method with as many products, where few eigenvalues are large.
func TestHutchPP(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	decaying, flat := make([]float64, 200), make([]float64, 200)
	traces := [2]float64{}
	for i := range decaying {
		decaying[i], flat[i] = 100*math.Pow(float64(i+1), -1.5), rng.NormFloat64()
		traces[0], traces[1] = traces[0]+decaying[i], traces[1]+flat[i]
	}
	const seeds, m = 60, 8
	for i, c := range []struct {
		values []float64
		ratio  float64 // of the spread to that of Hutchinson's estimates, at most
	}{{decaying, 0.35}, {flat, 2}} {
		op := withSpectrum(c.values, 9)
		var squares, stated, plain, mean float64
		for seed := range uint64(seeds) {
			got, err := spectrum.HutchPP(context.Background(), op, m, seed, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.Products != 3*m {
				t.Fatalf("%d products, want %d", got.Products, 3*m)
			}
			hutchinson, _, err := spectrum.Trace(context.Background(), op, 3*m, seed)
			if err != nil {
				t.Fatal(err)
			}
			mean += got.Mean / seeds
			squares += (got.Mean - traces[i]) * (got.Mean - traces[i]) / seeds
			stated += got.Error * got.Error / seeds
			plain += (hutchinson - traces[i]) * (hutchinson - traces[i]) / seeds
		}
		spread := math.Sqrt(squares)
		t.Logf("trace %.4g: mean %.4g, spread %.3g, stated %.3g, Hutchinson %.3g", traces[i], mean, spread, math.Sqrt(stated), math.Sqrt(plain))
		if math.Abs(mean-traces[i]) > 3*spread/math.Sqrt(seeds) {
			t.Errorf("the mean over seeds is %g, the trace %g, with a standard error of %g", mean, traces[i], spread/math.Sqrt(seeds))
		}
		if r := math.Sqrt(stated) / spread; r < 0.7 || r > 1.4 {
			t.Errorf("the stated error is %.2f times the spread", r)
		}
		if r := spread / math.Sqrt(plain); r > c.ratio {
			t.Errorf("the spread is %.2f times that of Hutchinson's method, want at most %g", r, c.ratio)
		}
	}
}

// A sketch that spans the range of a matrix leaves nothing to estimate.
func TestHutchPPIsExactForLowRank(t *testing.T) {
	values := make([]float64, 40)
	values[0], values[1], values[2] = 5, -2, 1
	got, err := spectrum.HutchPP(context.Background(), withSpectrum(values, 2), 5, 1, nil)
	if err != nil || math.Abs(got.Mean-4) > 1e-10 || got.Error > 1e-10 {
		t.Errorf("the trace %g ± %g, %v, want 4 ± 0", got.Mean, got.Error, err)
	}
	if got, err := spectrum.HutchPP(context.Background(), withSpectrum([]float64{3, 4}, 2), 2, 1, nil); err != nil || math.Abs(got.Mean-7) > 1e-12 || got.Error != 0 {
		t.Errorf("of two rows: %g ± %g, %v", got.Mean, got.Error, err)
	}
}

// TestBothEnds compares several eigenvalues at each end with those of a dense solver.
func TestBothEnds(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	values := make([]float64, 90)
	for i := range values {
		values[i] = rng.NormFloat64()
	}
	op := withSpectrum(values, 5)
	var eigen mat.EigenSym
	if !eigen.Factorize(op, false) {
		t.Fatal("the dense eigensolver failed")
	}
	all := eigen.Values(nil)
	got, err := spectrum.BothEnds(context.Background(), op, 3, 5, spectrum.Options{Tolerance: 1e-8, Noise: 1e-12, MaxProducts: 5000})
	if err != nil || !got.Converged || len(got.Smallest) != 3 || len(got.Largest) != 5 {
		t.Fatalf("%+v, %v", got, err)
	}
	check := func(i int, v spectrum.Value, want float64) {
		if math.Abs(v.Value-want) > 1e-7 || v.Residual > 1.1e-8*math.Abs(want) {
			t.Errorf("eigenvalue %d: %g with the residual %g, want %g", i, v.Value, v.Residual, want)
		}
	}
	for i, v := range got.Smallest {
		check(i, v, all[i])
	}
	for i, v := range got.Largest {
		check(-1-i, v, all[len(all)-1-i])
	}
	if few, err := spectrum.BothEnds(context.Background(), withSpectrum([]float64{1, 2}, 1), 5, 5, spectrum.Options{}); err != nil || len(few.Largest) != 2 || len(few.Smallest) != 2 {
		t.Errorf("of two rows: %+v, %v", few, err)
	}
	if _, err := spectrum.BothEnds(context.Background(), op, 0, 5, spectrum.Options{}); err == nil {
		t.Error("no smallest eigenvalue was asked for, and there is no error")
	}
}
