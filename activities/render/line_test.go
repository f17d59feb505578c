package render

import (
	"math"
	"testing"

	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// The ticks of both axes stand exactly where the curves have these values: in the drawn picture, a constant
// accuracy runs into its tick on the right, and a constant loss into its tick on the left.
func TestTicksMeetTheCurves(t *testing.T) {
	for _, c := range []struct{ loss, accuracy float64 }{{2, 20}, {4, 60}, {2, 80}, {4, 40}} {
		// The first values stretch the loss axis to 0..6.
		g := sampledLine(0, 1, 11, func(x float64) float64 {
			switch x {
			case 0:
				return 6
			case 0.1:
				return 0
			}
			return c.loss
		}, func(float64) float64 { return c.accuracy })
		f, err := Line(Data{Train: g}, picture.Options{DPI: 288})
		if err != nil {
			t.Fatal(err)
		}
		img := raster(t, f)
		// rows returns the middles of the runs of pixels in column x that are red or blue.
		rows := func(x int, red bool) (mid []float64) {
			from := -1
			for y := range img.Bounds().Dy() + 1 {
				hit := false
				if y < img.Bounds().Dy() {
					r, _, b, _ := img.At(x, y).RGBA()
					hit = red && r > b+0x3000 || !red && b > r+0x3000
				}
				switch {
				case hit && from < 0:
					from = y
				case !hit && from >= 0:
					mid = append(mid, float64(from+y-1)/2)
					from = -1
				}
			}
			return mid
		}
		const pixels = 288.0 / 72 // per point
		// The frame's sides are the axes of the ticks.
		right, left := f.Frame.Max.X, f.Frame.Min.X
		curve := rows(int((right.Points()-8)*pixels), true)
		ticks := rows(int((right.Points()+2)*pixels), true)
		lossCurve := rows(int((right.Points()-8)*pixels), false)
		lossTicks := rows(int((left.Points()-2.8)*pixels), false)
		if len(ticks) != 6 || len(curve) != 1 || len(lossCurve) != 1 || len(lossTicks) != 4 {
			t.Fatalf("found accuracy ticks %v, curve %v, loss ticks %v, curve %v", ticks, curve, lossTicks, lossCurve)
		}
		// A line of even width may fall on one pixel more above than below: half a pixel each.
		if tick := ticks[5-int(c.accuracy/20)]; math.Abs(curve[0]-tick) > 1 {
			t.Errorf("accuracy %g runs at row %g, its tick stands at %g", c.accuracy, curve[0], tick)
		}
		if tick := lossTicks[3-int(c.loss/2)]; math.Abs(lossCurve[0]-tick) > 1 {
			t.Errorf("loss %g runs at row %g, its tick stands at %g", c.loss, lossCurve[0], tick)
		}
		if top := (f.Height.Points() - f.Frame.Max.Y.Points()) * pixels; math.Abs(ticks[0]-top) > 1 {
			t.Errorf("100 %% stands at row %g, the frame ends at %g", ticks[0], top)
		}
	}
}

// TestScoreWithoutOutputs: where the loss is not finite, neither is the score: the class of outputs that are not numbers is arbitrary.
func TestScoreWithoutOutputs(t *testing.T) {
	g := surface.NewGrid([]float64{-1, 0, 1}, []float64{0})
	copy(g.Loss, []float64{1, math.NaN(), math.Inf(1)})
	copy(g.Accuracy, []float64{0.5, 0.1, 0.1})
	if got := scores(g); got[0] != 0.5 || !math.IsNaN(got[1]) || !math.IsNaN(got[2]) || g.Accuracy[1] != 0.1 {
		t.Errorf("scores %v of accuracies %v", got, g.Accuracy)
	}
}
