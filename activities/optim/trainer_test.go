package optim

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
)

// eachBackend runs a test on both backends.
func eachBackend(t *testing.T, test func(t *testing.T, b *engine.Backend)) {
	for _, name := range []string{"xla", "go"} {
		t.Run(name, func(t *testing.T) { test(t, open(t, name)) })
	}
}

func tiny(t testing.TB) *nets.Net {
	t.Helper()
	net, err := nets.New("tiny", shared.TinyA(), shared.Problem)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// recipe exercises everything: augmentation, groups, incomplete ones, and a drop of the rate.
// Forty-five images make batches of 20, 20 and 5, in groups of 8, 8, 4 and 5.
var recipe = Config{LR: 0.05, Momentum: 0.9, Nesterov: true, WeightDecay: 1e-3, BatchSize: 20, BNGroup: 8, Augment: true, Seed: 5,
	Schedule: []Drop{{Epoch: 1, Factor: 0.5}, {Epoch: 2, Factor: 0.1}}}

// adamRecipe is the same for Adam, with a warm-up and a cosine.
var adamRecipe = Config{LR: 0.01, Adam: &Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}, WeightDecay: 1e-3, BatchSize: 20, BNGroup: 8, Augment: true, Seed: 5,
	Warmup: 1, Cosine: 4}

