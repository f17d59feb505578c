package surface_test

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"lossatlas/activities/surface"
)

var measures = surface.FlatnessOptions{Levels: []float64{0.1, 0.5, 1}, Radii: []float64{0.5, 1}}

// plotted evaluates f on an n×n lattice over [lo, hi]², or on a line if ny is 1.
func plotted(t *testing.T, lo, hi float64, nx, ny int, f func(x, y float64) float64) *surface.Grid {
	t.Helper()
	y := surface.Lattice(lo, hi, ny)
	if ny == 1 {
		y = []float64{0}
	}
	g := surface.NewGrid(surface.Lattice(lo, hi, nx), y)
	for i := range g.Mask {
		if err := g.Add([]surface.Point{{Index: i, Loss: f(g.X[i%nx], g.Y[i/nx])}}); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

func measure(t *testing.T, g *surface.Grid) surface.Flatness {
	t.Helper()
	f, err := g.Flatness(measures)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func near(t *testing.T, what string, got surface.Measured, want, tolerance float64, atLeast bool) {
	t.Helper()
	if !(math.Abs(got.Value-want) <= tolerance) || got.AtLeast != atLeast {
		t.Errorf("%s is %v (a bound: %v), want %v (%v)", what, got.Value, got.AtLeast, want, atLeast)
	}
}

// bowl is 0.3 + a·u² + b·v² in axes turned by angle.
func bowl(a, b, angle float64) func(x, y float64) float64 {
	sin, cos := math.Sincos(angle)
	return func(x, y float64) float64 {
		u, v := cos*x+sin*y, cos*y-sin*x
		return 0.3 + a*u*u + b*v*v
	}
}

// TestFlatnessOfBowls: along x a bowl rises as (a cos² + b sin²)·x², so that
// the width at a level l above it is 2√(l/(a cos² + b sin²)); the contour of
// level l holds the area πl/√(ab); it leaves the grid where its extent along x,
// √l·√(cos²/a + sin²/b), is 1. Linear interpolation shortens a width by at
// most h²·f″/(4f′) a side.
func TestFlatnessOfBowls(t *testing.T) {
	const n, h = 101, 0.02
	for _, c := range []struct{ a, b, angle float64 }{{2, 2, 0}, {2, 8, 0}, {2, 8, math.Pi / 6}, {1.5, 6, 1.1}} {
		f := measure(t, plotted(t, -1, 1, n, n, bowl(c.a, c.b, c.angle)))
		near(t, "the centre", f.Center, 0.3, 1e-12, false)
		sin, cos := math.Sincos(c.angle)
		along := [2]float64{c.a*cos*cos + c.b*sin*sin, c.a*sin*sin + c.b*cos*cos}
		for i, level := range measures.Levels {
			for axis, k := range along {
				want := 2 * math.Sqrt(level/k)
				near(t, "the width", f.Widths[i][axis], want, h*h/want, false)
			}
		}
		near(t, "the convex part", f.Convex, 1, 0, false)
		if f.Judged != 99*99 {
			t.Errorf("%d points are judged", f.Judged)
		}
		out := min(1/(cos*cos/c.a+sin*sin/c.b), 1/(sin*sin/c.a+cos*cos/c.b))
		want := math.Pi * out / math.Sqrt(c.a*c.b)
		near(t, "the area", f.Area, want, 0.05*want, true)
		// The largest loss in a disc lies along v.
		for i, r := range measures.Radii {
			near(t, "the sharpness", f.Sharpness[i], max(c.a, c.b)*r*r, max(c.a, c.b)*h*h, false)
		}
	}
}

func TestFlatnessOfSaddleAndRidge(t *testing.T) {
	f := measure(t, plotted(t, -1, 1, 41, 41, func(x, y float64) float64 { return 1 + x*x - y*y }))
	near(t, "a saddle's convex part", f.Convex, 0, 0, false)
	near(t, "the width across it", f.Widths[1][0], 2*math.Sqrt(0.5), 0.01, false)
	near(t, "the width along it", f.Widths[1][1], 2, 0, true)
	if !math.IsNaN(f.Area.Value) {
		t.Errorf("a saddle has contours of area %v around it", f.Area.Value)
	}
	// Half a plane is concave: the line of inflection of x³ is x = 0, whose
	// difference of second order is 0.
	f = measure(t, plotted(t, -1, 1, 21, 21, func(x, y float64) float64 { return x*x*x + y*y }))
	near(t, "the convex part of a cubic", f.Convex, 10.0/19, 1e-12, false)
	// A constant is convex, and rounding does not make it concave.
	f = measure(t, plotted(t, -1, 1, 21, 21, func(x, y float64) float64 { return 2.3 + 1e-7*math.Sin(1e3*x+77*y) }))
	near(t, "the convex part of a noisy constant", f.Convex, 1, 0, false)
	near(t, "its width", f.Widths[0][0], 2, 0, true)
}

// TestFlatnessOfNorm: |x| + |y| is not smooth: its second differences are 0,
// and ridges upwards at the axes; contours are squares of area 2l².
func TestFlatnessOfNorm(t *testing.T) {
	f := measure(t, plotted(t, -1, 1, 33, 33, func(x, y float64) float64 { return math.Abs(x) + math.Abs(y) }))
	for i, level := range measures.Levels {
		near(t, "the width", f.Widths[i][0], 2*level, 1e-12, level == 1) // there the grid ends
	}
	near(t, "the convex part", f.Convex, 1, 0, false)
	near(t, "the area", f.Area, 2*math.Pow(31.0/32, 2), 0.1, true)
	near(t, "the sharpness", f.Sharpness[0], math.Sqrt2/2, 0.01, false)
}

// TestConvexContoursEnd: contours count only up to where they bulge or have a hole.
func TestConvexContoursEnd(t *testing.T) {
	// A disc of radius 0.5 whose surroundings rise slower towards +x: the level
	// sets are discs up to there, and then have a bulge.
	dent := func(x, y float64) float64 {
		r := math.Hypot(x, y)
		if r > 0.5 && math.Abs(y) < 0.15 && x > 0 {
			return 0.25 + 0.1*(r-0.5)
		}
		return r * r
	}
	f := measure(t, plotted(t, -1.5, 1.5, 121, 121, dent))
	near(t, "the area below a bulge", f.Area, math.Pi*0.25, 0.08, false)
	// A ring of low loss around a hill is never convex: it has a hole.
	ring := func(x, y float64) float64 { return math.Pow(math.Hypot(x-0.5, y)-0.5, 2) }
	f = measure(t, plotted(t, -1.5, 1.5, 61, 61, ring))
	if f.Area.Value > 0.05 { // what a few cells hold is convex to the grid's accuracy
		t.Errorf("around a hill the area of a convex contour is %v", f.Area.Value)
	}
}

// TestFlatnessAndMissingPoints: what is not finite is no number, but bounds others.
func TestFlatnessAndMissingPoints(t *testing.T) {
	spoil := func(bad float64) *surface.Grid {
		return plotted(t, -1, 1, 21, 21, func(x, y float64) float64 {
			if x > 0.65 {
				return bad
			}
			return x*x + y*y
		})
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		f := measure(t, spoil(bad))
		near(t, "the width that ends on a point without loss", f.Widths[1][0], 0.6+math.Sqrt(0.5), 0.01, true)
		near(t, "the other width", f.Widths[1][1], 2*math.Sqrt(0.5), 0.01, false)
		near(t, "the sharpness within it", f.Sharpness[0], 0.25, 0.1*0.1/4, false) // linear between points
		if s := f.Sharpness[1]; !math.IsInf(s.Value, 1) || s.AtLeast {
			t.Errorf("the sharpness over points without loss is %+v", s)
		}
		near(t, "the convex part", f.Convex, 1, 0, false)
		if f.Judged != 15*19 {
			t.Errorf("%d points are judged, want 15×19", f.Judged)
		}
		near(t, "the area", f.Area, math.Pi*0.36, 0.2, true)
	}
	nan := measure(t, plotted(t, -1, 1, 5, 5, func(x, y float64) float64 { return math.NaN() }))
	if !math.IsNaN(nan.Center.Value) || !math.IsNaN(nan.Convex.Value) || !math.IsNaN(nan.Widths[0][0].Value) || !math.IsNaN(nan.Sharpness[0].Value) {
		t.Errorf("without any loss: %+v", nan)
	}
	// Points that were not evaluated bound the disc.
	g := plotted(t, -1, 1, 5, 5, func(x, y float64) float64 { return x * x })
	g.Mask[12+1], g.Loss[12+1] = false, math.NaN()
	if s := measure(t, g).Sharpness[0]; !s.AtLeast || s.Value != 0.25 {
		t.Errorf("with a point missing the sharpness is %+v", s)
	}
	g.Loss = g.Loss[:3]
	if _, err := g.Flatness(measures); err == nil {
		t.Error("a grid without its losses was measured")
	}
}

// TestFlatnessWithoutACentralPoint: with an even number of points the centre
// is interpolated; a grid next to the centre knows only its curvature.
func TestFlatnessWithoutACentralPoint(t *testing.T) {
	f := measure(t, plotted(t, -1, 1, 100, 100, bowl(2, 8, 0.4)))
	h := 2.0 / 99
	if !f.Interpolated {
		t.Error("a centre between points is not said to be interpolated")
	}
	near(t, "the centre", f.Center, 0.3, 8*h*h, false)
	k := 2*math.Pow(math.Cos(0.4), 2) + 8*math.Pow(math.Sin(0.4), 2)
	near(t, "the width", f.Widths[1][0], 2*math.Sqrt(0.5/k), 2*h*h, false)
	if f.Area.Value < 1 {
		t.Errorf("the area is %+v", f.Area)
	}
	// Off-centre, but with the centre in it: shorter on one side.
	f = measure(t, plotted(t, -0.5, 1.5, 41, 41, bowl(2, 2, 0)))
	near(t, "the width that the grid cuts", f.Widths[2][0], 0.5+math.Sqrt(0.5), 0.01, true)
	near(t, "the width that it does not cut", f.Widths[0][0], 2*math.Sqrt(0.05), 0.02, false)
	near(t, "the sharpness of a disc that it cuts", f.Sharpness[1], 2, 0.01, true)
	f = measure(t, plotted(t, 0.5, 1.5, 21, 21, bowl(2, 2, 0)))
	near(t, "the convex part", f.Convex, 1, 0, false)
	if !math.IsNaN(f.Center.Value) || !math.IsNaN(f.Widths[0][1].Value) || !math.IsNaN(f.Area.Value) || !math.IsNaN(f.Sharpness[0].Value) {
		t.Errorf("beside the centre: %+v", f)
	}
}

// TestSharpnessBetweenPoints: a radius between two points is not rounded to the smaller one, so that a finer grid measures the same.
func TestSharpnessBetweenPoints(t *testing.T) {
	rise := func(x, y float64) float64 { return 3 * math.Hypot(x, y) } // linear between points, in each direction
	for _, n := range []int{5, 15, 29, 201} {
		line := measure(t, plotted(t, -1, 1, n, 1, rise))
		near(t, fmt.Sprintf("the sharpness of a line of %d points", n), line.Sharpness[0], 1.5, 1e-9, false)
	}
	for _, n := range []int{15, 29, 30, 51} {
		h := 2 / float64(n-1)
		plane := measure(t, plotted(t, -1, 1, n, n, bowl(3, 1, 0)))
		near(t, fmt.Sprintf("the sharpness of %d×%d points", n, n), plane.Sharpness[0], 0.75, h*h, false)
	}
	// The circle passes between the last finite points and the others.
	f := measure(t, plotted(t, -1, 1, 11, 11, func(x, y float64) float64 {
		if x > 0.5 {
			return math.Inf(1)
		}
		return x*x + y*y
	}))
	near(t, "the sharpness next to points without loss", f.Sharpness[0], 0.26, 0.01, true)
}

func TestFlatnessOfALine(t *testing.T) {
	f := measure(t, plotted(t, -1, 1, 201, 1, func(x, _ float64) float64 { return math.Abs(x) * (1 + math.Abs(x)) }))
	root := func(l float64) float64 { return math.Sqrt(1+4*l) - 1 } // twice the solution of x + x² = l
	for i, level := range measures.Levels {
		if len(f.Widths[i]) != 1 {
			t.Fatalf("a line has %d widths", len(f.Widths[i]))
		}
		near(t, "the width", f.Widths[i][0], root(level), 1e-4, false)
	}
	near(t, "the convex part", f.Convex, 1, 0, false)
	near(t, "the sharpness", f.Sharpness[1], 2, 1e-12, false)
	if !math.IsNaN(f.Area.Value) || f.Judged != 199 {
		t.Errorf("a line has the area %v and %d judged points", f.Area.Value, f.Judged)
	}
	f = measure(t, plotted(t, -1, 1, 41, 1, func(x, _ float64) float64 { return math.Cos(math.Pi * x) }))
	near(t, "the convex part of a cosine", f.Convex, 20.0/39, 2.0/39, false)
}

// TestSummarize: over pairs and axes, with what is unknown left out.
func TestSummarize(t *testing.T) {
	nan := surface.Measured{Value: math.NaN()}
	opt := surface.FlatnessOptions{Levels: []float64{0.5}, Radii: []float64{1}}
	got := surface.Summarize(opt, []surface.Flatness{
		{Widths: [][]surface.Measured{{{Value: 1}, {Value: 2, AtLeast: true}}}, Convex: surface.Measured{Value: 0.5}, Area: nan, Sharpness: []surface.Measured{{Value: 1}}},
		{Widths: [][]surface.Measured{{nan, {Value: 6}}}, Convex: surface.Measured{Value: 0.5}, Area: nan, Sharpness: []surface.Measured{{Value: math.Inf(1)}}},
	})
	want := `[{"name":"width0.5","mean":3,"sd":null,"count":3,"bounds":1},{"name":"convex","mean":50,"sd":0,"count":2},` +
		`{"name":"area","mean":null,"sd":null,"count":0},{"name":"sharp1","mean":"Inf","sd":null,"count":2}]`
	b, err := json.Marshal(got)
	if err != nil || string(b) != want {
		t.Errorf("summarized (%v)\n%s, want\n%s", err, b, want)
	}
	var back []surface.Summary
	if err := json.Unmarshal(b, &back); err != nil || back[1] != got[1] || back[0].Bounds != 1 || !math.IsNaN(back[0].Deviation) || !math.IsNaN(back[2].Mean) || !math.IsInf(back[3].Mean, 1) {
		t.Errorf("read back %+v (%v)", back, err)
	}
}

// TestFlatnessAsJSON: numbers that JSON lacks come back.
func TestFlatnessAsJSON(t *testing.T) {
	for _, m := range []surface.Measured{{Value: 0.25}, {Value: 2, AtLeast: true}, {Value: math.NaN()}, {Value: math.Inf(1)}} {
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		var got surface.Measured
		if err := json.Unmarshal(b, &got); err != nil || got != m && !(math.IsNaN(m.Value) && math.IsNaN(got.Value)) {
			t.Errorf("%+v became %s and then %+v (%v)", m, b, got, err)
		}
	}
}

func TestPlusMinus(t *testing.T) {
	for _, c := range []struct {
		mean, deviation float64
		want            string
	}{
		{2.279134, 0.003581, "2.2791 ± 0.0036"}, {90.36, 0.45, "90.36 ± 0.45"}, {15, 7.07, "15.0 ± 7.1"}, {1000, 123, "1000 ± 123"},
		{-0.5, 0.0999, "-0.500 ± 0.100"}, {2, 0, "2 ± 0"}, {5.12345, math.NaN(), "5.123"}, {1e7, 2e5, "1e+07 ± 2e+05"}, {1, 1e-12, "1 ± 1e-12"},
	} {
		if got := surface.PlusMinus(c.mean, c.deviation); got != c.want {
			t.Errorf("%v and %v: %q, want %q", c.mean, c.deviation, got, c.want)
		}
	}
}
