package optim

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
	"lossatlas/activities/problem"
)

// torchCycle and torchSharpness are trajectories in testdata/torch_rules.json.
type torchCycle struct {
	Theta          [][]float64
	Rates, Momenta []float64
}

type torchSharpness struct {
	X, Y, Start, Losses []float64
	Theta, Near         [][]float64
}

// torchRules are what PyTorch gave in float64; testdata/torch_rules.py says for what.
type torchRules struct {
	Gradients [][]float64
	Rates     []float64
	Start     []float64
	Rules     map[string][][]float64
	Cycles    map[string]torchCycle
	Schedules map[string][]float64
	Sharpness map[string]torchSharpness
	Averages  map[string][][]float64
}

func readRules(t *testing.T) (r torchRules) {
	t.Helper()
	b, err := os.ReadFile("testdata/torch_rules.json")
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// near holds numbers to PyTorch's within 1e-12 of their size, or of 1e-3: both round at 1e-16, and take a few operations in another order.
func near(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(want) == 0 {
		t.Errorf("%s: PyTorch's numbers are missing", what)
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= 1e-12*math.Max(1e-3, math.Abs(want[i]))) {
			t.Errorf("%s: %.15g, PyTorch's %.15g", what, got, want)
			return
		}
	}
}

// updates runs the update of a recipe, compiled for float64, with the reference's gradients, and compares the parameters after each step.
func updates(t *testing.T, b *engine.Backend, name string, c Config, r torchRules, want [][]float64, numbers func(step int) []float64) {
	t.Helper()
	n := len(r.Start)
	update, err := compileUpdate(b, n, c, dtypes.Float64)
	if err != nil {
		t.Fatal(err)
	}
	vectors := []*engine.Buffer{put(t, b, r.Start, n)}
	for range c.rule().slots {
		vectors = append(vectors, put(t, b, make([]float64, n), n))
	}
	got := make([]float64, n)
	for i, g := range r.Gradients {
		in := append(vectors[:len(vectors):len(vectors)], put(t, b, g, n))
		for _, v := range numbers(i) {
			in = append(in, put(t, b, []float64{v}))
		}
		vectors = run(t, update, in...)[:len(vectors)]
		get(t, vectors[0], got)
		near(t, name, got, want[i])
	}
}

// TestRulesAgainstPyTorch takes five steps of every update rule with gradients that are given, clipped in some cases.
func TestRulesAgainstPyTorch(t *testing.T) {
	r := readRules(t)
	adam, decoupled := &Adam{Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-6}, &Adam{Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-6, Decoupled: true}
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		for name, c := range map[string]Config{
			"sgd":               {Momentum: 0.9, Nesterov: true},
			"sgd, norm":         {Momentum: 0.9, ClipNorm: 0.5},
			"sgd, value":        {Momentum: 0.9, ClipValue: 0.25},
			"adam":              {Adam: adam},
			"adamw":             {Adam: decoupled},
			"adamw, norm":       {Adam: decoupled, ClipNorm: 0.5},
			"rmsprop":           {RMSprop: &RMSprop{Alpha: 0.9, Epsilon: 1e-6}},
			"rmsprop, momentum": {RMSprop: &RMSprop{Alpha: 0.9, Epsilon: 1e-6}, Momentum: 0.8},
			"rmsprop, centered": {RMSprop: &RMSprop{Alpha: 0.9, Epsilon: 1e-6, Centered: true}, Momentum: 0.8},
		} {
			c.WeightDecay = 0.05
			updates(t, b, name, c, r, r.Rules[name], func(i int) []float64 { return c.rule().numbers(r.Rates[i], c.momentum(0, i, 5), i+1) })
		}
	})
}

