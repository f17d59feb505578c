package optim

import (
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"

	"lossatlas/activities/engine"
)

// TestAdamAgainstPyTorch takes four steps of PyTorch's torch.optim.Adam on four
// parameters with given gradients (lr 0.1, then 0.05; β 0.9 and 0.99, ε 1e-6,
// weight decay 0.05), whose results PyTorch 2.15 gave in float64. Both sides
// round at 1e-16; 1e-12 leaves room for another order of operations only.
func TestAdamAgainstPyTorch(t *testing.T) {
	gradients := [][]float64{{0.3, -0.1, 0, 1e-4}, {0.2, 0.4, -0.5, -1e-4}, {-1, 0.05, 0.25, 2e-4}, {0, 0.7, 0.1, 0}}
	rates := []float64{0.1, 0.1, 0.05, 0.05}
	want := [][]float64{
		{0.900000285713469, -1.9000004999975, 0.400003999840006, -0.099009900990099},
		{0.80235289875517, -1.92548455346765, 0.470674658141709, -0.0261214902549692},
		{0.816168571442401, -1.93124913789835, 0.478651726895333, 0.0082842932739415},
		{0.826375364067002, -1.95841352579107, 0.47867544632957, 0.0341121579603943},
	}
	moments := [][]float64{
		{-0.0369485679412502, 0.0663040717949139, -4.61892045336226e-05, -0.000459925338787555},
		{0.0109151785890744, 0.00496242507087549, 0.00315853070669173, 2.6392344587293e-07},
	}
	a := Adam{Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-6}
	eachBackend(t, func(t *testing.T, b *engine.Backend) {
		update, err := compileAdam(b, 4, Config{Adam: &a, WeightDecay: 0.05}, dtypes.Float64)
		if err != nil {
			t.Fatal(err)
		}
		theta, first, second := put(t, b, []float64{1, -2, 0.5, 0}, 4), put(t, b, make([]float64, 4), 4), put(t, b, make([]float64, 4), 4)
		got := make([]float64, 4)
		for i, g := range gradients {
			step, root := a.corrections(rates[i], i+1)
			out := run(t, update, theta, first, second, put(t, b, g, 4), put(t, b, []float64{step}), put(t, b, []float64{root}))
			theta, first, second = out[0], out[1], out[2]
			get(t, theta, got)
			near(t, "parameters", got, want[i])
		}
		get(t, first, got)
		near(t, "first moments", got, moments[0])
		get(t, second, got)
		near(t, "second moments", got, moments[1])
	})
}

func near(t *testing.T, what string, got, want []float64) {
	t.Helper()
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12*math.Max(1e-3, math.Abs(want[i])) {
			t.Errorf("%s are %.15g, PyTorch's %.15g", what, got, want)
			return
		}
	}
}

// TestAdamCountsSteps holds that the trainer counts steps over epochs: two
// epochs of three steps are steps 1 to 6, also on a trainer restored in between.
// Were t to begin anew, the first step of the second epoch would be far larger:
// its correction 1/(1−β₁) = 10 instead of 1/(1−β₁⁴) = 2.9.
func TestAdamCountsSteps(t *testing.T) {
	a := Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	step1, root1 := a.corrections(1, 1)
	step4, root4 := a.corrections(1, 4)
	for _, c := range []struct{ got, want float64 }{
		{step1, 10}, {root1, math.Sqrt(0.001)}, {step4, 1 / (1 - 0.6561)}, {root4, math.Sqrt(1 - 0.996005996001)},
	} {
		if math.Abs(c.got/c.want-1) > 1e-12 {
			t.Errorf("correction %.12g, want %.12g", c.got, c.want)
		}
	}
	b := open(t, "xla")
	images := noise(45)
	c := adamRecipe
	c.Augment, c.Schedule, c.Warmup, c.Cosine = false, nil, 0, 0
	trainer := start(t, b, c, images)
	epochs(t, trainer, 1)
	before := checkpoint(t, trainer)
	s := newStream(c, 1, images)
	if _, _, _, err := trainer.step(s, 20, trainer.config.numbers(c.LR, 4)...); err != nil {
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

// TestAdamCheckpoint: Adam's checkpoint doesn't fit gradient descent, nor the other way round.
func TestAdamCheckpoint(t *testing.T) {
	b := open(t, "go")
	images := noise(45)
	adam, descent := start(t, b, adamRecipe, images), start(t, b, recipe, images)
	for _, c := range []struct {
		to   *Trainer
		from *Trainer
	}{{adam, descent}, {descent, adam}} {
		if err := c.to.Restore(checkpoint(t, c.from)); err == nil || !strings.Contains(err.Error(), "second moments") {
			t.Errorf("the error is %v, want one about second moments", err)
		}
	}
}
