package atlas

import (
	"fmt"
	"math"
	"testing"

	"lossatlas/activities/render"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/trajectory"
	"lossatlas/pipelines"
)

// sampleKey is the key of every step of a sample.
const sampleKey = "9f2c4e7a1b3d5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8"

// surfaces are losses of every sort: a bowl, a tilted one, one of many minima that rises to hundreds, and
// a bowl that overflows in one corner and has no value in a disc.
var surfaces = []func(x, y float64) float64{
	bowl,
	func(x, y float64) float64 {
		sin, cos := math.Sincos(math.Pi / 6)
		u, v := cos*x+sin*y, -sin*x+cos*y
		return 0.05 + 0.7*u*u + 11.2*v*v
	},
	func(x, y float64) float64 {
		r := x*x + y*y
		waves := math.Sin(9*x+1)*math.Sin(8*y) + 0.7*math.Sin(17*x-11*y) + 0.5*math.Sin(23*y+5*x*x+2)
		return 0.3 + 2*r + 1000*math.Pow(min(r/2, 1), 2)*math.Pow((waves+2.3)/4.5, 2)
	},
	func(x, y float64) float64 {
		switch {
		case x > 0.4 && y > 0.5:
			return math.Inf(1)
		case math.Hypot(x+0.6, y+0.5) < 0.2:
			return math.NaN()
		}
		return bowl(x, y)
	},
}

func bowl(x, y float64) float64 { return 0.02 + 2.5*x*x + 2.5*y*y }

// sampled evaluates f over [-1,1]² on n×n points. Accuracy falls as the loss rises.
func sampled(n int, f func(x, y float64) float64) *surface.Grid {
	g := surface.NewGrid(surface.Lattice(-1, 1, n), surface.Lattice(-1, 1, n))
	for i := range g.Loss {
		v := f(g.X[i%n], g.Y[i/n])
		g.Loss[i], g.Accuracy[i], g.Mask[i] = v, 10+90*math.Exp(-max(v, 0)), true
	}
	return g
}

// sampledLine evaluates f at n points of [-1, 1].
func sampledLine(n int, f func(x, y float64) float64) *surface.Grid {
	g := surface.NewGrid(surface.Lattice(-1, 1, n), []float64{0})
	for i, x := range g.X {
		v := f(x, 0)
		g.Loss[i], g.Accuracy[i], g.Mask[i] = v, 10+90*math.Exp(-max(v, 0)), true
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
		fall := math.Exp(-6*t) + 0.25*lr/0.1 + 0.02*math.Sin(40*t)*lr/0.1
		l := trainlog.Epoch{Epoch: e + 1, LR: number(lr), TrainLoss: number(2.1*fall + 0.004), TrainAccuracy: number(100 - 85*min(fall, 1)), WeightNorm: number(20 + 18*math.Sqrt(t))}
		l.TestLoss, l.TestAccuracy = l.TrainLoss*1.1+0.15, l.TrainAccuracy-number(4*t)-2
		log.Epochs = append(log.Epochs, l)
	}
	return log
}

// spiral is a path of n epochs that curls into its end, the learning rate changed at half of them, over a bowl.
func spiral(n int) (trajectory.Path, surface.Grid) {
	p := trajectory.Path{
		Variance: []float64{84.2, 9.91, 5.89}, Ratio: []float64{0.842, 0.0991, 0.0589}, RandomRatio: 0.0004, RateChanges: []int{n / 2},
	}
	for i := range n + 1 {
		left := 1 - float64(i)/float64(n)
		phase := 5 * left * left
		c := [2]float64{12 * left * math.Cos(phase-5), 4 * left * math.Sin(phase)}
		p.Epochs, p.PCA = append(p.Epochs, i), append(p.PCA, c)
		p.Random = append(p.Random, [2]float64{-0.06 * left, 0.01 * math.Sin(9*left) * left})
		p.Norm, p.Distance = append(p.Norm, 20+left), append(p.Distance, math.Hypot(c[0], c[1]))
	}
	var lo, hi [2]float64
	for axis := range 2 {
		lo[axis], hi[axis] = p.Range(axis, 0.15)
	}
	const side = 25
	g := surface.NewGrid(surface.Lattice(lo[0], hi[0], side), surface.Lattice(lo[1], hi[1], side))
	for i := range g.Loss {
		x, y := g.X[i%side], g.Y[i/side]
		g.Loss[i], g.Mask[i] = 0.02+0.016*x*x+0.1*y*y, true
	}
	return p, *g
}

