package render

import (
	"cmp"

	"lossatlas/activities/surface"
)

// LossLine is the loss of one minimizer along a line, on the training set, the test set or both; neither where there is no result.
type LossLine struct {
	Name        string
	Train, Test *surface.Grid
}

// Lines draws the losses of several minimizers along a line in one frame: a colour for each, the training set solid and
// the test set dashed. Scale and Cut are as in Line.
func Lines(lines []LossLine, opt Options) (Figure, error) {
	opt.Width = cmp.Or(opt.Width, seriesWidth)
	opt, err := opt.filled()
	if err != nil {
		return Figure{}, err
	}
	var curves []curve
	var losses []*field
	var missing []string
	s := frames{x: noScale, xName: "α"}
	split := map[string]bool{}
	for i, l := range lines {
		if l.Train == nil && l.Test == nil {
			missing = append(missing, l.Name)
			continue
		}
		color := seriesColor(i, len(lines))
		s.series = append(s.series, legendEntry{name: l.Name, color: color})
		for _, in := range splitsOf(l.Train, l.Test) {
			f, err := lineField(*in.grid, l.Name+", "+in.name)
			if err != nil {
				return Figure{}, err
			}
			s.x = s.x.with(f.x[0], f.x[len(f.x)-1])
			losses, curves = append(losses, f), append(curves, curve{f: f, color: color, dash: in.dash})
			split[in.name] = true
		}
	}
	if len(losses) == 0 {
		s.x = scale{lo: -1, hi: 1}
	}
	s.kinds = splitLegend(split["training"], split["test"])
	y, note := lossAxis(losses, opt)
	s.note = joined(missingNote(missing), note)
	s.xTicks = s.x.ticks(6)
	s.parts = []framePart{{panel: panel{y: y}, name: "loss", color: inkColor, ticks: y.ticks(6), inside: func(pn pen, p panel) {
		p.drawGaps(pn, losses)
		p.lineMarks(pn, opt.Marks)
		for _, c := range curves {
			p.curve(pn, c, y)
		}
	}}}
	return s.layout(opt, 0.62), nil
}

// splitLegend explains the kinds of lines, where there are both.
func splitLegend(train, test bool) []legendEntry {
	if !train || !test {
		return nil
	}
	return []legendEntry{{name: "training", color: inkColor}, {name: "test", color: inkColor, dash: dashed}}
}
