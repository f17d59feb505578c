package compare

import (
	"cmp"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// LossLine is the loss of one minimizer along a line, on the training set, the test set or both; neither where there is no result.
type LossLine struct {
	Name        string
	Train, Test *surface.Grid
}

// Lines draws the losses of several minimizers along a line in one frame: a colour for each, the training set solid and
// the test set dashed. Scale and Cut are as in Line.
func Lines(lines []LossLine, opt picture.Options) (picture.Figure, error) {
	opt.Width = cmp.Or(opt.Width, picture.SeriesWidth)
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	var curves []picture.Curve
	var losses []*lattice.Field
	var missing []string
	s := picture.Frames{X: chart.NoScale, XName: "α"}
	split := map[string]bool{}
	for i, l := range lines {
		if l.Train == nil && l.Test == nil {
			missing = append(missing, l.Name)
			continue
		}
		color := chart.SeriesColor(i, len(lines))
		s.Series = append(s.Series, chart.LegendEntry{Name: l.Name, Color: color})
		for _, in := range picture.SplitsOf(l.Train, l.Test) {
			f, err := picture.LineField(*in.Grid, l.Name+", "+in.Name)
			if err != nil {
				return picture.Figure{}, err
			}
			s.X = s.X.With(f.X[0], f.X[len(f.X)-1])
			losses, curves = append(losses, f), append(curves, picture.Curve{F: f, Color: color, Dash: in.Dash})
			split[in.Name] = true
		}
	}
	if len(losses) == 0 {
		s.X = chart.Scale{Lo: -1, Hi: 1}
	}
	s.Kinds = picture.SplitLegend(split["training"], split["test"])
	y, note := picture.LossAxis(losses, opt)
	s.Note = chart.Joined(chart.MissingNote(missing), note)
	s.XTicks = s.X.Ticks(6)
	s.Parts = []picture.FramePart{{Panel: chart.Panel{Y: y}, Name: opt.LossName(), Color: canvas.InkColor, Ticks: y.Ticks(6), Inside: func(pn canvas.Pen, p chart.Panel) {
		picture.DrawGaps(p, pn, losses)
		picture.DrawLineMarks(p, pn, opt.Marks)
		for _, c := range curves {
			picture.DrawCurve(p, pn, c, y)
		}
	}}}
	return s.Layout(opt, 0.62), nil
}