// samplePage is the page of n experiments with four pictures each.
func samplePage(t testing.TB, n int) Data {
	t.Helper()
	draw := func(f picture.Figure, err error) (p Picture) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if p.SVG, err = f.SVG(); err != nil {
			t.Fatal(err)
		}
		if p.PNG, err = f.PNG(); err != nil {
			t.Fatal(err)
		}
		return p
	}
	d := Data{
		Title: "VGG-9: batch size against weight decay", Sweep: "fig3", Command: "lossatlas run pipelines/fig3.yaml",
		Facts: []Pair{{"dataset", "cifar10"}, {"training images", "50,000"}, {"network", "vgg9"}},
	}
	for i := range n {
		trainLoss, testLoss, testError := 0.01*float64(i+1), 0.3+0.02*float64(i), 7.4+0.3*float64(i)
		batch, decay := []string{"128", "8192"}[i%2], []string{"0", "0.0005"}[i/2%2]
		e := Experiment{
			Name:      fmt.Sprintf("batch_size=%s, weight_decay=%s", batch, decay),
			Params:    []Pair{{"train.batch_size", batch}, {"train.optimizer.weight_decay", decay}},
			TrainLoss: &trainLoss, TestLoss: &testLoss, TestError: &testError,
			Provenance: []Provenance{{Kind: "train", Key: sampleKey, Items: []Pair{{"weights", "sha256:" + sampleKey}, {"seconds", "412.3"}, {"numerics", "xla:sha256:ad1309ac822b:f32:cpu"}}}},
		}
		o := picture.Options{Title: fmt.Sprintf("%s, %s, %.1f %%", decay, batch, testError), Meta: `{"sweep":"fig3"}`}
		f := surfaces[i%4]
		line := draw(render.Line(render.Data{Train: sampledLine(51, f)}, o))
		line.Title, line.Caption = "Along one direction", "Loss (blue) and accuracy (red) on the training set."
		contour := draw(render.Contour(*sampled(51, f), o))
		contour.Title, contour.Caption = "Loss surface", "Lines of equal loss around the minimizer; filter-normalised random directions."
		filled := draw(render.FilledContour(*sampled(51, f), o))
		filled.Title = "Loss surface, filled"
		training := draw(render.Training(sampledLog(300), o))
		training.Title, training.Caption = "Training", "Loss, error and norm of the weights over the epochs."
		e.Pictures = []Picture{line, contour, filled, training}
		for j := range e.Pictures {
			e.Pictures[j].Provenance = []Provenance{{Kind: "render", Key: sampleKey, Items: []Pair{{"grid", "sha256:" + sampleKey}, {"svg", "sha256:" + sampleKey}}}}
		}
		d.Experiments = append(d.Experiments, e)
	}
	return d
}

