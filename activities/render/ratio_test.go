package render

import (
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// curvedSample is convex in the middle and chaotic far from it.
func curvedSample(n int) surface.Grid {
	g := sampled(n, bowl)
	g.Curvature = surface.NewCurvature(n * n)
	for i := range g.Loss {
		x, y := g.X[i%n], g.Y[i/n]
		g.Curvature.LambdaMax[i] = 20
		g.Curvature.LambdaMin[i] = -20 * min(1.2, max(0, x*x+y*y-0.1))
	}
	return g
}

// TestRatioColors looks at the pixels at lattice points: the colour of each
// point's ratio on the scale from 0 to 1, clipped at 1.
func TestRatioColors(t *testing.T) {
	const n = 9
	g := curvedSample(n)
	g.Mask[n+1] = false
	g.Curvature.LambdaMin[n+2] = math.NaN()
	f, err := Ratio(g, picture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	img := raster(t, f)
	bounds := img.Bounds()
	at := func(i int) color.RGBA {
		// Lattice points within the frame, which holds a whole rectangle for each, in pixels from the top left.
		x := float64(f.Frame.Min.X) + (float64(i%n)+0.5)/n*float64(f.Frame.Size().X)
		y := float64(f.Frame.Min.Y) + (float64(i/n)+0.5)/n*float64(f.Frame.Size().Y)
		px, py := x/float64(f.Width)*float64(bounds.Dx()), (1-y/float64(f.Height))*float64(bounds.Dy())
		r, g, b, _ := img.At(int(px), int(py)).RGBA()
		return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
	}
	far := func(a, b color.RGBA) int {
		d := func(p, q uint8) int { return max(int(p)-int(q), int(q)-int(p)) }
		return max(d(a.R, b.R), d(a.G, b.G), d(a.B, b.B))
	}
	for iy := range n {
		for ix := range n {
			i := iy*n + ix
			if i == n+1 || i == n+2 {
				continue
			}
			// The palette of a PNG moves rare colours by a few steps.
			if got, want := at(i), canvas.ColorAt("cividis", g.Curvature.Ratio()[i]); far(got, want) > 16 {
				t.Errorf("the ratio %g at (%g, %g) has the colour %v, want %v", g.Curvature.Ratio()[i], g.X[ix], g.Y[iy], got, want)
			}
		}
	}
	if got := at(n + 1); far(got, canvas.MaskColor) > 8 {
		t.Errorf("a point that was not evaluated has the colour %v", got)
	}
	svg, err := f.SVG()
	if err != nil {
		t.Fatal(err)
	}
	if len(svg) == 0 || strings.Contains(string(svg), "NaN") {
		t.Error("the SVG is empty or has a coordinate that is not a number")
	}
}

func TestRatioRefuses(t *testing.T) {
	if _, err := Ratio(sampled(5, bowl), picture.Options{}); err == nil || !strings.Contains(err.Error(), "hessian") {
		t.Errorf("a surface without eigenvalues: %v", err)
	}
	g := curvedSample(3)
	g.Curvature.LambdaMin = g.Curvature.LambdaMin[:2]
	if _, err := Ratio(g, picture.Options{}); err == nil {
		t.Error("a grid with too few eigenvalues is drawn")
	}
	for i := range g.Mask {
		g.Mask[i] = false
	}
	g.Curvature = surface.NewCurvature(len(g.Mask))
	if _, err := Ratio(g, picture.Options{}); err != nil {
		t.Errorf("a grid that nothing of is evaluated yet: %v", err)
	}
}

// TestRatioScale: small ratios get a scale of their own, and panels share the one of the largest.
func TestRatioScale(t *testing.T) {
	for hi, want := range map[float64]float64{0.004: 0.01, 0.27: 0.3, 0.5: 0.5, 0.51: 1, 1.2: 1, 0: 1, math.Inf(-1): 1} {
		if got := ratioRamp(hi, picture.Options{}).Scale; got.Lo != 0 || got.Hi != want {
			t.Errorf("ratios up to %g have the scale %g to %g, want 0 to %g", hi, got.Lo, got.Hi, want)
		}
	}
	small, large := curvedSample(5), curvedSample(5)
	for i := range small.Curvature.LambdaMin {
		small.Curvature.LambdaMin[i] /= 10
	}
	_, hi, err := spanOf([]Panel{{Data: Data{Grid: &small}}, {Column: 1, Data: Data{Grid: &large}}}, true)
	if want := 1.2; err != nil || math.Abs(hi-want) > 1e-12 {
		t.Errorf("the panels' ratios reach %g (%v), want %g", hi, err, want)
	}
}

// TestConvexBorder: the border surrounds the one convex point of a saddle with a dent in its middle.
func TestConvexBorder(t *testing.T) {
	g := sampled(5, func(x, y float64) float64 {
		if x == 0 && y == 0 {
			return -10
		}
		return x*x - y*y
	})
	f, err := lattice.NewField(g, "loss", g.Loss, 2)
	if err != nil {
		t.Fatal(err)
	}
	sides := convexBorder(&f.Field)
	if len(sides) != 4 {
		t.Fatalf("%d sides: %v", len(sides), sides)
	}
	for _, s := range sides {
		for _, p := range s {
			if math.Abs(p.X) != 0.25 || math.Abs(p.Y) != 0.25 {
				t.Errorf("a side ends at %v, which is no corner of the middle point's rectangle", p)
			}
		}
	}
}

// TestUncertainConvexity: of an estimated loss, only points whose error leaves no doubt are surrounded as convex.
func TestUncertainConvexity(t *testing.T) {
	const n = 9
	f := surface.Field{X: surface.Lattice(-1, 1, n), Y: surface.Lattice(-1, 1, n), Z: make([]float64, n*n), OK: slices.Repeat([]bool{true}, n*n), Err: make([]float64, n*n)}
	for i := range f.Z {
		x, y := f.X[i%n], f.Y[i/n]
		f.Z[i] = x*x + y*y
	}
	all := len(convexBorder(&f))
	f.Err[4*n+4] = 0.05 // of a second derivative of 2, in which it counts 80 times
	some := len(convexBorder(&f))
	for i := range f.Err {
		f.Err[i] = 0.05
	}
	if all != 4*(n-2) || some != all+4*3 || len(convexBorder(&f)) != 0 {
		t.Errorf("borders of %d sides, with an uncertain point %d, with uncertain points alone %d", all, some, len(convexBorder(&f)))
	}
}
