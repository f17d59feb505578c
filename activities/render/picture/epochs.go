package picture

import (
	"errors"
	"fmt"
	"image/color"
	"math"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/trainlog"
)

// Quantity is a value of each epoch, on the training set and, if not nil, the test set.
type Quantity struct {
	name        string
	Color       color.Color // where there is one training
	scaled      bool        // Options.Scale is for it
	stairs      bool        // it holds from the epoch before on
	train, test func(trainlog.Epoch) trainlog.Number
}

// WeightNorm is the norm of the weights.
var WeightNorm = Quantity{name: "weight norm", Color: canvas.InkColor, train: func(e trainlog.Epoch) trainlog.Number { return e.WeightNorm }}

// LearningRate is that of the last step of each epoch.
var LearningRate = Quantity{name: "learning rate", Color: canvas.InkColor, stairs: true, train: func(e trainlog.Epoch) trainlog.Number { return e.LR }}

// OfEpochs are the loss of each epoch, and the shown form of its score, if it has one.
func (o Options) OfEpochs() []Quantity {
	out := []Quantity{{name: o.LossName(), Color: canvas.LossColor, scaled: true,
		train: func(e trainlog.Epoch) trainlog.Number { return e.TrainLoss }, test: func(e trainlog.Epoch) trainlog.Number { return e.TestLoss }}}
	if o.Score == trainlog.NoScore {
		return out
	}
	shown := func(n trainlog.Number) trainlog.Number { return trainlog.Number(o.Score.Shown(n)) }
	return append(out, Quantity{name: o.Score.TestLabel(), Color: canvas.AccColor,
		train: func(e trainlog.Epoch) trainlog.Number { return shown(e.TrainAccuracy) }, test: func(e trainlog.Epoch) trainlog.Number { return shown(e.TestAccuracy) }})
}

// Name is the name of the quantity.
func (q Quantity) Name() string { return q.name }

// Kind is the scale that the options ask for.
func (q Quantity) Kind(opt Options) string {
	if q.scaled {
		return opt.Scale
	}
	return ScaleLinear
}

// Train is the quantity over the epochs, and Test that of the test set, nil where it was never evaluated.
func (q Quantity) Train(epochs []trainlog.Epoch) *lattice.Field { return series(epochs, q.train, nil) }

// Test is as Train says.
func (q Quantity) Test(epochs []trainlog.Epoch) *lattice.Field {
	if q.test == nil {
		return nil
	}
	if f := series(epochs, q.test, trainlog.Epoch.Tested); len(f.X) > 0 {
		return f
	}
	return nil
}

// Part is the frame that shows the quantity of all trainings, each in its colour, and whether one of them has test values.
func (q Quantity) Part(trainings [][]trainlog.Epoch, colors []color.Color, opt Options) (part FramePart, tested bool) {
	var curves []Curve
	for i, epochs := range trainings {
		curves = append(curves, Curve{F: q.Train(epochs), Color: colors[i]})
		if f := q.Test(epochs); f != nil {
			tested = true
			curves = append(curves, Curve{F: f, Color: colors[i], Dash: Dashed})
		}
	}
	return q.Frame(curves, opt), tested
}

// Frame is the frame that shows curves of the quantity.
func (q Quantity) Frame(curves []Curve, opt Options) FramePart {
	for i := range curves {
		curves[i].Stairs = q.stairs
	}
	return epochsFrame(q.name, curves, q.Kind(opt))
}

// LossFrame is the frame of losses over epochs.
func LossFrame(curves []Curve, opt Options) FramePart {
	return epochsFrame(opt.LossName(), curves, opt.Scale)
}

// epochsFrame is a frame around curves over epochs.
func epochsFrame(name string, curves []Curve, kind string) FramePart {
	x, y := chart.NoScale, chart.NoScale
	for _, c := range curves {
		x = x.With(c.F.X[0], c.F.X[len(c.F.X)-1])
		y = y.With(c.F.Lo, c.F.Hi)
	}
	if y.Lo > y.Hi {
		y = chart.Scale{Lo: 0, Hi: 1}
	}
	y = ChooseScale(y.Lo, y.Hi, trainingScale(y.Lo, y.Hi, kind))
	return FramePart{Panel: chart.Panel{X: x, Y: y}, Name: name, Ticks: y.Ticks(5), Inside: func(pn canvas.Pen, p chart.Panel) {
		for _, c := range curves {
			DrawCurve(p, pn, c, y)
		}
	}}
}

// Draw draws the frame with its axes, where it stands alone.
func (p FramePart) Draw(pn canvas.Pen) {
	p.Grid(pn, p.Ticks)
	p.Inside(pn, p.Panel)
	p.DrawFrame(pn)
	p.SideAxis(pn, p.Y, p.Ticks, chart.Widest(p.Ticks), p.Name, false, p.Color)
	p.BottomAxis(pn, epochTicks(p.X), "epoch")
}

// OverEpochs gives the frames ticks at whole epochs; a single epoch gets room on both sides, and a legend of dots.
func (s Frames) OverEpochs() Frames {
	if s.X.Lo == s.X.Hi {
		s.X = chart.Scale{Lo: s.X.Lo - 0.5, Hi: s.X.Hi + 0.5}
		s.Series, s.Kinds = AsDots(s.Series), AsDots(s.Kinds)
	}
	s.XTicks = epochTicks(s.X)
	return s
}

// EpochSpan is from the first epoch to the last.
func EpochSpan(epochs []trainlog.Epoch) (first, last float64) {
	return float64(epochs[0].Epoch), float64(epochs[len(epochs)-1].Epoch)
}

// CheckEpochs reports an error unless there are epochs and their numbers rise.
func CheckEpochs(epochs []trainlog.Epoch) error {
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

// series is a quantity over the epochs for which has is true; nil stands for all epochs.
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
func trainingScale(lo, hi float64, kind string) string {
	if kind == ScaleAuto && lo > 0 && hi/lo > 100 {
		return ScaleLog
	}
	return kind
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
