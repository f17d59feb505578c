package render

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/trainlog"
)

var trainingPlot = Plot{
	Name: "training", has: func(d Data) bool { return d.Log != nil },
	draw: func(d Data, opt picture.Options) (picture.Figure, error) { return Training(d.Log, opt) },
}

// Training draws loss, error (100 % − accuracy) or another score, and the norm of the weights over the epochs, one above the other,
// with a thin vertical line where the learning rate changes, or with the rate in a frame of its own where Options.Rate asks for it or its schedule is smooth. Training values are solid, test values dashed. The figure
// of a training that diverged in its first epoch has empty frames.
func Training(log *trainlog.Log, opt picture.Options) (picture.Figure, error) {
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	epochs := log.Epochs
	if nan := trainlog.Number(math.NaN()); len(epochs) == 0 && log.Diverged != nil {
		epochs = []trainlog.Epoch{{Epoch: 1, LR: log.Diverged.LR, TrainLoss: nan, TrainAccuracy: nan, TestLoss: nan, TestAccuracy: nan, WeightNorm: nan}}
	}
	if err := picture.CheckEpochs(epochs); err != nil {
		return picture.Figure{}, err
	}
	rates, quantities := learningRates(epochs), append(opt.OfEpochs(), picture.WeightNorm)
	s := picture.Frames{X: chart.NoScale.With(picture.EpochSpan(epochs)), XName: "epoch", Above: 7, Over: func(pn canvas.Pen, p chart.Panel) { drawRateLabels(p, pn, rates) }}
	if len(rates) > 1 {
		s.X = s.X.With(rates[0].at, rates[0].at)
	}
	if opt.Rate || isSmooth(epochs) {
		s.Over, s.Above, rates, quantities = nil, 0, rates[:1], append(quantities, picture.LearningRate)
	}
	tested := false
	for _, of := range quantities {
		part, dashes := of.Part([][]trainlog.Epoch{epochs}, []color.Color{of.Color}, opt)
		curves := part.Inside
		part.Color, part.Inside = of.Color, func(pn canvas.Pen, p chart.Panel) {
			drawDrops(p, pn, rates)
			curves(pn, p)
		}
		s.Parts, tested = append(s.Parts, part), tested || dashes
	}
	s.Kinds = []chart.LegendEntry{{Name: "training", Color: canvas.InkColor}}
	if tested {
		s.Kinds = picture.SplitLegend(true, true)
	}
	return s.OverEpochs().Layout(opt, trainingAspect), nil
}

// trainingAspect is the height of each frame of a training in widths.
const trainingAspect = 0.36

// drop is a change of the learning rate: from Epoch on it is LR.
type drop struct {
	at float64
	lr float64
}

// learningRates returns the stretches of constant learning rate, by where they start: the rate of epoch e, whose loss stands at e, holds from e − 1 to e.
func learningRates(epochs []trainlog.Epoch) []drop {
	var d []drop
	for i, e := range epochs {
		switch {
		case i == 0:
			d = append(d, drop{float64(max(e.Epoch-1, 0)), float64(e.LR)})
		case float64(e.LR) != d[len(d)-1].lr:
			d = append(d, drop{float64(epochs[i-1].Epoch), float64(e.LR)})
		}
	}
	return d
}

// isSmooth says that the rate changes after several epochs in a row, as by a cosine or a warm-up: lines at all of them would tell nothing.
func isSmooth(epochs []trainlog.Epoch) bool {
	changes := trainlog.RateChanges(epochs)
	return len(trainlog.RateSteps(changes)) < len(changes)
}

// drawDrops draws a thin vertical line at each change of the learning rate.
func drawDrops(p chart.Panel, pn canvas.Pen, rates []drop) {
	for _, d := range rates[1:] {
		p.Vertical(pn, d.at, picture.ThinDashes)
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
		if start := max(p.Px(d.at), p.Frame.Min.X); t.Width(chart.NoteSize) < end-start-2 {
			pn.Write(t, canvas.TextStyle{Size: chart.NoteSize, Color: canvas.NoteColor, H: 0.5}, vg.Point{X: (start + end) / 2, Y: p.Frame.Max.Y + 4})
		}
	}
}
