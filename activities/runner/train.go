package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"lossatlas/activities/curve"
	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
	"lossatlas/activities/optim"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// checkpointPart holds a training's last finished epoch.
const checkpointPart = "checkpoint"

// evalBatch is how many images the losses of a training are evaluated at a time at most.
const evalBatch = 128

// training is the content of a checkpoint besides the optimizer's state.
type training struct {
	Log trainlog.Log `json:"log"`
	artifacts.Spent
}

// train trains a network and stores its weights and its log. It resumes from
// the last epoch that an earlier attempt finished.
func train(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.TrainParams](r.Job)
	if err != nil {
		return nil, err
	}
	return r.train(ctx, p, nil)
}

// trainCurve trains the bend of a curve between two minimizers, and resumes as a training does. It has no losses but those of the training: the bend
// is no minimizer, and its running statistics are means along the curve.
func trainCurve(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.CurveParams](r.Job)
	if err != nil {
		return nil, err
	}
	net, a, _, err := r.minimizer(ctx, p.Net, p.Data.Problem)
	if err != nil {
		return nil, err
	}
	b, _, err := r.weightsOf(ctx, net, pipelines.InTowardX)
	if err != nil {
		return nil, err
	}
	return r.train(ctx, p.TrainParams, &optim.Curve{Shape: curve.Shape(p.Shape), A: a, B: b})
}

// train trains a network, or the bend of a curve.
func (r *Run) train(ctx context.Context, p pipelines.TrainParams, on *optim.Curve) (Outputs, error) {
	run, err := r.newTrainRun(ctx, p, on)
	if err != nil {
		return nil, err
	}
	defer run.close()
	if err := run.resume(ctx); err != nil {
		return nil, err
	}
	if err := run.keepWeights(ctx, 0); err != nil {
		return nil, err
	}
	for len(run.state.Log.Epochs) < p.Epochs && !run.stopped() {
		if err := r.Pulse.Stopped(); err != nil {
			return nil, err
		}
		err := run.epoch(ctx)
		var diverged *optim.DivergedError
		if errors.As(err, &diverged) {
			return run.diverged(ctx, diverged)
		}
		if err != nil {
			return nil, err
		}
	}
	return run.finish(ctx)
}

// trainRun is one attempt at a training.
type trainRun struct {
	*Run
	p           pipelines.TrainParams
	curve       *optim.Curve // nil for a network
	net         *nets.Net
	trainer     *optim.Trainer
	train, test *engine.Evaluator
	state       training
}

func (r *Run) newTrainRun(ctx context.Context, p pipelines.TrainParams, on *optim.Curve) (*trainRun, error) {
	b, err := r.numeric()
	if err != nil {
		return nil, err
	}
	net, err := r.network(ctx, p.Net, p.Data.Problem)
	if err != nil {
		return nil, err
	}
	train, err := r.load(ctx, p.Data.Name, p.Data.Digest, p.Data.Problem, "train", 0, p.Data.Train)
	if err != nil {
		return nil, err
	}
	if p.LabelNoise > 0 {
		if train, err = train.WithLabelNoise(p.LabelNoise, p.Seed, 0); err != nil {
			return nil, Permanent("BadData", err)
		}
	}
	var test data.Split
	if p.Data.Test > 0 {
		if test, err = r.load(ctx, p.Data.Name, p.Data.Digest, p.Data.Problem, "test", 0, p.Data.Test); err != nil {
			return nil, err
		}
	}
	run := &trainRun{Run: r, p: p, curve: on, net: net}
	if err := run.build(b, train, test); err != nil {
		run.close()
		return nil, err
	}
	return run, nil
}

// build compiles the training's programs, unless one of the same programs was built before.
func (r *trainRun) build(b *engine.Backend, train, test data.Split) (err error) {
	programs := fmt.Sprint(r.p.Net, r.p.BatchSize, r.p.BNGroup, train.Len(), r.p.Optimizer.Kind)
	if _, ok := r.built.Load(programs); !ok {
		r.Pulse.Note(compiling)
		defer r.Pulse.Note("")
	}
	cfg := recipe(r.p)
	cfg.Curve = r.curve
	if r.trainer, err = optim.New(b, r.net, train, cfg); err != nil {
		return err
	}
	if r.curve != nil {
		return nil
	}
	if r.train, err = engine.NewEvaluator(b, r.net, train, min(evalBatch, train.Len())); err != nil {
		return err
	}
	if r.p.Data.Test > 0 {
		if r.test, err = engine.NewEvaluator(b, r.net, test, min(evalBatch, test.Len())); err != nil {
			return err
		}
	}
	r.built.Store(programs, true)
	return nil
}

