package render

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
)

// sampled evaluates f over [-1,1]² on n×n points. Accuracy falls as the loss rises.
func sampled(n int, f func(x, y float64) float64) surface.Grid {
	g := surface.NewGrid(surface.Lattice(-1, 1, n), surface.Lattice(-1, 1, n))
	for i := range g.Loss {
		v := f(g.X[i%n], g.Y[i/n])
		g.Loss[i], g.Accuracy[i], g.Mask[i] = v, 10+90*math.Exp(-max(v, 0)), true
	}
	return *g
}

// bowl is a quadratic with its minimum 0.02 at the origin.
func bowl(x, y float64) float64 { return 0.02 + 2.5*x*x + 2.5*y*y }

// tilted is a quadratic with axes in the ratio 1:4, turned by 30 degrees.
func tilted(x, y float64) float64 {
	sin, cos := math.Sincos(math.Pi / 6)
	u, v := cos*x+sin*y, -sin*x+cos*y
	return 0.05 + 0.7*u*u + 11.2*v*v
}

// chaotic rises to about a thousand with many local minima, as deep networks without shortcuts do.
func chaotic(x, y float64) float64 {
	r := x*x + y*y
	waves := math.Sin(9*x+1)*math.Sin(8*y) + 0.7*math.Sin(17*x-11*y) + 0.5*math.Sin(23*y+5*x*x+2)
	return 0.3 + 2*r + 1000*math.Pow(min(r/2, 1), 2)*math.Pow((waves+2.3)/4.5, 2)
}

// broken is a bowl that overflows in one corner and has no value in a disc.
func broken(x, y float64) float64 {
	switch {
	case x > 0.4 && y > 0.5:
		return math.Inf(1)
	case math.Hypot(x+0.6, y+0.5) < 0.2:
		return math.NaN()
	}
	return bowl(x, y)
}

// coarse marks as evaluated only the points of the lattice of every other point outside the left half.
func coarse(g surface.Grid) surface.Grid {
	g.Mask = make([]bool, len(g.Loss))
	for i := range g.Mask {
		ix, iy := i%len(g.X), i/len(g.X)
		g.Mask[i] = ix < len(g.X)/2 || iy > len(g.Y)*3/4
	}
	return g
}

// sampledLine evaluates f at n points of [lo, hi].
func sampledLine(lo, hi float64, n int, loss, acc func(x float64) float64) *surface.Grid {
	g := surface.NewGrid(surface.Lattice(lo, hi, n), []float64{0})
	for i, x := range g.X {
		g.Loss[i], g.Accuracy[i], g.Mask[i] = loss(x), acc(x), true
	}
	return g
}

// sampledLog is a training of n epochs whose rate drops at a half and three quarters.
func sampledLog(n int) *trainlog.Log {
	log := new(trainlog.Log)
	number := func(v float64) trainlog.Number { return trainlog.Number(v) }
	for e := range n {
		t := float64(e) / float64(n)
		lr := 0.1
		if t >= 0.5 {
			lr = 0.01
		}
		if t >= 0.75 {
			lr = 0.001
		}
		// Each drop of the rate brings a fall, as stochastic noise goes.
		fall := math.Exp(-6*t) + 0.25*lr/0.1 + 0.02*math.Sin(40*t)*lr/0.1
		l := trainlog.Epoch{Epoch: e + 1, LR: number(lr), TrainLoss: number(2.1*fall + 0.004), TrainAccuracy: number(100 - 85*min(fall, 1)), WeightNorm: number(20 + 18*math.Sqrt(t))}
		l.TestLoss, l.TestAccuracy = l.TrainLoss*1.1+0.15, l.TrainAccuracy-number(4*t)-2
		log.Epochs = append(log.Epochs, l)
	}
	return log
}

// raster is the figure as a program reads it from its PNG.
func raster(t testing.TB, f picture.Figure) image.Image {
	t.Helper()
	b, err := f.PNG()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// checkFinite fails where a figure does not draw, or has a coordinate that is no number.
func checkFinite(t *rapid.T, name string, draw func() (picture.Figure, error)) {
	f, err := draw()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	b, err := f.SVG()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if b = withoutImages(b); bytes.Contains(b, []byte("NaN")) || bytes.Contains(b, []byte("Inf")) {
		t.Fatalf("%s has a coordinate that is no number", name)
	}
}

// withoutImages is an SVG without the data of its images, in which any letters may follow each other.
func withoutImages(svg []byte) []byte {
	return regexp.MustCompile(` href="data:image/png;base64,[^"]*"`).ReplaceAll(svg, nil)
}
