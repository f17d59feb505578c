package spectrum_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"lossatlas/activities/internal/shared"
	"lossatlas/activities/spectrum"
)

// density computes a density of several random vectors.
func density(t fataler, op spectrum.Operator, probes, steps int) spectrum.Density {
	d := spectrum.Density{Dim: op.Dim()}
	for i := range probes {
		q, err := spectrum.Probe(context.Background(), op, i, spectrum.ProbeOptions{Steps: steps, Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		d.Probes = append(d.Probes, q)
	}
	return d
}

// TestTopOfAnyMatrix compares the leading eigenpairs with gonum's dense
// eigensolver. Of a spectrum that has an eigenvalue several times, one Krylov
// subspace sees it once, so equal values are taken once there.
func TestTopOfAnyMatrix(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		values, _ := spectra(rt)
		op := withSpectrum(values, rapid.Uint64().Draw(rt, "rotation"))
		var eigen mat.EigenSym
		if !eigen.Factorize(op, true) {
			rt.Fatal("the dense eigensolver failed")
		}
		all := eigen.Values(nil)
		var vectors mat.Dense
		eigen.VectorsTo(&vectors)
		size := max(math.Abs(all[0]), math.Abs(all[len(all)-1]))
		const tolerance = 1e-9
		count := rapid.IntRange(1, 6).Draw(rt, "count")
		got, err := spectrum.Top(context.Background(), op, count, spectrum.Options{Tolerance: tolerance, Noise: 1e-12, MaxProducts: 20000})
		if err != nil {
			rt.Fatal(err)
		}
		if !got.Converged {
			rt.Errorf("not converged after %d products", got.Products)
		}
		// Eigenvalues apart by less than this are one.
		const apart = 1e-5
		var want []int
		for i := len(all) - 1; i >= 0 && len(want) < count; i-- {
			if len(want) == 0 || all[want[len(want)-1]]-all[i] > apart*size {
				want = append(want, i)
			}
		}
		distinct := 0
		for i, p := range got.Pairs {
			if r := residual(rt, op, p); r > 1.1*max(tolerance*math.Abs(p.Value), 1e-12*size)+1e-12*size {
				rt.Errorf("pair %d: residual %g for the value %g", i, r, p.Value)
			}
			for _, other := range got.Pairs[:i] {
				if dot := floats.Dot(other.Vector, p.Vector); math.Abs(dot) > 1e-10 {
					rt.Errorf("eigenvectors with the scalar product %g", dot)
				}
			}
			if i > 0 && got.Pairs[i-1].Value-p.Value <= apart*size {
				continue // of the same cluster
			}
			if math.Abs(p.Value-all[want[distinct]]) > apart*size {
				rt.Errorf("eigenvalue %d of %v is %.12g, the dense eigensolver says %.12g", i, len(values), p.Value, all[want[distinct]])
			}
			// Alone among the eigenvalues, it has one eigenvector up to sign.
			at := want[distinct]
			if (at == 0 || all[at]-all[at-1] > 1e-3*size) && (at == len(all)-1 || all[at+1]-all[at] > 1e-3*size) {
				if c := math.Abs(floats.Dot(p.Vector, mat.Col(nil, at, &vectors))); c < 1-1e-8 {
					rt.Errorf("eigenvector %d: cosine %.12g with the dense eigensolver's", i, c)
				}
			}
			distinct++
		}
		if distinct == 0 {
			rt.Error("no eigenvalue")
		}
	})
}

func TestTopRefuses(t *testing.T) {
	if _, err := spectrum.Top(context.Background(), diagonal{1, 2}, 0, spectrum.Options{}); err == nil {
		t.Error("no eigenvalue was asked for, and none is no error")
	}
	if _, err := spectrum.Top(context.Background(), broken{value: math.NaN()}, 2, spectrum.Options{}); !errors.Is(err, spectrum.ErrNotFinite) {
		t.Errorf("NaN gives the error %v", err)
	}
	got, err := spectrum.Top(context.Background(), diagonal{-5, 2}, 3, spectrum.Options{})
	if err != nil || len(got.Pairs) != 2 || math.Abs(got.Pairs[0].Value-2) > 1e-12 || math.Abs(got.Pairs[1].Value+5) > 1e-12 {
		t.Errorf("three of a 2×2 matrix: %+v, %v", got.Pairs, err)
	}
}