// recipe is the optimizer's view of a training's parameters.
func recipe(p pipelines.TrainParams) optim.Config {
	o := p.Optimizer
	cfg := optim.Config{
		LR: o.LR, Momentum: o.Momentum, Nesterov: o.Nesterov, WeightDecay: o.WeightDecay, Warmup: o.Warmup,
		ClipNorm: o.ClipNorm, ClipValue: o.ClipValue, Gamma: o.Exponential,
		BatchSize: p.BatchSize, BNGroup: p.BNGroup, Augment: p.Augment, Seed: p.Seed,
	}
	switch o.Kind {
	case "adam", "adamw":
		cfg.Adam = &optim.Adam{Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon, Decoupled: o.Kind == "adamw"}
	case "rmsprop":
		cfg.RMSprop = &optim.RMSprop{Alpha: o.Alpha, Epsilon: o.Epsilon, Centered: o.Centered}
	case "sam", "asam":
		cfg.SAM = &optim.SAM{Rho: o.Rho, Adaptive: o.Kind == "asam", Eta: o.Eta}
	}
	switch {
	case o.Cosine:
		cfg.Cosine = p.Epochs
	case o.Polynomial > 0:
		cfg.Polynomial, cfg.Power = p.Epochs, o.Polynomial
	case o.OneCycle != nil:
		c := o.OneCycle
		cfg.OneCycle = &optim.OneCycle{Epochs: p.Epochs, Start: c.Start, Div: c.Div, FinalDiv: c.FinalDiv, Linear: c.Linear, BaseMomentum: c.BaseMomentum, MaxMomentum: c.MaxMomentum}
	}
	if a := p.Average; a != nil {
		cfg.Average = &optim.Average{Decay: a.Decay, From: a.From}
	}
	for _, d := range o.Schedule {
		cfg.Schedule = append(cfg.Schedule, optim.Drop{Epoch: d.Epoch, Factor: d.Factor})
	}
	return cfg
}

// close frees everything that was built on the device.
func (r *trainRun) close() {
	if r.trainer != nil {
		r.trainer.Close()
	}
	for _, e := range []*engine.Evaluator{r.train, r.test} {
		if e != nil {
			e.Close()
		}
	}
}

// resume restores the last finished epoch, if there is one.
func (r *trainRun) resume(ctx context.Context) error {
	b, err := r.Store.GetPart(ctx, r.Key, checkpointPart)
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	state, c, err := decodeTraining(b)
	if err != nil {
		r.Log.Warn().Err(err).Msg("the checkpoint can't be read; training starts over")
		return nil
	}
	if lost, err := r.lost(ctx, state.Log); err != nil || lost {
		return err
	}
	if err := r.trainer.Restore(c); err != nil {
		return err
	}
	r.state, r.Before = state, state.Spent
	r.Log.Info().Int("epoch", c.Epoch).Msg("training resumes from its checkpoint")
	return nil
}

// epoch trains one epoch, evaluates the test loss, and stores the checkpoint.
func (r *trainRun) epoch(ctx context.Context) error {
	n := len(r.state.Log.Epochs)
	work := r.begin("epoch", n+1)
	note := ""
	if n > 0 {
		last := r.state.Log.Epochs[n-1]
		note = fmt.Sprintf("epoch %d: train loss %.4g", n, float64(last.TrainLoss))
		if score := r.net.Problem.ScoreTitle(); !math.IsNaN(score.Shown(last.TestAccuracy)) {
			note += fmt.Sprintf(", test %s %.2f %%%s", score.Test(), score.Shown(last.TestAccuracy), trainlog.OfExamples(r.p.Data.Test))
		}
	}
	stats, err := r.trainer.Epoch(ctx, func(step, steps int, _ float64) {
		r.Pulse.Progress(Progress{Done: n*steps + step, Total: r.p.Epochs * steps, Unit: "step", Note: note})
	})
	if err != nil {
		return err
	}
	countImages(ctx, "train", r.p.Data.Train)
	c, err := r.trainer.Checkpoint()
	if err != nil {
		return err
	}
	r.Pulse.Note("evaluating")
	test, err := evaluateAt(ctx, r.test, c)
	if err != nil {
		return err
	}
	r.state.Log.Epochs = append(r.state.Log.Epochs, trainlog.Epoch{
		Epoch: n + 1, LR: trainlog.Number(stats.LR), TrainLoss: trainlog.Number(stats.Loss), TrainAccuracy: trainlog.Number(stats.Accuracy),
		TestLoss: trainlog.Number(test.Loss), TestAccuracy: trainlog.Number(test.Score), WeightNorm: trainlog.Number(stats.WeightNorm),
	})
	if err := r.keepAt(ctx, c); err != nil { // before the epoch counts as done
		return err
	}
	if r.best(r.state.Log) == c.Epoch {
		if err := r.keepAs(ctx, bestPart, c); err != nil {
			return err
		}
	}
	r.state.Spent = r.Before.Plus(artifacts.Spent(r.Watch.Spent()))
	b, err := encodeTraining(r.state, c)
	if err != nil {
		return err
	}
	return work.store(ctx, checkpointPart, b)
}

