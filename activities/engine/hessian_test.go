package engine_test

import (
	"context"
	"math"
	"testing"
	"time"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"lossatlas/activities/engine"
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
	h, err := engine.NewHessian(e, subset)
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

func wide(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
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
			v := wide(ref.Vector(t, "directions_raw.npz", "x/", ref.Net.Params(), nil))
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

var _ = []any{time.Now, mat.NewSymDense, rapid.Check}
