package render

import (
	"fmt"
	"math"

	"lossatlas/activities/surface"

	"gonum.org/v1/plot/vg"
)

// LossLine is the loss of one minimizer along a line, on the training set, the test set or both; neither where there is no result.
type LossLine struct {
	Name        string
	Train, Test *surface.Grid
}

// Lines draws the losses of several minimizers along a line in one frame: a colour for each, the training set solid and
// the test set dashed. Scale and Cut are as in Line.
func Lines(lines []LossLine, opt Options) (Figure, error) {
	if opt.Width == 0 {
		opt.Width = seriesWidth
	}
	opt, err := opt.filled()
	if err != nil {
		return Figure{}, err
	}
	var curves []curve
	var losses []*field
	var missing []string
	s := frames{x: scale{lo: -1, hi: 1}, xName: opt.XLabel}
	split := map[string]bool{}
	for i, l := range lines {
		if l.Train == nil && l.Test == nil {
			missing = append(missing, l.Name)
			continue
		}
		color := seriesColor(i, len(lines))
		s.series = append(s.series, legendEntry{name: l.Name, color: color})
		for _, in := range []struct {
			name string
			g    *surface.Grid
			dash []vg.Length
		}{{"training", l.Train, nil}, {"test", l.Test, dashed}} {
			if in.g == nil {
				continue
			}
			f, err := lineField(*in.g, l.Name+", "+in.name)
			if err != nil {
				return Figure{}, err
			}
			if len(losses) == 0 {
				s.x = scale{lo: f.x[0], hi: f.x[len(f.x)-1]}
			}
			s.x = scale{lo: min(s.x.lo, f.x[0]), hi: max(s.x.hi, f.x[len(f.x)-1])}
			losses, curves = append(losses, f), append(curves, curve{f: f, color: color, dash: in.dash})
			split[in.name] = true
		}
	}
	s.kinds = splitLegend(split["training"], split["test"])
	y, note := lossAxis(losses, opt)
	s.note = joined(missingNote(missing), note)
	s.xTicks = s.x.ticks(6)
	s.parts = []framePart{{panel: panel{y: y}, name: "loss", ticks: y.ticks(6), inside: func(pn pen, p panel) {
		p.drawGaps(pn, losses)
		p.lineMarks(pn, opt.Marks)
		for _, c := range curves {
			p.curve(pn, c, y)
		}
	}}}
	return s.layout(opt, 0.62), nil
}

// lineField is the loss of a grid that is a line.
func lineField(g surface.Grid, name string) (*field, error) {
	if len(g.Y) > 1 {
		return nil, fmt.Errorf("%s: the grid has %d rows; a line has one", name, len(g.Y))
	}
	f, err := newField(g, "loss", g.Loss, 1)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return f, nil
}

// splitLegend explains the kinds of lines, where there are both.
func splitLegend(train, test bool) []legendEntry {
	if !train || !test {
		return nil
	}
	return []legendEntry{{name: "training", color: inkColor}, {name: "test", color: inkColor, dash: dashed}}
}

// Run is one of several trainings. A log without epochs is that of one that has no result.
type Run struct {
	Name string
	Log  TrainLog
}

// Norms draws the norm of the weights during several trainings in one frame (the paper's Figure 2b and 2e).
func Norms(runs []Run, opt Options) (Figure, error) {
	return layoutRuns(runs, opt, 0.62, []quantity{{name: "weight norm", train: func(e EpochLog) float64 { return e.WeightNorm }}})
}

// Curves draws loss and error (100 % − accuracy) during several trainings, the training set solid and the test set dashed.
func Curves(runs []Run, opt Options) (Figure, error) {
	return layoutRuns(runs, opt, 0.42, []quantity{
		{name: "loss", scaled: true, train: func(e EpochLog) float64 { return e.TrainLoss }, test: func(e EpochLog) float64 { return e.TestLoss }},
		{name: "error (%)", train: func(e EpochLog) float64 { return 100 - e.TrainAccuracy }, test: func(e EpochLog) float64 { return 100 - e.TestAccuracy }},
	})
}

// quantity is what is drawn of each epoch, on the training set and, if not nil, the test set.
type quantity struct {
	name        string
	scaled      bool // Options.Scale is for it
	train, test func(EpochLog) float64
}

func layoutRuns(runs []Run, opt Options, aspect float64, quantities []quantity) (Figure, error) {
	if opt.XLabel == "" {
		opt.XLabel = "epoch"
	}
	if opt.Width == 0 {
		opt.Width = seriesWidth
	}
	opt, err := opt.filled()
	if err != nil {
		return Figure{}, err
	}
	s := frames{x: scale{lo: math.Inf(1), hi: math.Inf(-1)}, xName: opt.XLabel}
	var missing []string
	tested := false
	for i, r := range runs {
		if len(r.Log.Epochs) == 0 {
			missing = append(missing, r.Name)
			continue
		}
		if err := r.Log.check(); err != nil {
			return Figure{}, fmt.Errorf("%s: %w", r.Name, err)
		}
		s.x.lo = min(s.x.lo, float64(r.Log.Epochs[0].Epoch))
		s.x.hi = max(s.x.hi, float64(r.Log.Epochs[len(r.Log.Epochs)-1].Epoch))
		s.series = append(s.series, legendEntry{name: r.Name, color: seriesColor(i, len(runs))})
	}
	if s.x.lo >= s.x.hi {
		mid := s.x.lo
		if math.IsInf(mid, 0) {
			mid = 1
		}
		s.x = scale{lo: mid - 0.5, hi: mid + 0.5}
	}
	s.xTicks = epochTicks(s.x)
	for _, q := range quantities {
		var curves []curve
		lo, hi := math.Inf(1), math.Inf(-1)
		add := func(c curve) {
			lo, hi = min(lo, c.f.lo), max(hi, c.f.hi)
			curves = append(curves, c)
		}
		for i, r := range runs {
			color := seriesColor(i, len(runs))
			add(curve{f: r.Log.series(q.train, nil), color: color})
			if q.test == nil {
				continue
			}
			if f := r.Log.series(q.test, EpochLog.tested); len(f.x) > 0 {
				tested = true
				add(curve{f: f, color: color, dash: dashed})
			}
		}
		if lo > hi {
			lo, hi = 0, 1
		}
		kind := ScaleLinear
		if q.scaled {
			kind = trainingScale(lo, hi, opt)
		}
		y := chooseScale(lo, hi, kind)
		s.parts = append(s.parts, framePart{panel: panel{y: y}, name: q.name, ticks: y.ticks(5), inside: func(pn pen, p panel) {
			for _, c := range curves {
				p.curve(pn, c, y)
			}
		}})
	}
	s.kinds = splitLegend(tested, tested)
	s.note = missingNote(missing)
	return s.layout(opt, aspect), nil
}