// stopped says that the training ends before its last epoch, and puts why into the log.
func (r *trainRun) stopped() bool {
	if stop := r.p.EarlyStop; stop != nil {
		r.state.Log.Stopped = r.state.Log.Stop(stop.Split, stop.Patience, stop.MinDelta)
	}
	return r.state.Log.Stopped != nil
}

// finish evaluates the trained network on both splits and stores the outputs.
func (r *trainRun) finish(ctx context.Context) (Outputs, error) {
	r.Pulse.Note("evaluating")
	theta, state, err := r.trainer.Final(ctx)
	if err != nil {
		return nil, err
	}
	c := optim.Checkpoint{Theta: theta, State: state}
	if best := r.best(r.state.Log); best > 0 && best < len(r.state.Log.Epochs) {
		b, err := r.Store.GetPart(ctx, r.Key, bestPart)
		if err != nil {
			return nil, err
		}
		if c.Theta, c.State, err = r.net.Decode(b); err != nil {
			return nil, err
		}
		r.state.Log.Restored = best
	}
	train, err := evaluateAt(ctx, r.train, c)
	if err != nil {
		return nil, err
	}
	test, err := evaluateAt(ctx, r.test, c)
	if err != nil {
		return nil, err
	}
	r.state.Log.Final = trainlog.Final{
		TrainLoss: trainlog.Number(train.Loss), TrainAccuracy: trainlog.Number(train.Score), TestLoss: trainlog.Number(test.Loss), TestAccuracy: trainlog.Number(test.Score),
	}
	weights, err := r.net.Encode(c.Theta, c.State, nil)
	if err != nil {
		return nil, err
	}
	return r.store(ctx, map[string][]byte{pipelines.OutWeights: weights})
}

// diverged stores a training that produced no weights. That is a result like any
// other: the same recipe would diverge again, so it is kept and not retried,
// and the steps that need weights are not run.
func (r *trainRun) diverged(ctx context.Context, d *optim.DivergedError) (Outputs, error) {
	r.state.Log.Diverged = &trainlog.Divergence{Epoch: d.Epoch + 1, Step: d.Step + 1, LastLoss: trainlog.Number(d.LastLoss), LR: trainlog.Number(r.p.Optimizer.LR)}
	nan := trainlog.Number(math.NaN())
	r.state.Log.Final = trainlog.Final{TrainLoss: nan, TrainAccuracy: nan, TestLoss: nan, TestAccuracy: nan}
	r.Log.Warn().Msg(r.state.Log.Diverged.String())
	return r.store(ctx, map[string][]byte{})
}

// store puts the outputs and the log into the store.
func (r *trainRun) store(ctx context.Context, files map[string][]byte) (Outputs, error) {
	log, err := json.Marshal(r.state.Log)
	if err != nil {
		return nil, err
	}
	files[pipelines.OutLog] = log
	outputs, err := r.put(ctx, files)
	if err != nil {
		return nil, err
	}
	return outputs, r.putKept(ctx, outputs)
}

// evaluateAt returns loss and accuracy of a checkpoint, BN in eval mode.
func evaluateAt(ctx context.Context, e *engine.Evaluator, c optim.Checkpoint) (engine.Eval, error) {
	if e == nil { // a split without examples
		return engine.Eval{Loss: math.NaN(), Score: math.NaN()}, nil
	}
	if err := e.SetCenter(c.Theta, c.State); err != nil {
		return engine.Eval{}, err
	}
	return e.At(ctx, 0, 0)
}
