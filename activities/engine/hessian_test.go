package engine_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"lossatlas/activities/engine"
	"lossatlas/activities/internal/cputime"
	"lossatlas/activities/internal/numtest"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
)

// hessian returns the Hessian of a reference case at its trained weights, on
// the 256 images of its reference values.
func hessian(t testing.TB, b *engine.Backend, ref shared.Case, batch int, subset engine.Subset) *engine.Hessian {
	t.Helper()
	e, err := engine.NewEvaluator(b, ref.Net, shared.Images(t, "data_batch_1.bin", 0, 256), batch)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	theta, state := ref.Weights(t, "weights_a.npz")
	if err := e.SetCenter(theta, state); err != nil {
		t.Fatal(err)
	}
	h, err := engine.NewHessian(e, subset, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func product(t testing.TB, h *engine.Hessian, v []float64) []float64 {
	t.Helper()
	out := make([]float64, h.Dim())
	if err := h.Product(context.Background(), out, v); err != nil {
		t.Fatal(err)
	}
	return out
}

// summary is what the reference files say of one tensor.
type summary struct {
	L2, Sum float64
	Idx     []int
	Val     []float64
	_       struct{}
}

// distance is the largest difference of a vector's tensors from their
// summaries: of entries and lengths, relative to the length of the vector.
func distance(params []nets.Param, v []float64, want map[string]summary) float64 {
	worst, total := 0.0, floats.Norm(v, 2)
	for _, p := range params {
		part, s := v[p.Offset:p.Offset+p.Size], want[p.Name]
		worst = max(worst, math.Abs(floats.Norm(part, 2)-s.L2))
		for i, at := range s.Idx {
			worst = max(worst, math.Abs(part[at]-s.Val[i]))
		}
	}
	return worst / total
}

// TestGradientAndProduct compares loss, gradient and a Hessian-vector product
// with PyTorch's in float64.
//
// The gradient is a sum over float32 passes of at most forty layers: 1e-5 of
// its length. The product jumps where rounding takes a pre-activation to the
// other side of zero, or exchanges the two largest of a max-pool's window,
// which happens to a few of a million; 1e-3 of its length leaves room for them.
func TestGradientAndProduct(t *testing.T) {
	for _, c := range []struct {
		net, backend      string
		gradient, product float64
	}{{"tiny_a", "xla", 1e-5, 1e-4}, {"tiny_a", "go", 1e-5, 1e-4}, {"vgg9_w16", "xla", 1e-4, 1e-3}, {"resnet20", "xla", 1e-4, 1e-3}} {
		t.Run(c.net+"/"+c.backend, func(t *testing.T) {
			ref := shared.Open(t, c.net)
			h := hessian(t, open(t, c.backend), ref, 128, engine.AllParams)
			var want struct {
				Loss    float64            `json:"loss_f64"`
				Grad    map[string]summary `json:"grad"`
				Product map[string]summary `json:"hvp_rawx"`
				Bend    float64            `json:"rawx_H_rawx"`
			}
			ref.JSON(t, "grad_hvp.json", &want)
			gradient := make([]float64, h.Dim())
			loss, err := h.Gradient(context.Background(), gradient)
			if err != nil {
				t.Fatal(err)
			}
			v := numtest.Widen(ref.Vector(t, "directions_raw.npz", "x/", ref.Net.Params(), nil))
			hv := product(t, h, v)
			g, p := distance(ref.Net.Params(), gradient, want.Grad), distance(ref.Net.Params(), hv, want.Product)
			bend := relative(floats.Dot(v, hv), want.Bend)
			t.Logf("loss %.1e, gradient %.1e, product %.1e, vHv %.1e off", relative(loss, want.Loss), g, p, bend)
			if relative(loss, want.Loss) > 1e-5 {
				t.Errorf("loss %.9g, PyTorch %.9g", loss, want.Loss)
			}
			if g > c.gradient {
				t.Errorf("the gradient is %.1e of its length off", g)
			}
			if p > c.product || bend > c.product {
				t.Errorf("Hv is %.1e of its length off, vHv %.1e", p, bend)
			}
		})
	}
}

// TestFullHessian writes the matrix of the smallest reference network out,
// product by product, and compares all of its eigenvalues with PyTorch's in
// float64, each within 1e-4 of the largest; and those of the part of it that
// belongs to the weights.
func TestFullHessian(t *testing.T) {
	ref := shared.Open(t, "tiny_a")
	h := hessian(t, open(t, "xla"), ref, 256, engine.AllParams)
	n := h.Dim()
	full, unit := mat.NewDense(n, n, nil), make([]float64, n)
	for i := range n {
		unit[i] = 1
		full.SetRow(i, product(t, h, unit))
		unit[i] = 0
	}
	var all, weights []int
	for _, p := range ref.Net.Params() {
		for i := range p.Size {
			all = append(all, p.Offset+i)
			if p.Role.IsWeight() {
				weights = append(weights, p.Offset+i)
			}
		}
	}
	for _, c := range []struct {
		file string
		rows []int
	}{{"eigenvalues_all", all}, {"eigenvalues_weights_only", weights}} {
		symmetric, asymmetry := mat.NewSymDense(len(c.rows), nil), 0.0
		for i, row := range c.rows {
			for j, column := range c.rows[:i+1] {
				symmetric.SetSym(i, j, (full.At(row, column)+full.At(column, row))/2)
				asymmetry = max(asymmetry, math.Abs(full.At(row, column)-full.At(column, row)))
			}
		}
		var eigen mat.EigenSym
		if !eigen.Factorize(symmetric, false) {
			t.Fatal("the eigenvalues could not be found")
		}
		var want []float64
		ref.Array(t, "hessian_full.npz", c.file, &want)
		got, worst := eigen.Values(nil), 0.0
		if len(got) != len(want) {
			t.Fatalf("%s: %d eigenvalues, want %d", c.file, len(got), len(want))
		}
		for i := range want {
			worst = max(worst, math.Abs(got[i]-want[i]))
		}
		largest := want[len(want)-1]
		t.Logf("%s: %d, the farthest %.1e λmax off; asymmetry %.1e λmax", c.file, len(got), worst/largest, asymmetry/largest)
		if worst > 1e-4*largest {
			t.Errorf("%s: one is %.1e λmax off", c.file, worst/largest)
		}
		if asymmetry > 1e-5*largest {
			t.Errorf("%s: the matrix is %.1e λmax from symmetric", c.file, asymmetry/largest)
		}
	}
}

// TestWeightsOnly checks that the Hessian over the weights is the part of the
// whole that belongs to them.
func TestWeightsOnly(t *testing.T) {
	net, theta, state := tiny(t)
	e, err := engine.NewEvaluator(open(t, "go"), net, noise(10), 8)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.SetCenter(theta, state); err != nil {
		t.Fatal(err)
	}
	all, err := engine.NewHessian(e, engine.AllParams, "")
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	part, err := engine.NewHessian(e, engine.WeightsOnly, "")
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	v := make([]float64, part.Dim())
	for i := range v {
		v[i] = math.Sin(float64(i))
	}
	got, whole := product(t, part, v), product(t, all, numtest.Widen(part.Scatter(v)))
	for _, p := range net.Params() {
		if !p.Role.IsWeight() {
			continue
		}
		for i, x := range whole[p.Offset : p.Offset+p.Size] {
			if got[i] != x {
				t.Fatalf("%s[%d]: %g over the weights, %g in the whole", p.Name, i, got[i], x)
			}
		}
		got = got[p.Size:]
	}
	if len(got) != 0 {
		t.Errorf("%d numbers too many", len(got))
	}
}

// TestProductIsLinearAndSymmetric checks ⟨u, Hv⟩ = ⟨v, Hu⟩ and H(au+v) = aHu+Hv
// for random vectors, to the precision of float32 products of some thousand terms.
func TestProductIsLinearAndSymmetric(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		net, theta, state := tiny(t)
		e, err := engine.NewEvaluator(b, net, noise(3), 2) // a padded batch, too
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if err := e.SetCenter(theta, state); err != nil {
			t.Fatal(err)
		}
		for _, subset := range []engine.Subset{engine.AllParams, engine.WeightsOnly} {
			h, err := engine.NewHessian(e, subset, "")
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			draw := rapid.Custom(func(rt *rapid.T) []float64 {
				rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1))
				v := make([]float64, h.Dim())
				for i := range v {
					v[i] = rng.NormFloat64()
				}
				return v
			})
			rapid.Check(t, func(rt *rapid.T) {
				u, v := draw.Draw(rt, "u"), draw.Draw(rt, "v")
				a := rapid.Float64Range(-10, 10).Draw(rt, "a")
				hu, hv := product(t, h, u), product(t, h, v)
				size := floats.Norm(hu, 2)*floats.Norm(v, 2) + floats.Norm(hv, 2)*floats.Norm(u, 2)
				if d := math.Abs(floats.Dot(u, hv) - floats.Dot(v, hu)); d > 1e-6*size {
					rt.Errorf("⟨u, Hv⟩ and ⟨v, Hu⟩ differ by %.1e of their size", d/size)
				}
				sum := make([]float64, len(u))
				floats.AddScaledTo(sum, v, a, u)
				hsum := product(t, h, sum)
				floats.AddScaled(hsum, -a, hu)
				floats.Sub(hsum, hv)
				if d, size := floats.Norm(hsum, 2), math.Abs(a)*floats.Norm(hu, 2)+floats.Norm(hv, 2); d > 1e-5*size {
					rt.Errorf("H(au+v) and aHu+Hv differ by %.1e of their size", d/size)
				}
			})
		}
	})
}

