package render

import (
	"math"
	"testing"
)

// Between the points of a quadratic function, heights are its own; next to a point without a value they are linear, and in its cells there are none.
func TestSpreadBetweenPoints(t *testing.T) {
	const n, parts = 7, 4
	f := func(x, y float64) float64 { return 1 + 0.5*x + x*x - 0.3*x*y + 2*y*y }
	coarse := make([]float64, n*n)
	for i := range coarse {
		coarse[i] = f(float64(i%n), float64(i/n))
	}
	coarse[0] = math.NaN()
	fine := spread(coarse, n, n, parts)
	side := (n-1)*parts + 1
	at := func(x, y float64) float64 { return fine[int(y*parts)*side+int(x*parts)] }
	for _, p := range [][2]float64{{3, 3}, {3.25, 3}, {3.5, 3.75}, {2.5, 4.25}} {
		if got, want := at(p[0], p[1]), f(p[0], p[1]); math.Abs(got-want) > 1e-12 {
			t.Errorf("at %v the height is %g, want %g", p, got, want)
		}
	}
	if got := at(0.5, 0.5); !math.IsNaN(got) {
		t.Errorf("in a cell with a corner without a value the height is %g", got)
	}
	if got, want := at(1.5, 0), (f(1, 0)+f(2, 0))/2; math.Abs(got-want) > 1e-12 {
		t.Errorf("next to a point without a value the height is %g, want %g, halfway between its neighbors", got, want)
	}
	// A spike does not make the surface around it leave the range of the values.
	spike := make([]float64, n*n)
	spike[3*n+3] = 1
	for i, v := range spread(spike, n, n, parts) {
		if v < 0 || v > 1 {
			t.Fatalf("value %d next to a spike of 1 is %g", i, v)
		}
	}
}

// Of two surfaces one above the other the eye sees the upper one from above, and the color is that of its height.
func TestDepth(t *testing.T) {
	v := newView(-90, 90) // from above
	v.scale = 100
	s := scene{view: v, width: 4, height: 4, depth: make([]float32, 16), color: make([][3]uint8, 16), top: 1, lit: func(h float64, _ vec) [3]uint8 { return [3]uint8{uint8(100 * h)} }}
	for i := range s.depth {
		s.depth[i] = float32(math.Inf(-1))
	}
	up := vec{0, 0, 1}
	for _, h := range []float64{0.5, 0.9, 0.2, 1.5} { // the last one is above the top
		s.triangle(corner{-1, -1, h, h, up}, corner{20, -1, h, h, up}, corner{-1, 20, h, h, up})
	}
	if got := s.color[5][0]; got != 90 {
		t.Errorf("the surface that is seen has the height 0.%d, want 0.9", got)
	}
}
