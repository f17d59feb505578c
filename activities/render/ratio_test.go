package render

import (
	"image/color"
	"math"
	"strings"
	"testing"

	"lossatlas/activities/render/internal/canvas"
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
		// Lattice points within the frame, in pixels from the top left.
		x := float64(f.Frame.Min.X) + (g.X[i%n]+1)/2*float64(f.Frame.Size().X)
		y := float64(f.Frame.Min.Y) + (g.Y[i/n]+1)/2*float64(f.Frame.Size().Y)
		px, py := x/float64(f.Width)*float64(bounds.Dx()), (1-y/float64(f.Height))*float64(bounds.Dy())
		r, g, b, _ := img.At(int(px), int(py)).RGBA()
		return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
	}
	far := func(a, b color.RGBA) int {
		d := func(p, q uint8) int { return max(int(p)-int(q), int(q)-int(p)) }
		return max(d(a.R, b.R), d(a.G, b.G), d(a.B, b.B))
	}
	for iy := 1; iy < n-1; iy++ {
		for ix := 1; ix < n-1; ix++ {
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