// TestHessianMoves checks that MoveTo goes where Evaluator.At evaluates, and back.
func TestHessianMoves(t *testing.T) {
	net, theta, state := tiny(t)
	e, err := engine.NewEvaluator(open(t, "go"), net, noise(10), 8)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	h, err := engine.NewHessian(e, engine.AllParams, "")
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	ctx, g := context.Background(), make([]float64, h.Dim())
	if err := h.Product(ctx, g, numtest.Widen(theta)); err == nil {
		t.Error("a product without a centre is no error")
	}
	if err := errors.Join(e.SetCenter(theta, state), e.SetDirections(theta, theta)); err != nil {
		t.Fatal(err)
	}
	for _, to := range [][2]float64{{0.5, 0}, {-0.5, 0.25}, {0, 0}} {
		if err := h.MoveTo(to[0], to[1]); err != nil {
			t.Fatal(err)
		}
		loss, err := h.Gradient(ctx, g)
		if err != nil {
			t.Fatal(err)
		}
		if want := at(t, e, to[0], to[1]).Loss; relative(loss, want) > 1e-6 {
			t.Errorf("loss %g at %v, the evaluator says %g", loss, to, want)
		}
	}
	if err := h.Product(ctx, g, g[1:]); err == nil {
		t.Error("a vector that is too short is no error")
	}
	if _, err := engine.NewHessian(e, "some", ""); err == nil {
		t.Error("an unknown subset is no error")
	}
}

// BenchmarkHessian measures Hessian-vector products in images per second.
func BenchmarkHessian(b *testing.B) {
	for _, name := range []string{"small", "resnet20", "resnet56", "vgg9"} {
		b.Run(name, func(b *testing.B) {
			net, err := nets.ByName(name, shared.Problem)
			if err != nil {
				b.Fatal(err)
			}
			e, err := engine.NewEvaluator(open(b, "xla"), net, noise(256), 128)
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			theta, state := net.Init(1)
			if err := e.SetCenter(theta, state); err != nil {
				b.Fatal(err)
			}
			h, err := engine.NewHessian(e, engine.AllParams, "")
			if err != nil {
				b.Fatal(err)
			}
			defer h.Close()
			v := numtest.Widen(theta)
			out := product(b, h, v)
			before := cputime.Process()
			for b.Loop() {
				if err := h.Product(context.Background(), out, v); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*256)/b.Elapsed().Seconds(), "images/s")
			b.ReportMetric(float64(b.N*256)/(cputime.Process()-before), "images/cpu-s")
		})
	}
}
