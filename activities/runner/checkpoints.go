package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"lossatlas/activities/optim"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// The weights that a training keeps along its way (train.checkpoints) lie beside
// its last epoch as parts of the step, under the names that they get as outputs.

// keepWeights stores the weights as they are after so many epochs, if they are to be kept.
func (r *trainRun) keepWeights(ctx context.Context, epoch int) error {
	if len(r.state.Log.Epochs) != epoch || !slices.Contains(r.p.Checkpoints, epoch) {
		return nil
	}
	c, err := r.trainer.Checkpoint()
	if err != nil {
		return err
	}
	return r.keepAt(ctx, c)
}

// keepAt stores a checkpoint's weights, if they are to be kept.
func (r *trainRun) keepAt(ctx context.Context, c optim.Checkpoint) error {
	if !slices.Contains(r.p.Checkpoints, c.Epoch) {
		return nil
	}
	weights, err := r.net.Encode(c.Theta, c.State, nil)
	if err != nil {
		return err
	}
	return r.keep(ctx, pipelines.OutCheckpoint(c.Epoch), weights)
}

// lost says whether weights that should have been kept up to an epoch are not
// there, whole. The training then has to start over to have them again.
func (r *trainRun) lost(ctx context.Context, epoch int) (bool, error) {
	for _, e := range r.p.Checkpoints {
		if e > epoch {
			break
		}
		_, err := r.Store.GetPart(ctx, r.Key, pipelines.OutCheckpoint(e))
		if errors.Is(err, artifacts.ErrNotFound) {
			r.Log.Warn().Int("epoch", e).Msg("the weights kept of this epoch are gone; training starts over")
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// putKept makes outputs of the weights kept up to the last epoch that was
// finished, one at a time, since together they may be more than memory holds.
func (r *trainRun) putKept(ctx context.Context, outputs Outputs) error {
	for i, e := range r.p.Checkpoints {
		if e > len(r.state.Log.Epochs) {
			break // diverged before it
		}
		name := pipelines.OutCheckpoint(e)
		b, err := r.Store.GetPart(ctx, r.Key, name)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", r.Label, name, err)
		}
		if outputs[name], err = r.Store.Put(ctx, b); err != nil {
			return err
		}
		r.Pulse.Note(fmt.Sprintf("storing checkpoint %d of %d", i+1, len(r.p.Checkpoints)))
	}
	return nil
}
