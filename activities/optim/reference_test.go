package optim

import (
	"math"
	"os"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/numtest"
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

// steps is a reference case: three steps of SGD with Nesterov momentum and
// weight decay, in train mode, from the first checkpoint of a trajectory.
type steps struct {
	shared.Case
	Batch  int
	Losses []float64 `json:"train_loss_before_each_step_f64"`
	After  map[string]summary
	theta  []float32 // initial parameters
	state  []float32 // initial running statistics: mean 0, variance 1
	images data.Split
	config Config
}

func openSteps(t *testing.T, name string) *steps {
	s := &steps{Case: shared.Open(t, name)}
	s.JSON(t, "train_steps.json", s)
	trajectory := "traj.npz"
	if name != "tiny_a" {
		trajectory = "../" + name + "_traj/traj.npz"
	}
	s.theta = s.Vector(t, trajectory, "0/", s.Net.Params(), nil)
	_, s.state = s.Net.Init(0)
	s.images = shared.Images(t, "data_batch_1.bin", 0, 3*s.Batch)
	s.config = Config{LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, BatchSize: s.Batch}
	return s
}

// inOrder hands out the images as they are.
func (s *steps) inOrder() *stream {
	in := &stream{examples: s.images}
	for i := range s.images.Len() {
		in.order = append(in.order, i)
	}
	return in
}

// TestProgramsInFloat64 runs the trainer's programs, compiled for float64, and
// compares losses and every tensor with PyTorch in float64: forward pass with
// batch statistics, every layer's gradient, running statistics and update.
//
// Both compute in float64, with rounding 1e-16; three steps of a network of
// twenty layers leave 1e-11 of that. A wrong gradient anywhere would show at
// 1e-3 and above.
func TestProgramsInFloat64(t *testing.T) {
	for _, c := range []struct{ net, backend string }{
		{"tiny_a", "xla"}, {"tiny_a", "go"}, {"vgg9_w16", "xla"}, {"resnet20", "xla"},
	} {
		t.Run(c.net+"/"+c.backend, func(t *testing.T) {
			if testing.Short() && c.net != "tiny_a" {
				t.Skip("float64 convolutions of a deep network take half a minute")
			}
			s, b := openSteps(t, c.net), open(t, c.backend)
			gradient, err := compileGradient(b, s.Net, s.Batch, dtypes.Float64)
			if err != nil {
				t.Fatal(err)
			}
			update, err := compileUpdate(b, s.Net.NumParams(), s.config, dtypes.Float64)
			if err != nil {
				t.Fatal(err)
			}
			zeros := make([]float64, len(s.theta))
			theta, state := put(t, b, numtest.Widen(s.theta), len(zeros)), put(t, b, numtest.Widen(s.state), len(s.state))
			velocity, sum := put(t, b, zeros, len(zeros)), put(t, b, zeros, len(zeros))
			rate, share := put(t, b, []float64{s.config.LR}), put(t, b, []float64{1 / float64(s.Batch)})
			in := s.inOrder()
			for step, want := range s.Losses {
				group, err := in.next(s.Batch)
				if err != nil {
					t.Fatal(err)
				}
				batch, err := engine.UploadBatch(b, group, s.Batch)
				if err != nil {
					t.Fatal(err)
				}
				out := run(t, gradient, theta, state, sum, batch.Examples, batch.Labels, share)
				state = out[1]
				var sums [2]float64
				get(t, out[2], sums[:])
				if got := sums[0] / float64(s.Batch); math.Abs(got-want) > 1e-9*want {
					t.Errorf("loss before step %d is %.10f, PyTorch's %.10f", step, got, want)
				}
				out = run(t, update, theta, velocity, out[0], rate)
				theta, velocity, sum = out[0], out[1], out[2]
			}
			endTheta, endState := make([]float64, len(s.theta)), make([]float64, len(s.state))
			get(t, theta, endTheta)
			get(t, state, endState)
			compare(t, s.Net.Params(), endTheta, s.After, 1e-9, rounding)
			compare(t, s.Net.State(), endState, s.After, 1e-9, rounding)
		})
	}
}

// rounding is the size below which a tensor is only rounding: a bias in front
// of a batch normalisation has no influence, so that its gradient is 0 but for that.
const rounding = 1e-6

// TestTrainerAgreesWithPyTorch takes the same steps with the trainer itself, in float32.
//
// Tolerances: losses 5e-5. Tensors 5e-3 of the largest sampled value or of
// 0.1, whichever is more: an activation that rounding moves across the kink of
// a ReLU changes gradients by a finite amount, which shows in shifts that have
// not yet grown beyond the size of one update. The test above has no such
// excuse and is the one that would find a wrong formula.
func TestTrainerAgreesWithPyTorch(t *testing.T) {
	for _, c := range []struct{ net, backend string }{
		{"tiny_a", "xla"}, {"tiny_a", "go"}, {"vgg9_w16", "xla"}, {"resnet20", "xla"},
	} {
		t.Run(c.net+"/"+c.backend, func(t *testing.T) {
			s, b := openSteps(t, c.net), open(t, c.backend)
			trainer, err := New(b, s.Net, s.images, s.config)
			if err != nil {
				t.Fatal(err)
			}
			defer trainer.Close()
			if err := trainer.Restore(Checkpoint{Theta: s.theta, State: s.state, Momentum: make([]float32, len(s.theta))}); err != nil {
				t.Fatal(err)
			}
			in := s.inOrder()
			for step, want := range s.Losses {
				loss, _, _, err := trainer.step(in, s.Batch, 0.1)
				if err != nil {
					t.Fatal(err)
				}
				if got := loss / float64(s.Batch); math.Abs(got-want) > 5e-5*want {
					t.Errorf("loss before step %d is %.8f, PyTorch's %.8f", step, got, want)
				}
			}
			end, err := trainer.Checkpoint()
			if err != nil {
				t.Fatal(err)
			}
			compare(t, s.Net.Params(), numtest.Widen(end.Theta), s.After, 5e-3, 0.1)
			compare(t, s.Net.State(), numtest.Widen(end.State), s.After, 5e-3, 0.1)
		})
	}
}

// put uploads an array for the rest of the test.
func put[E engine.Element](t *testing.T, b *engine.Backend, flat []E, dims ...int) *engine.Buffer {
	t.Helper()
	buffer, err := engine.Upload(b, flat, dims...)
	if err != nil {
		t.Fatal(err)
	}
	return buffer
}

func get[E engine.Element](t *testing.T, b *engine.Buffer, flat []E) {
	t.Helper()
	if err := engine.Download(b, flat); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, p *engine.Program, inputs ...*engine.Buffer) []*engine.Buffer {
	t.Helper()
	out, err := p.Run(inputs...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// compare checks every tensor against its summary: the sampled entries within
// tolerance of the largest of them, or of floor, and the norm likewise.
func compare(t *testing.T, table []nets.Param, got []float64, all map[string]summary, tolerance, floor float64) {
	t.Helper()
	worst, at := 0.0, ""
	for _, p := range table {
		want, ok := all[p.Name]
		if !ok {
			t.Fatalf("the reference has no %s", p.Name)
		}
		v := got[p.Offset : p.Offset+p.Size]
		scale := floor
		for _, w := range want.Val {
			scale = max(scale, math.Abs(w))
		}
		difference, square := 0.0, 0.0
		for i, k := range want.Idx {
			difference = max(difference, math.Abs(v[k]-want.Val[i])/scale)
		}
		for _, x := range v {
			square += x * x
		}
		difference = max(difference, math.Abs(math.Sqrt(square)-want.L2)/max(want.L2, floor))
		if difference > worst {
			worst, at = difference, p.Name
		}
		if !(difference <= tolerance) {
			t.Errorf("%s differs by %.1e of its size, %.3g", p.Name, difference, scale)
		}
	}
	t.Logf("largest difference %.1e, in %s", worst, at)
}