// TestQuadratureMoments: m nodes integrate polynomials of degree 2m−1 exactly,
// for any matrix; weights are positive and add up to 1. That pins nodes and
// weights altogether.
func TestQuadratureMoments(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		values, _ := spectra(rt)
		scale := floats.Norm(values, math.Inf(1))
		if scale == 0 {
			scale = 1
		}
		floats.Scale(1/scale, values) // so that high powers stay comparable
		op := withSpectrum(values, 9)
		steps := rapid.IntRange(1, 20).Draw(rt, "steps")
		q, err := spectrum.Probe(context.Background(), op, 3, spectrum.ProbeOptions{Steps: steps, Seed: 7})
		if err != nil {
			rt.Fatal(err)
		}
		if s := floats.Sum(q.Weights); math.Abs(s-1) > 1e-12 || floats.Min(q.Weights) < 0 {
			rt.Errorf("weights %v add up to %g", q.Weights, s)
		}
		// The vector itself, recovered from a diagonal matrix's first product.
		v := probed(rt, len(values), 3, 7)
		power := append([]float64(nil), v...)
		for k := 0; k < 2*steps; k++ {
			exact := floats.Dot(v, power) / float64(len(values))
			got := 0.0
			for i, x := range q.Nodes {
				got += q.Weights[i] * math.Pow(x, float64(k))
			}
			if math.Abs(got-exact) > 1e-11 {
				rt.Errorf("moment %d of %d nodes is %.15g, vᵀHᵏv/n = %.15g", k, len(q.Nodes), got, exact)
			}
			next := make([]float64, len(power))
			if err := op.Product(context.Background(), next, power); err != nil {
				rt.Fatal(err)
			}
			power = next
		}
	})
}

// recorder keeps the first vector that it is multiplied with.
type recorder struct {
	n int
	v []float64
}

func (r *recorder) Dim() int { return r.n }

func (r *recorder) Product(_ context.Context, dst, v []float64) error {
	r.v = append([]float64(nil), v...)
	copy(dst, v)
	return nil
}

// probed is the random vector with an index, after checking that its entries are ±1.
func probed(t fataler, n, index int, seed uint64) []float64 {
	r := &recorder{n: n}
	if _, err := spectrum.Probe(context.Background(), r, index, spectrum.ProbeOptions{Steps: 1, Seed: seed}); err != nil {
		t.Fatal(err)
	}
	floats.Scale(math.Sqrt(float64(n)), r.v)
	for i, x := range r.v {
		if math.Abs(math.Abs(x)-1) > 1e-12 {
			t.Fatal("an entry that is not ±1: ", x)
		}
		r.v[i] = math.Copysign(1, x)
	}
	return r.v
}

// TestTrace: random signs cancel in a diagonal matrix, so that one
// vector gives its trace exactly. A matrix of ones has (Σ signs)², whose mean
// is n and whose variance is 2n(n−1).
func TestTrace(t *testing.T) {
	ctx := context.Background()
	d := chebyshev(77)
	d[3] = 11
	mean, deviation, err := spectrum.Trace(ctx, d, 4, 1)
	if err != nil || math.Abs(mean-floats.Sum(d)) > 1e-11 || deviation > 1e-11 {
		t.Errorf("trace %g ± %g, error %v; the diagonal adds up to %g", mean, deviation, err, floats.Sum(d))
	}
	const n, probes = 50, 400
	ones := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			ones.SetSym(i, j, 1)
		}
	}
	mean, deviation, err = spectrum.Trace(ctx, dense{ones}, probes, 2)
	expected := math.Sqrt(2.0 * n * (n - 1) / probes)
	if err != nil || math.Abs(mean-n) > 4*expected {
		t.Errorf("trace %g ± %g, want %d ± %g (%v)", mean, deviation, n, expected, err)
	}
	if deviation < expected/2 || deviation > 2*expected {
		t.Errorf("standard error %g, in theory %g", deviation, expected)
	}
	again, _, _ := spectrum.Trace(ctx, dense{ones}, probes, 2)
	other, _, _ := spectrum.Trace(ctx, dense{ones}, probes, 3)
	if again != mean || other == mean {
		t.Error("equal seeds must give equal bits, and others others")
	}
	if _, single, _ := spectrum.Trace(ctx, d, 1, 1); !math.IsNaN(single) {
		t.Errorf("the standard error of one vector is %g, want NaN", single)
	}
	if _, _, err := spectrum.Trace(ctx, d, 0, 1); err == nil {
		t.Error("a trace from no vector")
	}
	if _, _, err := spectrum.Trace(ctx, broken{value: math.Inf(1)}, 2, 1); !errors.Is(err, spectrum.ErrNotFinite) {
		t.Errorf("infinity gives the error %v", err)
	}
	if _, err := spectrum.Probe(ctx, d, 0, spectrum.ProbeOptions{}); err == nil {
		t.Error("a quadrature of no step")
	}
}

