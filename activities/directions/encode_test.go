package directions_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lossatlas/activities/directions"
	"lossatlas/activities/nets"
)

func TestEncodeDecode(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		params := table(rt)
		dirs := [][]float32{directions.Sample(params, 1, 0), directions.Sample(params, 1, 1)}[:rapid.IntRange(1, 2).Draw(rt, "axes")]
		dirs[0][0] = float32(math.Inf(1))
		b, err := directions.Encode(params, dirs, map[string]string{"seed": "1"})
		if err != nil {
			rt.Fatal(err)
		}
		again, err := directions.Encode(params, dirs, map[string]string{"seed": "1"})
		if err != nil || !bytes.Equal(b, again) {
			rt.Fatalf("encoding twice gives different bytes (%v)", err)
		}
		got, err := directions.Decode(params, b)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(dirs, got); diff != "" {
			rt.Fatal(diff)
		}
	})
}

func TestDecodeRefuses(t *testing.T) {
	params := []nets.Param{{Name: "a", Shape: []int{2, 2}, Size: 4, Role: nets.Linear}, {Name: "b", Shape: []int{3}, Size: 3, Offset: 4, Role: nets.Bias}}
	b, err := directions.Encode(params, [][]float32{make([]float32, 7), make([]float32, 7)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	other := []nets.Param{{Name: "a", Shape: []int{4}, Size: 4}, {Name: "c", Shape: []int{3}, Size: 3, Offset: 4}}
	_, err = directions.Decode(other, b)
	for _, part := range []string{"x/a has the shape [2 2] instead of [4]", "y/c [3] is missing", "x/b [3] is not part of it"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v, want one with %q", err, part)
		}
	}
	if _, err := directions.Decode(params, b[:len(b)-1]); err == nil {
		t.Error("a file that is cut off was read")
	}
	for _, dirs := range [][][]float32{nil, make([][]float32, 3), {make([]float32, 6)}} {
		if _, err := directions.Encode(params, dirs, nil); err == nil {
			t.Errorf("%d directions were encoded", len(dirs))
		}
	}
}

// FuzzDecode: no file makes Decode panic.
func FuzzDecode(f *testing.F) {
	params := []nets.Param{{Name: "a", Shape: []int{2, 2}, Size: 4, Role: nets.Linear}}
	b, err := directions.Encode(params, [][]float32{{1, 2, 3, 4}}, nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:9])
	f.Fuzz(func(t *testing.T, b []byte) {
		dirs, err := directions.Decode(params, b)
		if err == nil && (len(dirs) < 1 || len(dirs) > 2 || len(dirs[0]) != 4) {
			t.Errorf("decoded to %v", dirs)
		}
	})
}
