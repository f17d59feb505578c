package render

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"lossatlas/activities/curve"
	"lossatlas/activities/render/basins"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// TestLook writes every kind of figure into the folder LOSSATLAS_LOOK, for a person to look at.
func TestLook(t *testing.T) {
	dir := os.Getenv("LOSSATLAS_LOOK")
	if dir == "" {
		t.Skip("set LOSSATLAS_LOOK to a folder to write the sample figures there")
	}
	for name, f := range sampleFigures(t) {
		for _, format := range []picture.Format{picture.PNG, picture.SVG, picture.PDF} {
			b, err := f.Draw(format)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name+"."+string(format)), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// sampleFigures returns figures of every kind over surfaces of every sort.
func sampleFigures(t testing.TB) map[string]picture.Figure {
	t.Helper()
	figures := map[string]picture.Figure{}
	add := func(name string, f picture.Figure, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		figures[name] = f
	}
	contours := func(name string, g surface.Grid, o picture.Options) {
		f, err := Contour(g, o)
		add("contour-"+name, f, err)
		f, err = FilledContour(g, o)
		add("filled-"+name, f, err)
	}
	contours("bowl17", sampled(17, bowl), picture.Options{Title: "ResNet-20, test error 8.3 %"})
	contours("tilted51", sampled(51, tilted), picture.Options{Title: "VGG-9, batch 128, weight decay 0.0005, test error 6.0 %"})
	contours("chaotic51", sampled(51, chaotic), picture.Options{Title: "ResNet-56-noshort, test error 13.3 %"})
	contours("chaotic51-paper", sampled(51, chaotic), picture.Options{Title: "ResNet-56-noshort, the paper's levels", Min: 0.1, Max: 10, Step: 0.5})
	contours("broken51", sampled(51, broken), picture.Options{Title: "Overflow in a corner"})
	contours("coarse17", coarse(sampled(17, broken)), picture.Options{Title: "Half of the lattice"})
	contours("constant", sampled(9, func(x, y float64) float64 { return 2.3026 }), picture.Options{Title: "A constant"})
	contours("nothing", sampled(9, func(x, y float64) float64 { return math.NaN() }), picture.Options{})

	contours("basins", sampled(51, chaotic), picture.Options{Title: "ResNet-56-noshort, basins of persistence 20", Basins: true, Persistence: 20, NoLabels: true})
	contours("basins-broken17", sampled(17, broken), picture.Options{Title: "Overflow in a corner", Basins: true})
	for name, o := range map[string]picture.Options{"": {Title: "ResNet-56-noshort, basins"}, "-20": {Title: "ResNet-56-noshort, basins of persistence 20", Persistence: 20}} {
		f, err := basins.Tree(sampled(51, chaotic), o)
		add("tree"+name, f, err)
		f, err = basins.Diagram(sampled(51, chaotic), o)
		add("diagram"+name, f, err)
	}
	broken17, err := basins.Tree(coarse(sampled(17, broken)), picture.Options{Title: "Half of the lattice"})
	add("tree-broken17", broken17, err)
	constant, err := basins.Diagram(sampled(9, func(x, y float64) float64 { return 2.3026 }), picture.Options{Title: "A constant"})
	add("diagram-constant", constant, err)

	heat, err := Heat(sampled(51, broken), picture.Options{Title: "Overflow in a corner"})
	add("heat", heat, err)
	heat, err = Heat(coarse(sampled(17, chaotic)), picture.Options{Title: "Half of a chaotic lattice", Colormap: "magma"})
	add("heat-log", heat, err)
	for name, of := range map[string]struct {
		g surface.Grid
		o picture.Options
	}{
		"surface3d-tilted51":  {sampled(51, tilted), picture.Options{Title: "VGG-9, batch 128, weight decay 0.0005"}},
		"surface3d-chaotic51": {sampled(51, chaotic), picture.Options{Title: "ResNet-56-noshort"}},
		"surface3d-broken17":  {sampled(17, broken), picture.Options{Title: "Overflow in a corner", Scale: picture.ScaleLinear}},
		"surface3d-cut":       {sampled(51, chaotic), picture.Options{Title: "Cut at 100", Cut: 100, Scale: picture.ScaleLinear}},
		"surface3d-open":      {sampled(51, bowl), picture.Options{Title: "Open above 3", Cut: 3, Scale: picture.ScaleLinear, Open: true}},
		"surface3d-constant":  {sampled(9, func(x, y float64) float64 { return 2.3026 }), picture.Options{}},
		"surface3d-nothing":   {sampled(9, func(x, y float64) float64 { return math.NaN() }), picture.Options{}},
	} {
		f, err := Surface3D(of.g, of.o)
		add(name, f, err)
	}

	curved := curvedSample(33)
	ratio, err := Ratio(curved, picture.Options{Title: "ResNet-56-noshort, training loss"})
	add("ratio", ratio, err)
	for i := range curved.Mask {
		curved.Mask[i] = i%33 != 5 && i/33 != 7
		if curved.X[i%33]+curved.Y[i/33] > 1.6 {
			curved.Curvature.LambdaMax[i] = math.NaN()
		}
	}
	ratio, err = Ratio(curved, picture.Options{})
	add("ratio-broken", ratio, err)

	trainLoss := func(x float64) float64 { return 0.01 + 6*x*x }
	testLoss := func(x float64) float64 { return 0.35 + 5.5*x*x }
	trainAcc := func(x float64) float64 { return 10 + 90*math.Exp(-3*x*x) }
	testAcc := func(x float64) float64 { return 10 + 83*math.Exp(-3*x*x) }
	wild := func(f func(float64) float64) func(float64) float64 {
		return func(x float64) float64 {
			if x > 0.8 {
				return math.Inf(1)
			}
			return f(x) * math.Exp(6*math.Abs(x))
		}
	}
	train, test := sampledLine(-1, 1, 101, trainLoss, trainAcc), sampledLine(-1, 1, 101, testLoss, testAcc)
	wildTrain, wildTest := sampledLine(-1, 1, 101, wild(trainLoss), trainAcc), sampledLine(-1, 1, 101, wild(testLoss), testAcc)
	f, err := Line(Data{Train: train, Test: test}, picture.Options{Title: "VGG-9, batch 128, weight decay 0, test error 7.4 %"})
	add("line", f, err)
	f, err = Line(Data{Train: wildTrain, Test: wildTest}, picture.Options{Title: "A wide range"})
	add("line-log", f, err)
	f, err = Line(Data{Train: wildTrain, Test: wildTest}, picture.Options{Title: "A wide range, cut", Cut: 10, Scale: picture.ScaleLinear})
	add("line-cut", f, err)
	f, err = Line(Data{Test: test}, picture.Options{Title: "Only the test set"})
	add("line-test", f, err)
	between := func(height float64) *surface.Grid {
		return sampledLine(0, 1, 41, func(x float64) float64 { return 0.1 + height*x*(1-x) }, func(x float64) float64 { return 98 - 5*height*x*(1-x) })
	}
	ends := []picture.Mark{{X: 0, Label: "a"}, {X: 1, Label: "b"}}
	f, err = Line(Data{Train: between(0.3), Test: between(0.7), StraightTrain: between(6), StraightTest: between(7)}, picture.Options{Title: "A curve", Marks: ends})
	add("line-curve", f, err)
	contours("curve", sampled(51, tilted), picture.Options{Title: "The plane of a curve", Curve: curve.Bezier, Marks: append(ends, picture.Mark{Y: 1, Label: "θ"})})
	f, err = Density(sampledSpectrum(t), picture.Options{Title: "ResNet-20, training loss"})
	add("density", f, err)
	f, err = Training(sampledLog(300), picture.Options{Title: "ResNet-56, batch 128, weight decay 0.0005"})
	add("training", f, err)
	f, err = Training(sampledLog(5), picture.Options{Title: "Five epochs"})
	add("training-short", f, err)
	f, err = Training(sampledLog(1), picture.Options{Title: "One epoch"})
	add("training-one", f, err)
	for name, n := range map[string]int{"trajectory": 20, "trajectory-long": 300} {
		path, plane := spiral(n)
		f, err = Trajectory(path, plane, nil, picture.Options{Title: "VGG-9, batch 128, weight decay 0.0005, test error 6.0 %"})
		add(name, f, err)
	}
	path, losses, plane := twoSpirals()
	f, err = Trajectory(path, plane, losses, picture.Options{Title: "a: SGD · b: Adam · training loss"})
	add("trajectory-two", f, err)
	for name, f := range sheetFigures(t) {
		add(name, f, nil)
	}
	return figures
}
