package onnx_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/aten/forward"
	"lossatlas/activities/onnx"
	"lossatlas/activities/weights"
)

// stateOf reads the weights of a file as a state.
func stateOf(t *testing.T, file string) (state []onnx.State) {
	t.Helper()
	list, err := weights.State(filepath.Join("..", "weights", "testdata", file), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range list {
		state = append(state, onnx.State(w))
	}
	return state
}

// TestMatchKeras: a model of Keras that was exported as it is gets its names back, and its running statistics are no parameters. One
// whose exporter merged a batch normalization is refused, with the export that doesn't.
func TestMatchKeras(t *testing.T) {
	f, err := onnx.Read("testdata/keras-kept.onnx")
	if err != nil || !f.NeedsNames() || len(f.Notes) == 0 {
		t.Fatal(f, err)
	}
	if err := f.Match(stateOf(t, "keras.keras")); err != nil {
		t.Fatal(err)
	}
	var params, buffers []string
	for _, p := range f.Program.Params {
		params = append(params, p.Name)
	}
	for _, b := range f.Program.Buffers {
		buffers = append(buffers, b.Name)
	}
	if diff := cmp.Diff([]string{"stem.kernel", "stem.bias", "batch_normalization.beta", "batch_normalization.gamma", "head.kernel", "head.bias"}, params); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"batch_normalization.moving_mean", "batch_normalization.moving_variance"}, buffers); diff != "" {
		t.Error(diff)
	}
	if want := (map[string]onnx.Layout{"stem.kernel": {Shape: []int{3, 3, 2, 3}, Perm: []int{3, 2, 0, 1}}, "head.kernel": {Shape: []int{12, 2}, Perm: []int{1, 0}}}); !cmp.Equal(f.Stored, want) {
		t.Errorf("the layouts are %v, want %v", f.Stored, want)
	}
	if text := strings.Join(f.Notes, "\n"); strings.Contains(text, "dropped") || !strings.Contains(text, "is stem.kernel") {
		t.Errorf("notes %q", f.Notes)
	}
	if _, err := forward.Check(f.Program, 3); err != nil {
		t.Error(err)
	}

	f, err = onnx.Read("testdata/keras-merged.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(f.Notes, "\n"); !strings.Contains(text, onnx.KerasLine) || strings.Contains(text, "merged batch") {
		t.Errorf("notes %q", f.Notes)
	}
	err = f.Match(stateOf(t, "keras.weights.h5"))
	for _, want := range []string{"lacks parameters of the model: batch_normalization.gamma, batch_normalization.moving_variance", onnx.KerasLine} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
