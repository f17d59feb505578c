package optim

import (
	"math"
	"os"
	"slices"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
)

// open returns the backend of the given name. Tests of xla need a plugin, whose
// path is in LOSSATLAS_PLUGIN; without one they are skipped, but under
// continuous integration (CI=true) they run on the pure-Go backend instead.
func open(t testing.TB, name string) *engine.Backend {
	t.Helper()
	o := engine.Options{Backend: name, Plugin: os.Getenv("LOSSATLAS_PLUGIN")}
	if name == "xla" && o.Plugin == "" {
		if os.Getenv("CI") != "true" {
			t.Skip("no numeric plugin: LOSSATLAS_PLUGIN is not set")
		}
		o.Backend = "auto"
		t.Log("no numeric plugin: this runs on the pure-Go backend")
	}
	b, err := engine.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// summary is how the reference describes a tensor.
type summary struct {
	L2, Sum float64
	Idx     []int
	Val     []float64
}

// TestStepsAgreeWithPyTorch takes three steps of SGD with Nesterov momentum and
// weight decay from the reference's initial weights, and compares losses and
// every tensor with PyTorch in float64, momentum and batch statistics thereby
// included.
//
// Tolerances: losses 1e-5 (float32 sums); tensors 2e-4 of the tensor's largest
// sampled value. After three steps through batch statistics of 32 images the
// rounding of float32, 6e-8, has been amplified by the conditioning of the
// gradients, about 1e2 to 1e3 where activations near zero cross the ReLU.
func TestStepsAgreeWithPyTorch(t *testing.T) {
	for _, c := range []struct{ net, backend string }{
		{"tiny_a", "xla"}, {"tiny_a", "go"}, {"vgg9_w16", "xla"}, {"resnet20", "xla"},
	} {
		t.Run(c.net+"/"+c.backend, func(t *testing.T) {
			ref := shared.Open(t, c.net)
			var want struct {
				Batch  int
				Losses []float64 `json:"train_loss_before_each_step_f64"`
				After  map[string]summary
			}
			ref.JSON(t, "train_steps.json", &want)
			trajectory := "traj.npz"
			if c.net != "tiny_a" {
				trajectory = "../" + c.net + "_traj/traj.npz"
			}
			images := shared.Images(t, "data_batch_1.bin", 0, 3*want.Batch)
			config := Config{LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, BatchSize: want.Batch}
			b := open(t, c.backend)
			trainer, err := New(b, ref.Net, images, config)
			if err != nil {
				t.Fatal(err)
			}
			defer trainer.Close()
			start := Checkpoint{Theta: ref.Vector(t, trajectory, "0/", ref.Net.Params(), nil), Momentum: make([]float32, ref.Net.NumParams())}
			_, start.State = ref.Net.Init(0) // mean 0, variance 1
			if err := trainer.Restore(start); err != nil {
				t.Fatal(err)
			}
			rate, err := engine.Upload(b, []float32{0.1})
			if err != nil {
				t.Fatal(err)
			}
			defer rate.Free()
			inOrder := &stream{images: images, planes: make([]uint8, data.ImageSize)}
			for i := range images.Len() {
				inOrder.order = append(inOrder.order, i)
			}
			for step, wantLoss := range want.Losses {
				loss, _, err := trainer.step(inOrder, want.Batch, rate)
				if err != nil {
					t.Fatal(err)
				}
				loss /= float64(want.Batch)
				t.Logf("step %d: loss %.8f, PyTorch %.8f", step, loss, wantLoss)
				if math.Abs(loss-wantLoss) > 1e-5*wantLoss {
					t.Errorf("loss before step %d is %.8f, PyTorch's %.8f", step, loss, wantLoss)
				}
			}
			end, err := trainer.Checkpoint()
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []struct {
				table []nets.Param
				flat  []float32
			}{{ref.Net.Params(), end.Theta}, {ref.Net.State(), end.State}} {
				for _, p := range part.table {
					compare(t, p, p.Of(part.flat), want.After)
				}
			}
		})
	}
}

func compare(t *testing.T, p nets.Param, got []float32, all map[string]summary) {
	want, ok := all[p.Name]
	if !ok {
		t.Fatalf("the reference has no %s", p.Name)
	}
	// A bias in front of a batch normalisation has no influence; its gradient is rounding and its value stays near 0.
	const noise = 1e-6
	scale := noise
	for _, v := range want.Val {
		scale = max(scale, math.Abs(v))
	}
	worst := 0.0
	for i, at := range want.Idx {
		worst = max(worst, math.Abs(float64(got[at])-want.Val[i])/scale)
	}
	tolerance := 2e-4
	if scale == noise {
		tolerance = 1
	}
	if worst > tolerance {
		t.Errorf("%s differs by %.1e of its largest value, %.3g", p.Name, worst, scale)
	}
	if norm := math.Sqrt(sumOfSquares(got)); math.Abs(norm-want.L2) > tolerance*max(want.L2, noise*math.Sqrt(float64(len(got)))) {
		t.Errorf("‖%s‖ = %.8g, PyTorch %.8g", p.Name, norm, want.L2)
	}
}

func sumOfSquares(v []float32) (sum float64) {
	for _, x := range slices.All(v) {
		sum += float64(x) * float64(x)
	}
	return sum
}
