package render

import (
	"errors"
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

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
	if opt.XLabel == "" {
		opt.XLabel = "epoch"
	}
	opt, err := opt.filled()
	if err != nil {
		return Figure{}, err
	}
	if err := log.check(); err != nil {
		return Figure{}, err
	}
	return layoutTraining(log, opt), nil
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

// small is one of the small multiples of a training.
type small struct {
	panel
	name   string
	color  color.Color
	ticks  []tick
	curves []curve
}

// multiples returns what a training figure shows, from top to bottom.
func (log TrainLog) multiples(opt Options) []small {
	both := func(c color.Color, train, test func(EpochLog) float64) []curve {
		curves := []curve{{log.series(train, nil), c, nil, "training", false}}
		if f := log.series(test, EpochLog.tested); len(f.x) > 0 {
			curves = append(curves, curve{f, c, dashed, "test", false})
		}
		return curves
	}
	out := []small{
		{name: "loss", color: lossColor, curves: both(lossColor,
			func(e EpochLog) float64 { return e.TrainLoss }, func(e EpochLog) float64 { return e.TestLoss })},
		{name: "error (%)", color: accColor, curves: both(accColor,
			func(e EpochLog) float64 { return 100 - e.TrainAccuracy }, func(e EpochLog) float64 { return 100 - e.TestAccuracy })},
		{name: "weight norm", color: inkColor, curves: []curve{{log.series(func(e EpochLog) float64 { return e.WeightNorm }, nil), inkColor, nil, "training", false}}},
	}
	for i := range out {
		lo, hi := 1.0, 0.0
		for _, c := range out[i].curves {
			if !c.f.empty() {
				if lo > hi {
					lo, hi = c.f.lo, c.f.hi
				}
				lo, hi = min(lo, c.f.lo), max(hi, c.f.hi)
			}
		}
		if lo > hi {
			lo, hi = 0, 1
		}
		kind := ScaleLinear
		if i == 0 {
			kind = trainingScale(lo, hi, opt)
		}
		out[i].y = chooseScale(lo, hi, kind)
		out[i].ticks = out[i].y.ticks(5)
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

const (
	smallHeight = 0.36 // of a small multiple, in frame widths
	smallGap    = 9.0  // between two of them, in points
)

func layoutTraining(log TrainLog, opt Options) Figure {
	parts := log.multiples(opt)
	x := scale{lo: float64(log.Epochs[0].Epoch), hi: float64(log.Epochs[len(log.Epochs)-1].Epoch)}
	if x.lo == x.hi {
		x.lo, x.hi = x.lo-0.5, x.hi+0.5
	}
	var room vg.Length
	for _, s := range parts {
		room = max(room, widest(s.ticks))
	}
	xTicks := epochTicks(x)
	width := vg.Length(opt.Width) * vg.Inch
	title := newHeading(opt.Title, true, titleSize, width-2*edge, inkColor, 3)
	left, right := edge+sideWidth(room), width-edge-4
	h := smallHeight * (right - left)
	y := edge + bottomHeight
	for i := len(parts) - 1; i >= 0; i-- {
		parts[i].x = x
		parts[i].frame = vg.Rectangle{Min: vg.Point{X: left, Y: y}, Max: vg.Point{X: right, Y: y + h}}
		y += h + smallGap
	}
	top := parts[0].panel
	const rateHeight vg.Length = 12
	legendAt := top.frame.Max.Y + rateHeight + 2
	height := legendAt + legendHeight - 4 + title.height() + edge

	return Figure{
		width: width, height: height, frame: top.frame, dpi: opt.DPI, title: opt.Title, meta: opt.Meta,
		draw: func(pn pen) {
			for i, s := range parts {
				s.grid(pn, s.ticks)
				s.drops(pn, log.rates())
				for _, c := range s.curves {
					s.curve(pn, c, s.y)
				}
				s.drawFrame(pn)
				s.sideAxis(pn, s.y, s.ticks, room, s.name, false, s.color)
				if i == len(parts)-1 {
					s.bottomAxis(pn, xTicks, opt.XLabel)
				} else {
					s.bottomMarks(pn, xTicks)
				}
			}
			top.rateLabels(pn, log.rates())
			top.legend(pn, legendAt, parts[0].curves)
			title.write(pn, (left+right)/2, height-edge, edge, width-edge)
		},
	}
}

// drops draws a thin vertical line at each change of the learning rate.
func (p panel) drops(pn pen, rates []drop) {
	var lines [][]vg.Point
	for _, d := range rates[1:] {
		lines = append(lines, []vg.Point{{X: p.px(d.at), Y: p.frame.Min.Y}, {X: p.px(d.at), Y: p.frame.Max.Y}})
	}
	pn.lines(stroke{color: hatchColor, width: 0.7, dash: []vg.Length{1.5, 1.5}}, lines...)
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

// bottomMarks draws ticks without labels, for a frame that shares the axis of one below it.
func (p panel) bottomMarks(pn pen, ticks []tick) {
	var marks [][]vg.Point
	for _, t := range ticks {
		marks = append(marks, []vg.Point{{X: p.px(t.v), Y: p.frame.Min.Y}, {X: p.px(t.v), Y: p.frame.Min.Y - minorLength}})
	}
	pn.lines(stroke{color: frameColor, width: 0.8}, marks...)
}
