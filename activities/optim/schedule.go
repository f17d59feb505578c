package optim

import "math"

// numbers are what an update takes next to vectors: the learning rate, or the two
// corrections of Adam in the step of the given number, counted from 1.
func (c Config) numbers(rate float64, step int) []float64 {
	if c.Adam == nil {
		return []float64{rate}
	}
	by, root := c.Adam.corrections(rate, step)
	return []float64{by, root}
}

// rate is the learning rate of a step of an epoch of the given number of steps:
//
//	LR · w · c · Π factors of the drops up to the epoch
//
// During warm-up w rises with every step by the same amount up to 1 (Goyal et
// al. 2017, section 2.2). c is 1, or with a cosine over E epochs, the first W of
// them warm-up, (1 + cos(π (epoch−W)/(E−W)))/2 in the epochs after it
// (Loshchilov and Hutter 2017, equation 5, without restarts), which is what
// PyTorch's CosineAnnealingLR gives when it is advanced once an epoch.
func (c Config) rate(epoch, step, steps int) float64 {
	lr := c.LR
	for _, d := range c.Schedule {
		if d.Epoch <= epoch {
			lr *= d.Factor
		}
	}
	if epoch < c.Warmup {
		return lr * float64(epoch*steps+step+1) / float64(c.Warmup*steps)
	}
	if c.Cosine > 0 {
		done := math.Min(float64(epoch-c.Warmup)/float64(c.Cosine-c.Warmup), 1)
		lr *= (1 + math.Cos(math.Pi*done)) / 2
	}
	return lr
}
