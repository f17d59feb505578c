package export_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"

	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/workers/internal/export"
)

// withCurves gives the sample's experiment a training of two epochs and a picture that is one.
func withCurves(t *testing.T) *sample {
	t.Helper()
	s := newSample(t)
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 3, 2))); err != nil {
		t.Fatal(err)
	}
	log := trainlog.Log{Epochs: []trainlog.Epoch{
		{Epoch: 1, LR: 0.1, TrainLoss: 2, TrainAccuracy: 20, WeightNorm: 3},
		{Epoch: 2, LR: 0.01, TrainLoss: 1, TrainAccuracy: 60, TestLoss: 1.5, TestAccuracy: 50, WeightNorm: trainlog.Number(math.Inf(1))},
	}}
	for id, outputs := range map[string]map[string][]byte{
		"lr=0.1,net=a/train": {"log": must(json.Marshal(log))}, "lr=0.1,net=a/surface-train-contour": {"png": picture.Bytes()},
	} {
		st := s.sweep.Steps[id]
		st.Outputs = map[string]artifacts.Blob{}
		for name, b := range outputs {
			st.Outputs[name] = s.put(b)
		}
		s.sweep.Steps[id] = st
	}
	return s
}

// TestBoard: TensorBoard's own reader finds the curves of the training by epoch, and the picture at the last one.
func TestBoard(t *testing.T) {
	s, dir := withCurves(t), t.TempDir()
	if err := os.CopyFS(dir, fstest.MapFS{"lr=1/events.out.tfevents.0.lossatlas": {}}); err != nil {
		t.Fatal(err)
	}
	if runs, others, err := export.Board(t.Context(), dir, s.sweep); err != nil || runs != 1 || !slices.Equal(others, []string{"lr=1"}) {
		t.Fatalf("%d runs, others %v, %v", runs, others, err)
	}
	python := cmp.Or(os.Getenv("PYTHON"), "python3")
	if out, err := exec.Command(python, "-c", "import tensorboard.backend.event_processing.event_accumulator").CombinedOutput(); err != nil {
		t.Skipf("%s can't import tensorboard (pip install it, and let PYTHON name the interpreter): %s", python, out)
	}
	cmd := exec.Command(python, filepath.Join("testdata", "board.py"), filepath.Join(dir, "lr=0.1,net=a"))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	point := func(step int, v any) []any { return []any{float64(step), v} }
	want := map[string]any{
		"train/loss": []any{point(1, 2.0), point(2, 1.0)}, "train/score": []any{point(1, 20.0), point(2, 60.0)}, "learning_rate": []any{point(1, 0.1), point(2, 0.01)},
		"weight_norm": []any{point(1, 3.0), point(2, "inf")}, "test/loss": []any{point(2, 1.5)}, "test/score": []any{point(2, 50.0)},
		"surface-train-contour": []any{point(2, []any{3.0, 2.0})},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("TensorBoard reads (-want +got):\n%s", diff)
	}
}
