package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
	"lossatlas/activities/optim"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Import takes weights from the store in place of a training's, and records
// their loss and accuracy on the data. The weights come out under the digest
// under which they went in.
func (a *Activities) Import(ctx context.Context, in StepInput) (StepResult, error) {
	return guard(ctx, a, in, func(in StepInput) (StepResult, error) {
		since := time.Now()
		p, err := params[pipelines.ImportParams](in)
		if err != nil {
			return StepResult{}, err
		}
		digest, err := artifacts.ParseDigest(p.Weights)
		if err != nil {
			return StepResult{}, permanent("BadStep", fmt.Errorf("%s: weights: %w", in.Label, err))
		}
		file, err := a.Store.Get(ctx, digest)
		if err != nil {
			return StepResult{}, fmt.Errorf("%s: the imported weights: %w", in.Label, err)
		}
		net, err := Network(p.Net)
		if err != nil {
			return StepResult{}, permanent("BadNet", err)
		}
		theta, state, err := net.Decode(file)
		if err == nil {
			err = errors.Join(nets.CheckFinite(net.Params(), theta), nets.CheckFinite(net.State(), state))
		}
		if err != nil {
			return StepResult{}, permanent("BadWeights", fmt.Errorf("%s: %w", in.Label, err))
		}
		pulse := a.startPulse(ctx, in, "evaluating")
		defer pulse.end()
		var log TrainLog
		c := optim.Checkpoint{Theta: theta, State: state}
		if log.Final.TrainLoss, log.Final.TrainAccuracy, err = a.evaluateSplit(ctx, in, net, p.Data, "train", p.Data.Train, c); err != nil {
			return StepResult{}, err
		}
		if log.Final.TestLoss, log.Final.TestAccuracy, err = a.evaluateSplit(ctx, in, net, p.Data, "test", p.Data.Test, c); err != nil {
			return StepResult{}, err
		}
		encoded, err := json.Marshal(log)
		if err != nil {
			return StepResult{}, err
		}
		outputs, err := a.putAll(ctx, map[string][]byte{pipelines.OutLog: encoded})
		if err != nil {
			return StepResult{}, err
		}
		outputs[pipelines.OutWeights] = artifacts.BlobOf(file)
		return a.finish(ctx, in, outputs, time.Since(since).Seconds())
	})
}

// evaluateSplit is the loss and accuracy of weights on the first images of a split.
func (a *Activities) evaluateSplit(ctx context.Context, in StepInput, net *nets.Net, d pipelines.TrainData, split string, n int, c optim.Checkpoint) (loss, accuracy Number, err error) {
	b, err := a.numeric(in)
	if err != nil {
		return 0, 0, err
	}
	images, err := a.load(d.Name, d.Digest, split, 0, n)
	if err != nil {
		return 0, 0, err
	}
	e, err := engine.NewEvaluator(b, net, images, evalBatch)
	if err != nil {
		return 0, 0, err
	}
	defer e.Close()
	v, err := evaluateAt(ctx, e, c)
	return Number(v.Loss), Number(v.Accuracy()), err
}
