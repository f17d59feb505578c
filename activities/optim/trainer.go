package optim

import (
	"context"
	"errors"
	"fmt"
	"math"

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
	ascent    *engine.Program // nil without SAM
	averaging *engine.Program // nil without an average
	curve     *curvePrograms  // nil but for the bend of a curve

	epoch  int  // whole epochs done
	broken bool // an epoch ended in its middle: the vectors belong to no epoch

	theta, state, sum *engine.Buffer
	slots             []*engine.Buffer // vectors of the update rule
	averaged          *engine.Buffer   // nil without an average
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
	if c := config.Curve; c != nil && (len(c.A) != net.NumParams() || len(c.B) != net.NumParams()) {
		return nil, fmt.Errorf("the ends of the curve have %d and %d parameters, network %s has %d", len(c.A), len(c.B), net.Name, net.NumParams())
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
	if err := t.compile(); err != nil {
		return nil, err
	}
	theta, state := net.Init(config.Seed)
	if config.Curve != nil {
		theta = config.Curve.middle()
	}
	start := Checkpoint{Theta: theta, State: state}
	for _, v := range start.slots()[:len(t.slots)] {
		*v = make([]float32, len(theta))
	}
	if config.Average != nil {
		start.Average = make([]float32, len(theta))
	}
	if err := t.Restore(start); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// compile compiles the parts of a step other than gradients.
func (t *Trainer) compile() (err error) {
	t.slots = make([]*engine.Buffer, t.config.rule().slots)
	if t.update, err = compileUpdate(t.backend, t.net.NumParams(), t.config.ofBend(), dtypes.Float32); err != nil {
		return err
	}
	if t.config.SAM != nil {
		if t.ascent, err = compileAscent(t.backend, t.net, *t.config.SAM, dtypes.Float32); err != nil {
			return err
		}
	}
	if t.config.Curve != nil {
		if t.curve, err = compileCurve(t.backend, t.config, dtypes.Float32); err != nil {
			return err
		}
	}
	if t.config.Average != nil {
		t.averaging, err = compileAverage(t.backend, t.net.NumParams(), dtypes.Float32)
	}
	return err
}

// Restore sets the training back, or forward, to a checkpoint of the same recipe.
func (t *Trainer) Restore(c Checkpoint) error {
	if err := t.net.Check(c.Theta, c.State); err != nil {
		return fmt.Errorf("the checkpoint does not fit: %w", err)
	}
	if c.Epoch < 0 {
		return fmt.Errorf("the checkpoint does not fit: epoch %d", c.Epoch)
	}
	names := []string{"velocities", "second moments", "mean gradients"}
	for i, v := range c.slots() {
		if want := len(c.Theta); i < len(t.slots) && len(*v) != want || i >= len(t.slots) && len(*v) != 0 {
			return fmt.Errorf("the checkpoint does not fit: it has %d %s for %d parameters, and the optimizer keeps %d vectors", len(*v), names[i], want, len(t.slots))
		}
	}
	if (t.config.Average != nil) != (len(c.Average) == len(c.Theta)) || t.config.Average == nil && len(c.Average) > 0 {
		return fmt.Errorf("the checkpoint does not fit: it has an average of %d parameters, of %d", len(c.Average), len(c.Theta))
	}
	t.broken = true
	for i, at := range t.vectors() {
		if err := t.put(at, *t.of(&c)[i]); err != nil {
			return err
		}
	}
	if err := t.put(&t.sum, make([]float32, len(c.Theta))); err != nil {
		return err
	}
	t.epoch, t.broken = c.Epoch, false
	return nil
}

// vectors are the training's vectors on the device.
func (t *Trainer) vectors() []**engine.Buffer {
	all := []**engine.Buffer{&t.theta, &t.state}
	for i := range t.slots {
		all = append(all, &t.slots[i])
	}
	if t.config.Average != nil {
		all = append(all, &t.averaged)
	}
	return all
}

// of are the counterparts of vectors in a checkpoint.
func (t *Trainer) of(c *Checkpoint) []*[]float32 {
	all := append([]*[]float32{&c.Theta, &c.State}, c.slots()[:len(t.slots)]...)
	if t.config.Average != nil {
		all = append(all, &c.Average)
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
	to := t.of(&c)
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
		loss, hits, weight, err := t.step(stream, batch, t.config.numbers(t.epoch, step, steps)...)
		if err == nil {
			err = t.average(step, steps)
		}
		if err != nil {
			return EpochStats{}, err
		}
		mean := loss / weight
		if math.IsNaN(mean) || math.IsInf(mean, 0) {
			return EpochStats{}, &DivergedError{Epoch: t.epoch, Step: step, LastLoss: lastLoss}
		}
		lastLoss = mean
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
	dice := make([][]uint32, len(groups))
	for i, examples := range groups {
		if t.net.HasDropout() {
			dice[i] = s.throw(examples.Len())
		}
	}
	if loss, correct, err = t.slope(s, groups, dice, scalars[0]); err != nil {
		return 0, 0, 0, err
	}
	vectors := []**engine.Buffer{&t.theta}
	for i := range t.slots {
		vectors = append(vectors, &t.slots[i])
	}
	vectors = append(vectors, &t.sum)
	if err := t.replaceBy(t.update, vectors, scalars[1:]...); err != nil {
		return 0, 0, 0, err
	}
	return loss, correct, weight, nil
}

// replaceBy runs a program on vectors, and numbers, and puts its outputs into their places.
func (t *Trainer) replaceBy(p *engine.Program, vectors []**engine.Buffer, numbers ...*engine.Buffer) error {
	var in []*engine.Buffer
	for _, v := range vectors {
		in = append(in, *v)
	}
	out, err := p.Run(append(in, numbers...)...)
	if err != nil {
		return err
	}
	for i, v := range vectors {
		replace(v, out[i])
	}
	return nil
}

// slope makes the gradient of a batch, as the update rule takes it: at θ, at the point of SAM, or on a curve.
func (t *Trainer) slope(s *stream, groups []data.Split, dice [][]uint32, share *engine.Buffer) (loss, correct float64, err error) {
	if t.curve != nil {
		leave, failed := t.enter(s.place())
		if failed != nil {
			return 0, 0, failed
		}
		defer func() { err = errors.Join(err, leave()) }()
	}
	if loss, correct, err = t.gradient(groups, dice, share); err == nil && t.ascent != nil {
		err = t.ascend(groups, dice, share)
	}
	return loss, correct, err
}

// gradient adds the gradients of a batch's groups to the sum, and updates the running statistics.
func (t *Trainer) gradient(groups []data.Split, dice [][]uint32, share *engine.Buffer) (loss, correct float64, err error) {
	for i, examples := range groups {
		l, c, err := t.group(examples, dice[i], share)
		if err != nil {
			return 0, 0, err
		}
		loss, correct = loss+l, correct+c
	}
	return loss, correct, nil
}

// ascend replaces the sum of gradients at θ by the sum at SAM's point, with the same dropout. Running statistics stay as after the pass at θ.
func (t *Trainer) ascend(groups []data.Split, dice [][]uint32, share *engine.Buffer) error {
	out, err := t.ascent.Run(t.theta, t.sum)
	if err != nil {
		return err
	}
	replace(&t.sum, out[1])
	theta := t.theta
	t.theta = out[0]
	defer func() { replace(&t.theta, theta) }()
	state, err := engine.Read(t.state)
	if err != nil {
		return err
	}
	if _, _, err := t.gradient(groups, dice, share); err != nil {
		return err
	}
	return t.put(&t.state, state)
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
	all := append(t.vectors(), &t.sum)
	if t.curve != nil {
		all = append(all, &t.curve.a, &t.curve.b)
	}
	for _, b := range all {
		replace(b, nil)
	}
}
