package sharpness

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"lossatlas/activities/surface"
)

// quadratic is gᵀε + ½εᵀHε.
type quadratic struct {
	g *mat.VecDense
	h *mat.SymDense
}

func (q quadratic) At(_ context.Context, epsilon []float64) (float64, error) {
	v := mat.NewVecDense(len(epsilon), epsilon)
	return mat.Dot(q.g, v) + mat.Inner(v, q.h, v)/2, nil
}

func (q quadratic) Gradient(ctx context.Context, dst, epsilon []float64) (float64, error) {
	to := mat.NewVecDense(len(dst), dst)
	to.MulVec(q.h, mat.NewVecDense(len(epsilon), epsilon))
	to.AddVec(to, q.g)
	return q.At(ctx, epsilon)
}

func newQuadratic(n int, seed uint64) (quadratic, []float64) {
	rng := rand.New(rand.NewPCG(seed, 7))
	q, w := quadratic{mat.NewVecDense(n, nil), mat.NewSymDense(n, nil)}, make([]float64, n)
	for i := range n {
		q.g.SetVec(i, 0.1*rng.NormFloat64())
		w[i] = rng.NormFloat64()
		for j := range i + 1 {
			q.h.SetSym(i, j, rng.NormFloat64())
		}
	}
	return q, w
}

