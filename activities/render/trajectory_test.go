package render

import (
	"bytes"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/trajectory"
)

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

// twoSpirals are the paths of two trainings of 12 and 8 epochs from the same start in one plane. Losses at the points are 0.02
// above those of the surface.
func twoSpirals() (trajectory.Path, *trajectory.Losses, surface.Grid) {
	p, g := spiral(12)
	q, _ := spiral(8)
	p.Others = []trajectory.OtherPath{{Points: len(q.Epochs), RateChanges: q.RateChanges}}
	p.Epochs = append(p.Epochs, q.Epochs...)
	for i, c := range q.PCA {
		share := float64(i) / float64(len(q.PCA)-1)
		p.PCA = append(p.PCA, [2]float64{c[0] * (1 - share/2), c[1] + share})
	}
	p.Random = append(p.Random, q.Random...)
	p.Norm, p.Distance = append(p.Norm, q.Norm...), append(p.Distance, q.Distance...)
	var l trajectory.Losses
	for _, c := range p.PCA {
		l.Loss = append(l.Loss, trainlog.Number(g.At(c[0], c[1])+0.02))
		l.Score = append(l.Score, 90)
	}
	return p, &l, g
}

// TestSeveralPaths looks at the pixels of the marks of two paths, each in its own color, and at the frame of the losses.
func TestSeveralPaths(t *testing.T) {
	path, losses, g := twoSpirals()
	f, err := Trajectory(path, g, losses, picture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	img := raster(t, f)
	p := chart.Panel{Frame: f.Frame, X: chart.Scale{Lo: g.X[0], Hi: g.X[len(g.X)-1]}, Y: chart.Scale{Lo: g.Y[0], Hi: g.Y[len(g.Y)-1]}}
	dots := float64(f.DPI) / float64(vg.Inch)
	for i, want := range map[int]color.RGBA{3: chart.SeriesColor(0, 2), 13 + 2: chart.SeriesColor(1, 2), 13 + 4: canvas.AccColor, 13 + 8: canvas.InkColor} {
		at := p.At(path.PCA[i][0], path.PCA[i][1])
		r, gr, bl, _ := img.At(int(float64(at.X)*dots), img.Bounds().Dy()-1-int(float64(at.Y)*dots)).RGBA()
		if got := (color.RGBA{uint8(r >> 8), uint8(gr >> 8), uint8(bl >> 8), 255}); got != want {
			t.Errorf("point %d is drawn in %v, want %v", i, got, want)
		}
	}
	alone, err := Trajectory(path, g, nil, picture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if more := f.Height - alone.Height; more < alongHeight {
		t.Errorf("the losses take %v points more, want at least %v", more, alongHeight)
	}
	losses.Loss = losses.Loss[1:]
	if _, err := Trajectory(path, g, losses, picture.Options{}); err == nil || !strings.Contains(err.Error(), "22 points with 21 losses") {
		t.Errorf("losses of other points: %v", err)
	}
}

// TestTrajectoryMarks looks at the pixels where epochs lie in the plane of the
// principal components: blue for an epoch, red where the rate was changed, ink at the end.
func TestTrajectoryMarks(t *testing.T) {
	path, g := spiral(12)
	f, err := Trajectory(path, g, nil, picture.Options{})
	if err != nil {
		t.Fatal(err)
	}
	img := raster(t, f)
	p := chart.Panel{Frame: f.Frame, X: chart.Scale{Lo: g.X[0], Hi: g.X[len(g.X)-1]}, Y: chart.Scale{Lo: g.Y[0], Hi: g.Y[len(g.Y)-1]}}
	dots := float64(f.DPI) / float64(vg.Inch)
	for i, want := range map[int]any{3: canvas.LossColor, 6: canvas.AccColor, 12: canvas.InkColor, 0: canvas.RGB(0xFFFFFF)} {
		at := p.At(path.PCA[i][0], path.PCA[i][1])
		got := img.At(int(float64(at.X)*dots), img.Bounds().Dy()-1-int(float64(at.Y)*dots))
		r, gr, bl, _ := got.RGBA()
		wr, wg, wb, _ := want.(interface{ RGBA() (r, g, b, a uint32) }).RGBA()
		if r>>8 != wr>>8 || gr>>8 != wg>>8 || bl>>8 != wb>>8 {
			t.Errorf("epoch %d is drawn in %02x%02x%02x, want %02x%02x%02x", i, r>>8, gr>>8, bl>>8, wr>>8, wg>>8, wb>>8)
		}
	}
}

// TestTrajectoryRanges: part of a path outside the frame is left out, a path at
// rest in the random plane and a surface without finite values are drawn.
func TestTrajectoryRanges(t *testing.T) {
	path, g := spiral(300)
	for i := range path.Random {
		path.Random[i] = [2]float64{}
	}
	for i := range g.X {
		g.X[i] /= 20
	}
	for i := range g.Loss {
		g.Loss[i] = math.Inf(1)
	}
	f, err := Trajectory(path, g, nil, picture.Options{Width: 3})
	if err != nil {
		t.Fatal(err)
	}
	svg, err := f.SVG()
	if err != nil || bytes.Contains(svg, []byte("NaN")) {
		t.Errorf("the SVG can't be read: %v", err)
	}
}

func TestTrajectoryErrors(t *testing.T) {
	path, g := spiral(4)
	short := path
	short.PCA = short.PCA[:2]
	if _, err := Trajectory(short, g, nil, picture.Options{}); err == nil || !strings.Contains(err.Error(), "5 epochs with 2") {
		t.Errorf("a path without coordinates: %v", err)
	}
	if _, err := Trajectory(path, *surface.NewGrid([]float64{0, 1}, []float64{0}), nil, picture.Options{}); err == nil {
		t.Error("a line was drawn as a plane")
	}
}

func TestPercent(t *testing.T) {
	for share, want := range map[float64]string{0.842: "84.2 %", 1: "100.0 %", 0.0004: "0.04 %", 1e-9: "less than 0.01 %", 0: "0 %"} {
		if got := percent(share); got != want {
			t.Errorf("%g is written %s, want %s", share, got, want)
		}
	}
}

// TestLearningRates: the rate of epoch e holds from e − 1 to e, so that a drop after two epochs stands at 2.
func TestLearningRates(t *testing.T) {
	epochs := []trainlog.Epoch{{Epoch: 1, LR: 0.1}, {Epoch: 2, LR: 0.1}, {Epoch: 3, LR: 0.01}, {Epoch: 4, LR: 0.001}}
	if got, want := learningRates(epochs), []drop{{0, 0.1}, {2, 0.01}, {3, 0.001}}; !slices.Equal(got, want) {
		t.Errorf("the rates are %v, want %v", got, want)
	}
}
