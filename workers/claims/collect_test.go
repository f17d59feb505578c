package main

import (
	"math"
	"testing"

	"lossatlas/activities/safetensors"
	"lossatlas/activities/surface"
)

// grid is a map of a loss over [-1, 1]², or along [-1, 1].
func grid(n int, line bool, loss func(x, y float64) float64) *surface.Grid {
	g := &surface.Grid{Y: []float64{0}}
	for i := range n {
		g.X = append(g.X, -1+2*float64(i)/float64(n-1))
	}
	if !line {
		g.Y = g.X
	}
	for _, y := range g.Y {
		for _, x := range g.X {
			g.Loss, g.Accuracy, g.Mask = append(g.Loss, loss(x, y)), append(g.Accuracy, 50), append(g.Mask, true)
		}
	}
	return g
}

func TestPlane(t *testing.T) {
	bowl := func(x, y float64) float64 { return 0.1 + 3*x*x + 2*y*y }
	if p := planeOf("", grid(17, false, bowl))[0]; p.Away != 0 || p.Convex != 1 || !p.Height.AtLeast || p.Height.V < 1.5 || p.Height.V > 2 {
		t.Errorf("a bowl: %+v", p) // contours above 2 leave the grid
	}
	// Beyond a ring of height 1 at radius ½ the loss falls outwards.
	ring := func(x, y float64) float64 {
		r := math.Hypot(x, y)
		return 4*r*r - 4*math.Pow(r, 4)
	}
	if p := planeOf("", grid(33, false, ring))[0]; p.Away < 0.5 || p.Away > 0.75 || p.Height.V < 0.9 || p.Height.V > 1 {
		t.Errorf("a crater: %+v", p) // 1 − π/8 of the square lies outside; the highest contours are whole
	}
	if p := planeOf("", grid(9, false, func(x, y float64) float64 { return 1 - x*x - y*y })); len(p) != 1 || !p[0].Height.AtMost && !math.IsInf(p[0].Height.V, 0) {
		t.Errorf("a peak: %+v", p)
	}
	if p := planeOf("", grid(9, false, func(x, y float64) float64 { return math.NaN() })); p != nil {
		t.Errorf("a surface without values: %+v", p)
	}
}

// TestContour: of an ellipse with half axes ½ and ¼, of a valley that leaves the plot, and of a center above the level.
func TestContour(t *testing.T) {
	ellipse := func(x, y float64) float64 { return 0.1 * (4*x*x + 16*y*y) }
	c := contourOf(grid(201, false, ellipse))
	if c == nil || c.LogRadius.AtLeast || math.Abs(c.LogElongation.V-math.Ln2) > 0.02 {
		t.Fatalf("an ellipse: %+v", c)
	}
	sum := 0.0
	for i := range contourRays {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / contourRays)
		sum -= math.Log(4*cos*cos+16*sin*sin) / 2 / contourRays
	}
	if math.Abs(c.LogRadius.V-sum) > 0.01 {
		t.Errorf("mean logarithm of the radii %v, want %v", c.LogRadius.V, sum)
	}
	if c := contourOf(grid(21, false, func(x, y float64) float64 { return y * y })); c == nil || !c.LogRadius.AtLeast || c.LogElongation.known() {
		t.Errorf("a valley: %+v", c)
	}
	if c := contourOf(grid(21, false, func(x, y float64) float64 { return 0.2 + x*x })); c != nil {
		t.Errorf("a center above the level: %+v", c)
	}
}

func TestCurvature(t *testing.T) {
	s := grid(21, false, func(x, y float64) float64 { return x*x*(1-x*x) + y*y }) // convex for |x| < 1/√6
	h := grid(5, false, func(x, y float64) float64 { return 0 })
	h.Curvature = surface.NewCurvature(25)
	for i := range h.Loss {
		h.Curvature.LambdaMin[i], h.Curvature.LambdaMax[i] = -0.1-math.Abs(h.X[i%5]), 1
	}
	var p Plane
	p.addCurvature(s, h)
	// Of the 25 points, 16 lie on the border of the surface, and of the others those at x = 0 are convex.
	if p.AUC == nil || *p.AUC != 1 || p.IsConvex != 3 || p.NotConvex != 6 {
		t.Errorf("%+v", p)
	}
}

func TestTowards(t *testing.T) {
	g := grid(41, true, func(x, y float64) float64 { return 2 * x })
	for _, c := range []struct {
		from, to, want float64
		cut            bool
	}{{0, 1, 0.25, false}, {1, 0, 1, true}} {
		if v := towards(g, c.from, c.to); math.Abs(v.V-c.want) > 1e-9 || v.AtLeast != c.cut {
			t.Errorf("from %v: %+v, want %v", c.from, v, c.want)
		}
	}
	g.Loss[25] = math.NaN() // at 0.25
	if v := towards(g, 0, 1); v.V > 0.25 || !v.AtLeast {
		t.Errorf("up to a point without loss: %+v", v)
	}
}

func TestWeights(t *testing.T) {
	b, err := safetensors.Encode([]safetensors.Tensor{{Name: "w", Shape: []int{2, 2}, Data: []float32{1, -1, 0.001, 0}}, {Name: "bias", Shape: []int{1}, Data: []float32{9}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := weightsOf(b)
	if err != nil || w.Small != 0.5 || math.Abs(w.Deviation-math.Sqrt(0.5)) > 1e-3 {
		t.Errorf("%+v, %v", w, err)
	}
}
