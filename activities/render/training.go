package render

import (
	"errors"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

var trainingPlot = Plot{
	Name: "training", has: func(d Data) bool { return d.Log != nil },
	draw: func(d Data, opt Options) (Figure, error) { return Training(*d.Log, opt) },
}

// EpochLog is what was measured over one epoch of a training. TestLoss and
// TestAccuracy are both 0 when the test set was not evaluated after this epoch.
type EpochLog struct {
	Epoch         int     `json:"epoch"` // counted from 0
	LR            float64 `json:"lr"`
	TrainLoss     float64 `json:"train_loss"`
	TrainAccuracy float64 `json:"train_accuracy"` // percent
	TestLoss      float64 `json:"test_loss"`
	TestAccuracy  float64 `json:"test_accuracy"` // percent
	WeightNorm    float64 `json:"weight_norm"`   // ‖θ‖₂ after the epoch
}

// tested reports whether the epoch has test values: a loss of exactly 0 comes with an accuracy of 100 %.
func (e EpochLog) tested() bool { return e.TestLoss != 0 || e.TestAccuracy != 0 }

// TrainLog is the course of a training, epochs rising.
type TrainLog struct {
	Epochs []EpochLog `json:"epochs"`
}

// Training draws loss, error (100 % − accuracy) and the norm of the weights over the epochs, one above the other,
// with a thin vertical line where the learning rate changes. Training values are solid, test values dashed.
func Training(log TrainLog, opt Options) (Figure, error) {
	opt, err := opt.filled()
	if err != nil {
		return Figure{}, err
	}
	if err := log.check(); err != nil {
		return Figure{}, err
	}
	rates := log.rates()
	s := frames{x: noScale.with(log.span()), xName: "epoch", above: 7, over: func(pn pen, p panel) { p.rateLabels(pn, rates) }}
	tested := false
	for _, of := range []struct {
		quantity
		color color.Color
	}{{epochLoss, lossColor}, {epochError, accColor}, {weightNorm, inkColor}} {
		part, dashes := of.part([]TrainLog{log}, []color.Color{of.color}, opt)
		curves := part.inside
		part.color, part.inside = of.color, func(pn pen, p panel) {
			p.drops(pn, rates)
			curves(pn, p)
		}
		s.parts, tested = append(s.parts, part), tested || dashes
	}
	s.kinds = []legendEntry{{name: "training", color: inkColor}}
	if tested {
		s.kinds = splitLegend(true, true)
	}
	return s.overEpochs().layout(opt, trainingAspect), nil
}

// trainingAspect is the height of each frame of a training in widths.
const trainingAspect = 0.36

// quantity is what is drawn of each epoch, on the training set and, if not nil, the test set.
type quantity struct {
	name        string
	scaled      bool // Options.Scale is for it
	train, test func(EpochLog) float64
}

var (
	epochLoss = quantity{name: "loss", scaled: true,
		train: func(e EpochLog) float64 { return e.TrainLoss }, test: func(e EpochLog) float64 { return e.TestLoss }}
	epochError = quantity{name: "error (%)",
		train: func(e EpochLog) float64 { return 100 - e.TrainAccuracy }, test: func(e EpochLog) float64 { return 100 - e.TestAccuracy }}
	weightNorm = quantity{name: "weight norm", train: func(e EpochLog) float64 { return e.WeightNorm }}
)

// part is the frame that shows the quantity of all logs, each in its colour, and whether one of them has test values.
func (q quantity) part(logs []TrainLog, colors []color.Color, opt Options) (part framePart, tested bool) {
	var curves []curve
	y := noScale
	add := func(c curve) {
		y = y.with(c.f.lo, c.f.hi)
		curves = append(curves, c)
	}
	for i, log := range logs {
		add(curve{f: log.series(q.train, nil), color: colors[i]})
		if q.test == nil {
			continue
		}
		if f := log.series(q.test, EpochLog.tested); len(f.x) > 0 {
			tested = true
			add(curve{f: f, color: colors[i], dash: dashed})
		}
	}
	if y.lo > y.hi {
		y = scale{lo: 0, hi: 1}
	}
	kind := ScaleLinear
	if q.scaled {
		kind = trainingScale(y.lo, y.hi, opt)
	}
	y = chooseScale(y.lo, y.hi, kind)
	return framePart{panel: panel{y: y}, name: q.name, ticks: y.ticks(5), inside: func(pn pen, p panel) {
		for _, c := range curves {
			p.curve(pn, c, y)
		}
	}}, tested
}

// overEpochs gives the frames ticks at whole epochs; a single epoch gets room on both sides.
func (s frames) overEpochs() frames {
	if s.x.lo == s.x.hi {
		s.x = scale{lo: s.x.lo - 0.5, hi: s.x.hi + 0.5}
	}
	s.xTicks = epochTicks(s.x)
	return s
}

// span is from the first epoch to the last.
func (log TrainLog) span() (first, last float64) {
	return float64(log.Epochs[0].Epoch), float64(log.Epochs[len(log.Epochs)-1].Epoch)
}

// check wants epochs, and that they rise.
func (log TrainLog) check() error {
	if len(log.Epochs) == 0 {
		return errors.New("the training log has no epochs: there is nothing to draw")
	}
	for i, e := range log.Epochs[1:] {
		if e.Epoch <= log.Epochs[i].Epoch {
			return fmt.Errorf("training log: epoch %d follows epoch %d; epochs must rise", e.Epoch, log.Epochs[i].Epoch)
		}
	}
	return nil
}

// series is a quantity over the epochs that have it; has may be nil for all.
func (log TrainLog) series(value func(EpochLog) float64, has func(EpochLog) bool) *field {
	f := &field{lo: math.Inf(1), hi: math.Inf(-1)}
	for _, e := range log.Epochs {
		if has != nil && !has(e) {
			continue
		}
		v := value(e)
		ok := !math.IsNaN(v) && !math.IsInf(v, 0)
		if ok {
			v = drawable(v)
		}
		f.x, f.z, f.ok = append(f.x, float64(e.Epoch)), append(f.z, v), append(f.ok, ok)
		if ok {
			f.lo, f.hi = min(f.lo, v), max(f.hi, v)
		}
	}
	return f
}

// trainingScale is the scale of a loss, logarithmic where it falls by orders of magnitude.
func trainingScale(lo, hi float64, opt Options) string {
	if opt.Scale == ScaleAuto && lo > 0 && hi/lo > 100 {
		return ScaleLog
	}
	return opt.Scale
}

// epochTicks are ticks at whole epochs.
func epochTicks(x scale) []tick {
	var out []tick
	for _, t := range x.ticks(int(min(8, max(1, x.hi-x.lo)))) {
		if t.v == math.Trunc(t.v) {
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

// rates returns the stretches of constant learning rate, by where they start.
func (log TrainLog) rates() []drop {
	var d []drop
	for i, e := range log.Epochs {
		switch {
		case i == 0:
			d = append(d, drop{float64(e.Epoch), e.LR})
		case e.LR != d[len(d)-1].lr:
			// Between the two epochs, whose values are means over them.
			d = append(d, drop{float64(log.Epochs[i-1].Epoch+e.Epoch) / 2, e.LR})
		}
	}
	return d
}

// drops draws a thin vertical line at each change of the learning rate.
func (p panel) drops(pn pen, rates []drop) {
	for _, d := range rates[1:] {
		p.vertical(pn, d.at, thinDashes)
	}
}

// rateLabels writes each learning rate above the stretch of epochs that has it, where there is room.
func (p panel) rateLabels(pn pen, rates []drop) {
	for i, d := range rates {
		end := p.frame.Max.X
		if i+1 < len(rates) {
			end = p.px(rates[i+1].at)
		}
		t := plain(number(d.lr))
		if i == 0 {
			t = plain("lr " + number(d.lr))
		}
		if start := p.px(d.at); t.width(noteSize) < end-start-2 {
			pn.write(t, textStyle{size: noteSize, color: noteColor, h: 0.5}, vg.Point{X: (start + end) / 2, Y: p.frame.Max.Y + 4})
		}
	}
}
