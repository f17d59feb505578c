package render

import (
	"errors"
	"fmt"
	"image/color"
	"math"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/trainlog"

	"gonum.org/v1/plot/vg"
)

var trainingPlot = Plot{
	Name: "training", has: func(d Data) bool { return d.Log != nil },
	draw: func(d Data, opt Options) (Figure, error) { return Training(d.Log, opt) },
}

// Training draws loss, error (100 % − accuracy) and the norm of the weights over the epochs, one above the other,
// with a thin vertical line where the learning rate changes. Training values are solid, test values dashed. The figure
// of a training that diverged in its first epoch has empty frames.
func Training(log *trainlog.Log, opt Options) (Figure, error) {
	opt, err := opt.filled()
	if err != nil {
		return Figure{}, err
	}
	epochs := log.Epochs
	if nan := trainlog.Number(math.NaN()); len(epochs) == 0 && log.Diverged != nil {
		epochs = []trainlog.Epoch{{Epoch: 1, LR: log.Diverged.LR, TrainLoss: nan, TrainAccuracy: nan, TestLoss: nan, TestAccuracy: nan, WeightNorm: nan}}
	}
	if err := checkEpochs(epochs); err != nil {
		return Figure{}, err
	}
	rates := learningRates(epochs)
	s := frames{x: chart.NoScale.With(epochSpan(epochs)), xName: "epoch", above: 7, over: func(pn canvas.Pen, p chart.Panel) { drawRateLabels(p, pn, rates) }}
	tested := false
	for _, of := range []struct {
		quantity
		color color.Color
	}{{epochLoss, canvas.LossColor}, {epochError, canvas.AccColor}, {weightNorm, canvas.InkColor}} {
		part, dashes := of.part([][]trainlog.Epoch{epochs}, []color.Color{of.color}, opt)
		curves := part.inside
		part.color, part.inside = of.color, func(pn canvas.Pen, p chart.Panel) {
			drawDrops(p, pn, rates)
			curves(pn, p)
		}
		s.parts, tested = append(s.parts, part), tested || dashes
	}
	s.kinds = []chart.LegendEntry{{Name: "training", Color: canvas.InkColor}}
	if tested {
		s.kinds = splitLegend(true, true)
	}
	return s.overEpochs().layout(opt, trainingAspect), nil
}

// trainingAspect is the height of each frame of a training in widths.
const trainingAspect = 0.36

// quantity is a value of each epoch, on the training set and, if not nil, the test set.
type quantity struct {
	name        string
	scaled      bool // Options.Scale is for it
	train, test func(trainlog.Epoch) trainlog.Number
}

var (
	epochLoss = quantity{name: "loss", scaled: true,
		train: func(e trainlog.Epoch) trainlog.Number { return e.TrainLoss }, test: func(e trainlog.Epoch) trainlog.Number { return e.TestLoss }}
	epochError = quantity{name: "error (%)",
		train: func(e trainlog.Epoch) trainlog.Number { return 100 - e.TrainAccuracy }, test: func(e trainlog.Epoch) trainlog.Number { return 100 - e.TestAccuracy }}
	weightNorm = quantity{name: "weight norm", train: func(e trainlog.Epoch) trainlog.Number { return e.WeightNorm }}
)

// part is the frame that shows the quantity of all trainings, each in its colour, and whether one of them has test values.
func (q quantity) part(trainings [][]trainlog.Epoch, colors []color.Color, opt Options) (part framePart, tested bool) {
	var curves []curve
	y := chart.NoScale
	add := func(c curve) {
		y = y.With(c.f.Lo, c.f.Hi)
		curves = append(curves, c)
	}
	for i, epochs := range trainings {
		add(curve{f: series(epochs, q.train, nil), color: colors[i]})
		if q.test == nil {
			continue
		}
		if f := series(epochs, q.test, trainlog.Epoch.Tested); len(f.X) > 0 {
			tested = true
			add(curve{f: f, color: colors[i], dash: dashed})
		}
	}
	if y.Lo > y.Hi {
		y = chart.Scale{Lo: 0, Hi: 1}
	}
	kind := ScaleLinear
	if q.scaled {
		kind = trainingScale(y.Lo, y.Hi, opt)
	}
	y = chooseScale(y.Lo, y.Hi, kind)
	return framePart{Panel: chart.Panel{Y: y}, name: q.name, ticks: y.Ticks(5), inside: func(pn canvas.Pen, p chart.Panel) {
		for _, c := range curves {
			drawCurve(p, pn, c, y)
		}
	}}, tested
}

