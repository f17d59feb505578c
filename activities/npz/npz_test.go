package npz_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"

	npyio "codeberg.org/sbinet/npyio/npz"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"lossatlas/activities/npz"
)

const limit = 1 << 20

// array draws an array of any type, with empty and scalar ones.
func array(name string) *rapid.Generator[npz.Array] {
	return rapid.Custom(func(t *rapid.T) npz.Array {
		a := npz.Array{Name: name, Shape: rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(t, "shape")}
		n := 1
		for _, d := range a.Shape {
			n *= d
		}
		switch rapid.IntRange(0, 4).Draw(t, "type") {
		case 0:
			a.Data = rapid.SliceOfN(rapid.Float64(), n, n).Draw(t, "data")
		case 1:
			a.Data = rapid.SliceOfN(rapid.Float32(), n, n).Draw(t, "data")
		case 2:
			a.Data = rapid.SliceOfN(rapid.Int64(), n, n).Draw(t, "data")
		case 3:
			a.Data = rapid.SliceOfN(rapid.Bool(), n, n).Draw(t, "data")
		default:
			a.Shape = []int{}
			a.Data = strings.TrimRight(rapid.String().Draw(t, "text"), "\x00") + "."
		}
		return a
	})
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var arrays []npz.Array
		for i := range rapid.IntRange(0, 4).Draw(t, "arrays") {
			arrays = append(arrays, array(fmt.Sprintf("x/%d.weight", i)).Draw(t, "array"))
		}
		b, err := npz.Encode(arrays)
		if err != nil {
			t.Fatal(err)
		}
		again, err := npz.Encode(arrays)
		if err != nil || !bytes.Equal(b, again) {
			t.Fatalf("encoding twice gives different bytes (%v)", err)
		}
		got, err := npz.Decode(b, limit)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(arrays, got, cmpopts.EquateNaNs()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestReadNumPy reads a compressed file that NumPy wrote, with all types,
// Fortran order, big-endian numbers, a scalar, a text and an empty array.
func TestReadNumPy(t *testing.T) {
	b, err := os.ReadFile("testdata/numpy.npz")
	if err != nil {
		t.Fatal(err)
	}
	got, err := npz.Decode(b, limit)
	if err != nil {
		t.Fatal(err)
	}
	plane := []int{2, 3}
	cube := make([]float64, 24)
	for i := range cube {
		cube[i] = float64(i)
	}
	want := []npz.Array{
		{"f8", plane, []float64{0, 1, 2, 3, 4, 5}},
		{"fortran", plane, []float64{0, 1, 2, 3, 4, 5}},
		{"big", plane, []float32{0, 1, 2, 3, 4, 5}},
		{"f4", plane, []float32{0, 1, 2, 3, 4, 5}},
		{"i8", []int{}, []int64{-3}},
		{"i4", plane, []int64{0, 1, 2, 3, 4, 5}},
		{"i2", plane, []int64{-7, -6, -5, -4, -3, -2}},
		{"i1", plane, []int64{0, 1, 2, 3, 4, 5}},
		{"u1", plane, []int64{250, 251, 252, 253, 254, 255}},
		{"u2", plane, []int64{65530, 65531, 65532, 65533, 65534, 65535}},
		{"u4", plane, []int64{4294967290, 4294967291, 4294967292, 4294967293, 4294967294, 4294967295}},
		{"mask", plane, []bool{false, false, false, true, true, true}},
		{"text", []int{}, "θ* ≤ 1"},
		{"empty", []int{0, 4}, []float64{}},
		{"cube", []int{2, 3, 4}, cube},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestReadByAnother: an independent reader agrees.
func TestReadByAnother(t *testing.T) {
	want := []float64{0, -1.5, math.Inf(1), 3, math.MaxFloat64, 5}
	b, err := npz.Encode([]npz.Array{{Name: "loss", Shape: []int{2, 3}, Data: want}, {Name: "mask", Shape: []int{2}, Data: []bool{true, false}}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := npyio.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var loss []float64
	if err := r.Read("loss.npy", &loss); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, loss); diff != "" {
		t.Error(diff)
	}
	if head := r.Header("loss.npy"); head == nil || !cmp.Equal(head.Descr.Shape, []int{2, 3}) || head.Descr.Fortran {
		t.Errorf("header %v", head)
	}
	var mask []bool
	if err := r.Read("mask.npy", &mask); err != nil || !cmp.Equal(mask, []bool{true, false}) {
		t.Errorf("mask %v, %v", mask, err)
	}
}

func TestEncodeRefuses(t *testing.T) {
	one := []float64{1}
	for want, arrays := range map[string][]npz.Array{
		"don't fill the shape [2]": {{"a", []int{2}, one}},
		"empty, taken":             {{"a", []int{1}, one}, {"a", []int{1}, one}},
		"not possible":             {{"a", []int{-1}, one}},
		"type []int can't":         {{"a", []int{1}, []int{1}}},
		"valid UTF-8":              {{"a", nil, "\xff"}},
		`the array name ""`:        {{"", []int{1}, one}},
		"are too many":             {{"a", make([]int, 40000), []float64{}}},
	} {
		if _, err := npz.Encode(arrays); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// npy makes a .npy file with any header.
func npy(header string, body ...byte) []byte {
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	return append(append(b, header...), body...)
}

// archive makes a zip file of entries.
func archive(t testing.TB, entries map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, content := range entries {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecodeRefuses(t *testing.T) {
	const good = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }"
	if a, err := npz.Decode(archive(t, map[string][]byte{"a.npy": npy(good, 1, 2)}), limit); err != nil || !cmp.Equal(a[0].Data, any([]int64{1, 2})) {
		t.Fatalf("%v, %v", a, err)
	}
	half := npy("{'descr': '>f2', 'fortran_order': False, 'shape': (2,), }", 0x3c, 0, 0xfb, 0xff)
	if a, err := npz.Decode(archive(t, map[string][]byte{"a.npy": half}), limit); err != nil || !cmp.Equal(a[0].Data, any([]float32{1, -65504})) {
		t.Fatalf("half-precision numbers are read as %v, %v", a, err)
	}
	for _, c := range []struct {
		name, entry string
		content     []byte
		want        string
	}{
		{"short body", "a.npy", npy(good, 1), "1 bytes, expected 2 elements"},
		{"long body", "a.npy", npy(good, 1, 2, 3), "3 bytes, expected 2 elements"},
		{"no npy", "a.npy", []byte("hello, world"), "not in the .npy format"},
		{"cut off", "a.npy", npy(good)[:30], "cut off"},
		{"version", "a.npy", append([]byte("\x93NUMPY\x09\x00"), make([]byte, 20)...), "version 9"},
		{"huge", "a.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,), }"), "expected 1000000000 elements"},
		{"overflow", "a.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }"), "too large"},
		{"huge number", "a.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }"), "expected a dimension"},
		{"negative", "a.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"), "expected a dimension"},
		{"objects", "a.npy", npy("{'descr': '|O', 'fortran_order': False, 'shape': (), }"), `type "|O" can't be read`},
		{"records", "a.npy", npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (), }"), "expected a quoted string"},
		{"twice", "a.npy", npy("{'descr': '<f8', 'descr': '<f8', 'shape': ()}"), "there twice"},
		{"lacks", "a.npy", npy("{'descr': '<f8', 'shape': ()}"), "lacks one of"},
		{"more", "a.npy", npy("{'descr': '<f8', 'fortran_order': False, 'shape': ()} x"), "after its end"},
		{"other key", "a.npy", npy("{'size': 3}"), `unknown entry "size"`},
		{"no character", "a.npy", npy("{'descr': '<U1', 'fortran_order': False, 'shape': ()}", 0, 0, 0, 255), "not a character"},
		{"texts", "a.npy", npy("{'descr': '<U1', 'fortran_order': False, 'shape': (2,)}", make([]byte, 8)...), "not one text"},
		{"name", "a.txt", npy(good, 1, 2), "not an array's name"},
		{"bomb", "a.npy", make([]byte, limit+1), "more than allowed"},
	} {
		if _, err := npz.Decode(archive(t, map[string][]byte{c.entry: c.content}), limit); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, err := npz.Decode([]byte("PK\x05\x06 no archive"), limit); err == nil {
		t.Error("something that is no archive was read")
	}
	// The limit is for all arrays together.
	large := npy("{'descr': '|u1', 'fortran_order': False, 'shape': (600000,), }", make([]byte, 600000)...)
	if _, err := npz.Decode(archive(t, map[string][]byte{"a.npy": large, "b.npy": large}), limit); err == nil || !strings.Contains(err.Error(), "more than allowed") {
		t.Errorf("twice 600,000 bytes with a limit of %d: %v", limit, err)
	}
}

// TestHostileHeaderAllocatesLittle: a header that announces 16 GB in a file of
// 200 bytes is refused before anything of that size is allocated.
func TestHostileHeaderAllocatesLittle(t *testing.T) {
	b := archive(t, map[string][]byte{"a.npy": npy("{'descr': '<f8', 'fortran_order': True, 'shape': (2147483647,), }", 1, 2, 3)})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := npz.Decode(b, 1<<40); err == nil {
		t.Error("the file was read")
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("allocated %d bytes", used)
	}
}

// FuzzDecode: what is read is written and read again alike.
func FuzzDecode(f *testing.F) {
	b, err := os.ReadFile("testdata/numpy.npz")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(archive(f, map[string][]byte{"a.npy": npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2L, 1), }", 1, 2)}))
	f.Fuzz(func(t *testing.T, b []byte) {
		arrays, err := npz.Decode(b, limit)
		if err != nil {
			return
		}
		for _, a := range arrays {
			if s, ok := a.Data.(string); ok && s == "" || strings.ContainsAny(a.Name, "\\\x00") {
				return // may be read, is not written
			}
		}
		written, err := npz.Encode(arrays)
		if err != nil {
			t.Fatal(err)
		}
		again, err := npz.Decode(written, 1<<30)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(fmt.Sprint(arrays), fmt.Sprint(again)); diff != "" {
			t.Error(diff)
		}
	})
}

// FuzzHeader: no .npy header makes the reader panic or allocate by its word.
func FuzzHeader(f *testing.F) {
	f.Add("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", []byte("12345678"))
	f.Add(`{"shape": (2, 2), "fortran_order": True, "descr": "|b1"}`, []byte{1, 0, 0, 1})
	f.Add("{'descr': '<U2', 'fortran_order': False, 'shape': ()}", []byte("a\x00\x00\x00b\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, header string, body []byte) {
		if len(header) > math.MaxUint16 {
			return
		}
		b := archive(t, map[string][]byte{"a.npy": npy(header, body...)})
		a, err := npz.Decode(b, limit)
		f, openErr := npz.Open(bytes.NewReader(b), int64(len(b)), limit)
		if openErr != nil {
			t.Fatal(openErr)
		}
		if _, shape, headErr := f.Header(0); err == nil && (headErr != nil || len(shape) > 0 && !cmp.Equal(shape, a[0].Shape)) {
			t.Errorf("read with the shape %v, announced with %v (%v)", a[0].Shape, shape, headErr)
		}
	})
}
