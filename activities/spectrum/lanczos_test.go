package spectrum_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"lossatlas/activities/spectrum"
)

// dense is a matrix that is written out.
type dense struct{ *mat.SymDense }

func (d dense) Dim() int { return d.SymmetricDim() }

func (d dense) Product(_ context.Context, dst, v []float64) error {
	mat.NewVecDense(len(dst), dst).MulVec(d.SymDense, mat.NewVecDense(len(v), v))
	return nil
}

// withSpectrum is a matrix of the given eigenvalues in a random orthonormal basis.
func withSpectrum(values []float64, seed uint64) dense {
	n := len(values)
	rng := rand.New(rand.NewPCG(seed, 1))
	random := mat.NewDense(n, n, nil)
	for i := range n {
		for j := range n {
			random.Set(i, j, rng.NormFloat64())
		}
	}
	var qr mat.QR
	qr.Factorize(random)
	var q, scaled, full mat.Dense
	qr.QTo(&q)
	scaled.Mul(&q, mat.NewDiagDense(n, values))
	full.Mul(&scaled, q.T())
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, (full.At(i, j)+full.At(j, i))/2)
		}
	}
	return dense{s}
}

// clusterWidth is the deviation of the eigenvalues of a cluster.
const clusterWidth = 1e-7

// spectra draws the eigenvalues of a matrix: clusters, zeros, both signs or one.
// Eigenvalues closer than apart need not be told from each other.
func spectra(rt *rapid.T) (values []float64, apart float64) {
	n := rapid.IntRange(1, 120).Draw(rt, "n")
	kind := rapid.SampledFrom([]string{"spread", "clustered", "mostly zero", "negative", "constant", "hessian"}).Draw(rt, "kind")
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 2))
	v := make([]float64, n)
	for i := range v {
		switch kind {
		case "spread":
			v[i] = rng.NormFloat64()
		case "clustered":
			v[i] = math.Round(2*rng.NormFloat64()) + clusterWidth*rng.NormFloat64()
			apart = 10 * clusterWidth
		case "mostly zero":
			if rng.IntN(10) == 0 {
				v[i] = rng.NormFloat64()
			}
		case "negative":
			v[i] = -rng.ExpFloat64()
		case "constant":
			v[i] = 3
		case "hessian": // a few large positive ones, a bulk near zero, small negative ones
			v[i] = 0.01 * rng.NormFloat64()
			if i < 10 {
				v[i] = math.Exp(4 * rng.Float64())
			}
		}
	}
	return v, apart
}

// TestExtremesOfAnyMatrix compares with gonum's dense eigensolver. The
// residual bounds the distance to some eigenvalue by the tolerance; that it is
// the outermost one, within ten tolerances, or one of its cluster, is what is
// tested.
func TestExtremesOfAnyMatrix(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		values, apart := spectra(rt)
		op := withSpectrum(values, rapid.Uint64().Draw(rt, "rotation"))
		var eigen mat.EigenSym
		if !eigen.Factorize(op, false) {
			rt.Fatal("the dense eigensolver failed")
		}
		want := eigen.Values(nil)
		const tolerance = 1e-6
		opt := spectrum.Options{Tolerance: tolerance, Noise: 1e-9, MaxProducts: 5000, Basis: rapid.IntRange(20, 60).Draw(rt, "basis")}
		got, err := spectrum.Extremes(context.Background(), op, opt)
		if err != nil {
			rt.Fatal(err)
		}
		if !got.Converged {
			rt.Errorf("not converged after %d products: residuals %g and %g", got.Products, got.Min.Residual, got.Max.Residual)
		}
		size := max(math.Abs(want[0]), math.Abs(want[len(want)-1]))
		for _, end := range []struct {
			name string
			got  spectrum.Pair
			want float64
		}{{"λmin", got.Min, want[0]}, {"λmax", got.Max, want[len(want)-1]}} {
			if d := math.Abs(end.got.Value - end.want); d > 10*max(tolerance*math.Abs(end.want), 1e-9*size)+apart {
				rt.Errorf("%s = %.12g, the dense eigensolver says %.12g", end.name, end.got.Value, end.want)
			}
			if l := floats.Norm(end.got.Vector, 2); math.Abs(l-1) > 1e-12 {
				rt.Errorf("the eigenvector of %s has length %g", end.name, l)
			}
			if r := residual(rt, op, end.got); math.Abs(r-end.got.Residual) > 1e-11*size {
				rt.Errorf("%s: residual %g, by the recurrence %g", end.name, r, end.got.Residual)
			}
		}
	})
}

