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
	// A range of other numbers of points is spread over as well: the first 9 of 51×51
	// hold corners, and middle and edges as 26×26 has them.
	if diff := cmp.Diff([]int{0, 50, 51 * 50, 51*50 + 50, 24, 51 * 24, 51*24 + 24, 51*24 + 50, 51*50 + 24}, surface.Order(51, 51)[:9]); diff != "" {
		t.Errorf("51×51 begins with: %s", diff)
	}
}

// TestRounds: whatever the numbers of points, each nested lattice is a number
// of whole rounds, and so of whole chunks.
func TestRounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nx, ny := rapid.IntRange(1, 70).Draw(t, "nx"), rapid.IntRange(1, 70).Draw(t, "ny")
		per := rapid.IntRange(-1, 50).Draw(t, "per")
		chunks := surface.Chunks(surface.Rounds(nx, ny), per)
		if !slices.Equal(slices.Concat(chunks...), surface.Order(nx, ny)) {
			t.Fatal("the chunks are not the order")
		}
		step := 1
		for cx, cy, ok := surface.Coarser(nx, ny); ok; cx, cy, ok = surface.Coarser(cx, cy) {
			step *= 2
			coarse := map[int]bool{}
			for i := range cx * cy {
				coarse[i/cx*step*nx+i%cx*step] = true
			}
			seen := 0
			for _, c := range chunks {
				if len(c) == 0 || len(c) > max(per, 1) {
					t.Fatalf("a chunk of %d points by %d", len(c), per)
				}
				inside := 0
				for _, i := range c {
					if coarse[i] {
						inside++
					}
				}
				if inside != 0 && inside != len(c) || inside > 0 && seen == len(coarse) {
					t.Fatalf("%d of a chunk's %d points are of the %d×%d in %d×%d", inside, len(c), cx, cy, nx, ny)
				}
				if inside == 0 && seen < len(coarse) {
					t.Fatalf("%d×%d is not complete before other points", cx, cy)
				}
				seen += inside
			}
		}
	})
	for _, c := range []struct {
		nx, ny, cx, cy int
		ok             bool
	}{{17, 17, 9, 9, true}, {3, 3, 2, 2, true}, {2, 2, 0, 0, false}, {51, 51, 26, 26, true}, {26, 26, 0, 0, false}, {401, 1, 201, 1, true}, {2, 1, 0, 0, false}, {9, 2, 0, 0, false}, {9, 5, 5, 3, true}, {1, 9, 0, 0, false}} {
		if x, y, ok := surface.Coarser(c.nx, c.ny); x != c.cx || y != c.cy || ok != c.ok {
			t.Errorf("every other point of %d×%d is %d×%d, %v", c.nx, c.ny, x, y, ok)
		}
	}
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
		if per < 1 || per > points || (points+per-1)/per > 400 {
			t.Fatalf("%d points by %d", points, per)
		}
	})
}
