package nets_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/internal/shared"
	"lossatlas/activities/npz"
)

// TestPyTorchCheckpointsGoInAndComeOut reads the reference's NumPy files of
// state_dicts, batch counters included, and gets the same numbers as the
// reference's own reader; they survive safetensors unchanged.
func TestPyTorchCheckpointsGoInAndComeOut(t *testing.T) {
	for _, name := range []string{"tiny_a", "resnet20", "vgg9_w16"} {
		c := shared.Open(t, name)
		wantTheta, wantState := c.Weights(t, "weights_a.npz")
		b, err := os.ReadFile(filepath.Join(shared.Dir(t), "reference", name, "weights_a.npz"))
		if err != nil {
			t.Fatal(err)
		}
		theta, state, err := c.Net.DecodeNPZ(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !cmp.Equal(theta, wantTheta) || !cmp.Equal(state, wantState) {
			t.Errorf("%s: other numbers than in the file", name)
		}
		file, err := c.Net.Encode(theta, state, nil)
		if err != nil {
			t.Fatal(err)
		}
		theta, state, err = c.Net.Decode(file)
		if err != nil || !cmp.Equal(theta, wantTheta) || !cmp.Equal(state, wantState) {
			t.Errorf("%s: safetensors changed the numbers, %v", name, err)
		}
	}
}

// TestWrongNPZ: files that are not the network's say what is wrong with them.
func TestWrongNPZ(t *testing.T) {
	net := byName(t, "small")
	for _, c := range []struct {
		arrays []npz.Array
		says   string
	}{
		{nil, "conv1.weight [16 3 3 3] is missing"},
		{[]npz.Array{{Name: "conv1.weight", Shape: []int{2}, Data: []float32{1, 2}}}, "conv1.weight has the shape [2] instead of [16 3 3 3]"},
		{[]npz.Array{{Name: "conv1.weight", Shape: []int{2}, Data: []int64{1, 2}}}, "conv1.weight does not hold floating-point numbers"},
		{[]npz.Array{{Name: "bn1.num_batches_tracked", Data: []int64{1}}}, "conv1.weight [16 3 3 3] is missing"},
	} {
		b, err := npz.Encode(c.arrays)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := net.DecodeNPZ(b); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("the error is %v, want one that says %q", err, c.says)
		}
	}
	if _, _, err := net.DecodeNPZ([]byte("PK")); err == nil {
		t.Error("two bytes were read as weights")
	}
}
