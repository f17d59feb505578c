package optim

import (
	"context"
	"fmt"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/engine"
)

// Average is the recipe of a mean over the weights of a training.
type Average struct {
	// Decay is that of an exponential moving average after each step, θ̄ ← θ̄ + (1 − Decay)(θ − θ̄). 0 is the mean over the
	// weights after each epoch, all alike: stochastic weight averaging (Izmailov et al. 2018, algorithm 1, with a cycle of one epoch).
	Decay float64
	From  int // the first epoch that is averaged over, counted from 0; its first weights are copied
}

func (a Average) check() error {
	if !(a.Decay >= 0 && a.Decay < 1) || a.From < 0 {
		return fmt.Errorf("weights averaged with a decay of %g from epoch %d on: decays lie in [0, 1), epochs are at least 0", a.Decay, a.From)
	}
	return nil
}

// weight is that of the weights after a step in the average, 0 where the step does not count. step is counted from 0
// within its epoch of so many steps.
func (a Average) weight(epoch, step, steps int) float64 {
	done := epoch - a.From
	switch {
	case done < 0 || a.Decay == 0 && step < steps-1:
		return 0
	case a.Decay == 0:
		return 1 / float64(done+1)
	case done == 0 && step == 0:
		return 1
	}
	return 1 - a.Decay
}

// compileAverage compiles avg, θ, w → avg + w(θ − avg), as PyTorch's AveragedModel does it.
func compileAverage(b *engine.Backend, n int, number dtypes.DType) (*engine.Program, error) {
	vector := shapes.Make(number, n)
	return b.Compile(fmt.Sprintf("average-%d-%s", n, number), []shapes.Shape{vector, vector, shapes.Make(number)}, func(in []*graph.Node) []*graph.Node {
		average, theta, weight := in[0], in[1], in[2]
		return []*graph.Node{graph.Add(average, graph.Mul(weight, graph.Sub(theta, average)))}
	})
}

// average takes the weights after a step into the average.
func (t *Trainer) average(step, steps int) error {
	if t.config.Average == nil {
		return nil
	}
	w := t.config.Average.weight(t.epoch, step, steps)
	if w == 0 {
		return nil
	}
	weight, err := engine.Upload(t.backend, []float32{float32(w)})
	if err != nil {
		return err
	}
	defer weight.Free()
	out, err := t.averaging.Run(t.averaged, t.theta, weight)
	if err != nil {
		return err
	}
	replace(&t.averaged, out[0])
	return nil
}

// Final is the trained network: the weights and running statistics after the last epoch, or where weights are averaged, and
// the average has begun, the average with running statistics of its own. These are means over the groups of one more epoch's examples, shuffled
// and augmented as in training, of the means and unbiased variances of each group (torch.optim.swa_utils.update_bn), without dropout.
func (t *Trainer) Final(ctx context.Context) (theta, state []float32, err error) {
	c, err := t.Checkpoint()
	if err != nil || t.config.Average == nil || t.epoch <= t.config.Average.From {
		return c.Theta, c.State, err
	}
	if len(c.State) == 0 {
		return c.Average, c.State, nil
	}
	stream := newStream(t.config, t.epoch, t.examples)
	var sizes []int
	for left := t.examples.Len(); left > 0; left -= t.config.BatchSize {
		sizes = append(sizes, t.config.groups(min(left, t.config.BatchSize))...)
	}
	sum := make([]float64, len(c.State))
	for _, size := range sizes {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		group, err := stream.next(size)
		if err != nil {
			return nil, nil, err
		}
		of, err := engine.Statistics(t.backend, t.net, group, t.averaged, t.state)
		if err != nil {
			return nil, nil, err
		}
		for i, v := range of {
			sum[i] += float64(v) / float64(len(sizes))
		}
	}
	for i, v := range sum {
		c.State[i] = float32(v)
	}
	return c.Average, c.State, nil
}
