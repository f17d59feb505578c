package topology_test

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/activities/surface/topology"
)

var inf = math.Inf(1)

// flooded is the components of {f ≤ t}, each a set of points, by repeated spreading from point to neighbor.
func flooded(nx, ny int, f []float64, t float64) [][]int {
	seen := make([]bool, len(f))
	wet := func(i int) bool { return f[i] <= t && !math.IsInf(f[i], -1) }
	var out [][]int
	for i := range f {
		if seen[i] || !wet(i) {
			continue
		}
		seen[i] = true
		part := []int{i}
		for k := 0; k < len(part); k++ {
			for j := range f {
				dx, dy := part[k]%nx-j%nx, part[k]/nx-j/nx
				if !seen[j] && wet(j) && dx*dx <= 1 && dy*dy <= 1 {
					seen[j] = true
					part = append(part, j)
				}
			}
		}
		out = append(out, part)
	}
	return out
}

// living counts the components of {f ≤ t} that hold a point of {f ≤ s}: the basins born at s or below that live after t.
func living(nx, ny int, f []float64, s, t float64) (n int) {
	for _, part := range flooded(nx, ny, f, t) {
		if slices.ContainsFunc(part, func(i int) bool { return f[i] <= s }) {
			n++
		}
	}
	return n
}

// values draws a lattice with few different values, so that there are plateaus and ties, and some that are not finite.
func values(t *rapid.T) (nx, ny int, f []float64) {
	nx, ny = rapid.IntRange(1, 6).Draw(t, "nx"), rapid.IntRange(1, 6).Draw(t, "ny")
	one := rapid.SampledFrom([]float64{-2, -1, 0, 1, 2, 3, 3.5, 4, 5, 6, 7, 8, math.NaN(), inf, -inf})
	return nx, ny, rapid.SliceOfN(one, nx*ny, nx*ny).Draw(t, "f")
}

// TestFlooding: births and deaths count the components of every sublevel set, those of a persistence are the ones that rise so far, and the
// tree leads from each basin to one that is lower, over a pass of that height.
func TestFlooding(t *testing.T) {
	levels := []float64{-2, -1, 0, 1, 2, 3, 3.5, 4, 5, 6, 7, 8}
	rapid.Check(t, func(t *rapid.T) {
		nx, ny, f := values(t)
		s := topology.Surface{NX: nx, NY: ny, Lower: f, Upper: f}
		all := s.Basins(0)
		for i, from := range levels {
			for _, to := range levels[i:] {
				got := 0
				for _, b := range all {
					if b.Birth <= from && b.Death > to {
						got++
					}
				}
				if want := living(nx, ny, f, from, to); got != want {
					t.Fatalf("%d basins are born at %v and live after %v, want %d: %+v", got, from, to, want, all)
				}
			}
		}
		p := rapid.SampledFrom([]float64{0, 0.5, 1, 2, 4}).Draw(t, "persistence")
		var want []int
		for _, b := range all {
			if b.Persistence() >= p {
				want = append(want, b.Point)
			}
		}
		kept := s.Basins(p)
		var got []int
		for _, b := range kept {
			got = append(got, b.Point)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("the basins of persistence %v are at %v, want %v", p, got, want)
		}
		for k, b := range kept {
			checkBasin(t, nx, ny, f, kept, k, b)
		}
	})
}

// checkBasin holds a basin against the components around its point just below the levels that it names, and at them.
func checkBasin(t *rapid.T, nx, ny int, f []float64, all []topology.Basin, k int, b topology.Basin) {
	around := func(level float64) []int {
		parts := flooded(nx, ny, f, level)
		return parts[slices.IndexFunc(parts, func(part []int) bool { return slices.Contains(part, b.Point) })]
	}
	others := func(level float64, lower bool) (n int) {
		for i, other := range all {
			if i != k && slices.Contains(around(level), other.Point) && (!lower || i < k) {
				n++
			}
		}
		return n
	}
	if f[b.Point] != b.Birth || slices.ContainsFunc(around(b.Birth), func(i int) bool { return f[i] < b.Birth }) {
		t.Fatalf("basin %+v is not born at its lowest point", b)
	}
	if others(math.Nextafter(b.Meets, -inf), false) > 0 || !math.IsInf(b.Meets, 1) && others(b.Meets, false) == 0 {
		t.Fatalf("basin %+v does not meet another first at that level", b)
	}
	if math.IsInf(b.Death, 1) {
		if b.Into != topology.None || b.Saddle != topology.None || others(math.MaxFloat64, true) > 0 {
			t.Fatalf("basin %+v is not the lowest of its region", b)
		}
		return
	}
	if b.Into >= k || !slices.Contains(around(b.Death), all[b.Into].Point) || !slices.Contains(around(b.Death), b.Saddle) || f[b.Saddle] != b.Death ||
		others(math.Nextafter(b.Death, -inf), true) > 0 {
		t.Fatalf("basin %+v does not die at its pass into %+v", b, all[b.Into])
	}
}

