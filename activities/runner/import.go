package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"lossatlas/activities/checks"
	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
	"lossatlas/activities/optim"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// importWeights takes weights from the store in place of a training's, and records
// their loss and accuracy on the data. The weights come out under the digest
// under which they went in.
func importWeights(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.ImportParams](r.Job)
	if err != nil {
		return nil, err
	}
	file, err := r.imported(ctx, "weights", p.Weights)
	if err != nil {
		return nil, err
	}
	net, err := r.network(ctx, p.Net, p.Data.Problem)
	if err != nil {
		return nil, err
	}
	theta, state, err := net.Decode(file)
	if err == nil {
		err = errors.Join(nets.CheckFinite(net.Params(), theta), nets.CheckFinite(net.State(), state))
	}
	if err != nil {
		return nil, Permanent("BadWeights", fmt.Errorf("%s: %w", r.Label, err))
	}
	r.Pulse.Note("evaluating")
	var log trainlog.Log
	c := optim.Checkpoint{Theta: theta, State: state}
	if log.Final.TrainLoss, log.Final.TrainAccuracy, err = r.evaluateSplit(ctx, net, p.Data, "train", p.Data.Train, c); err != nil {
		return nil, err
	}
	if log.Final.TestLoss, log.Final.TestAccuracy, err = r.evaluateSplit(ctx, net, p.Data, "test", p.Data.Test, c); err != nil {
		return nil, err
	}
	if p.CheckGradient {
		if log.Gradient, err = r.checkGradient(ctx, net, p.Data, c); err != nil {
			return nil, err
		}
	}
	encoded, err := json.Marshal(log)
	if err != nil {
		return nil, err
	}
	outputs, err := r.put(ctx, map[string][]byte{pipelines.OutLog: encoded})
	if err != nil {
		return nil, err
	}
	outputs[pipelines.OutWeights] = artifacts.BlobOf(file)
	for _, c := range p.Checkpoints {
		before, err := r.imported(ctx, "checkpoint", c.Weights)
		if err != nil {
			return nil, err
		}
		if _, _, err := net.Decode(before); err != nil {
			return nil, Permanent("BadWeights", fmt.Errorf("%s: epoch %d: %w", r.Label, c.Epoch, err))
		}
		outputs[pipelines.OutCheckpoint(c.Epoch)] = artifacts.BlobOf(before)
	}
	return outputs, nil
}

// checkGradient compares the gradient with differences on the first training examples, or test examples where there are no others.
func (r *Run) checkGradient(ctx context.Context, net *nets.Net, d pipelines.TrainData, c optim.Checkpoint) (*trainlog.Gradient, error) {
	split, n := "train", d.Train
	if n == 0 {
		split, n = "test", d.Test
	}
	r.Pulse.Note("comparing the gradient with differences")
	examples, err := r.load(ctx, d.Name, d.Digest, d.Problem, split, 0, min(n, checks.GradientExamples))
	if err != nil {
		return nil, err
	}
	g, err := checks.CheckGradient(ctx, net, c.Theta, c.State, examples)
	if err != nil {
		return nil, fmt.Errorf("%s: the gradient: %w", r.Label, err)
	}
	return &g, nil
}

// imported reads a file that a sweep's import has put into the store.
func (r *Run) imported(ctx context.Context, what, digest string) ([]byte, error) {
	d, err := artifacts.ParseDigest(digest)
	if err != nil {
		return nil, Permanent("BadStep", fmt.Errorf("%s: %s: %w", r.Label, what, err))
	}
	b, err := r.Store.Get(ctx, d)
	if err != nil {
		return nil, fmt.Errorf("%s: the imported %s: %w", r.Label, what, err)
	}
	return b, nil
}

// evaluateSplit is the loss and score of weights on the first examples of a split, missing for a split without examples.
func (r *Run) evaluateSplit(ctx context.Context, net *nets.Net, d pipelines.TrainData, split string, n int, c optim.Checkpoint) (loss, accuracy trainlog.Number, err error) {
	if n == 0 {
		return trainlog.Number(math.NaN()), trainlog.Number(math.NaN()), nil
	}
	b, err := r.numeric()
	if err != nil {
		return 0, 0, err
	}
	images, err := r.load(ctx, d.Name, d.Digest, d.Problem, split, 0, n)
	if err != nil {
		return 0, 0, err
	}
	e, err := engine.NewEvaluator(b, net, images, min(evalBatch, n))
	if err != nil {
		return 0, 0, err
	}
	defer e.Close()
	v, err := evaluateAt(ctx, e, c)
	return trainlog.Number(v.Loss), trainlog.Number(v.Score), err
}

// keepFiles names as outputs the files that the start of the sweep has stored: a network, or the parts of a data set.
func keepFiles(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.FilesParams](r.Job)
	if err != nil {
		return nil, err
	}
	index, err := r.imported(ctx, p.What, p.Index)
	if err != nil {
		return nil, err
	}
	out := Outputs{pipelines.OutIndex: artifacts.BlobOf(index)}
	if p.What != pipelines.FilesData {
		return out, nil
	}
	parts, err := data.Parts(index)
	if err != nil || len(parts) != p.Parts {
		return nil, Permanent("BadData", fmt.Errorf("%s: the list of its parts has %d of %d: %w", r.Label, len(parts), p.Parts, err))
	}
	for i, part := range parts {
		d, err := artifacts.ParseDigest(part.Digest)
		if err != nil {
			return nil, Permanent("BadData", err)
		}
		out[pipelines.OutPart(i)] = artifacts.Blob{Digest: d, Size: part.Size}
	}
	return out, nil
}
