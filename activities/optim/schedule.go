package optim

import "math"

// OneCycle is a rate that rises from lr/Div to lr over the share Start of all steps, and falls to lr/Div/FinalDiv over the others, while the
// momentum (β₁ of Adam) falls and rises (Smith and Topin 2019), as PyTorch's OneCycleLR does it with max_lr = lr and two phases.
type OneCycle struct {
	Epochs        int
	Start         float64 // pct_start
	Div, FinalDiv float64 // div_factor, final_div_factor
	Linear        bool    // along lines, not half cosines
	// BaseMomentum and MaxMomentum bound the momentum; 0 and 0 leave it alone.
	BaseMomentum, MaxMomentum float64
}

func (o OneCycle) sound() bool {
	return o.Epochs > 0 && o.Start > 0 && o.Start < 1 && o.Div > 0 && o.FinalDiv > 0 && o.BaseMomentum >= 0 && o.MaxMomentum >= o.BaseMomentum && o.MaxMomentum < 1
}

// at is the value at a step of epochs of so many steps, between a low first value, a high middle one and a last one.
func (o OneCycle) at(first, middle, last float64, epoch, step, steps int) float64 {
	now, turn, end := float64(epoch*steps+step), o.Start*float64(o.Epochs*steps)-1, float64(o.Epochs*steps-1)
	between := func(a, b, from, to float64) float64 {
		done := 1.0
		if to > from {
			done = math.Min((now-from)/(to-from), 1)
		}
		if o.Linear {
			return (b-a)*done + a
		}
		return b + (a-b)/2*(1+math.Cos(math.Pi*done))
	}
	if now <= turn {
		return between(first, middle, 0, turn)
	}
	return between(middle, last, turn, end)
}

// momentum is that of a step: of the momentum method, or β₁ of Adam.
func (c Config) momentum(epoch, step, steps int) float64 {
	if o := c.OneCycle; o != nil && o.MaxMomentum > 0 {
		return o.at(o.MaxMomentum, o.BaseMomentum, o.MaxMomentum, epoch, step, steps)
	}
	if c.Adam != nil {
		return c.Adam.Beta1
	}
	return c.Momentum
}

// rate is the learning rate of a step of an epoch of the given number of steps, that of OneCycle or
//
//	LR · w · c · Π factors of the drops up to the epoch
//
// During warm-up w rises with every step by the same amount up to 1 (Goyal et
// al. 2017, section 2.2). c is 1, or in epochs after the warm-up, with t = (epoch−W)/(E−W) for E epochs of which W are warm-up,
//
//   - (1 + cos(πt))/2 for Cosine (Loshchilov and Hutter 2017, equation 5, without restarts; PyTorch's CosineAnnealingLR),
//   - (1 − t)^Power for Polynomial (PolynomialLR),
//   - Gamma^(epoch−W) for an exponential fall (ExponentialLR),
//
// which is what PyTorch's schedulers give when they are advanced once an epoch.
func (c Config) rate(epoch, step, steps int) float64 {
	if o := c.OneCycle; o != nil {
		return o.at(c.LR/o.Div, c.LR, c.LR/o.Div/o.FinalDiv, epoch, step, steps)
	}
	lr := c.LR
	for _, d := range c.Schedule {
		if d.Epoch <= epoch {
			lr *= d.Factor
		}
	}
	if epoch < c.Warmup {
		return lr * float64(epoch*steps+step+1) / float64(c.Warmup*steps)
	}
	after := epoch - c.Warmup
	switch {
	case c.Cosine > 0:
		done := math.Min(float64(after)/float64(c.Cosine-c.Warmup), 1)
		lr *= (1 + math.Cos(math.Pi*done)) / 2
	case c.Polynomial > 0:
		lr *= math.Pow(1-math.Min(float64(after)/float64(c.Polynomial-c.Warmup), 1), c.Power)
	case c.Gamma > 0:
		lr *= math.Pow(c.Gamma, float64(after))
	}
	return lr
}