// TestEscape: the level is the first at which the part around the point holds two basins or a point of the border.
func TestEscape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nx, ny, f := values(t)
		s := topology.Surface{NX: nx, NY: ny, Lower: f, Upper: f}
		p := rapid.SampledFrom([]float64{0, 1, 3}).Draw(t, "persistence")
		point := rapid.IntRange(0, len(f)-1).Draw(t, "point")
		basins := s.Basins(p)
		want, wantEdge := math.NaN(), false
		if !math.IsNaN(f[point]) && !math.IsInf(f[point], 0) {
			want = inf
			for _, level := range slices.Sorted(slices.Values(f)) {
				if !(level >= f[point]) || math.IsInf(level, 0) {
					continue
				}
				parts := flooded(nx, ny, f, level)
				part := parts[slices.IndexFunc(parts, func(part []int) bool { return slices.Contains(part, point) })]
				holds, border := 0, false
				for _, i := range part {
					border = border || i%nx == 0 || i%nx == nx-1 || ny > 1 && (i/nx == 0 || i/nx == ny-1)
				}
				for _, b := range basins {
					if slices.Contains(part, b.Point) {
						holds++
					}
				}
				if holds > 1 || border {
					want, wantEdge = level, holds < 2
					break
				}
			}
		}
		level, edge := s.Escape(point, p)
		if level != want && !(math.IsNaN(level) && math.IsNaN(want)) {
			t.Fatalf("the escape is at %v, want %v", level, want)
		}
		// Points of one level are added one by one: where both happen at it, either may be first.
		if !edge && wantEdge {
			t.Fatalf("at %v the part around the point reaches the border alone", level)
		}
	})
}

// TestBounds: whatever the surface is within its bounds, it has at least as many basins of each persistence as are stated.
func TestBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nx, ny, f := values(t)
		lower, upper := slices.Clone(f), slices.Clone(f)
		for i := range f {
			e := rapid.SampledFrom([]float64{0, 0, 0.25, 1, 3}).Draw(t, "error")
			lower[i], upper[i] = f[i]-e, f[i]+e
			f[i] += e * rapid.SampledFrom([]float64{-1, -0.5, 0, 1}).Draw(t, "off")
		}
		for _, p := range []float64{0, 0.5, 1, 2, 4} {
			stated := len(topology.Surface{NX: nx, NY: ny, Lower: lower, Upper: upper}.Basins(p))
			if has := len(topology.Surface{NX: nx, NY: ny, Lower: f, Upper: f}.Basins(p)); stated > has {
				t.Fatalf("%d basins of persistence %v are stated, a surface within the bounds has %d", stated, p, has)
			}
		}
	})
}

// TestShapes pins surfaces whose basins are plain to see.
func TestShapes(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		nx          int
		f           []float64
		persistence float64
		want        []topology.Basin
	}{
		"two valleys": {5, []float64{9, 9, 9, 9, 9, 9, 1, 4, 2, 9, 9, 9, 9, 9, 9}, 0, []topology.Basin{
			{Point: 6, Birth: 1, Death: inf, Saddle: -1, Into: -1, Meets: 4}, {Point: 8, Birth: 2, Death: 4, Saddle: 7, Into: 0, Meets: 4}}},
		"a ripple below the persistence": {5, []float64{9, 9, 9, 9, 9, 9, 1, 4, 2, 9, 9, 9, 9, 9, 9}, 2.5, []topology.Basin{
			{Point: 6, Birth: 1, Death: inf, Saddle: -1, Into: -1, Meets: inf}}},
		"a plateau": {3, slices.Repeat([]float64{1}, 9), 0, []topology.Basin{{Point: 0, Birth: 1, Death: inf, Saddle: -1, Into: -1, Meets: inf, Edge: true}}},
		"a wall": {3, []float64{1, nan, 2, 3, inf, 4, 5, -inf, 6}, 0, []topology.Basin{
			{Point: 0, Birth: 1, Death: inf, Saddle: -1, Into: -1, Meets: inf, Edge: true}, {Point: 2, Birth: 2, Death: inf, Saddle: -1, Into: -1, Meets: inf, Edge: true}}},
		"diagonal neighbors": {3, []float64{1, 9, 9, 9, 2, 9, 9, 9, 1}, 0, []topology.Basin{
			{Point: 0, Birth: 1, Death: inf, Saddle: -1, Into: -1, Meets: 2, Edge: true}, {Point: 8, Birth: 1, Death: 2, Saddle: 4, Into: 0, Meets: 2, Edge: true}}},
		"a line":  {5, []float64{3, 1, 2, 0, 3}, 0, []topology.Basin{{Point: 3, Birth: 0, Death: inf, Saddle: -1, Into: -1, Meets: 2}, {Point: 1, Birth: 1, Death: 2, Saddle: 2, Into: 0, Meets: 2}}},
		"nothing": {2, []float64{nan, inf, inf, nan}, 0, []topology.Basin{}},
	} {
		got := topology.Surface{NX: c.nx, NY: len(c.f) / c.nx, Lower: c.f, Upper: c.f}.Basins(c.persistence)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		b, err := json.Marshal(got)
		var back []topology.Basin
		if err == nil {
			err = json.Unmarshal(b, &back)
		}
		if err != nil || !reflect.DeepEqual(back, got) {
			t.Errorf("%s: %s reads back as %+v, %v", name, b, back, err)
		}
	}
}
