package engine_test

import (
	"context"
	"fmt"
	"math"
	"testing"

	"lossatlas/activities/directions"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
)

// TestLossAtMinimum compares the loss of trained reference networks over 1000
// test images with PyTorch's in float64. Float32 sums over at most 2304 terms
// in each unit of a dozen layers stay well within 1e-5.
func TestLossAtMinimum(t *testing.T) {
	for _, c := range []struct{ net, backend string }{
		{"tiny_a", "xla"}, {"tiny_a", "go"}, {"vgg9_w16", "xla"}, {"resnet20", "xla"},
	} {
		t.Run(c.net+"/"+c.backend, func(t *testing.T) {
			ref := shared.Open(t, c.net)
			e := evaluator(t, open(t, c.backend), ref, 128)
			var want struct {
				Loss float64 `json:"loss_f64"`
				Acc  float64 `json:"acc_f64"`
			}
			ref.JSON(t, "loss_at_minimum.json", &want)
			got, err := e.At(context.Background(), 0, 0)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("loss %.9g, reference %.9g, relative difference %.1e", got.Loss, want.Loss, relative(got.Loss, want.Loss))
			if relative(got.Loss, want.Loss) > 1e-5 {
				t.Errorf("loss %.9g, PyTorch in float64 %.9g", got.Loss, want.Loss)
			}
			if got.Accuracy() != want.Acc || got.Count != 1000 {
				t.Errorf("accuracy %.1f %% of %d images, PyTorch %.1f %% of 1000", got.Accuracy(), got.Count, want.Acc)
			}
		})
	}
}

// evaluator returns an evaluator of the case's trained network on its evaluation images.
func evaluator(t testing.TB, b *engine.Backend, ref shared.Case, batch int) *engine.Evaluator {
	t.Helper()
	e, err := engine.NewEvaluator(b, ref.Net, shared.Images(t, "test_batch.bin", 0, 1000), batch)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	theta, state := ref.Weights(t, "weights_a.npz")
	if err := e.SetCenter(theta, state); err != nil {
		t.Fatal(err)
	}
	return e
}

func relative(got, want float64) float64 { return math.Abs(got-want) / math.Abs(want) }

// TestSurface compares points of the filter-normalised surfaces, with losses
// from 1 to 300, with PyTorch's: in float64 where the reference has that, else
// in float32.
func TestSurface(t *testing.T) {
	for _, c := range []struct {
		net, backend string
		every        int // uses each every-th row and column of the 7×7 reference
		tolerance    float64
	}{
		{"tiny_a", "xla", 1, 1e-5}, {"tiny_a", "go", 1, 1e-5}, {"vgg9_w16", "xla", 3, 1e-5}, {"resnet20", "xla", 3, 1e-5},
	} {
		t.Run(c.net+"/"+c.backend, func(t *testing.T) {
			ref := shared.Open(t, c.net)
			b := open(t, c.backend)
			e := evaluator(t, b, ref, 500)
			theta, _ := ref.Weights(t, "weights_a.npz")
			axis := func(prefix string) []float32 {
				d := ref.Vector(t, "directions_raw.npz", prefix, ref.Net.Params(), nil)
				if err := directions.Normalize(ref.Net.Params(), d, theta, directions.Filter, directions.BiasBN); err != nil {
					t.Fatal(err)
				}
				return d
			}
			if err := e.SetDirections(axis("x/"), axis("y/")); err != nil {
				t.Fatal(err)
			}
			var want struct {
				X, Y []float64
				F32  [][]float64  `json:"loss_f32"`
				F64  [][]*float64 `json:"loss_f64"`
				Acc  [][]float64  `json:"acc_f32"`
			}
			ref.JSON(t, "surface.json", &want)
			worst, points := 0.0, 0
			for iy := 0; iy < len(want.Y); iy += c.every {
				for ix := 0; ix < len(want.X); ix += c.every {
					if b.Name() == "go" && ix != iy {
						continue // the diagonal is enough on the slow backend
					}
					got, err := e.At(context.Background(), want.X[ix], want.Y[iy])
					if err != nil {
						t.Fatal(err)
					}
					loss := want.F32[iy][ix]
					if f64 := want.F64[iy][ix]; f64 != nil {
						loss = *f64
					}
					worst = max(worst, relative(got.Loss, loss))
					points++
					// Two of 1000 images may lie on a decision boundary within rounding.
					if math.Abs(got.Accuracy()-want.Acc[iy][ix]) > 0.21 {
						t.Errorf("accuracy at (%g, %g): %g %%, PyTorch %g %%", want.X[ix], want.Y[iy], got.Accuracy(), want.Acc[iy][ix])
					}
				}
			}
			t.Logf("largest relative difference of %d losses: %.1e", points, worst)
			if !(worst <= c.tolerance) {
				t.Errorf("losses differ by up to %.1e from PyTorch's", worst)
			}
		})
	}
}

func ExampleEval_Accuracy() {
	fmt.Println(engine.Eval{Correct: 913, Count: 1000}.Accuracy(), "percent")
	// Output: 91.3 percent
}
