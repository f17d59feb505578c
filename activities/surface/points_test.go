package surface_test

import (
	"bytes"
	"math"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/activities/refine"
	"lossatlas/activities/surface"
)

// value draws any float64, the special ones often.
func value() *rapid.Generator[float64] {
	return rapid.OneOf(
		rapid.Float64(),
		rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), math.MaxFloat64, math.SmallestNonzeroFloat64}),
		rapid.Map(rapid.Uint64(), math.Float64frombits),
	)
}

func point() *rapid.Generator[surface.Point] {
	return rapid.Custom(func(t *rapid.T) surface.Point {
		return surface.Point{Index: rapid.IntRange(0, math.MaxInt32).Draw(t, "index"), Loss: value().Draw(t, "loss"), Accuracy: value().Draw(t, "accuracy")}
	})
}

// same compares bits, so that NaNs are equal to themselves.
func same(a, b []float64) bool {
	for i := range a {
		if len(a) != len(b) || math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

func TestPointsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := rapid.SliceOfN(point(), 0, 20).Draw(t, "points")
		b := surface.EncodePoints(points)
		got, err := surface.DecodePoints(b)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(points) {
			t.Fatalf("%d points of %d", len(got), len(points))
		}
		for i, p := range points {
			if got[i].Index != p.Index || !same([]float64{got[i].Loss, got[i].Accuracy}, []float64{p.Loss, p.Accuracy}) {
				t.Fatalf("point %d: %+v, want %+v", i, got[i], p)
			}
		}
		// No flipped bit and no missing end goes unnoticed.
		at := rapid.IntRange(0, 8*len(b)-1).Draw(t, "bit")
		bad := bytes.Clone(b)
		bad[at/8] ^= 1 << (at % 8)
		if _, err := surface.DecodePoints(bad); err == nil {
			t.Fatalf("bit %d flipped was read", at)
		}
		if _, err := surface.DecodePoints(b[:rapid.IntRange(0, len(b)-1).Draw(t, "length")]); err == nil {
			t.Fatal("a list that is cut off was read")
		}
	})
}

func TestEncodePointsPanics(t *testing.T) {
	for _, index := range []int{-1, math.MaxInt32 + 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("index %d was encoded", index)
				}
			}()
			surface.EncodePoints([]surface.Point{{Index: index}})
		}()
	}
}

// FuzzDecodePoints: what is read is written back to the same bytes.
func FuzzDecodePoints(f *testing.F) {
	f.Add(surface.EncodePoints(nil))
	f.Add(surface.EncodePoints([]surface.Point{{Index: 3, Loss: 2.3, Accuracy: 10}, {Index: 1, Loss: math.NaN()}}))
	f.Add([]byte("LApts\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		points, err := surface.DecodePoints(b)
		if err == nil && !bytes.Equal(surface.EncodePoints(points), b) {
			t.Error("read something that it doesn't write")
		}
	})
}

// FuzzDecodeParts: values over subsets are encoded to the bytes that they were decoded from.
func FuzzDecodeParts(f *testing.F) {
	parts := map[surface.PartKey]refine.Part{{Index: 3, Subset: 1}: {Loss: 2.3, Accuracy: 10}, {Index: 3, Subset: 2}: {Loss: math.NaN()}}
	whole := surface.EncodeParts([]surface.Sampled{{Point: surface.Point{Index: 3, Loss: 2.2}}}, parts)
	f.Add(whole)
	f.Add(whole[:60])
	f.Add(surface.EncodeParts(nil, parts))
	f.Add([]byte("LAprt\x00\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		points, parts, err := surface.DecodeParts(b)
		if err != nil || len(parts) == 0 {
			return
		}
		if block := bytes.TrimSuffix(surface.EncodeParts(nil, parts), surface.EncodePoints(nil)); !bytes.HasPrefix(b, block) {
			t.Errorf("read %v, %v, something that it doesn't write", points, parts)
		}
	})
}
