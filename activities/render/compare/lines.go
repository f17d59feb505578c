package compare

import (
	"cmp"
	"slices"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
)

// LossLine is the loss of one minimizer along a line, on the training set, the test set or both; neither where there is no result.
type LossLine struct {
	Name        string
	Group       string // of the repetitions of an experiment and of its directions; "" for one without
	Direction   int    // counts the directions along which a minimizer has lines, from 0
	Train, Test *surface.Grid
}

// Lines draws the losses of several minimizers along a line in one frame: a color for each, the training set solid and
// the test set dashed, of repetitions and of several directions the mean with a band; rows of colors for more than eight. Scale and Cut are as in Line.
func Lines(lines []LossLine, opt picture.Options) (picture.Figure, error) {
	opt.Width = cmp.Or(opt.Width, picture.SeriesWidth)
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	var curves []picture.Curve
	var losses []*lattice.Field
	var missing, names []string
	s := picture.Frames{X: chart.NoScale, XName: "α"}
	bySplit := map[string][]*lattice.Field{}
	bands := false
	all := seriesOf(len(lines), func(i int) (string, string) { return lines[i].Name, lines[i].Group })
	for k, one := range all {
		fields := map[string][]*lattice.Field{}
		for _, i := range one.of {
			for _, in := range picture.SplitsOf(lines[i].Train, lines[i].Test) {
				f, err := picture.LineField(*in.Grid, lines[i].Name+", "+in.Name)
				if err != nil {
					return picture.Figure{}, err
				}
				fields[in.Name] = append(fields[in.Name], f)
			}
		}
		if len(fields) == 0 {
			missing = append(missing, one.name)
			continue
		}
		names = append(names, one.name)
		color := chart.SeriesColor(k, len(all))
		for _, split := range []string{"training", "test"} {
			if fields[split] == nil {
				bySplit[split] = append(bySplit[split], nil)
				continue
			}
			c, count := picture.Mean(fields[split])
			names[len(names)-1] = picture.MeanName(one.name, count, len(one.of))
			c.Color, bands = color, bands || c.Low != nil
			if split == "test" {
				c.Dash = picture.Dashed
			}
			s.X = s.X.With(c.F.X[0], c.F.X[len(c.F.X)-1])
			losses, curves, bySplit[split] = append(losses, c.F), append(curves, c), append(bySplit[split], c.F)
		}
		s.Series = append(s.Series, chart.LegendEntry{Name: names[len(names)-1], Color: color})
	}
	if len(losses) == 0 {
		s.X = chart.Scale{Lo: -1, Hi: 1}
	}
	isShown := func(split string) bool {
		return slices.ContainsFunc(bySplit[split], func(f *lattice.Field) bool { return f != nil })
	}
	s.Kinds = picture.SplitLegend(isShown("training"), isShown("test"))
	y, note := picture.LossAxis(losses, opt)
	s.XTicks = s.X.Ticks(6)
	if len(names) > mostCurves {
		s.Note = chart.MissingNote(missing)
		var parts []rowsPart
		for _, split := range []string{"training", "test"} {
			if isShown(split) {
				parts = append(parts, rowsPart{split + " " + opt.LossName(), opt.Scale, bySplit[split]})
			}
		}
		return layoutRows(names, s, parts, opt), nil
	}
	s.Note = chart.Joined(chart.MissingNote(missing), note, bandNote(bands, spread(lines)))
	s.Parts = []picture.FramePart{{Panel: chart.Panel{Y: y}, Name: opt.LossName(), Color: canvas.InkColor, Ticks: y.Ticks(6), Inside: func(pn canvas.Pen, p chart.Panel) {
		picture.DrawGaps(p, pn, losses)
		picture.DrawLineMarks(p, pn, opt.Marks)
		for _, c := range curves {
			picture.DrawCurve(p, pn, c, y)
		}
	}}}
	return s.Layout(opt, 0.62), nil
}

// spread is what the lines of one group differ in.
func spread(lines []LossLine) string {
	isFurther := func(l LossLine) bool { return l.Direction > 0 }
	isRepeated := slices.ContainsFunc(lines, func(l LossLine) bool { return l.Group != "" && l.Group != l.Name })
	switch {
	case !slices.ContainsFunc(lines, isFurther):
		return picture.Repetitions
	case isRepeated:
		return picture.Repetitions + " and directions"
	}
	return "directions"
}

// bandNote explains the bands, if there are some.
func bandNote(bands bool, over string) string {
	if bands {
		return picture.BandNote + over
	}
	return ""
}
