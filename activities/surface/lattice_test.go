package surface_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lossatlas/activities/surface"
)

func TestLattice(t *testing.T) {
	for _, c := range []struct {
		min, max float64
		n        int
		want     []float64
	}{
		{-1, 1, 5, []float64{-1, -0.5, 0, 0.5, 1}},
		{-1, 1, 2, []float64{-1, 1}},
		{-1, 3, 1, []float64{1}},
		{-1, 1, 0, nil},
		{-1, 1, -3, nil},
		{0, 1, 11, []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}},
	} {
		if diff := cmp.Diff(c.want, surface.Lattice(c.min, c.max, c.n)); diff != "" {
			t.Errorf("Lattice(%g, %g, %d): %s", c.min, c.max, c.n, diff)
		}
	}
	if got := surface.Lattice(-0.5, 1.5, 21); got[5] != 0 || got[15] != 1 {
		t.Errorf("[-0.5, 1.5] in 21 points misses a minimizer: %v, %v", got[5], got[15])
	}
}

// bound draws an end of a range of a size that maps have.
func bound() *rapid.Generator[float64] { return rapid.Float64Range(-100, 100) }

// TestLatticeProperties: exact ends, increasing, exactly symmetric with an
// exact zero, and nested to the last bit.
func TestLatticeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := bound().Draw(t, "a"), bound().Draw(t, "b")
		lo, hi := min(a, b), max(a, b)
		if hi-lo < 1e-6 {
			t.Skip("the range is too narrow for distinct points")
		}
		n := rapid.IntRange(2, 300).Draw(t, "n")
		v := surface.Lattice(lo, hi, n)
		if v[0] != lo || v[n-1] != hi || len(v) != n {
			t.Fatalf("ends %v and %v, want %v and %v", v[0], v[n-1], lo, hi)
		}
		for i := 1; i < n; i++ {
			if v[i] <= v[i-1] {
				t.Fatalf("v[%d] = %v after %v", i, v[i], v[i-1])
			}
		}
		fine := surface.Lattice(lo, hi, 2*n-1)
		for i := range v {
			if math.Float64bits(fine[2*i]) != math.Float64bits(v[i]) {
				t.Fatalf("point %d of %d is %v, in the finer lattice %v", i, n, v[i], fine[2*i])
			}
		}
		r := max(math.Abs(hi), math.Abs(lo))
		s := surface.Lattice(-r, r, n)
		for i := range s {
			if s[i] != -s[n-1-i] {
				t.Fatalf("%v and %v aren't symmetric", s[i], s[n-1-i])
			}
		}
		if n%2 == 1 && math.Float64bits(s[n/2]) != 0 {
			t.Fatalf("the middle is %v", s[n/2])
		}
	})
}

// TestOrder: each index once; and after the round that completes a nested
// lattice, exactly that lattice is done.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nx, ny := rapid.IntRange(0, 40).Draw(t, "nx"), rapid.IntRange(0, 40).Draw(t, "ny")
		order := surface.Order(nx, ny)
		if len(order) != nx*ny {
			t.Fatalf("%d places of %d×%d", len(order), nx, ny)
		}
		sorted := slices.Clone(order)
		slices.Sort(sorted)
		for i, v := range sorted {
			if v != i {
				t.Fatalf("index %d is missing or there twice", i)
			}
		}
	})
	if surface.Order(-1, -1) != nil {
		t.Error("a lattice without points has an order")
	}
	const n = 17
	order := surface.Order(n, n)
	for _, side := range []int{2, 3, 5, 9, 17} {
		step := (n - 1) / (side - 1)
		for _, index := range order[:side*side] {
			if index%n%step != 0 || index/n%step != 0 {
				t.Errorf("index %d is among the first %d², but isn't on that lattice", index, side)
			}
		}
	}
	if diff := cmp.Diff([]int{0, 4, 2, 1, 3}, surface.Order(5, 1)); diff != "" {
		t.Errorf("a line of five: %s", diff)
	}
	// A range that doesn't nest is spread over as well: the first 9 of 51×51
	// hold corners, middle and edges.
	if diff := cmp.Diff([]int{0, 50, 51 * 50, 51*50 + 50, 25, 51 * 25, 51*25 + 25, 51*25 + 50, 51*50 + 25}, surface.Order(51, 51)[:9]); diff != "" {
		t.Errorf("51×51 begins with: %s", diff)
	}
}

func TestChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, per := rapid.IntRange(0, 1000).Draw(t, "n"), rapid.IntRange(-1, 50).Draw(t, "per")
		next := 0
		for _, c := range surface.Chunks(n, per) {
			if c.From != next || c.To <= c.From || c.To-c.From > max(per, 1) || c.To < n && c.To-c.From != max(per, 1) {
				t.Fatalf("chunk %+v after %d, %d points by %d", c, next, n, per)
			}
			next = c.To
		}
		if next != n {
			t.Fatalf("the chunks end at %d of %d", next, n)
		}
	})
}

func TestPointsPerChunk(t *testing.T) {
	for _, c := range []struct {
		macs           int64
		images, points int
		want           int
	}{
		{41_000_000, 10000, 65 * 65, 11}, // ResNet-20: 16 s a point, but at most 400 chunks
		{41_000_000, 1000, 17 * 17, 2},   // 1.64 s a point
		{41_000_000, 1000, 1, 1},
		{1000, 10, 289, 289}, // next to nothing: one chunk
		{0, 0, 289, 289},
		{math.MaxInt64, math.MaxInt32, 9, 1},
		{1, 1, 0, 1},
	} {
		if got := surface.PointsPerChunk(c.macs, c.images, c.points); got != c.want {
			t.Errorf("%d MACs, %d images, %d points: %d a chunk, want %d", c.macs, c.images, c.points, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		points := rapid.IntRange(1, 1_000_000).Draw(t, "points")
		per := surface.PointsPerChunk(rapid.Int64Range(0, math.MaxInt64).Draw(t, "macs"), rapid.IntRange(0, 60000).Draw(t, "images"), points)
		if per < 1 || per > points || len(surface.Chunks(points, per)) > 400 {
			t.Fatalf("%d points by %d", points, per)
		}
	})
}