// best is the highest of some ascents.
func best(t *testing.T, f Loss, r Region, starts, steps int) (Peak, []float64) {
	t.Helper()
	top := Peak{Loss: math.Inf(-1)}
	for start := range starts {
		p, err := Ascend(context.Background(), f, r, Options{Steps: steps, Start: start, Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		if p.Loss > top.Loss {
			top = p
		}
	}
	return top, top.Epsilon
}

// maximum is that of the quadratic gᵀu + ½uᵀHu over ‖u‖ ≤ radius, whose Lagrange multiplier μ solves ‖(μI − H)⁻¹g‖ = radius above the eigenvalues.
func maximum(q quadratic, radius float64) float64 {
	var eigen mat.EigenSym
	eigen.Factorize(q.h, true)
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	values := eigen.Values(nil)
	var c mat.VecDense
	c.MulVec(vectors.T(), q.g)
	length := func(mu float64) float64 {
		sum := 0.0
		for i, v := range values {
			sum += c.AtVec(i) * c.AtVec(i) / (mu - v) / (mu - v)
		}
		return math.Sqrt(sum)
	}
	low := max(values[len(values)-1], 0)
	high := low + 1e6
	for range 200 {
		if mid := (low + high) / 2; length(mid) > radius {
			low = mid
		} else {
			high = mid
		}
	}
	sum := 0.0
	for i, v := range values {
		u := c.AtVec(i) / (high - v)
		sum += c.AtVec(i)*u + v*u*u/2
	}
	return sum
}

// TestBalls compares ascents on quadratics with their exact maxima over balls, the adaptive one in coordinates ε/|w|.
func TestBalls(t *testing.T) {
	for seed := range uint64(6) {
		q, w := newQuadratic(12, seed)
		const radius = 0.7
		relative := quadratic{mat.NewVecDense(12, nil), mat.NewSymDense(12, nil)}
		for i := range 12 {
			relative.g.SetVec(i, math.Abs(w[i])*q.g.AtVec(i))
			for j := range i + 1 {
				relative.h.SetSym(i, j, math.Abs(w[i]*w[j])*q.h.At(i, j))
			}
		}
		for _, c := range []struct {
			name   string
			region Region
			want   float64
			size   func(i int, e float64) float64
		}{
			{"ball", Ball(12, radius), maximum(q, radius), func(_ int, e float64) float64 { return e }},
			{"adaptive", AdaptiveBall(w, radius), maximum(relative, radius), func(i int, e float64) float64 { return e / w[i] }},
		} {
			got, epsilon := best(t, q, c.region, 3, 60)
			squares := 0.0
			for i, e := range epsilon {
				squares += c.size(i, e) * c.size(i, e)
			}
			if got.Loss > c.want*(1+1e-9) || got.Loss < 0.995*c.want || math.Sqrt(squares) > radius*(1+1e-12) {
				t.Errorf("seed %d, %s: %g at %g from the center, the maximum is %g within %g", seed, c.name, got.Loss, math.Sqrt(squares), c.want, radius)
			}
		}
	}
}

// TestBoxes compares ascents on convex quadratics, which are largest in a corner and have other maxima in many, with the losses in all corners.
func TestBoxes(t *testing.T) {
	const n, size = 9, 0.05
	for seed := range uint64(6) {
		q, w := newQuadratic(n, seed)
		var square mat.SymDense
		square.SymOuterK(1, q.h)
		q.h = &square
		subspace, err := SubspaceBox(w, size, 4, seed)
		if err != nil {
			t.Fatal(err)
		}
		for name, r := range map[string]Region{"box": Box(w, size), "subspace": subspace} {
			u, epsilon, want := make([]float64, r.dim), make([]float64, n), 0.0
			for corner := range 1 << r.dim {
				for i := range u {
					u[i] = float64(2*(corner>>i&1) - 1)
				}
				r.spread(epsilon, u)
				v, _ := q.At(context.Background(), epsilon)
				want = max(want, v)
			}
			if got, _ := best(t, q, r, 64, 40); got.Loss > want*(1+1e-9) || got.Loss < 0.999*want {
				t.Errorf("seed %d: %s: %g, the largest of all corners is %g", seed, name, got.Loss, want)
			}
		}
	}
}

// The sides of a box in a subspace are those of Keskar et al., by a pseudo-inverse written out; and gather is the transpose of spread.
func TestSubspace(t *testing.T) {
	const n, dim, size = 70, 5, 0.01
	_, w := newQuadratic(n, 3)
	r, err := SubspaceBox(w, size, dim, 9)
	if err != nil {
		t.Fatal(err)
	}
	a, column := mat.NewDense(n, dim, nil), make([]float64, n)
	for j := range dim {
		unit := make([]float64, dim)
		unit[j] = 1
		r.spread(column, unit)
		for i, v := range column {
			a.Set(i, j, math.Copysign(1, v))
		}
	}
	var inside mat.VecDense
	if err := inside.SolveVec(a, mat.NewVecDense(n, w)); err != nil { // least squares: A⁺w
		t.Fatal(err)
	}
	slope := make([]float64, dim)
	g := make([]float64, n)
	g[3] = 1
	r.gather(slope, g)
	for j := range dim {
		side := size * (math.Abs(inside.AtVec(j)) + 1)
		if math.Abs(math.Abs(slope[j])-side) > 1e-12 || math.Signbit(slope[j]) != math.Signbit(a.At(3, j)) {
			t.Errorf("column %d: a slope of %g, want one of size %g", j, slope[j], side)
		}
	}
	for _, wrong := range []int{0, n + 1} {
		if _, err := SubspaceBox(w, size, wrong, 1); err == nil {
			t.Errorf("a subspace of %d dimensions among %d weights", wrong, n)
		}
	}
}

// TestPerturbations compares the mean rise over perturbations with half the trace, and their sizes with what is asked for.
func TestPerturbations(t *testing.T) {
	const n, r = 8, 0.1
	q, w := newQuadratic(n, 2)
	norm := floats.Norm(w, 2)
	var plain, adaptive float64
	for i, v := range w {
		plain += q.h.At(i, i) * r * r * norm * norm / n / 2
		adaptive += q.h.At(i, i) * v * v * r * r / 2
	}
	for name, want := range map[string]float64{Average: plain, AverageAdaptive: adaptive} {
		var losses []float64
		for i := range 20000 {
			e := Perturbation(w, r, name == AverageAdaptive, 4, i)
			v, _ := q.At(context.Background(), e)
			losses = append(losses, v)
			if name == AverageAdaptive {
				floats.Div(e, w)
				floats.Scale(norm/math.Sqrt(n), e)
			}
			if size := floats.Norm(e, 2); math.Abs(size-r*norm) > 1e-12 {
				t.Fatalf("%s: a perturbation of size %g, want %g", name, size, r*norm)
			}
		}
		var res Result
		res.Averaged(name, losses)
		if s := res.Summary[0]; math.Abs(s.Mean-want) > 4*s.SE || s.SE > math.Abs(want)/5 {
			t.Errorf("%s: %g ± %g, want %g", name, s.Mean, s.SE, want)
		}
	}
}

// product is the loss (w₁w₂ − 1)² of a network of two linear layers, whose function scaling w₁ by c and w₂ by 1/c does not change.
type product struct{ w [2]float64 }

func (p product) At(_ context.Context, e []float64) (float64, error) {
	d := (p.w[0]+e[0])*(p.w[1]+e[1]) - 1
	return d * d, nil
}

func (p product) Gradient(ctx context.Context, dst, e []float64) (float64, error) {
	d := (p.w[0]+e[0])*(p.w[1]+e[1]) - 1
	dst[0], dst[1] = 2*d*(p.w[1]+e[1]), 2*d*(p.w[0]+e[0])
	return p.At(ctx, e)
}

// TestScaleInvariance checks that adaptive measures of two networks of one function agree, and plain ones do not; and that ascents find the largest
// loss of a fine grid over the ball.
func TestScaleInvariance(t *testing.T) {
	measure := func(w [2]float64) (plain, adaptive, mean, meanAdaptive float64) {
		f := product{w}
		a, _ := best(t, f, Ball(2, 0.3), 4, 60)
		b, _ := best(t, f, AdaptiveBall(w[:], 0.3), 4, 60)
		for i := range 50 {
			x, _ := f.At(context.Background(), Perturbation(w[:], 0.1, false, 1, i))
			y, _ := f.At(context.Background(), Perturbation(w[:], 0.1, true, 1, i))
			mean, meanAdaptive = mean+x, meanAdaptive+y
		}
		grid := 0.0
		for i := range 2000 {
			for k := range 20 {
				angle, size := 2*math.Pi*float64(i)/2000, 0.3*float64(k+1)/20
				v, _ := f.At(context.Background(), []float64{size * math.Cos(angle), size * math.Sin(angle)})
				grid = max(grid, v)
			}
		}
		if math.Abs(a.Loss-grid) > 1e-3*grid {
			t.Errorf("w = %v: an ascent found %g, a grid %g", w, a.Loss, grid)
		}
		return a.Loss, b.Loss, mean, meanAdaptive
	}
	p1, a1, m1, n1 := measure([2]float64{1, 1})
	p2, a2, m2, n2 := measure([2]float64{4, 0.25})
	if math.Abs(a1-a2) > 1e-6 || math.Abs(n1-n2) > 1e-9 {
		t.Errorf("adaptive measures %g and %g, %g and %g differ by a scale", a1, a2, n1, n2)
	}
	if math.Abs(p1-p2) < 0.1 || math.Abs(m1-m2) < 0.1*m1 {
		t.Errorf("plain measures %g and %g, %g and %g do not notice a scale", p1, p2, m1, m2)
	}
}

// wall is a loss that is not finite beyond a distance.
type wall struct{ quadratic }

func (w wall) Gradient(ctx context.Context, dst, epsilon []float64) (float64, error) {
	if floats.Norm(epsilon, 2) > 0.3 {
		return math.NaN(), nil
	}
	return w.quadratic.Gradient(ctx, dst, epsilon)
}

// Results keep losses that are not finite, and are read as measures of flatness.
func TestResult(t *testing.T) {
	q, _ := newQuadratic(4, 1)
	top, err := Ascend(context.Background(), wall{q}, Ball(4, 1), Options{Steps: 10})
	if err != nil || !math.IsInf(top.Loss, 1) {
		t.Errorf("beyond the wall: %g, %v", top.Loss, err)
	}
	if _, err := Ascend(context.Background(), q, Ball(4, 1), Options{}); err == nil {
		t.Error("an ascent of no step")
	}
	r := Result{Loss: 1, Norm: 2, Dim: 4}
	r.Ascended(Worst, []float64{1.5, math.Inf(1)}, []float64{0.1, 0})
	r.Ascended(InBox, []float64{1.5, 1.2}, []float64{0.1, 0.2})
	r.Traced(8, 0.4)
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	read, err := surface.DecodeFlatness(b)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]float64{Worst: {math.Inf(1), 0}, InBox: {25, 5}, Trace: {8, 0.4}, TraceOverNorm: {2, 0.1}, TraceTimesNorm: {32, 1.6}}
	for _, s := range read.Summary {
		if w := want[s.Name]; s.Mean != w[0] || math.Abs(s.SE-w[1]) > 1e-12 {
			t.Errorf("%s: %g ± %g, want %g ± %g", s.Name, s.Mean, s.SE, w[0], w[1])
		}
	}
	if len(read.Summary) != len(want) {
		t.Errorf("%d measures, want %d", len(read.Summary), len(want))
	}
}
