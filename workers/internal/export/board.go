package export

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"lossatlas/activities/trainlog"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/export/tensorboard"
)

// boardFile is the name of the event file of each run, as TensorBoard looks for it.
const boardFile = "events.out.tfevents.0.lossatlas"

// Board writes a folder for TensorBoard: a run for each experiment with its training's curves and its pictures, one for each comparison with its pictures, and
// one with the figures. Pictures stand at the last epoch. Files of an earlier export are replaced. It returns the number of runs written, and the
// names of other runs in the folder, which may be of another sweep and are kept.
func Board(ctx context.Context, dir string, s Sweep) (written int, others []string, err error) {
	runs, order := map[string]*run{}, []string{}
	of := func(name string) (*run, error) {
		if runs[name] == nil {
			r := new(run)
			w, err := tensorboard.NewWriter(&r.Buffer, s.Root.Started)
			if err != nil {
				return nil, err
			}
			r.Writer = w
			runs[name], order = r, append(order, name)
		}
		return runs[name], nil
	}
	for _, placed := range s.Graph.All() {
		step := placed.Step
		name := step.At.Owner()
		if step.At.Figure != "" {
			name = strings.TrimSuffix(step.ID, "/"+step.At.Figure)
		}
		if name == "" {
			continue
		}
		for _, output := range []string{pipelines.OutLog, pipelines.OutPNG} {
			blob, ok := s.Steps[step.ID].Outputs[output]
			if !ok {
				continue
			}
			r, err := of(name)
			if err != nil {
				return 0, nil, err
			}
			b, err := s.Store.Get(ctx, blob.Digest)
			switch {
			case err != nil:
			case output == pipelines.OutLog:
				err = r.curves(b)
			default:
				err = r.Image(strings.TrimPrefix(step.ID, name+"/"), r.last, string(b))
			}
			if err != nil {
				return 0, nil, fmt.Errorf("%s of %s: %w", output, step.ID, err)
			}
		}
	}
	for _, name := range order {
		to := filepath.Join(dir, filepath.FromSlash(name))
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return 0, nil, fmt.Errorf("experiment %q can't be a folder: its name leads elsewhere", name)
		}
		if err := makeFolder(to); err != nil {
			return 0, nil, err
		}
		if err := WriteFile(filepath.Join(to, boardFile), runs[name].Bytes()); err != nil {
			return 0, nil, err
		}
	}
	found, err := fs.Glob(os.DirFS(dir), "*/"+boardFile)
	for _, file := range found {
		if name := path.Dir(file); runs[name] == nil {
			others = append(others, name)
		}
	}
	return len(order), others, err
}

// run is the event file of one run.
type run struct {
	*tensorboard.Writer
	bytes.Buffer
	last int // epoch
}

// scalar is a point of a curve.
type scalar struct {
	tag   string
	value trainlog.Number
}

// curves writes the course of a training.
func (r *run) curves(log []byte) error {
	l, err := trainlog.Decode(log)
	if err != nil {
		return err
	}
	for _, e := range l.Epochs {
		r.last = e.Epoch
		values := []scalar{{"train/loss", e.TrainLoss}, {"train/score", e.TrainAccuracy}, {"learning_rate", e.LR}, {"weight_norm", e.WeightNorm}}
		if e.Tested() {
			values = append(values, scalar{"test/loss", e.TestLoss}, scalar{"test/score", e.TestAccuracy})
		}
		for _, v := range values {
			if err := r.Scalar(v.tag, e.Epoch, float64(v.value)); err != nil {
				return err
			}
		}
	}
	return nil
}