// TestOneCycleAgainstPyTorch: rates, momenta and parameters of five steps in one epoch, and in five epochs of one.
func TestOneCycleAgainstPyTorch(t *testing.T) {
	r, b := readRules(t), open(t, "go")
	nesterov := Config{LR: 0.1, WeightDecay: 0.05, Momentum: 0.9, Nesterov: true}
	for name, c := range map[string]struct {
		config Config
		cycle  OneCycle
	}{
		"sgd":                {nesterov, OneCycle{Start: 0.3, Div: 25, FinalDiv: 1e4, BaseMomentum: 0.85, MaxMomentum: 0.95}},
		"sgd, linear":        {nesterov, OneCycle{Start: 0.5, Div: 10, FinalDiv: 100, Linear: true, BaseMomentum: 0.7, MaxMomentum: 0.8}},
		"sgd, momentum kept": {nesterov, OneCycle{Start: 0.3, Div: 25, FinalDiv: 1e4}},
		"adamw": {Config{LR: 0.1, WeightDecay: 0.05, Adam: &Adam{Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-6, Decoupled: true}},
			OneCycle{Start: 0.3, Div: 25, FinalDiv: 1e4, BaseMomentum: 0.85, MaxMomentum: 0.95}},
	} {
		want := r.Cycles[name]
		for _, steps := range []int{5, 1} {
			c.cycle.Epochs = 5 / steps
			c.config.OneCycle = &c.cycle
			rates, momenta := make([]float64, 5), make([]float64, 5)
			for i := range 5 {
				rates[i], momenta[i] = c.config.rate(i/steps, i%steps, steps), c.config.momentum(i/steps, i%steps, steps)
			}
			near(t, name+", rates", rates, want.Rates)
			near(t, name+", momenta", momenta, want.Momenta)
		}
		updates(t, b, name, c.config, r, want.Theta, func(i int) []float64 { return c.config.numbers(i, 0, 1) })
	}
}

// TestSchedulesAgainstPyTorch: schedulers that are advanced once an epoch, also behind a warm-up.
func TestSchedulesAgainstPyTorch(t *testing.T) {
	r := readRules(t)
	for name, c := range map[string]Config{
		"polynomial":  {Polynomial: 8, Power: 0.9},
		"exponential": {Gamma: 0.8},
	} {
		c.LR = 0.4
		for _, warmup := range []int{0, 3} {
			c.Warmup = warmup
			if c.Polynomial > 0 {
				c.Polynomial = 8 + warmup
			}
			got := make([]float64, len(r.Schedules[name]))
			for i := range got {
				got[i] = c.rate(warmup+i, 3, 7)
			}
			near(t, name, got, r.Schedules[name])
		}
	}
}

// twoLayers is the reference's network, and its batch.
func twoLayers(t *testing.T, s torchSharpness) (*nets.Net, data.Split) {
	t.Helper()
	p := problem.Problem{Shape: []int{3}, Type: problem.Float32, Outputs: 2, Loss: problem.MeanSquaredError}
	net, err := nets.New("two layers", []nets.Layer{nets.FullyConnected{Name: "a", Out: 4}, nets.FullyConnected{Name: "b", Out: 2}}, p)
	if err != nil {
		t.Fatal(err)
	}
	batch := data.Split{Name: "train", Problem: p}
	for _, v := range s.X {
		batch.Examples = binary.LittleEndian.AppendUint32(batch.Examples, math.Float32bits(float32(v)))
	}
	for _, v := range s.Y {
		batch.Targets = append(batch.Targets, float32(v))
	}
	return net, batch
}