type fataler interface{ Fatal(...any) }

// residual is ‖Hv − λv‖ by a product.
func residual(t fataler, op spectrum.Operator, p spectrum.Pair) float64 {
	hv := make([]float64, op.Dim())
	if err := op.Product(context.Background(), hv, p.Vector); err != nil {
		t.Fatal(err)
	}
	floats.AddScaled(hv, -p.Value, p.Vector)
	return floats.Norm(hv, 2)
}

// TestWarmStart checks that the eigenvectors of a matrix nearby save products,
// and that a start without the wanted eigenvectors finds them all the same.
func TestWarmStart(t *testing.T) {
	values := make([]float64, 300)
	for i := range values {
		values[i] = math.Sin(float64(i))
	}
	values[0], values[1] = 40, -2
	op := withSpectrum(values, 3)
	cold, err := spectrum.Extremes(context.Background(), op, spectrum.Options{})
	if err != nil {
		t.Fatal(err)
	}
	start := make([]float64, 300)
	floats.AddTo(start, cold.Min.Vector, cold.Max.Vector)
	warm, err := spectrum.Extremes(context.Background(), op, spectrum.Options{Start: start})
	if err != nil {
		t.Fatal(err)
	}
	if warm.Products >= cold.Products {
		t.Errorf("%d products from the eigenvectors themselves, %d from nothing", warm.Products, cold.Products)
	}
	misled, err := spectrum.Extremes(context.Background(), op, spectrum.Options{Start: cold.Max.Vector})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(misled.Min.Value+2) > 1e-3 {
		t.Errorf("from the largest eigenvector alone λmin is %g, want -2", misled.Min.Value)
	}
}

// broken is an operator whose products end badly.
type broken struct {
	value float64
	err   error
}

func (broken) Dim() int { return 10 }

func (b broken) Product(_ context.Context, dst, v []float64) error {
	copy(dst, v)
	dst[3] = b.value
	return b.err
}

func TestErrors(t *testing.T) {
	ctx := context.Background()
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, err := spectrum.Extremes(ctx, broken{value: v}, spectrum.Options{}); !errors.Is(err, spectrum.ErrNotFinite) {
			t.Errorf("a product that holds %g gives the error %v", v, err)
		}
	}
	lost := errors.New("device lost")
	if _, err := spectrum.Extremes(ctx, broken{err: lost}, spectrum.Options{}); !errors.Is(err, lost) {
		t.Errorf("the operator's error comes back as %v", err)
	}
	for _, o := range []spectrum.Options{{Tolerance: -1}, {Tolerance: math.NaN()}, {Start: make([]float64, 3)}, {Basis: -1}} {
		if _, err := spectrum.Extremes(ctx, broken{}, o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}

// TestProductsRunOut checks that what is there is returned, with its residuals.
func TestProductsRunOut(t *testing.T) {
	values := make([]float64, 200)
	for i := range values {
		values[i] = float64(i)
	}
	op := withSpectrum(values, 1)
	got, err := spectrum.Extremes(context.Background(), op, spectrum.Options{MaxProducts: 7, Tolerance: 1e-8})
	if err != nil {
		t.Fatal(err)
	}
	if got.Converged || got.Products != 7 {
		t.Errorf("after 7 products: converged %t, %d products", got.Converged, got.Products)
	}
	if r := residual(t, op, got.Max); math.Abs(r-got.Max.Residual) > 1e-9*r {
		t.Errorf("residual %g, told %g", r, got.Max.Residual)
	}
}
