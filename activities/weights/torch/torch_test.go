package torch_test

import (
	"archive/zip"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
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
	return torch.Legacy(f, info.Size(), memory)
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

// TestViewsOfStorages: in the older form a reference may be to a part of a storage.
func TestViewsOfStorages(t *testing.T) {
	view := "ctorch._utils\n_rebuild_tensor\n((" + text("storage") + "ctorch.cuda\nFloatStorage\n" + text("0") + text("cuda:0") + number(4) +
		"(" + text("1") + number(1) + number(2) + "ttQ" + number(0) + "(" + number(2) + "t(" + number(1) + "ttR"
	file := "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + "\x80\x02M\xe9\x03." + "\x80\x02}." + "\x80\x02}" + text("w") + view + "s." + "\x80\x02]" + text("0") + "a."
	b := binary.LittleEndian.AppendUint64([]byte(file), 4)
	b, err := binary.Append(b, binary.LittleEndian, []float32{1, 2, 3, 4})
	if err != nil {
		t.Fatal(err)
	}
	f, err := openBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	if x, err := f.Read(0); err != nil || !slices.Equal(x, []float32{2, 3}) {
		t.Errorf("read %v, %v", x, err)
	}
	if _, err := openBytes(b[:len(b)-1]); err == nil || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("a file without its last byte: %v", err)
	}
}

// TestEntries: which entries of a checkpoint are taken, and what is said about the others.
func TestEntries(t *testing.T) {
	w := vector(2, 0, 2, 1)
	dict := func(name, pickle string) string { return text(name) + "}" + text("w") + pickle + "s" }
	for _, c := range []struct {
		name, pickle string
		names, notes []string
	}{
		{"alone", text("w") + w, []string{"w"}, nil},
		{"state_dict", dict("state_dict", w) + text("epoch") + "K\x07", []string{"w"}, []string{`the weights are its entry "state_dict"`}},
		{"optimizer", dict("net", w) + dict("optimizer", w), []string{"w"}, []string{`the weights are its entry "net"`, "its entries with other tensors were ignored: optimizer"}},
		{"averages", dict("model", w) + dict("ema", w), []string{"model/w", "ema/w"}, nil},
		{"two", dict("state_dict", w) + dict("state_dict_ema", w) + dict("buffers", w), []string{"state_dict/w", "state_dict_ema/w"},
			[]string{"its entries with other tensors were ignored: buffers"}},
		{"a tensor called model", text("model") + w + text("b") + w, []string{"model", "b"}, nil},
		{"an empty model", text("model") + "}" + text("b") + w, []string{"b"}, nil},
		{"an unknown key", dict("backbone", w) + dict("x", w), []string{"backbone/w", "x/w"}, nil},
		{"a list", text("params") + "(" + w + w + "t", []string{"0", "1"}, []string{`the weights are its entry "params"`}},
		{"whole numbers as keys", "K\x03" + w, []string{"3"}, nil},
	} {
		f, err := openBytes(packed(t, "\x80\x02}("+c.pickle+"u."))
		if err != nil || !slices.Equal(f.Names, c.names) || !slices.Equal(f.Notes, c.notes) {
			t.Errorf("%s: %+v, %v; want %q, notes %q", c.name, f, err, c.names, c.notes)
		}
	}
}
