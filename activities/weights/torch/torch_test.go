package torch_test

import (
	"archive/zip"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/weights/torch"
)

// memory is enough for the pickles of this folder.
const memory = 1 << 20

// open reads a checkpoint in either form.
func open(t testing.TB, path string) (*torch.File, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	if archive, err := zip.NewReader(f, info.Size()); err == nil {
		return torch.Archive(f, archive, memory)
	}
	return torch.Pickles(f, info.Size(), memory)
}

func mustOpen(t testing.TB, name string) *torch.File {
	t.Helper()
	f, err := open(t, filepath.Join("testdata", name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return f
}

// described is a tensor as testdata/make.py describes it.
type described struct {
	Name, Kind string
	Shape      []int
	Values     []*float64 // nil for what is not finite
}

func expected(t testing.TB) map[string][]described {
	t.Helper()
	b, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var out map[string][]described
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// kinds are the names of PyTorch's types in this package.
var kinds = map[string]string{
	"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8",
	"uint32": "U32", "uint16": "U16", "uint8": "U8", "bool": "BOOL",
}

// TestFormsAgreeWithPyTorch reads files of all forms and protocols, with views, types of
// numbers, whole modules and NumPy arrays: names, types, shapes and numbers are those of torch.load.
func TestFormsAgreeWithPyTorch(t *testing.T) {
	for name, want := range expected(t) {
		f := mustOpen(t, name)
		places := map[string]int{}
		for i, n := range f.Names {
			places[n] = i
		}
		if len(f.Names) != len(want) {
			t.Errorf("%s: has %q, want %d tensors", name, f.Names, len(want))
		}
		for _, w := range want {
			i, ok := places[w.Name]
			if !ok {
				i, ok = places[strings.ReplaceAll(w.Name, ".", "/")] // of nested modules
			}
			if !ok {
				t.Errorf("%s: %s is missing among %q", name, w.Name, f.Names)
				continue
			}
			compare(t, name, f, i, w)
		}
	}
}

func compare(t *testing.T, file string, f *torch.File, i int, want described) {
	t.Helper()
	kind, shape, err := f.Header(i)
	if err != nil || kind != kinds[want.Kind] || !cmp.Equal(shape, want.Shape) {
		t.Errorf("%s: %s is %s %v, %v; want %s %v", file, want.Name, kind, shape, err, want.Kind, want.Shape)
		return
	}
	got, err := f.Read(i)
	if err != nil || len(got) != len(want.Values) {
		t.Errorf("%s: %s has %d numbers, %v; want %d", file, want.Name, len(got), err, len(want.Values))
		return
	}
	for k, w := range want.Values {
		if finite := !math.IsInf(float64(got[k]), 0) && got[k] == got[k]; w == nil && finite || w != nil && got[k] != float32(*w) {
			t.Errorf("%s: %s has %v at %d, want %v", file, want.Name, got[k], k, w)
			return
		}
	}
}
