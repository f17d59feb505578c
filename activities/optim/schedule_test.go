package optim

import (
	"math"
	"testing"
)

// TestCosine compares the rate with what PyTorch's CosineAnnealingLR gives for
// T_max 10 and an initial rate of 0.4, to the 12 digits that were printed.
func TestCosine(t *testing.T) {
	want := []float64{0.4, 0.390211303259, 0.361803398875, 0.317557050458, 0.261803398875, 0.2, 0.138196601125, 0.0824429495415, 0.038196601125, 0.00978869674097}
	c := Config{LR: 0.4, Cosine: 10}
	for epoch, w := range want {
		if got := c.rate(epoch, 3, 7); math.Abs(got-w) > 1e-12 {
			t.Errorf("epoch %d: rate %.12g, PyTorch's %.12g", epoch, got, w)
		}
	}
}

// TestWarmup: the rate rises by equal steps to its full value at the last step
// of the warm-up; drops continue next to it, and a cosine begins behind it.
func TestWarmup(t *testing.T) {
	for _, c := range []struct {
		name        string
		config      Config
		epoch, step int
		want        float64
	}{
		{"first step", Config{LR: 0.8, Warmup: 2}, 0, 0, 0.1},
		{"second step", Config{LR: 0.8, Warmup: 2}, 0, 1, 0.2},
		{"second epoch", Config{LR: 0.8, Warmup: 2}, 1, 0, 0.5},
		{"last step", Config{LR: 0.8, Warmup: 2}, 1, 3, 0.8},
		{"afterwards", Config{LR: 0.8, Warmup: 2}, 2, 0, 0.8},
		{"with a drop", Config{LR: 0.8, Warmup: 2, Schedule: []Drop{{1, 0.5}, {3, 0.1}}}, 1, 3, 0.4},
		{"after both drops", Config{LR: 0.8, Warmup: 2, Schedule: []Drop{{1, 0.5}, {3, 0.1}}}, 4, 0, 0.04},
		{"the cosine's top", Config{LR: 0.8, Warmup: 2, Cosine: 10}, 2, 0, 0.8},
		{"the cosine's middle", Config{LR: 0.8, Warmup: 2, Cosine: 10}, 6, 0, 0.4},
		{"beyond the cosine", Config{LR: 0.8, Cosine: 10}, 12, 0, 0},
	} {
		if got := c.config.rate(c.epoch, c.step, 4); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s: rate %g, want %g", c.name, got, c.want)
		}
	}
}

// TestTrainerFollowsTheSchedule: the rates that the epochs report, and that a
// training at a rate of almost nothing hardly moves while one without moves.
func TestTrainerFollowsTheSchedule(t *testing.T) {
	b := open(t, "go")
	c := recipe
	c.Schedule, c.Warmup, c.Cosine = nil, 1, 3
	trainer := start(t, b, c, noise(45))
	for epoch, want := range []float64{0.05, 0.05, 0.025} { // the last of the warm-up's 3 steps, cos 0, cos π/2
		if s := epochs(t, trainer, 1)[0]; math.Abs(s.LR-want) > 1e-15 {
			t.Errorf("epoch %d ends at the rate %g, want %g", epoch, s.LR, want)
		}
	}
	first := start(t, b, c, noise(45))
	before := checkpoint(t, first).Theta
	s := newStream(c, 0, first.examples)
	if _, _, _, err := first.step(s, 20, first.config.numbers(0, 0, 1e6)...); err != nil {
		t.Fatal(err)
	}
	first.broken = false
	moved := 0.0
	for i, v := range checkpoint(t, first).Theta {
		moved = max(moved, math.Abs(float64(v-before[i])))
	}
	if moved == 0 || moved > 1e-5 { // rate 5e-8 times gradients of order 1
		t.Errorf("one step at a millionth of the rate moved a parameter by %g", moved)
	}
}
