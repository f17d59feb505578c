package pt2_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lossatlas/activities/checks"
	"lossatlas/activities/npz"
	"lossatlas/activities/pt2"
)

// TestFixedBatch: networks that were exported for batches of one size compute PyTorch's outputs for another, and one that mixes examples is
// refused.
func TestFixedBatch(t *testing.T) {
	b, err := os.ReadFile("testdata/fixed.npz")
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := npz.Decode(b, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{} // files of expected outputs
	for _, a := range arrays[1:] {
		name := a.Name
		a.Name = "y"
		file, err := npz.Encode([]npz.Array{arrays[0], a})
		if want[name] = filepath.Join(t.TempDir(), "expect.npz"); err == nil {
			err = os.WriteFile(want[name], file, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"attention-1", "attention-4", "recurrent-1", "recurrent-4", "convolution-4"} {
		f, err := pt2.Read("testdata/fixed-" + name + ".pt2")
		if err != nil {
			t.Error(err)
			continue
		}
		kind, _, _ := strings.Cut(name, "-")
		if a, err := checks.Outputs(f.Program, f.Params, f.Buffers, want[kind]); err != nil || a.Examples != 7 || a.Difference > 1e-6 {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
		if !strings.Contains(strings.Join(f.Notes, "\n"), "The network was exported for batches of ") {
			t.Errorf("%s: notes %q", name, f.Notes)
		}
	}
	if _, err := pt2.Read("testdata/fixed-mixed-4.pt2"); err == nil || !strings.Contains(err.Error(), "mean: it mixes examples") || !strings.Contains(err.Error(), "dynamic_shapes") {
		t.Errorf("a network that mixes examples: %v", err)
	}
}
