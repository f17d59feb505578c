package engine_test

import (
	"context"
	"errors"
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
			if got.Score != want.Acc || got.Count != 1000 {
				t.Errorf("accuracy %.1f %% of %d images, PyTorch %.1f %% of 1000", got.Score, got.Count, want.Acc)
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
					if math.Abs(got.Score-want.Acc[iy][ix]) > 0.21 {
						t.Errorf("accuracy at (%g, %g): %g %%, PyTorch %g %%", want.X[ix], want.Y[iy], got.Score, want.Acc[iy][ix])
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

// TestInterpolation compares the loss between two minimizers, and beyond them,
// with PyTorch's, with the running statistics in θ and without. Where a running
// variance is extrapolated below zero the loss is NaN in both. The reference is
// float32 as well, so that of large losses only the leading digits agree.
func TestInterpolation(t *testing.T) {
	for _, c := range []struct{ net, backend string }{
		{"tiny_a", "xla"}, {"tiny_a", "go"}, {"vgg9_w16", "xla"}, {"resnet20", "xla"},
	} {
		t.Run(c.net+"/"+c.backend, func(t *testing.T) {
			ref := shared.Open(t, c.net)
			b := open(t, c.backend)
			type curve struct {
				Test  []any `json:"test_loss"`
				Train []any `json:"train_loss"`
			}
			var want struct {
				Alpha   []float64
				States  curve
				Weights *curve `json:"weights_only"`
			}
			ref.JSON(t, "interp_1d.json", &want)
			theta, state := ref.Weights(t, "weights_a.npz")
			delta, move := ref.Weights(t, "weights_b.npz")
			for i := range delta {
				delta[i] -= theta[i]
			}
			for i := range move {
				move[i] -= state[i]
			}
			train := 1000
			if c.net == "resnet20" {
				train = 500
			}
			compare := func(name, file string, images int, states bool, losses []any) {
				e, err := engine.NewEvaluator(b, ref.Net, shared.Images(t, file, 0, images), 500)
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				if err := errors.Join(e.SetCenter(theta, state), e.SetDirections(delta, nil)); err != nil {
					t.Fatal(err)
				}
				if states {
					if err := e.SetStateDirections(move, nil); err != nil {
						t.Fatal(err)
					}
				}
				largest := 0.0
				for _, v := range losses {
					if v, ok := v.(float64); ok {
						largest = max(largest, v)
					}
				}
				worst, nan := 0.0, 0
				for i, alpha := range want.Alpha {
					if b.Name() == "go" && i%4 != 0 {
						continue // enough on the slow backend
					}
					got := at(t, e, alpha, 0).Loss
					loss, finite := losses[i].(float64)
					if !finite {
						if nan++; !math.IsNaN(got) {
							t.Errorf("%s: the loss at α = %g is %g, PyTorch's is %v", name, alpha, got, losses[i])
						}
						continue
					}
					worst = max(worst, math.Abs(got-loss)/max(1e-4*loss, 1e-5*largest))
				}
				t.Logf("%s: %d losses are NaN, the others reach %.1e of the tolerance", name, nan, worst)
				if !(worst <= 1) {
					t.Errorf("%s: the losses differ by up to %.3g of the tolerance from PyTorch's", name, worst)
				}
			}
			compare("test, statistics in θ", "test_batch.bin", 1000, true, want.States.Test)
			compare("train, statistics in θ", "data_batch_1.bin", train, true, want.States.Train)
			if want.Weights != nil {
				compare("test, weights alone", "test_batch.bin", 1000, false, want.Weights.Test)
			}
		})
	}
}