// sampleAtlas is the page of n experiments with maps of every kind, side points a side, and no pictures.
func sampleAtlas(n, side int) Data {
	d := Data{Title: "ResNets: batch size against weight decay", Sweep: "fig3", Command: "lossatlas run fig3.yaml", Facts: []Pair{{"dataset.name", "cifar10"}, {"train.epochs", "300"}}}
	made := func(kind string) []Provenance {
		return []Provenance{{Kind: kind, Key: sampleKey, Items: []Pair{{"result", "sha256:" + sampleKey}, {"parameters", `{"net":"resnet20"}`}, {"code version", "1"}}}}
	}
	for i := range n {
		trainLoss, testLoss, testError := 0.01*float64(i+1), 0.3+0.02*float64(i), 7.4+0.3*float64((i*7)%n)
		batch, decay := []string{"128", "8192"}[i%2], fmt.Sprint(float64(i/2)*1e-4)
		name := fmt.Sprintf("batch_size=%s,weight_decay=%s", batch, decay)
		f := surfaces[i%4]
		shifted := func(x, y float64) float64 { return 1.1*f(x*0.95+0.03, y) + 0.2 }
		curved := sampled((side+1)/2, f)
		curved.Curvature = surface.NewCurvature(len(curved.Mask))
		for k := range curved.Mask {
			x, y := curved.X[k%len(curved.X)], curved.Y[k/len(curved.X)]
			curved.Curvature.LambdaMax[k], curved.Curvature.LambdaMin[k] = 40+20*x*x, -0.1-30*x*x*y*y
			curved.Curvature.ResidualMax[k], curved.Curvature.ResidualMin[k] = 0.01, 0.02
		}
		partly := sampled(side, f)
		if i == 1 { // as it is in the middle of being evaluated
			for _, k := range surface.Order(side, side)[side*side*3/5:] {
				partly.Mask[k], partly.Loss[k], partly.Accuracy[k] = false, math.NaN(), math.NaN()
			}
		}
		e := Experiment{
			Name: name, Params: []Pair{{"train.batch_size", batch}, {"train.optimizer.weight_decay", decay}},
			TrainLoss: &trainLoss, TestLoss: &testLoss, TestError: &testError, Provenance: made("train"),
			Flatness: []Flatness{{Name: "surface-train", Pairs: 3, Summary: []surface.Summary{
				{Name: "width0.1", Mean: 0.2, Deviation: 0.01}, {Name: "width0.5", Mean: 0.5 + 0.01*float64(i), Deviation: 0.02, Bounds: i % 2},
				{Name: "convex", Mean: 90 - float64(i), Deviation: math.NaN()}, {Name: "sharp0.5", Mean: float64(i + 1), Deviation: math.NaN()},
			}}},
			Maps: []Map{
				{Name: "surface", Kind: "surface", Split: "train", Grid: partly, Plane: name, Provenance: made("surface")},
				{Name: "hessian", Kind: "hessian", Split: "train", Grid: curved, Plane: name, Provenance: made("hessian")},
				{Name: "line", Kind: "line", Split: "train", Grid: sampledLine(2*side-1, f), Provenance: made("line")},
				{Name: "line", Kind: "line", Split: "test", Grid: sampledLine(2*side-1, shifted), Provenance: made("line")},
				{Name: "spectrum", Kind: "spectrum", Split: "train", Spectrum: sampledSpectrum(float64(i + 1)), Provenance: made("spectrum")},
			},
			Training: scaled(sampledLog(300), 0.5+0.1*trainlog.Number(i)),
		}
		if i == 1 {
			e.Maps[0].Note = "Some points are not there yet."
		}
		if i < 2 {
			path, plane := spiral(20)
			e.Maps = append(e.Maps, Map{Name: "trajectory", Kind: "trajectory", Split: "train", Grid: &plane, Path: &path, Plane: name + " path", Provenance: made("surface")})
		}
		d.Experiments = append(d.Experiments, e)
	}
	d.Experiments[0].Maps[0].Provenance[0].Run = "http://127.0.0.1:8233/namespaces/default/workflows/a/b/history"
	if n > 1 {
		d.Comparisons = []Experiment{{Name: "between", Params: []Pair{{"a", d.Experiments[0].Name}, {"b", d.Experiments[1].Name}}, Maps: []Map{
			{Name: "between", Kind: "line", Split: "train", Grid: sampledLine(41, bowl), Marks: []pipelines.Mark{{X: 0, Y: 0, Label: "a"}, {X: 1, Y: 0, Label: "b"}}, Provenance: made("line")},
			{Name: "between", Kind: "surface", Split: "train", Grid: sampled(side, bowl), Marks: []pipelines.Mark{{X: 0, Y: 0, Label: "a"}, {X: 0.8, Y: 0, Label: "b"}, {X: 0, Y: 0.8, Label: "c"}}, Curve: [][2]float64{{0, 0}, {0.2, 0.7}, {0.8, 0}, {1.5, -0.5}}, Provenance: made("surface")},
		}}}
	}
	return d
}

// sampledSpectrum has a bulk near 0 and a few outliers.
func sampledSpectrum(scale float64) *Spectrum {
	s := &Spectrum{LambdaMin: -0.2 * scale, LambdaMax: 10 * scale, Trace: 30 * scale, TraceError: 2}
	for i := range 512 {
		x := -0.5 + 12*float64(i)/511
		s.X = append(s.X, x*scale)
		s.Density = append(s.Density, math.Exp(-x*x*8)+1e-3*math.Exp(-20*(x-6)*(x-6))+1e-3*math.Exp(-20*(x-10)*(x-10)))
	}
	return s
}

// scaled is a training with its losses and norms scaled.
func scaled(log *trainlog.Log, scale trainlog.Number) *trainlog.Log {
	out := &trainlog.Log{}
	for _, e := range log.Epochs {
		out.Epochs = append(out.Epochs, trainlog.Epoch{
			Epoch: e.Epoch, LR: e.LR, TrainLoss: e.TrainLoss * scale, TrainAccuracy: e.TrainAccuracy,
			TestLoss: e.TestLoss * scale, TestAccuracy: e.TestAccuracy, WeightNorm: e.WeightNorm * scale,
		})
	}
	return out
}