// TestDensityOfSemicircle compares with Wigner's law: the eigenvalues of a large
// symmetric matrix of independent entries of variance 1/n have the density
// √(4 − x²)/2π. The estimate is off by chance, its variance being at most
// 2‖f(H)‖²/n² for one random vector, f the Gaussian around x.
func TestDensityOfSemicircle(t *testing.T) {
	const n = 400
	values := make([]float64, n)
	for i := range values { // quantiles of the law, by bisection of its distribution
		low, high := -2.0, 2.0
		for range 60 {
			x := (low + high) / 2
			if 0.5+x*math.Sqrt(4-x*x)/(4*math.Pi)+math.Asin(x/2)/math.Pi < (float64(i)+0.5)/n {
				low = x
			} else {
				high = x
			}
		}
		values[i] = low
	}
	const probes = 12
	d := density(t, withSpectrum(values, 4), probes, 80)
	const sigma = 0.15
	step := 0.01
	var xs []float64
	for x := -4.0; x <= 4; x += step {
		xs = append(xs, x)
	}
	got := d.At(xs, sigma)
	if total := floats.Sum(got) * step; math.Abs(total-1) > 1e-6 {
		t.Errorf("the density's integral is %g", total)
	}
	for i, x := range xs {
		want, squares := 0.0, 0.0
		for _, v := range values {
			z := (x - v) / sigma
			part := math.Exp(-z*z/2) / (n * sigma * math.Sqrt(2*math.Pi))
			want += part
			squares += part * part
		}
		if off := 4 * math.Sqrt(2*squares/probes); math.Abs(got[i]-want) > off+1e-9 {
			t.Errorf("density at %.2f is %.4f, want %.4f ± %.4f", x, got[i], want, off)
		}
		if math.Abs(x) < 1.5 && math.Abs(want-math.Sqrt(4-x*x)/(2*math.Pi)) > 0.02 {
			t.Errorf("the test's own spectrum is off at %g", x)
		}
	}
}

// TestReferenceHessian compares with all 914 eigenvalues of a network's Hessian:
// the trace and the mean powers within four standard errors, the density at
// every place, and the leading eigenvectors up to sign.
func TestReferenceHessian(t *testing.T) {
	ref := shared.Open(t, "tiny_a")
	var values []float64
	ref.Array(t, "hessian_full.npz", "eigenvalues_all", &values)
	n := len(values)
	// The trace is known twice: by the eigenvalues, and by the diagonal.
	var diagonalEntries []float64
	ref.Array(t, "hessian_full.npz", "diag", &diagonalEntries)
	if math.Abs(floats.Sum(values)-floats.Sum(diagonalEntries)) > 1e-9*math.Abs(floats.Sum(values)) {
		t.Fatal("the reference's eigenvalues and diagonal have different sums")
	}
	op := withSpectrum(values, 8)
	d := density(t, op, 10, 80)
	mean, deviation := d.Trace()
	t.Logf("trace %.5g ± %.2g, exact %.5g", mean, deviation, floats.Sum(values))
	if math.Abs(mean-floats.Sum(values)) > 4*deviation {
		t.Errorf("trace %g ± %g, exact %g", mean, deviation, floats.Sum(values))
	}
	for k := 1; k <= 4; k++ {
		exact := 0.0
		for _, v := range values {
			exact += math.Pow(v, float64(k)) / float64(n)
		}
		mean, deviation := d.Moment(k)
		if math.Abs(mean-exact) > 4*deviation || !(deviation < 0.5*math.Abs(mean)) {
			t.Errorf("moment %d: %g ± %g, exact %g", k, mean, deviation, exact)
		}
	}
	low, high := d.Range()
	if math.Abs(low-values[0]) > 1e-6*high || math.Abs(high-values[n-1]) > 1e-6*high {
		t.Errorf("nodes from %g to %g, eigenvalues from %g to %g", low, high, values[0], values[n-1])
	}
	top, err := spectrum.Top(context.Background(), op, 5, spectrum.Options{Tolerance: 1e-8, Noise: 1e-12})
	if err != nil || !top.Converged {
		t.Fatalf("%v, converged %t", err, top.Converged)
	}
	for i, p := range top.Pairs {
		if math.Abs(p.Value/values[n-1-i]-1) > 1e-9 {
			t.Errorf("eigenvalue %d is %.12g, reference %.12g", i, p.Value, values[n-1-i])
		}
	}
}
