package optim

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
)

// Trainer trains one network. Parameters, velocity and running statistics stay
// on the device. It serves one goroutine at a time; Close frees its memory.
type Trainer struct {
	backend  *engine.Backend
	net      *nets.Net
	examples data.Split
	config   Config

	gradients map[int]*engine.Program // by size of the group
	update    *engine.Program

	epoch  int  // whole epochs done
	broken bool // an epoch ended in its middle: the vectors belong to no epoch

	theta, state, velocity, sum *engine.Buffer
	second                      *engine.Buffer // Adam's second moment; nil for gradient descent
}

// New prepares a training from the initial weights of the configuration's
// seed. It compiles the programs for every size of group that an epoch needs:
// the usual one, and those of incomplete groups at the end of a batch and of
// the epoch, which are used like any other. (So the last group's statistics
// may come from few examples, as with PyTorch's loader that doesn't drop them.)
func New(b *engine.Backend, net *nets.Net, train data.Split, config Config) (*Trainer, error) {
	if err := config.check(train.Len()); err != nil {
		return nil, err
	}
	if err := engine.CheckExamples(net, train); err != nil {
		return nil, err
	}
	if err := net.CheckTrainable(); err != nil {
		return nil, err
	}
	if config.Augment {
		if err := data.CheckAugment(train.Problem); err != nil {
			return nil, err
		}
	}
	t := &Trainer{backend: b, net: net, examples: train, config: config, gradients: map[int]*engine.Program{}}
	var err error
	for _, batch := range []int{min(config.BatchSize, train.Len()), train.Len() % config.BatchSize} {
		for _, size := range config.groups(batch) {
			if t.gradients[size] == nil {
				if t.gradients[size], err = compileGradient(b, net, size, dtypes.Float32); err != nil {
					return nil, err
				}
			}
		}
	}
	compile := compileUpdate
	if config.Adam != nil {
		compile = compileAdam
	}
	if t.update, err = compile(b, net.NumParams(), config, dtypes.Float32); err != nil {
		return nil, err
	}
	theta, state := net.Init(config.Seed)
	start := Checkpoint{Theta: theta, State: state, Momentum: make([]float32, len(theta))}
	if config.Adam != nil {
		start.Second = make([]float32, len(theta))
	}
	if err := t.Restore(start); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// Restore sets the training back, or forward, to a checkpoint of the same recipe.
func (t *Trainer) Restore(c Checkpoint) error {
	if err := t.net.Check(c.Theta, c.State); err != nil {
		return fmt.Errorf("the checkpoint does not fit: %w", err)
	}
	if len(c.Momentum) != len(c.Theta) || c.Epoch < 0 {
		return fmt.Errorf("the checkpoint does not fit: epoch %d, %d velocities for %d parameters", c.Epoch, len(c.Momentum), len(c.Theta))
	}
	second := 0
	if t.config.Adam != nil {
		second = len(c.Theta)
	}
	if len(c.Second) != second {
		return fmt.Errorf("the checkpoint does not fit: it has %d second moments, and the optimizer %d", len(c.Second), second)
	}
	t.broken = true
	from := c.vectors()
	for i, at := range t.vectors() {
		if err := t.put(at, *from[i]); err != nil {
			return err
		}
	}
	if err := t.put(&t.sum, make([]float32, len(c.Theta))); err != nil {
		return err
	}
	t.epoch, t.broken = c.Epoch, false
	return nil
}

// vectors are those of the training on the device, in the order of Checkpoint.vectors.
func (t *Trainer) vectors() []**engine.Buffer {
	all := []**engine.Buffer{&t.theta, &t.state, &t.velocity}
	if t.config.Adam != nil {
		all = append(all, &t.second)
	}
	return all
}

// put uploads a vector into the place of a buffer.
func (t *Trainer) put(at **engine.Buffer, flat []float32) error {
	next, err := engine.Upload(t.backend, flat, len(flat))
	if err == nil {
		replace(at, next)
	}
	return err
}

// replace puts a buffer into the place of another, which is freed.
func replace(at **engine.Buffer, next *engine.Buffer) {
	(*at).Free()
	*at = next
}

// errBroken is returned between an interrupted epoch and the next Restore.
var errBroken = errors.New("the training stopped in the middle of an epoch: restore a checkpoint first")

// Checkpoint copies the state after the last whole epoch from the device.
func (t *Trainer) Checkpoint() (Checkpoint, error) {
	if t.broken {
		return Checkpoint{}, errBroken
	}
	c := Checkpoint{Epoch: t.epoch}
	to := c.vectors()
	for i, at := range t.vectors() {
		var err error
		if *to[i], err = engine.Read(*at); err != nil {
			return Checkpoint{}, err
		}
	}
	return c, nil
}

// EpochStats describes one epoch.
type EpochStats struct {
	Epoch      int     // counted from 0
	LR         float64 // learning rate of the last step
	Loss       float64 // mean loss of the examples as the training saw them: augmented, batch statistics, changing weights
	Accuracy   float64 // percent, of the same; NaN where a logit was not finite, or for a loss without a score
	WeightNorm float64 // ‖θ‖₂ after the epoch, over all parameters
}

// Epoch trains for one epoch: every example once, in the order that seed and
// epoch give. progress, which may be nil, is called after each step with the
// number of steps done and the mean loss of the step's batch. The context is
// looked at between steps. After an error, a *DivergedError among them, the
// training is in the middle of an epoch and Restore is the only way on.
func (t *Trainer) Epoch(ctx context.Context, progress func(step, steps int, loss float64)) (EpochStats, error) {
	if t.broken {
		return EpochStats{}, errBroken
	}
	t.broken = true
	stats := EpochStats{Epoch: t.epoch}
	stream := newStream(t.config, t.epoch, t.examples)
	steps := (t.examples.Len() + t.config.BatchSize - 1) / t.config.BatchSize
	lastLoss, sum, correct := math.NaN(), 0.0, 0.0
	for step := range steps {
		if err := ctx.Err(); err != nil {
			return EpochStats{}, err
		}
		batch := min(t.config.BatchSize, t.examples.Len()-step*t.config.BatchSize)
		stats.LR = t.config.rate(t.epoch, step, steps)
		loss, hits, weight, err := t.step(stream, batch, t.config.numbers(stats.LR, t.epoch*steps+step+1)...)
		if err != nil {
			return EpochStats{}, err
		}
		if mean := loss / weight; math.IsNaN(mean) || math.IsInf(mean, 0) {
			return EpochStats{}, &DivergedError{Epoch: t.epoch, Step: step, LastLoss: lastLoss}
		} else {
			lastLoss = mean
		}
		sum, correct = sum+loss, correct+hits
		if progress != nil {
			progress(step+1, steps, lastLoss)
		}
	}
	mean, score := t.net.Problem.Means(sum, correct, t.examples.Totals())
	stats.Loss, stats.Accuracy = mean, score
	theta, err := engine.Read(t.theta)
	if err != nil {
		return EpochStats{}, err
	}
	for _, v := range theta {
		stats.WeightNorm += float64(v) * float64(v)
	}
	stats.WeightNorm = math.Sqrt(stats.WeightNorm)
	t.epoch++
	t.broken = false
	return stats, nil
}

// step takes one step on the next examples of the stream and returns the sums of
// their losses, scores and weights. numbers are the scalar inputs of the update.
func (t *Trainer) step(s *stream, batch int, numbers ...float64) (loss, correct, weight float64, err error) {
	var groups []data.Split
	for _, size := range t.config.groups(batch) {
		examples, err := s.next(size)
		if err != nil {
			return 0, 0, 0, err
		}
		groups = append(groups, examples)
		weight += examples.Totals().Weight
	}
	scalars := make([]*engine.Buffer, 1+len(numbers)) // the first is the share in the mean of an example of weight 1
	for i, v := range append([]float64{1 / weight}, numbers...) {
		if scalars[i], err = engine.Upload(t.backend, []float32{float32(v)}); err != nil {
			return 0, 0, 0, err
		}
		defer scalars[i].Free()
	}
	for _, examples := range groups {
		var dice []uint32
		if t.net.HasDropout() {
			dice = s.throw(examples.Len())
		}
		l, c, err := t.group(examples, dice, scalars[0])
		if err != nil {
			return 0, 0, 0, err
		}
		loss, correct = loss+l, correct+c
	}
	vectors := append(slices.Delete(t.vectors(), 1, 2), &t.sum) // all but the running statistics
	var in []*engine.Buffer
	for _, v := range vectors {
		in = append(in, *v)
	}
	out, err := t.update.Run(append(in, scalars[1:]...)...)
	if err != nil {
		return 0, 0, 0, err
	}
	for i, v := range vectors {
		replace(v, out[i])
	}
	return loss, correct, weight, nil
}

// group adds the gradient of examples, a batch-normalisation group, to the sum. dice
// are those of the examples for dropout, nil for a network without.
func (t *Trainer) group(examples data.Split, dice []uint32, share *engine.Buffer) (loss, correct float64, err error) {
	batch, err := engine.UploadBatch(t.backend, examples, examples.Len())
	if err != nil {
		return 0, 0, err
	}
	defer batch.Free()
	in := []*engine.Buffer{t.theta, t.state, t.sum, batch.Examples, batch.Labels, share}
	if dice != nil {
		thrown, err := engine.Upload(t.backend, dice, examples.Len(), dicePerExample)
		if err != nil {
			return 0, 0, err
		}
		defer thrown.Free()
		in = append(in, thrown)
	}
	out, err := t.gradients[examples.Len()].Run(in...)
	if err != nil {
		return 0, 0, err
	}
	replace(&t.sum, out[0])
	replace(&t.state, out[1])
	defer out[2].Free()
	var sums [2]float32
	err = engine.Download(out[2], sums[:])
	return float64(sums[0]), float64(sums[1]), err
}

// Close frees the training's memory on the device.
func (t *Trainer) Close() {
	t.broken = true
	for _, b := range append(t.vectors(), &t.sum) {
		replace(b, nil)
	}
}
