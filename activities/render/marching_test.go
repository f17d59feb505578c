package render

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/surface"
)

func mustField(t testing.TB, g surface.Grid) *lattice.Field {
	t.Helper()
	f, err := lattice.NewField(g, "loss", g.Loss, 2)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// along calls visit for many points of a line, its vertices and points between them.
func along(l surface.Isoline, visit func(surface.Place)) {
	n := len(l.Places) - 1
	if l.Closed {
		n++
	}
	for i := range n {
		a, b := l.Places[i], l.Places[(i+1)%len(l.Places)]
		for _, t := range []float64{0, 0.25, 0.5, 0.75, 1} {
			visit(surface.Place{X: a.X + t*(b.X-a.X), Y: a.Y + t*(b.Y-a.Y)})
		}
	}
}

// quadratic is z = c + a·u² + b·v² in axes (u, v) turned by angle.
type quadratic struct{ a, b, c, angle float64 }

func (q quadratic) axes(x, y float64) (u, v float64) {
	sin, cos := math.Sincos(q.angle)
	return cos*x + sin*y, -sin*x + cos*y
}

func (q quadratic) at(x, y float64) float64 {
	u, v := q.axes(x, y)
	return q.c + q.a*u*u + q.b*v*v
}

// The contour of a quadratic at level L is an ellipse with half axes √((L−c)/a) and √((L−c)/b).
//
// A vertex is where the linear interpolant along an edge equals L; there the function differs from it by at
// most M·h²/8, with M = 2·max(a,b) its largest second derivative and h the spacing. Inside a
// cell a piece is at most √2·h long, so along it the function strays from the line between its ends by at most
// M·(√2·h)²/8. Together |z−L| ≤ 3/8·M·h². A point with that error lies off the ellipse, in
// units of its own radius r (r² = a·u²/(L−c) + b·v²/(L−c)), by |r²−1| ≤ 3/8·M·h²/(L−c).
func TestContoursOfQuadraticAreEllipses(t *testing.T) {
	for _, n := range []int{17, 33, 51} {
		for _, q := range []quadratic{{3, 3, 0, 0}, {1, 9, 0.02, 0}, {2, 8, 0.1, math.Pi / 6}, {6, 1.5, 0, 1.1}} {
			f := mustField(t, sampled(n, q.at))
			h := 2.0 / float64(n-1)
			m := 2 * max(q.a, q.b)
			// Levels whose ellipses stay inside the square.
			for _, share := range []float64{0.3, 0.6, 0.95} {
				level := q.c + share*min(q.a, q.b)
				lines := surface.Isolines(&f.Field, level)
				if len(lines) != 1 || !lines[0].Closed {
					t.Fatalf("%+v at %g on %d points: %d lines, want one closed", q, level, n, len(lines))
				}
				limit := 3.0 / 8 * m * h * h / (level - q.c)
				var worst, uMax, vMax float64
				along(lines[0], func(p surface.Place) {
					u, v := q.axes(p.X, p.Y)
					worst = max(worst, math.Abs((q.a*u*u+q.b*v*v)/(level-q.c)-1))
					uMax, vMax = max(uMax, math.Abs(u)), max(vMax, math.Abs(v))
				})
				if worst > limit+1e-12 {
					t.Errorf("%+v at %g on %d points: off the ellipse by %g of its squared radius, limit %g", q, level, n, worst, limit)
				}
				// The half axes follow: r ≤ √(1+limit), and the furthest of the points along an axis
				// cannot fall short by more than a piece's sagitta, already in the limit.
				for axis, got := range map[float64]float64{q.a: uMax, q.b: vMax} {
					want := math.Sqrt((level - q.c) / axis)
					if math.Abs(got-want) > want*limit+h*h/want {
						t.Errorf("%+v at %g on %d points: half axis %g, want %g", q, level, n, got, want)
					}
				}
			}
		}
	}
}

// Of a function that rises in x alone, each level is one straight line from the lower to the upper border, at the exact place.
func TestContoursOfRampAreExact(t *testing.T) {
	f := mustField(t, sampled(9, func(x, y float64) float64 { return 3*x + 1 }))
	for _, level := range []float64{-1.9, 0, 1, 2.3} {
		lines := surface.Isolines(&f.Field, level)
		if len(lines) != 1 || lines[0].Closed {
			t.Fatalf("level %g: %d lines", level, len(lines))
		}
		pts := lines[0].Places
		// The higher side, greater x, is on the left: the line runs downwards.
		if pts[0].Y != 1 || pts[len(pts)-1].Y != -1 || len(pts) != 9 {
			t.Errorf("level %g runs %v", level, pts)
		}
		for _, p := range pts {
			// Linear along edges, so exact but for the rounding of a few operations on numbers near 1.
			if math.Abs(p.X-(level-1)/3) > 1e-14 {
				t.Errorf("level %g passes x = %g, want %g", level, p.X, (level-1)/3)
			}
		}
	}
	for _, level := range []float64{-2.5, 4.5} {
		if lines := surface.Isolines(&f.Field, level); len(lines) != 0 {
			t.Errorf("level %g outside the range has %d lines", level, len(lines))
		}
	}
}

// z = x·y has its saddle at 0 inside a cell of an even lattice: above it the branches keep to the first and third
// quadrants, below it to the others.
func TestSaddleConnectsAsTheSurfaceDoes(t *testing.T) {
	f := mustField(t, sampled(10, func(x, y float64) float64 { return x * y }))
	for _, level := range []float64{0.005, -0.005} {
		lines := surface.Isolines(&f.Field, level)
		if len(lines) != 2 {
			t.Fatalf("level %g: %d lines, want 2", level, len(lines))
		}
		for _, l := range lines {
			for _, p := range l.Places {
				if p.X*p.Y*level <= 0 {
					t.Fatalf("level %g: a branch passes (%g, %g), in a quadrant of the other sign", level, p.X, p.Y)
				}
			}
		}
	}
}

func TestContoursKeepOutOfMaskedCells(t *testing.T) {
	g := sampled(41, broken)
	f := mustField(t, g)
	seen := 0
	for _, level := range []float64{0.1, 0.6, 1.1, 1.6, 2.1, 2.6} {
		for _, l := range surface.Isolines(&f.Field, level) {
			along(l, func(p surface.Place) {
				seen++
				// In from the border by less than rounding, so that a point on an edge counts for one of its two cells.
				if p.X > 0.4+1e-9 && p.Y > 0.5+1e-9 || math.Hypot(p.X+0.6, p.Y+0.5) < 0.2-1e-9 {
					t.Fatalf("level %g passes (%g, %g), where there is no value", level, p.X, p.Y)
				}
			})
		}
	}
	if seen == 0 {
		t.Fatal("no contours at all")
	}
}

// genGrid draws a lattice with values of which some are not finite, some not evaluated and many equal.
func genGrid(rt *rapid.T) surface.Grid {
	nx, ny := rapid.IntRange(2, 7).Draw(rt, "nx"), rapid.IntRange(2, 7).Draw(rt, "ny")
	g := surface.NewGrid(surface.Lattice(-1, 1, nx), surface.Lattice(0, 3, ny))
	value := rapid.OneOf(
		rapid.Float64Range(0, 3), rapid.Float64Range(0, 3), rapid.Float64Range(0, 3),
		rapid.SampledFrom([]float64{0, 1, 2, math.NaN(), math.Inf(1), math.Inf(-1)}),
	)
	for i := range g.Loss {
		g.Loss[i] = value.Draw(rt, fmt.Sprintf("z%d", i))
		g.Mask[i] = rapid.IntRange(0, 9).Draw(rt, "mask") > 0
		g.Accuracy[i] = 50
	}
	return *g
}

// On any surface: a line that does not close ends on the border of the evaluated region, each vertex lies
// on an edge whose ends straddle the level, and every such edge of a whole cell has its vertex.
func TestContoursOfAnySurface(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := genGrid(rt)
		f := mustField(t, g)
		level := rapid.SampledFrom([]float64{0.5, 1, 1.7, 2}).Draw(rt, "level")
		crossed := map[int]bool{}
		pieces := 0
		c := surface.NewChains(&f.Field, level)
		for e, n := range c.Next {
			if n == surface.None {
				continue
			}
			pieces++
			for _, v := range []int{e, n} {
				crossed[v] = true
				i, j := v, v+1
				if v >= len(f.Z) {
					i, j = v-len(f.Z), v-len(f.Z)+len(f.X)
				}
				if !f.OK[i] || !f.OK[j] || (f.Z[i] >= level) == (f.Z[j] >= level) {
					rt.Fatalf("edge %d between %g and %g carries level %g", v, f.Z[i], f.Z[j], level)
				}
			}
		}
		want := 0
		for iy := range len(f.Y) - 1 {
			for ix := range len(f.X) - 1 {
				if !f.Whole(ix, iy) {
					continue
				}
				i := f.Index(ix, iy)
				for _, e := range [][3]int{{i, i + 1, i}, {i + len(f.X), i + len(f.X) + 1, i + len(f.X)}, {i, i + len(f.X), len(f.Z) + i}, {i + 1, i + 1 + len(f.X), len(f.Z) + i + 1}} {
					if (f.Z[e[0]] >= level) != (f.Z[e[1]] >= level) {
						want++
						if !crossed[e[2]] {
							rt.Fatalf("edge %d straddles level %g and has no vertex", e[2], level)
						}
					}
				}
			}
		}
		// Each piece uses two sides of its cell.
		if want != 2*pieces {
			rt.Fatalf("%d pieces for %d straddling sides", pieces, want)
		}
		points := 0
		for _, l := range surface.Isolines(&f.Field, level) {
			points += len(l.Places)
			for _, p := range l.Places {
				if math.IsNaN(p.X) || p.X < f.X[0] || p.X > f.X[len(f.X)-1] || p.Y < f.Y[0] || p.Y > f.Y[len(f.Y)-1] {
					rt.Fatalf("vertex (%g, %g) outside the lattice", p.X, p.Y)
				}
			}
		}
		if points > len(crossed) {
			rt.Fatalf("%d points on %d vertices", points, len(crossed))
		}
	})
}

