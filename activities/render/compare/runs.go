package compare

import (
	"cmp"
	"fmt"
	"image/color"
	"math"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/trainlog"
)

// Run is one of several trainings. Log is nil or without epochs for one that has no result.
type Run struct {
	Name  string
	Group string // of the repetitions of an experiment; "" for one without
	Log   *trainlog.Log
}

// Norms draws the norm of the weights during several trainings in one frame (the paper's Figure 2b and 2e), of repetitions the mean with a
// band; rows of colors for more than eight.
func Norms(runs []Run, opt picture.Options) (picture.Figure, error) {
	return layoutRuns(runs, opt, 0.62, []picture.Quantity{picture.WeightNorm})
}

// Curves draws loss and error (100 % − accuracy), or another score, during several trainings, the training set solid and the test set dashed,
// of repetitions the means with bands; rows of colors for more than eight. Options.Rate adds the learning rate.
func Curves(runs []Run, opt picture.Options) (picture.Figure, error) {
	quantities := opt.OfEpochs()
	if opt.Rate {
		quantities = append(quantities, picture.LearningRate)
	}
	return layoutRuns(runs, opt, 0.42, quantities)
}

func layoutRuns(runs []Run, opt picture.Options, aspect float64, quantities []picture.Quantity) (picture.Figure, error) {
	opt.Width = cmp.Or(opt.Width, picture.SeriesWidth)
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	s := picture.Frames{X: chart.NoScale, XName: "epoch"}
	var missing, names []string
	var logs [][][]trainlog.Epoch // of the repetitions of each series
	all := seriesOf(len(runs), func(i int) (string, string) { return runs[i].Name, runs[i].Group })
	var colors []color.RGBA
	for k, one := range all {
		var of [][]trainlog.Epoch
		for _, i := range one.of {
			r := runs[i]
			if r.Log == nil || len(r.Log.Epochs) == 0 {
				continue
			}
			if err := picture.CheckEpochs(r.Log.Epochs); err != nil {
				return picture.Figure{}, fmt.Errorf("%s: %w", r.Name, err)
			}
			of = append(of, r.Log.Epochs)
			s.X = s.X.With(picture.EpochSpan(r.Log.Epochs))
		}
		if len(of) == 0 {
			missing = append(missing, one.name)
			continue
		}
		_, count := picture.Mean(each(of, quantities[0].Train))
		names, logs, colors = append(names, picture.MeanName(one.name, count, len(one.of))), append(logs, of), append(colors, chart.SeriesColor(k, len(all)))
		s.Series = append(s.Series, chart.LegendEntry{Name: names[len(names)-1], Color: colors[len(colors)-1]})
	}
	if math.IsInf(s.X.Lo, 0) {
		s.X = chart.Scale{Lo: 1, Hi: 1}
	}
	s.Note = chart.MissingNote(missing)
	if len(names) > mostCurves {
		return layoutRows(names, s.OverEpochs(), rowsOf(quantities, logs, opt), opt), nil
	}
	lone := s.X.Lo == s.X.Hi
	if opt.Rate { // that of the first epoch holds up to its end
		if s.X.Lo--; lone {
			s.X.Hi += 0.5 // room for dots
		}
	}
	tested, bands := false, false
	for _, q := range quantities {
		var curves []picture.Curve
		for i, of := range logs {
			c, _ := picture.Mean(each(of, q.Train))
			c.Color, bands = colors[i], bands || c.Low != nil
			curves = append(curves, c)
			if test := each(of, q.Test); len(test) > 0 {
				c, _ := picture.Mean(test)
				c.Color, c.Dash, tested = colors[i], picture.Dashed, true
				curves = append(curves, c)
			}
		}
		part := q.Frame(curves, opt)
		part.Color = canvas.InkColor
		s.Parts = append(s.Parts, part)
	}
	if s.Kinds = picture.SplitLegend(tested, tested); lone {
		s.Kinds = picture.AsDots(s.Kinds)
	}
	s.Note = chart.Joined(s.Note, bandNote(bands, picture.Repetitions))
	return s.OverEpochs().Layout(opt, aspect), nil
}

// each are the curves of several trainings, without nil ones.
func each(trainings [][]trainlog.Epoch, of func([]trainlog.Epoch) *lattice.Field) []*lattice.Field {
	var out []*lattice.Field
	for _, epochs := range trainings {
		if f := of(epochs); f != nil {
			out = append(out, f)
		}
	}
	return out
}

// rowsOf are the frames of rows of each quantity, on the test set where that was evaluated.
func rowsOf(quantities []picture.Quantity, logs [][][]trainlog.Epoch, opt picture.Options) []rowsPart {
	var parts []rowsPart
	for _, q := range quantities {
		train, test := rowsPart{name: q.Name(), scale: q.Kind(opt)}, rowsPart{name: "test " + q.Name(), scale: q.Kind(opt)}
		tested := false
		for _, of := range logs {
			c, _ := picture.Mean(each(of, q.Train))
			train.fields = append(train.fields, c.F)
			var f *lattice.Field
			if all := each(of, q.Test); len(all) > 0 {
				c, _ := picture.Mean(all)
				f, tested = c.F, true
			}
			test.fields = append(test.fields, f)
		}
		if tested {
			train.name = "training " + train.name
		}
		if parts = append(parts, train); tested {
			parts = append(parts, test)
		}
	}
	return parts
}