// overEpochs gives the frames ticks at whole epochs; a single epoch gets room on both sides.
func (s frames) overEpochs() frames {
	if s.x.Lo == s.x.Hi {
		s.x = chart.Scale{Lo: s.x.Lo - 0.5, Hi: s.x.Hi + 0.5}
	}
	s.xTicks = epochTicks(s.x)
	return s
}

// epochSpan is from the first epoch to the last.
func epochSpan(epochs []trainlog.Epoch) (first, last float64) {
	return float64(epochs[0].Epoch), float64(epochs[len(epochs)-1].Epoch)
}

// checkEpochs reports an error unless there are epochs and their numbers rise.
func checkEpochs(epochs []trainlog.Epoch) error {
	if len(epochs) == 0 {
		return errors.New("the training log has no epochs: there is nothing to draw")
	}
	for i, e := range epochs[1:] {
		if e.Epoch <= epochs[i].Epoch {
			return fmt.Errorf("training log: epoch %d follows epoch %d; epochs must rise", e.Epoch, epochs[i].Epoch)
		}
	}
	return nil
}

// series is a quantity over the epochs that have it; has may be nil for all.
func series(epochs []trainlog.Epoch, value func(trainlog.Epoch) trainlog.Number, has func(trainlog.Epoch) bool) *lattice.Field {
	var x, values []float64
	for _, e := range epochs {
		if has == nil || has(e) {
			x, values = append(x, float64(e.Epoch)), append(values, float64(value(e)))
		}
	}
	return lattice.NewCurve(x, values)
}

// trainingScale is the scale of a loss, logarithmic where it falls by orders of magnitude.
func trainingScale(lo, hi float64, opt Options) string {
	if opt.Scale == ScaleAuto && lo > 0 && hi/lo > 100 {
		return ScaleLog
	}
	return opt.Scale
}

// epochTicks are ticks at whole epochs.
func epochTicks(x chart.Scale) []chart.Tick {
	var out []chart.Tick
	for _, t := range x.Ticks(int(min(8, max(1, x.Hi-x.Lo)))) {
		if t.V == math.Trunc(t.V) {
			out = append(out, t)
		}
	}
	return out
}

// drop is a change of the learning rate: from Epoch on it is LR.
type drop struct {
	at float64
	lr float64
}

// learningRates returns the stretches of constant learning rate, by where they start.
func learningRates(epochs []trainlog.Epoch) []drop {
	var d []drop
	for i, e := range epochs {
		switch {
		case i == 0:
			d = append(d, drop{float64(e.Epoch), float64(e.LR)})
		case float64(e.LR) != d[len(d)-1].lr:
			// Between the two epochs, whose values are means over them.
			d = append(d, drop{float64(epochs[i-1].Epoch+e.Epoch) / 2, float64(e.LR)})
		}
	}
	return d
}

// drawDrops draws a thin vertical line at each change of the learning rate.
func drawDrops(p chart.Panel, pn canvas.Pen, rates []drop) {
	for _, d := range rates[1:] {
		p.Vertical(pn, d.at, thinDashes)
	}
}

// drawRateLabels writes each learning rate above its stretch of epochs, where there is room.
func drawRateLabels(p chart.Panel, pn canvas.Pen, rates []drop) {
	for i, d := range rates {
		end := p.Frame.Max.X
		if i+1 < len(rates) {
			end = p.Px(rates[i+1].at)
		}
		t := canvas.Plain(chart.Number(d.lr))
		if i == 0 {
			t = canvas.Plain("lr " + chart.Number(d.lr))
		}
		if start := p.Px(d.at); t.Width(chart.NoteSize) < end-start-2 {
			pn.Write(t, canvas.TextStyle{Size: chart.NoteSize, Color: canvas.NoteColor, H: 0.5}, vg.Point{X: (start + end) / 2, Y: p.Frame.Max.Y + 4})
		}
	}
}