// area is the signed area of rings.
func area(rings [][]surface.Place) float64 {
	var a float64
	for _, r := range rings {
		for i, p := range r {
			q := r[(i+1)%len(r)]
			a += (p.X*q.Y - q.X*p.Y) / 2
		}
	}
	return a
}

// The region of a bowl above a level is the square less an ellipse of area π·(L−c)/√(ab); the
// chords that stand for the ellipse lie within the tolerance of the test above.
func TestRegionAreas(t *testing.T) {
	q := quadratic{2, 8, 0.1, math.Pi / 6}
	n := 51
	f := mustField(t, sampled(n, q.at))
	h := 2.0 / float64(n-1)
	for _, share := range []float64{0.3, 0.9} {
		level := q.c + share*q.a
		ellipse := math.Pi * (level - q.c) / math.Sqrt(q.a*q.b)
		got, want := area(lattice.Region(f, level)), 4-ellipse
		if limit := ellipse * 3 / 8 * 2 * q.b * h * h / (level - q.c); math.Abs(got-want) > limit {
			t.Errorf("area at or above %g is %g, want %g ± %g", level, got, want, limit)
		}
	}
	if got := area(lattice.Region(f, f.Lo)); math.Abs(got-4) > 1e-12 {
		t.Errorf("area at or above the minimum is %g, want all 4", got)
	}
	if rings := lattice.Region(f, f.Hi+1); len(rings) != 0 {
		t.Errorf("%d rings above the maximum", len(rings))
	}
}

