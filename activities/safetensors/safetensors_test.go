package safetensors_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"lossatlas/activities/safetensors"
)

// TestKnownBytes compares with a file written out by hand from the format's description.
func TestKnownBytes(t *testing.T) {
	header := `{"__metadata__":{"made":"by hand"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	header += strings.Repeat(" ", (8-len(header)%8)%8)
	want := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	want = append(want, header...)
	want = append(want, 0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc0) // 1, -2.5
	got, err := safetensors.Encode([]safetensors.Tensor{{Name: "w", Shape: []int{2}, Data: []float32{1, -2.5}}}, map[string]string{"made": "by hand"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Error(d)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringN(1, 20, -1), 0, 5, func(s string) string { return strings.ToValidUTF8(s, "�") }).Draw(rt, "names")
		meta := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "ü\n"}), rapid.String(), 0, 3).Draw(rt, "meta")
		var tensors []safetensors.Tensor
		for _, n := range names {
			if n = strings.ToValidUTF8(n, "�"); n == "__metadata__" {
				continue
			}
			shape := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(rt, "shape")
			size := 1
			for _, d := range shape {
				size *= d
			}
			tensors = append(tensors, safetensors.Tensor{Name: n, Shape: shape, Data: rapid.SliceOfN(rapid.Float32(), size, size).Draw(rt, "data")})
		}
		file, err := safetensors.Encode(tensors, meta)
		if err != nil {
			rt.Fatal(err)
		}
		got, gotMeta, err := safetensors.Decode(file)
		if err != nil {
			rt.Fatal(err)
		}
		for k, v := range meta {
			meta[k] = strings.ToValidUTF8(v, "�") // what JSON can hold
		}
		if d := cmp.Diff(tensors, got, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); d != "" {
			rt.Error(d)
		}
		if d := cmp.Diff(meta, gotMeta, cmpopts.EquateEmpty()); d != "" {
			rt.Error(d)
		}
	})
}

func TestEncodeRefuses(t *testing.T) {
	one := safetensors.Tensor{Name: "a", Shape: []int{1}, Data: []float32{1}}
	for name, tensors := range map[string][]safetensors.Tensor{
		"a name twice":    {one, one},
		"no name":         {{Shape: []int{1}, Data: []float32{1}}},
		"a reserved name": {{Name: "__metadata__", Shape: []int{1}, Data: []float32{1}}},
		"a wrong shape":   {{Name: "a", Shape: []int{2}, Data: []float32{1}}},
		"negative sizes":  {{Name: "a", Shape: []int{-1, -1}, Data: []float32{1}}},
	} {
		if _, err := safetensors.Encode(tensors, nil); err == nil {
			t.Errorf("%s was encoded", name)
		}
	}
}

// file makes a file of a header and a body.
func file(header string, body ...byte) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), body...)
}

// TestReadsOtherTypes checks the conversions of the types that PyTorch checkpoints carry.
func TestReadsOtherTypes(t *testing.T) {
	for _, c := range []struct {
		dtype string
		bytes []byte
		want  float32
	}{
		{"F64", []byte{0, 0, 0, 0, 0, 0, 0xf8, 0xbf}, -1.5},
		{"F16", []byte{0x00, 0x3c}, 1}, {"F16", []byte{0x01, 0x00}, 0x1p-24}, {"F16", []byte{0xff, 0xfb}, -65504},
		{"F16", []byte{0x00, 0xfc}, float32(math.Inf(-1))}, {"F16", []byte{0xff, 0x83}, -1023 * 0x1p-24}, {"F16", []byte{0x00, 0x04}, 0x1p-14},
		{"BF16", []byte{0x80, 0x3f}, 1}, {"BF16", []byte{0x49, 0xc0}, -3.140625},
	} {
		header := fmt.Sprintf(`{"x":{"dtype":"%s","shape":[],"data_offsets":[0,%d]}}`, c.dtype, len(c.bytes))
		got, _, err := safetensors.Decode(file(header, c.bytes...))
		if err != nil {
			t.Errorf("%s: %v", c.dtype, err)
			continue
		}
		if got[0].Data[0] != c.want {
			t.Errorf("%s % x is read as %g, want %g", c.dtype, c.bytes, got[0].Data[0], c.want)
		}
	}
	for _, dtype := range []string{"I64", "U8", "BOOL", "F8_E4M3", "f32"} {
		header := fmt.Sprintf(`{"x":{"dtype":"%s","shape":[1],"data_offsets":[0,8]}}`, dtype)
		if got, _, err := safetensors.Decode(file(header, make([]byte, 8)...)); err == nil || !strings.Contains(err.Error(), dtype) {
			t.Errorf("%s is read as %v, %v", dtype, got, err)
		}
	}
}

// hostile are files that must be refused, each for its own reason.
var hostile = map[string][]byte{
	"empty":                      {},
	"only a length":              {8, 0, 0, 0, 0, 0, 0, 0},
	"a header beyond the file":   {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, '{', '}'},
	"no object":                  file(`[]`),
	"something after the object": file(`{} {}`),
	"a name twice":               file(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}`),
	"an unknown type":            file(`{"a":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}}`, 0),
	"too large for its bytes":    file(`{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,4]}}`, 0, 0, 0, 0),
	"an overflowing shape":       file(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`),
	"a negative shape":           file(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 0, 0, 0, 0),
	"bytes beyond the file":      file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 0),
	"offsets backwards":          file(`{"a":{"dtype":"F32","shape":[0],"data_offsets":[4,0]}}`, 0, 0, 0, 0),
	"bytes shared by two":        file(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 0, 0, 0),
	"a hole":                     file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 0, 0),
	"bytes left over":            file(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 0, 0),
	"a broken number":            file(`{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}`, 0, 0, 0, 0),
	"metadata that isn't text":   file(`{"__metadata__":{"a":1}}`),
	"a header cut short":         file(`{"a":{"dtype":"F32"`),
}

func TestRefusesDamage(t *testing.T) {
	for name, b := range hostile {
		if tensors, _, err := safetensors.Decode(b); err == nil {
			t.Errorf("%s: read as %v", name, tensors)
		}
	}
}

// TestHostileHeaderAllocatesLittle: what a header promises is refused before memory of that size is taken.
func TestHostileHeaderAllocatesLittle(t *testing.T) {
	for name, b := range map[string][]byte{
		"a large tensor":  file(`{"a":{"dtype":"F32","shape":[1073741824,1024],"data_offsets":[0,4398046511104]}}`, 0, 0, 0, 0),
		"many dimensions": file(`{"a":{"dtype":"U8","shape":[65536,65536,65536,65536,0],"data_offsets":[0,0]}}`),
		"a long header":   append(binary.LittleEndian.AppendUint64(nil, 1<<40), "{}"...),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		tensors, _, err := safetensors.Decode(b)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%s: allocated %d bytes (%d tensors, %v)", name, used, len(tensors), err)
		}
	}
}

// FuzzDecode checks that no input makes Decode panic or hold more than a few
// times its size, and that what it reads as float32 can be written and read again.
func FuzzDecode(f *testing.F) {
	for _, b := range hostile {
		f.Add(b)
	}
	f.Add(file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"__metadata__":{"k":"v"}}`, 0, 0, 0x80, 0x3f))
	f.Fuzz(func(t *testing.T, b []byte) {
		tensors, meta, err := safetensors.Decode(b)
		if err != nil {
			return
		}
		n := 0
		for _, x := range tensors {
			n += len(x.Data)
		}
		if n > len(b) {
			t.Fatalf("%d numbers from %d bytes", n, len(b))
		}
		named := !slices.ContainsFunc(tensors, func(x safetensors.Tensor) bool { return x.Name == "" })
		again, err := safetensors.Encode(tensors, meta)
		if err != nil {
			if !named {
				return
			}
			t.Fatal(err)
		}
		back, backMeta, err := safetensors.Decode(again)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(tensors, back, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); d != "" {
			t.Fatal(d)
		}
		if d := cmp.Diff(meta, backMeta, cmpopts.EquateEmpty()); d != "" {
			t.Fatal(d)
		}
	})
}