// TestSharpnessAgainstPyTorch: the points that SAM and ASAM take gradients at, and three steps: in float64 through the programs, with rounding of 1e-12,
// and through the trainer in float32, within 1e-5.
func TestSharpnessAgainstPyTorch(t *testing.T) {
	r := readRules(t)
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		for name, sam := range map[string]SAM{"sam": {Rho: 0.5}, "asam": {Rho: 0.5, Adaptive: true, Eta: 0.01}} {
			want := r.Sharpness[name]
			net, examples := twoLayers(t, want)
			n := net.NumParams()
			c := Config{LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 1e-3, SAM: &sam, BatchSize: 6}
			gradient, err := compileGradient(b, net, 6, dtypes.Float64)
			if err != nil {
				t.Fatal(err)
			}
			ascent, err := compileAscent(b, net, sam, dtypes.Float64)
			if err != nil {
				t.Fatal(err)
			}
			update, err := compileUpdate(b, n, c, dtypes.Float64)
			if err != nil {
				t.Fatal(err)
			}
			batch, err := engine.UploadBatch(b, examples, 6)
			if err != nil {
				t.Fatal(err)
			}
			theta, velocity, sum, state := put(t, b, want.Start, n), put(t, b, make([]float64, n), n), put(t, b, make([]float64, n), n), put(t, b, []float64{}, 0)
			share, rate, got := put(t, b, []float64{1.0 / 6}), put(t, b, []float64{0.1}), make([]float64, n)
			for i := range want.Theta {
				first := run(t, gradient, theta, state, sum, batch.Examples, batch.Labels, share)
				near := run(t, ascent, theta, first[0])
				get(t, near[0], got)
				nearTo(t, name+", nearby", got, want.Near[i], 1e-12)
				second := run(t, gradient, near[0], state, near[1], batch.Examples, batch.Labels, share)
				out := run(t, update, theta, velocity, second[0], rate)
				theta, velocity, sum = out[0], out[1], out[2]
				get(t, theta, got)
				nearTo(t, name, got, want.Theta[i], 1e-12)
			}
			trainer, err := New(b, net, examples, c)
			if err != nil {
				t.Fatal(err)
			}
			defer trainer.Close()
			begin := Checkpoint{Theta: make([]float32, n), State: []float32{}, Momentum: make([]float32, n)}
			for i, v := range want.Start {
				begin.Theta[i] = float32(v)
			}
			if err := trainer.Restore(begin); err != nil {
				t.Fatal(err)
			}
			for i, s := range epochs(t, trainer, len(want.Theta)) {
				if math.Abs(s.Loss-want.Losses[i]) > 1e-5*want.Losses[i] {
					t.Errorf("%s: loss %g in step %d, PyTorch's %g", name, s.Loss, i, want.Losses[i])
				}
			}
			for i, v := range checkpoint(t, trainer).Theta {
				got[i] = float64(v)
			}
			nearTo(t, name+" in float32", got, want.Theta[len(want.Theta)-1], 1e-5)
		}
	})
}

// nearTo is near with a tolerance for numbers of order 1.
func nearTo(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tolerance*math.Max(1, math.Abs(want[i]))) {
			t.Errorf("%s: %.15g, PyTorch's %.15g", what, got, want)
			return
		}
	}
}

// TestAveragesAgainstPyTorch: averages of given weights, one after each step (ema) or epoch of three steps (swa), from the third epoch on.
func TestAveragesAgainstPyTorch(t *testing.T) {
	r, b := readRules(t), open(t, "go")
	program, err := compileAverage(b, 4, dtypes.Float64)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		average Average
		steps   int
	}{"ema": {Average{Decay: 0.9, From: 2}, 1}, "swa": {Average{From: 2}, 3}} {
		average, got := put(t, b, make([]float64, 4), 4), make([]float64, 4)
		for i, weights := range r.Gradients {
			for step := range c.steps {
				w := c.average.weight(2+i, step, c.steps)
				if (w == 0) != (step < c.steps-1) {
					t.Errorf("%s: the weight of step %d is %g", name, step, w)
				}
				if w > 0 {
					average = run(t, program, average, put(t, b, weights, 4), put(t, b, []float64{w}))[0]
				}
			}
			get(t, average, got)
			near(t, name, got, r.Averages[name][i])
		}
		if w := c.average.weight(1, c.steps-1, c.steps); w != 0 {
			t.Errorf("%s: an epoch before the first has the weight %g", name, w)
		}
	}
}

