package torch_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/internal/shared"
	"lossatlas/activities/safetensors"
	"lossatlas/activities/weights/torch"
)

// TestReferenceCheckpoints: the six checkpoints of the reference hold what their safetensors files hold.
func TestReferenceCheckpoints(t *testing.T) {
	for _, name := range []string{"mlp", "lenet", "resnet", "vit", "convnext", "lstm"} {
		folder := filepath.Join(shared.Dir(t), "reference", "own", name)
		f, err := open(t, filepath.Join(folder, "checkpoint.pth"))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		b, err := os.ReadFile(filepath.Join(folder, "weights.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := safetensors.Open(bytesOf(b), int64(len(b)), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		if f.Scalars()["epoch"] != 40.0 || !cmp.Equal(f.Notes, []string{`the weights are its entry "state_dict"`}) {
			t.Errorf("%s: says %v, notes %q", name, f.Scalars(), f.Notes)
		}
		numbers := 0
		for i, tensor := range want.Names {
			numbers += same(t, f, want, i, name+": "+tensor)
		}
		t.Logf("%s: %d tensors, %d numbers are equal", name, len(want.Names), numbers)
	}
}

// same compares a tensor with that of a safetensors file and returns how many numbers it has. The latter
// has no whole numbers.
func same(t *testing.T, f *torch.File, want *safetensors.File, i int, what string) int {
	t.Helper()
	at := slices.Index(f.Names, "module."+want.Names[i])
	if at < 0 {
		t.Errorf("%s is missing", what)
		return 0
	}
	wantKind, wantShape := want.Header(i)
	kind, shape, err := f.Header(at)
	if err != nil || kind != wantKind || !slices.Equal(shape, wantShape) {
		t.Errorf("%s is %s %v, %v; want %s %v", what, kind, shape, err, wantKind, wantShape)
		return 0
	}
	if kind == "I64" {
		return 0
	}
	x, err := want.Read(i)
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Read(at)
	if err != nil || !cmp.Equal(got, x) {
		t.Errorf("%s: other numbers, or %v", what, err)
	}
	return len(x)
}
