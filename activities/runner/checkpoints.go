package runner

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"lossatlas/activities/optim"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// The weights that a training keeps along its way (train.checkpoints) lie beside
// its last epoch as parts of the step, under the names that they get as outputs.

// keepWeights stores the weights after so many epochs, if the step keeps them.
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
	return r.keepAs(ctx, pipelines.OutCheckpoint(c.Epoch), c)
}

// keepAs stores a checkpoint's weights as a part.
func (r *trainRun) keepAs(ctx context.Context, part string, c optim.Checkpoint) error {
	weights, err := r.net.Encode(c.Theta, c.State, nil)
	if err != nil {
		return err
	}
	return r.keep(ctx, part, weights)
}

// bestPart holds the weights of the best epoch so far.
const bestPart = "best"

// best is the epoch of a log whose weights are restored at the end, 0 for none.
func (r *trainRun) best(log trainlog.Log) int {
	stop := r.p.EarlyStop
	if stop == nil || !stop.RestoreBest {
		return 0
	}
	epoch, _ := log.Best(stop.Split, stop.MinDelta)
	return epoch
}

// lost says whether weights that should have been kept are not there, whole. The training must then start over to make them again.
func (r *trainRun) lost(ctx context.Context, log trainlog.Log) (bool, error) {
	var parts []string
	for _, e := range r.p.Checkpoints {
		if e <= len(log.Epochs) {
			parts = append(parts, pipelines.OutCheckpoint(e))
		}
	}
	if r.best(log) > 0 {
		parts = append(parts, bestPart)
	}
	for _, part := range parts {
		_, err := r.Store.GetPart(ctx, r.Key, part)
		if errors.Is(err, artifacts.ErrNotFound) {
			r.Log.Warn().Str("weights", part).Msg("weights that were kept are gone; training starts over")
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// putKept makes outputs of the weights kept up to the last epoch that was
// finished, one at a time, since together they may be more than memory holds. After an early stop
// the later ones are those of the last epoch.
func (r *trainRun) putKept(ctx context.Context, outputs Outputs) error {
	for i, e := range r.p.Checkpoints {
		if e > len(r.state.Log.Epochs) && r.state.Log.Stopped == nil {
			break // diverged before it
		}
		name := pipelines.OutCheckpoint(e)
		b, err := r.keptWeights(ctx, e)
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

// keptWeights are the weights after an epoch, or after the last one where the training ended before it.
func (r *trainRun) keptWeights(ctx context.Context, epoch int) ([]byte, error) {
	if epoch <= len(r.state.Log.Epochs) {
		return r.Store.GetPart(ctx, r.Key, pipelines.OutCheckpoint(epoch))
	}
	c, err := r.trainer.Checkpoint()
	if err != nil {
		return nil, err
	}
	return r.net.Encode(c.Theta, c.State, nil)
}

// encodeTraining frames the log (JSON, its length first) and the optimizer's checkpoint.
func encodeTraining(t training, c optim.Checkpoint) ([]byte, error) {
	head, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(head)))
	b.Write(n[:])
	b.Write(head)
	b.Write(c.Encode())
	return b.Bytes(), nil
}

func decodeTraining(b []byte) (t training, c optim.Checkpoint, err error) {
	if len(b) < 8 {
		return t, c, errors.New("checkpoint is too short")
	}
	n := binary.LittleEndian.Uint64(b)
	if n > uint64(len(b)-8) {
		return t, c, errors.New("checkpoint header is longer than the checkpoint")
	}
	if err := json.Unmarshal(b[8:8+n], &t); err != nil {
		return t, c, fmt.Errorf("checkpoint log: %w", err)
	}
	c, err = optim.DecodeCheckpoint(b[8+n:])
	if err == nil && c.Epoch != len(t.Log.Epochs) {
		err = fmt.Errorf("checkpoint is of epoch %d, its log of epoch %d", c.Epoch, len(t.Log.Epochs))
	}
	return t, c, err
}