// TestAdamCountsSteps holds that the trainer counts steps over epochs: two
// epochs of three steps are steps 1 to 6, also on a trainer restored in between.
// Were t to begin anew, the first step of the second epoch would be far larger:
// its correction 1/(1−β₁) = 10 instead of 1/(1−β₁⁴) = 2.9.
func TestAdamCountsSteps(t *testing.T) {
	a := Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	step4, root4 := a.corrections(1, 4)
	b := open(t, "xla")
	images := noise(45)
	c := adamRecipe
	c.Augment, c.Schedule, c.Warmup, c.Cosine = false, nil, 0, 0
	trainer := start(t, b, c, images)
	epochs(t, trainer, 1)
	before := checkpoint(t, trainer)
	s := newStream(c, 1, images)
	if _, _, _, err := trainer.step(s, 20, c.numbers(1, 0, 3)...); err != nil {
		t.Fatal(err)
	}
	trainer.broken = false // one step further, for a look
	after := checkpoint(t, trainer)
	// θ' = θ − lr·m'/(1−β₁⁴)/(√v'/√(1−β₂⁴) + ε), from the moments that the step left, in float32: 1e-5.
	for i := range before.Theta {
		m, v := float64(after.Momentum[i]), float64(after.Second[i])
		want := float64(before.Theta[i]) - c.LR*step4*m/(math.Sqrt(v)/root4+a.Epsilon)
		if d := math.Abs(float64(after.Theta[i]) - want); d > 1e-6+1e-5*math.Abs(want) {
			t.Fatalf("parameter %d is %g after the fourth step, want %g", i, after.Theta[i], want)
		}
	}
}

// TestCheckpointsOfOtherRules: a checkpoint fits its own update rule and average alone.
func TestCheckpointsOfOtherRules(t *testing.T) {
	b := open(t, "go")
	images := noise(45)
	averaged := recipe
	averaged.Average = &Average{Decay: 0.9}
	adam, descent, average := start(t, b, adamRecipe, images), start(t, b, recipe, images), start(t, b, averaged, images)
	for _, c := range []struct {
		to, from *Trainer
		says     string
	}{{adam, descent, "0 second moments"}, {descent, adam, "second moments"}, {average, descent, "an average of 0 parameters"}, {descent, average, "an average"}} {
		if err := c.to.Restore(checkpoint(t, c.from)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("the error is %v, want one with %q", err, c.says)
		}
	}
}

// TestFinal: averaged weights come with statistics of their own, those that an evaluator recomputes over the augmented
// examples of one more epoch; before the average begins, and without one, the network is that of the checkpoint.
func TestFinal(t *testing.T) {
	b, images := open(t, "go"), noise(45)
	c := recipe
	c.BatchSize, c.BNGroup, c.Average = 15, 0, &Average{From: 1}
	trainer := start(t, b, c, images)
	epochs(t, trainer, 1)
	last := checkpoint(t, trainer)
	if theta, state := final(t, trainer); !cmp.Equal(theta, last.Theta) || !cmp.Equal(state, last.State) {
		t.Error("the average has not begun, and the network is not that of the checkpoint")
	}
	epochs(t, trainer, 2)
	theta, state := final(t, trainer)
	last = checkpoint(t, trainer)
	if !cmp.Equal(theta, last.Average) || cmp.Equal(theta, last.Theta) {
		t.Error("the weights are not the average")
	}
	seen, err := newStream(c, 3, images).next(45)
	if err != nil {
		t.Fatal(err)
	}
	loss := func(state []float32, norm engine.Norm) float64 {
		e, err := engine.NewNormEvaluator(b, trainer.net, images, 45, norm)
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		if err := e.SetCenter(theta, state); err != nil {
			t.Fatal(err)
		}
		return lossAt(t, e, 0).Loss
	}
	got, want, other := loss(state, engine.Norm{}), loss(last.State, engine.Norm{Recompute: &seen, Size: 15}), loss(last.State, engine.Norm{})
	if math.Abs(got-want) > 1e-6*want || math.Abs(other-want) < 1e-4*want {
		t.Errorf("the loss is %g, with recomputed statistics %g, with those of the training %g", got, want, other)
	}
}

// TestSharpnessKeepsStatistics: the second pass of SAM leaves the running statistics alone, so that with a vanishing radius a training is SGD's.
func TestSharpnessKeepsStatistics(t *testing.T) {
	b, images := open(t, "go"), noise(45)
	near := recipe
	near.SAM = &SAM{Rho: 1e-9}
	descent, sharpness := start(t, b, recipe, images), start(t, b, near, images)
	epochs(t, descent, 1)
	epochs(t, sharpness, 1)
	want, got := checkpoint(t, descent), checkpoint(t, sharpness)
	for i := range want.State {
		if math.Abs(float64(got.State[i]-want.State[i])) > 1e-5 {
			t.Fatalf("statistic %d is %g, with SGD %g", i, got.State[i], want.State[i])
		}
	}
}
