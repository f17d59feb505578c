package run

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/home"
	"lossatlas/workers/internal/launch"
)

// pending are checkpoints whose weights are stored, and which may not be in the record of a run yet: a file of the home, since a training
// may have deleted the files of the checkpoints when the command is called again.
type pending struct {
	Net         pipelines.Network   `json:"net"`
	Checkpoints []launch.Checkpoint `json:"checkpoints"`
}

func (w *watching) pendingFile() (string, error) {
	folder, err := w.Home.Folder("watched")
	return filepath.Join(folder, w.sweep.Sweep+".json"), err
}

// remember replaces the pending checkpoints.
func (w *watching) remember(checkpoints []launch.Checkpoint) error {
	file, err := w.pendingFile()
	if err != nil {
		return err
	}
	return w.Home.WriteJSON(file, pending{w.sweep.Weights.Net, checkpoints})
}

// recall returns the pending checkpoints of this network that are not known, and whose weights are still stored.
func (w *watching) recall(ctx context.Context, store *artifacts.Store) (out []launch.Checkpoint, err error) {
	file, err := w.pendingFile()
	if err != nil {
		return nil, err
	}
	var p pending
	if err := home.ReadJSON(file, &p); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, c := range p.Checkpoints {
		if p.Net != w.sweep.Weights.Net || slices.ContainsFunc(w.known, func(k launch.Checkpoint) bool { return k.Name == c.Name || k.Weights == c.Weights }) {
			continue
		}
		switch _, err := store.Get(ctx, c.Weights); {
		case err == nil:
			out = append(out, c)
		case !errors.Is(err, artifacts.ErrNotFound):
			return nil, err
		}
	}
	return out, nil
}
