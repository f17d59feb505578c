package render

import (
	"cmp"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
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
	var losses []*lattice.Field
	var missing []string
	s := frames{x: chart.NoScale, xName: "α"}
	split := map[string]bool{}
	for i, l := range lines {
		if l.Train == nil && l.Test == nil {
			missing = append(missing, l.Name)
			continue
		}
		color := chart.SeriesColor(i, len(lines))
		s.series = append(s.series, chart.LegendEntry{Name: l.Name, Color: color})
		for _, in := range splitsOf(l.Train, l.Test) {
			f, err := lineField(*in.grid, l.Name+", "+in.name)
			if err != nil {
				return Figure{}, err
			}
			s.x = s.x.With(f.X[0], f.X[len(f.X)-1])
			losses, curves = append(losses, f), append(curves, curve{f: f, color: color, dash: in.dash})
			split[in.name] = true
		}
	}
	if len(losses) == 0 {
		s.x = chart.Scale{Lo: -1, Hi: 1}
	}
	s.kinds = splitLegend(split["training"], split["test"])
	y, note := lossAxis(losses, opt)
	s.note = chart.Joined(chart.MissingNote(missing), note)
	s.xTicks = s.x.Ticks(6)
	s.parts = []framePart{{Panel: chart.Panel{Y: y}, name: "loss", color: canvas.InkColor, ticks: y.Ticks(6), inside: func(pn canvas.Pen, p chart.Panel) {
		drawGaps(p, pn, losses)
		drawLineMarks(p, pn, opt.Marks)
		for _, c := range curves {
			drawCurve(p, pn, c, y)
		}
	}}}
	return s.layout(opt, 0.62), nil
}

// splitLegend explains the kinds of lines, where there are both.
func splitLegend(train, test bool) []chart.LegendEntry {
	if !train || !test {
		return nil
	}
	return []chart.LegendEntry{{Name: "training", Color: canvas.InkColor}, {Name: "test", Color: canvas.InkColor, Dash: dashed}}
}
