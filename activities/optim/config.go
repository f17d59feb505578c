package optim

import (
	"fmt"
	"math"
)

// Drop multiplies the learning rate by Factor from the start of epoch Epoch on (counted from 0).
type Drop struct {
	Epoch  int
	Factor float64
}

// Config is the recipe of a training.
type Config struct {
	LR          float64
	Momentum    float64 // of gradient descent and RMSprop; 0 is none
	Nesterov    bool
	Adam        *Adam    // in place of gradient descent; momentum is then 0
	RMSprop     *RMSprop // in place of gradient descent
	SAM         *SAM     // gradient descent, with the gradient of a point nearby
	WeightDecay float64  // λ: adds λθ to the gradient, on all parameters, unless Adam decouples it
	ClipNorm    float64  // largest norm of a batch's gradient; 0 is no limit
	ClipValue   float64  // largest absolute value of an entry of it; 0 is no limit
	Schedule    []Drop
	Cosine      int     // the epochs in which the rate falls to 0 along half a cosine; 0 is no such fall
	Polynomial  int     // the epochs in which it falls to 0 as a power of the remaining share; 0 means no such fall
	Power       float64 // that power
	Gamma       float64 // the factor on the rate from epoch to epoch; 0 is none
	OneCycle    *OneCycle
	Warmup      int // the epochs in which the rate rises to its full value, step by step
	Average     *Average
	Curve       *Curve // trains the bend of a curve between two networks in place of a network
	BatchSize   int
	// BNGroup is how many examples share batch statistics; 0 is the whole batch.
	// A batch is split into groups of this size, and a smaller last one, whose
	// gradients are averaged by their number of examples. So a batch of any size
	// fits in memory, and the result doesn't depend on how much there is.
	BNGroup int
	Augment bool   // random crop with 4 pixels of padding, and horizontal flip
	Seed    uint64 // of initial weights, order and augmentation
}

// check returns an error that says which value is impossible.
func (c Config) check(examples int) error {
	switch {
	case examples < 1:
		return fmt.Errorf("training on no images")
	case !(c.LR > 0) || math.IsInf(c.LR, 0):
		return fmt.Errorf("the learning rate is %g: it must be a positive number", c.LR)
	case !(c.Momentum >= 0 && c.Momentum < 1):
		return fmt.Errorf("the momentum is %g: it must lie in [0, 1)", c.Momentum)
	case c.Nesterov && c.Momentum == 0:
		return fmt.Errorf("nesterov: its method needs a momentum above 0")
	case !(c.WeightDecay >= 0) || math.IsInf(c.WeightDecay, 0):
		return fmt.Errorf("the weight decay is %g: it must be 0 or a positive number", c.WeightDecay)
	case c.Adam != nil && (c.Momentum != 0 || c.Nesterov):
		return fmt.Errorf("momentum and Nesterov belong to gradient descent: leave them out with Adam")
	case c.RMSprop != nil && c.Nesterov:
		return fmt.Errorf("the Nesterov form of momentum belongs to gradient descent: leave it out with RMSprop")
	case c.SAM != nil && (c.Adam != nil || c.RMSprop != nil), c.Adam != nil && c.RMSprop != nil:
		return fmt.Errorf("Adam, RMSprop and SAM are three update rules: choose one")
	case !(c.ClipNorm >= 0) || !(c.ClipValue >= 0) || c.ClipNorm > 0 && c.ClipValue > 0:
		return fmt.Errorf("gradients clipped to the norm %g and the value %g: one of them is positive, the other 0", c.ClipNorm, c.ClipValue)
	case c.Cosine < 0 || c.Warmup < 0 || c.Cosine > 0 && c.Warmup >= c.Cosine:
		return fmt.Errorf("a warm-up of %d epochs and a cosine over %d: the warm-up must leave epochs for the fall", c.Warmup, c.Cosine)
	case c.Polynomial < 0 || c.Polynomial > 0 && (c.Warmup >= c.Polynomial || !(c.Power > 0)):
		return fmt.Errorf("a warm-up of %d epochs and a fall over %d with the power %g: the warm-up must leave epochs for the fall, powers are positive", c.Warmup, c.Polynomial, c.Power)
	case !(c.Gamma >= 0) || math.IsInf(c.Gamma, 0):
		return fmt.Errorf("the rate changes by the factor %g each epoch: it must be a positive number, or 0 for none", c.Gamma)
	case c.OneCycle != nil && !c.OneCycle.sound():
		return fmt.Errorf("the one-cycle schedule is %+v: the start must lie in (0, 1), momenta in [0, 1), epochs and divisors must be positive", *c.OneCycle)
	case c.BatchSize < 1:
		return fmt.Errorf("the batch size is %d: it must be at least 1", c.BatchSize)
	case c.BNGroup < 0:
		return fmt.Errorf("the batch-normalisation group is %d: it must be at least 1, or 0 for the whole batch", c.BNGroup)
	}
	for _, err := range c.parts() {
		if err != nil {
			return err
		}
	}
	for _, d := range c.Schedule {
		if d.Epoch < 0 || !(d.Factor > 0) || math.IsInf(d.Factor, 0) {
			return fmt.Errorf("the schedule multiplies the learning rate by %g at epoch %d: factors are positive, epochs at least 0", d.Factor, d.Epoch)
		}
	}
	return nil
}

// parts are the errors of parts that only some recipes have.
func (c Config) parts() (errs []error) {
	if c.Adam != nil {
		errs = append(errs, c.Adam.check())
	}
	if c.RMSprop != nil {
		errs = append(errs, c.RMSprop.check())
	}
	if c.SAM != nil {
		errs = append(errs, c.SAM.check())
	}
	if c.Average != nil {
		errs = append(errs, c.Average.check())
	}
	if c.Curve != nil {
		errs = append(errs, c.Curve.check(c))
	}
	return errs
}

// groups cuts a batch of n examples into the sizes of its batch-normalisation groups.
func (c Config) groups(n int) []int {
	size := c.BNGroup
	if size == 0 || size > c.BatchSize {
		size = c.BatchSize
	}
	var sizes []int
	for ; n > 0; n -= size {
		sizes = append(sizes, min(n, size))
	}
	return sizes
}

// DivergedError says that the training loss became infinite or NaN.
type DivergedError struct {
	Epoch    int     // counted from 0
	Step     int     // within the epoch, counted from 0
	LastLoss float64 // the last finite loss of a step; NaN when there was no such step
}

// Error says where, and what to change.
func (e *DivergedError) Error() string {
	return fmt.Sprintf("the training diverged: its loss is not finite in epoch %d, step %d (it was %.4g before); lower the learning rate", e.Epoch+1, e.Step+1, e.LastLoss)
}