func start(t testing.TB, b *engine.Backend, c Config, images data.Split) *Trainer {
	t.Helper()
	trainer, err := New(b, tiny(t), images, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(trainer.Close)
	return trainer
}

func epochs(t testing.TB, trainer *Trainer, n int) (all []EpochStats) {
	t.Helper()
	for range n {
		s, err := trainer.Epoch(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	return all
}

func checkpoint(t testing.TB, trainer *Trainer) Checkpoint {
	t.Helper()
	c, err := trainer.Checkpoint()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestResumeIsExact trains three epochs at once, and one and two with a
// checkpoint through its encoding between them, on another trainer that has
// already done something else. The bits must be equal.
func TestResumeIsExact(t *testing.T) {
	t.Run("sgd", func(t *testing.T) { resumes(t, recipe) })
	t.Run("adam", func(t *testing.T) { resumes(t, adamRecipe) })
	sam := recipe // also a moving average, and clipped gradients
	sam.SAM, sam.Average, sam.ClipNorm = &SAM{Rho: 0.1, Adaptive: true, Eta: 0.01}, &Average{Decay: 0.9}, 1
	t.Run("asam", func(t *testing.T) { resumes(t, sam) })
	rms := adamRecipe // also a one-cycle schedule, and a mean over epochs
	rms.Adam, rms.RMSprop, rms.Momentum, rms.Warmup, rms.Cosine = nil, &RMSprop{Alpha: 0.9, Epsilon: 1e-6, Centered: true}, 0.5, 0, 0
	rms.OneCycle, rms.Average = &OneCycle{Epochs: 3, Start: 0.3, Div: 25, FinalDiv: 100}, &Average{From: 1}
	t.Run("rmsprop", func(t *testing.T) { resumes(t, rms) })
}

func resumes(t *testing.T, recipe Config) {
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		images := noise(45)
		whole := start(t, b, recipe, images)
		want := epochs(t, whole, 3)

		first := start(t, b, recipe, images)
		epochs(t, first, 1)
		stored, err := DecodeCheckpoint(checkpoint(t, first).Encode())
		if err != nil {
			t.Fatal(err)
		}
		second := start(t, b, recipe, images)
		epochs(t, second, 2)
		if err := second.Restore(stored); err != nil {
			t.Fatal(err)
		}
		got := epochs(t, second, 2)
		if d := cmp.Diff(want[1:], got); d != "" {
			t.Errorf("statistics (-undisturbed +resumed):\n%s", d)
		}
		if !cmp.Equal(checkpoint(t, whole), checkpoint(t, second)) {
			t.Error("the resumed training ends with other numbers than the undisturbed one")
		}
		theta, state := final(t, whole)
		if again, other := final(t, second); !cmp.Equal(theta, again) || !cmp.Equal(state, other) {
			t.Error("the resumed training's network is another than the undisturbed one's")
		}
	})
}

func final(t *testing.T, trainer *Trainer) (theta, state []float32) {
	t.Helper()
	theta, state, err := trainer.Final(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return theta, state
}

// TestSeedDecides checks that two trainings with one seed are equal and with another differ.
func TestSeedDecides(t *testing.T) {
	b := open(t, "xla")
	images := noise(45)
	ends := map[string]Checkpoint{}
	for name, seed := range map[string]uint64{"one": 5, "same": 5, "other": 6} {
		c := recipe
		c.Seed = seed
		trainer := start(t, b, c, images)
		// The same initial weights for all, so that only order and augmentation differ.
		theta, state := trainer.net.Init(1)
		if err := trainer.Restore(Checkpoint{Theta: theta, State: state, Momentum: make([]float32, len(theta))}); err != nil {
			t.Fatal(err)
		}
		epochs(t, trainer, 1)
		ends[name] = checkpoint(t, trainer)
	}
	if !cmp.Equal(ends["one"], ends["same"]) {
		t.Error("one seed, two results")
	}
	if cmp.Equal(ends["one"].Theta, ends["other"].Theta) {
		t.Error("two seeds, one result")
	}
}

// TestEpochStatistics checks what an epoch reports, and its progress.
func TestEpochStatistics(t *testing.T) {
	b := open(t, "xla")
	trainer := start(t, b, recipe, noise(45))
	var steps []int
	var losses []float64
	s, err := trainer.Epoch(context.Background(), func(step, of int, loss float64) {
		if of != 3 {
			t.Errorf("%d steps are announced, want 3", of)
		}
		steps, losses = append(steps, step), append(losses, loss)
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]int{1, 2, 3}, steps); d != "" {
		t.Error(d)
	}
	if want := (20*losses[0] + 20*losses[1] + 5*losses[2]) / 45; math.Abs(s.Loss-want) > 1e-12 {
		t.Errorf("the loss of the epoch is %g, of its steps %g", s.Loss, want)
	}
	norm := 0.0
	for _, v := range checkpoint(t, trainer).Theta {
		norm += float64(v) * float64(v)
	}
	if s.WeightNorm != math.Sqrt(norm) || s.Epoch != 0 || s.LR != 0.05 {
		t.Errorf("%+v, with the norm %g", s, math.Sqrt(norm))
	}
	if correct := s.Accuracy * 45 / 100; math.Abs(correct-math.Round(correct)) > 1e-9 {
		t.Errorf("an accuracy of %g %% is no whole number of 45 images", s.Accuracy)
	}
	if rates := epochs(t, trainer, 2); rates[0].LR != 0.025 || math.Abs(rates[1].LR-0.0025) > 1e-12 {
		t.Errorf("rates %g and %g after drops by 0.5 and 0.1", rates[0].LR, rates[1].LR)
	}
}

// TestGroupsAverage checks the accumulation over groups against its definition:
// without batch normalisation a batch cut into groups gives the same step as
// the whole, but for the order of summation.
func TestGroupsAverage(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		net, err := nets.New("no batch normalisation", []nets.Layer{
			nets.Convolution{Name: "conv", Out: 4, Kernel: 3, Stride: 2, Padding: 1, Bias: true}, nets.ReLU{},
			nets.AvgPool{}, nets.Flatten{}, nets.FullyConnected{Name: "fc", Out: 10},
		}, shared.Problem)
		if err != nil {
			t.Fatal(err)
		}
		var ends []Checkpoint
		for _, group := range []int{0, 20, 6, 1} {
			trainer, err := New(b, net, noise(20), Config{LR: 0.1, Momentum: 0.9, BatchSize: 20, BNGroup: group, Seed: 1})
			if err != nil {
				t.Fatal(err)
			}
			epochs(t, trainer, 2)
			ends = append(ends, checkpoint(t, trainer))
			trainer.Close()
		}
		for _, e := range ends[1:] {
			for i, v := range e.Theta {
				if math.Abs(float64(v-ends[0].Theta[i])) > 1e-6 {
					t.Fatalf("parameter %d is %g, in one group %g", i, v, ends[0].Theta[i])
				}
			}
		}
	})
}

// TestRunningStatisticsGoGroupByGroup checks that each group updates the
// running statistics once: r ← 0.9 r + 0.1 batch, from 0 through two equal groups, is 0.19 batch.
func TestRunningStatisticsGoGroupByGroup(t *testing.T) {
	b := open(t, "xla")
	images := noise(16)
	copy(images.Slice(8, 16).Examples, images.Slice(0, 8).Examples)
	run := func(n, group int) []float32 {
		trainer := start(t, b, Config{LR: 0.1, BatchSize: n, BNGroup: group}, images.Slice(0, n))
		s := &stream{examples: images}
		for i := range n {
			s.order = append(s.order, i)
		}
		if _, _, _, err := trainer.step(s, n, 0.1); err != nil {
			t.Fatal(err)
		}
		return checkpoint(t, trainer).State[:8] // running means of the first layer
	}
	once, twice := run(8, 8), run(16, 8)
	for i := range once {
		if math.Abs(float64(twice[i]-1.9*once[i])) > 1e-6 {
			t.Errorf("channel %d: %g after one group and %g after two", i, once[i], twice[i])
		}
	}
}

// TestDivergence drives the rate up until the loss overflows.
func TestDivergence(t *testing.T) {
	b := open(t, "xla")
	c := recipe
	c.LR, c.Schedule = 1e30, nil
	trainer := start(t, b, c, noise(45))
	_, err := trainer.Epoch(context.Background(), nil)
	var diverged *DivergedError
	if !errors.As(err, &diverged) {
		t.Fatalf("the error is %v", err)
	}
	if diverged.Step < 1 || math.IsNaN(diverged.LastLoss) || !strings.Contains(err.Error(), "learning rate") {
		t.Errorf("%#v: %v", diverged, err)
	}
	if _, err := trainer.Checkpoint(); err == nil {
		t.Error("a checkpoint was made in the middle of an epoch")
	}
	if _, err := trainer.Epoch(context.Background(), nil); err == nil {
		t.Error("another epoch was run after one that failed")
	}
}

// TestCancellation stops in the middle of an epoch and resumes from a checkpoint.
func TestCancellation(t *testing.T) {
	b := open(t, "xla")
	trainer := start(t, b, recipe, noise(45))
	before := checkpoint(t, trainer)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := trainer.Epoch(ctx, func(int, int, float64) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("the error is %v", err)
	}
	if _, err := trainer.Checkpoint(); err == nil {
		t.Error("a checkpoint was made in the middle of an epoch")
	}
	if err := trainer.Restore(before); err != nil {
		t.Fatal(err)
	}
	got := epochs(t, trainer, 1)
	if want := epochs(t, start(t, b, recipe, noise(45)), 1); !cmp.Equal(want, got) {
		t.Errorf("after a cancellation the epoch is %+v, undisturbed %+v", got, want)
	}
}

// TestTrainerFreesMemory checks that training and closing leave nothing on the device.
func TestTrainerFreesMemory(t *testing.T) {
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		trainer := start(t, b, recipe, noise(45))
		held, _ := b.InUse()
		epochs(t, trainer, 2)
		if now, _ := b.InUse(); now != held {
			t.Errorf("%d buffers before the epochs, %d after", held, now)
		}
		trainer.Close()
		if left, bytes := b.InUse(); left != 0 || bytes != 0 {
			t.Errorf("%d buffers of %d bytes are left", left, bytes)
		}
	})
}

// TestOneImageGroup checks that a group of one image, whose features have no
// variance, gives finite numbers.
func TestOneImageGroup(t *testing.T) {
	b := open(t, "xla")
	net, err := nets.New("bn1d", []nets.Layer{nets.AvgPool{Kernel: 8, Stride: 8}, nets.Flatten{}, nets.FullyConnected{Name: "a", Out: 8}, nets.BatchNorm{Name: "b"}, nets.FullyConnected{Name: "c", Out: 10}}, shared.Problem)
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := New(b, net, noise(9), Config{LR: 0.1, BatchSize: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	epochs(t, trainer, 2)
	for _, v := range checkpoint(t, trainer).State {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			t.Fatalf("running statistics %v", checkpoint(t, trainer).State)
		}
	}
}
