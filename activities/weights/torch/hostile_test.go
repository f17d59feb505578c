package torch_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/internal/shared"
	"lossatlas/activities/weights/torch"
)

func bytesOf(b []byte) *bytes.Reader { return bytes.NewReader(b) }

func text(s string) string {
	return "X" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(s)))) + s
}

func number(n int64) string {
	return "\x8a\x08" + string(binary.LittleEndian.AppendUint64(nil, uint64(n)))
}

// vector is the pickle of a tensor that refers to the storage "0".
func vector(count, offset, size, stride int64) string {
	return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + number(count) +
		"tQ" + number(offset) + "(" + number(size) + "t(" + number(stride) + "t\x89NtR"
}

// packed is an archive of a pickle and a storage of 8 bytes, 1 and 2 as float32.
func packed(t testing.TB, pickle string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	numbers, _ := binary.Append(nil, binary.LittleEndian, []float32{1, 2})
	for _, e := range []struct{ name, content string }{{"a/data.pkl", pickle}, {"a/data/0", string(numbers)}} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: e.name, Method: zip.Store})
		if err == nil {
			_, err = w.Write([]byte(e.content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func openBytes(b []byte) (*torch.File, error) {
	if archive, err := zip.NewReader(bytesOf(b), int64(len(b))); err == nil {
		return torch.Archive(bytesOf(b), archive, memory)
	}
	return torch.Legacy(bytesOf(b), int64(len(b)), memory)
}

// TestCodeIsNotRun: a pickle that calls a command runs nothing, and the tensor next to the call is
// read; one whose weights come from a call is refused by the function's name.
func TestCodeIsNotRun(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ran")
	for _, call := range []string{
		"cos\nsystem\n(" + text("touch "+mark) + "tR",
		"cposix\nsystem\n(" + text("touch "+mark) + "tR",
		"(" + text("touch "+mark) + "ios\nsystem\n",
		"(cos\nsystem\n" + text("touch "+mark) + "o",
		text("os") + text("system") + "\x93(" + text("touch "+mark) + "tR",
		"cbuiltins\neval\n(" + text("__import__('os').system('touch "+mark+"')") + "tR",
		"cbuiltins\ngetattr\n(cos\n_\n" + text("system") + "tR(" + text("touch "+mark) + "tR",
		"ctorch.nn\nModule\n)\x81}(" + text("_parameters") + "}ub",
	} {
		f, err := openBytes(packed(t, "\x80\x02}("+text("x")+call+text("w")+vector(2, 0, 2, 1)+"u."))
		if err != nil || !slices.Equal(f.Names, []string{"w"}) {
			t.Errorf("%q: %v", call, err)
			continue
		}
		if x, err := f.Read(0); err != nil || !slices.Equal(x, []float32{1, 2}) {
			t.Errorf("%q: read %v, %v", call, x, err)
		}
	}
	_, err := openBytes(packed(t, "\x80\x02}"+text("model")+"cos\nsystem\n("+text("touch "+mark)+"tRs."))
	if err == nil || !strings.Contains(err.Error(), "model (an object of os.system): save the model's state_dict()") {
		t.Errorf("weights from a call: %v", err)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the command was run")
	}
}

// TestRefusedTensors: tensors that are not read say why, by their names, and do not disturb the others.
func TestRefusedTensors(t *testing.T) {
	f := mustOpen(t, "refused.pt")
	for name, want := range map[string]string{
		"quantized": "quantized", "sparse": "sparse", "complex": "the type ComplexFloat", "float8": "the type float8_e4m3fn", "meta": "without numbers",
	} {
		_, _, err := f.Header(slices.Index(f.Names, name))
		if err == nil || !strings.Contains(err.Error(), "tensor "+name+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	if x, err := f.Read(slices.Index(f.Names, "fine")); err != nil || !slices.Equal(x, []float32{1, 1}) {
		t.Errorf("fine: %v, %v", x, err)
	}
}

// TestHostileSizes: sizes that a file only claims are refused, and nothing large is allocated for them.
func TestHostileSizes(t *testing.T) {
	many := strings.Repeat("}", 2<<20)
	// Each list holds the one before it twice.
	doubled := "]" + strings.Repeat("q\x00]h\x00ah\x00a", 60)
	row := "\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + "\x80\x02M\xe9\x03." + "\x80\x02}." + "\x80\x02" + vector(1<<40, 0, 2, 1) + "." + "\x80\x02]" + text("0") + "a."
	for _, c := range []struct {
		name string
		file []byte
		says string
	}{
		{"storage", packed(t, vector(1<<40, 0, 2, 1)+"."), "should have 1099511627776 elements, but the file has 8 bytes"},
		{"negative storage", packed(t, vector(-1, 0, 2, 1)+"."), "the reference to its storage"},
		{"shape", packed(t, vector(2, 0, 1<<40, 1)+"."), "its shape [1099511627776] is not possible"},
		{"long", packed(t, vector(2, 0, 3, 1)+"."), "needs the element 2 of a storage that has 2"},
		{"stride", packed(t, vector(2, 0, 2, 1<<30)+"."), "needs the element 1073741824"},
		{"large stride", packed(t, vector(2, 0, 2, math.MaxInt64)+"."), "its strides"},
		{"negative stride", packed(t, vector(2, 1, 2, -1)+"."), "its strides [-1] are not possible"},
		{"offset", packed(t, vector(2, math.MaxInt64, 2, 1)+"."), "outside of its storage"},
		{"negative offset", packed(t, vector(2, -1, 2, 1)+"."), "begins before its storage"},
		{"text", packed(t, "X\xff\xff\xff\xffabc."), "ends in the middle"},
		{"bytes", packed(t, "\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc."), "ends in the middle"},
		{"number", packed(t, "\x8b\xff\xff\xff\xff."), "a number of 4294967295 bytes"},
		{"many", packed(t, many+"."), "more values than are allowed"},
		{"memo", packed(t, strings.Repeat("Nr\x00\x00\x00\x00", 1<<20)+"."), "more values than are allowed"},
		{"marks", packed(t, strings.Repeat("(", 1<<20)+"."), "more values than are allowed"},
		{"itself", packed(t, "]q\x00h\x00ah\x00a."), "contain each other in too many ways"},
		{"its own submodule", packed(t, "ctorch.nn\nModule\n)R}"+text("_modules")+"}q\x00"+text("a")+"h\x00ssb."), "no tensors"},
		{"doubled", packed(t, doubled+"."), "contain each other in too many ways"},
		{"long names", packed(t, "}q\x01"+strings.Repeat("}"+text(strings.Repeat("n", 4096)), 20)+"("+strings.Repeat("cnumpy\ndtype\n)R0"+"]h\x01", 400)+"d"+strings.Repeat("s", 20)+"."), ""},
		{"deep", packed(t, "]"+strings.Repeat("q\x00]h\x00a", 1000)+"."), "no tensors"},
		{"deep parameter", packed(t, strings.Repeat("ctorch.nn.parameter\nParameter\n(", 1000)+"N"+strings.Repeat("tR", 1000)+"."), "no tensors"},
		{"row", []byte(row + "\x00\x00\x00\x00\x00\x01\x00\x00"), "it should have 1099511627776 elements, but 0 bytes follow"},
		{"cut row", []byte(row), "cut short"},
		{"tar", append(make([]byte, 257), "ustar"...), "before 0.1.10"},
	} {
		var err error
		used := shared.Allocated(func() { err = readAll(c.file) })
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
		t.Logf("%s of %d bytes: %d bytes allocated", c.name, len(c.file), used)
		if used > 4*memory {
			t.Errorf("%s: %d bytes allocated", c.name, used)
		}
	}
}

// readAll reads all tensors of at most 2²⁰ elements.
func readAll(b []byte) error {
	f, err := openBytes(b)
	if err != nil {
		return err
	}
	f.Scalars()
	for i := range f.Names {
		_, shape, err := f.Header(i)
		if err != nil {
			return err
		}
		n := 1
		for _, d := range shape {
			n *= d
		}
		if n > 1<<20 {
			continue
		}
		if x, err := f.Read(i); err != nil || len(x) != n {
			return fmt.Errorf("%d numbers, expected %d: %w", len(x), n, err)
		}
	}
	return nil
}

// FuzzOpen: no file makes the reader panic or read what is missing.
func FuzzOpen(f *testing.F) {
	for _, pattern := range []string{"*.pt", "*.pkl", "*.ckpt"} {
		files, err := filepath.Glob(filepath.Join("testdata", pattern))
		if err != nil || len(files) == 0 {
			f.Fatal("no seeds: ", err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			if len(b) < 16<<10 {
				f.Add(b)
			}
		}
	}
	f.Add(packed(f, vector(2, 1, 1, 1)+"."))
	f.Fuzz(func(t *testing.T, b []byte) { _ = readAll(b) })
}

// FuzzPickle is FuzzOpen behind an archive's checks.
func FuzzPickle(f *testing.F) {
	f.Add([]byte(vector(2, 0, 2, 1) + "."))
	f.Add([]byte("\x80\x02}(" + text("model") + "}" + text("w") + vector(2, 0, 2, 1) + "su."))
	f.Add([]byte("cnumpy.core.multiarray\nscalar\n(cnumpy\ndtype\n(" + text("f8") + "\x89\x88tR(K\x03" + text("<") + "NNNtb" + "C\x08abcdefghtR."))
	f.Fuzz(func(t *testing.T, b []byte) { _ = readAll(packed(t, string(b))) })
}