// Of any surface: the region above a level and the region below it (that of the negated surface) make up the whole
// cells, and a higher level has no larger region.
func TestRegionsOfAnySurface(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		g := genGrid(rt)
		f := mustField(t, g)
		total := 0.0
		for iy := range len(f.Y) - 1 {
			for ix := range len(f.X) - 1 {
				if f.Whole(ix, iy) {
					total += (f.X[ix+1] - f.X[ix]) * (f.Y[iy+1] - f.Y[iy])
				}
			}
		}
		negated := *f
		negated.Z = make([]float64, len(f.Z))
		for i, v := range f.Z {
			negated.Z[i] = -v
		}
		// Off the round numbers that values and saddles like to take: what lies exactly at the level counts
		// both as above and as below.
		level := rapid.Float64Range(0.1, 2.9).Draw(rt, "level") + math.Pi/100
		above, below := area(lattice.Region(f, level)), area(lattice.Region(&negated, -level))
		// Sums of some tens of products of numbers up to 3.
		if math.Abs(above+below-total) > 1e-12 {
			rt.Fatalf("above %g and below %g make %g, want %g", above, below, above+below, total)
		}
		if higher := area(lattice.Region(f, level+0.2)); higher > above+1e-12 {
			rt.Fatalf("the region above %g is larger (%g) than that above %g (%g)", level+0.2, higher, level, above)
		}
	})
}
