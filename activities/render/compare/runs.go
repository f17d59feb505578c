package compare

import (
	"cmp"
	"fmt"
	"image/color"
	"math"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/trainlog"
)

// Run is one of several trainings. Log is nil or without epochs for one that has no result.
type Run struct {
	Name string
	Log  *trainlog.Log
}

// Norms draws the norm of the weights during several trainings in one frame (the paper's Figure 2b and 2e).
func Norms(runs []Run, opt picture.Options) (picture.Figure, error) {
	return layoutRuns(runs, opt, 0.62, []picture.Quantity{picture.WeightNorm})
}

// Curves draws loss and error (100 % − accuracy), or another score, during several trainings, the training set solid and the test set dashed.
func Curves(runs []Run, opt picture.Options) (picture.Figure, error) {
	return layoutRuns(runs, opt, 0.42, opt.OfEpochs())
}

func layoutRuns(runs []Run, opt picture.Options, aspect float64, quantities []picture.Quantity) (picture.Figure, error) {
	opt.Width = cmp.Or(opt.Width, picture.SeriesWidth)
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	s := picture.Frames{X: chart.NoScale, XName: "epoch"}
	var missing []string
	var trainings [][]trainlog.Epoch
	var colors []color.Color
	for i, r := range runs {
		if r.Log == nil || len(r.Log.Epochs) == 0 {
			missing = append(missing, r.Name)
			continue
		}
		if err := picture.CheckEpochs(r.Log.Epochs); err != nil {
			return picture.Figure{}, fmt.Errorf("%s: %w", r.Name, err)
		}
		c := chart.SeriesColor(i, len(runs))
		trainings, colors = append(trainings, r.Log.Epochs), append(colors, c)
		s.X = s.X.With(picture.EpochSpan(r.Log.Epochs))
		s.Series = append(s.Series, chart.LegendEntry{Name: r.Name, Color: c})
	}
	if math.IsInf(s.X.Lo, 0) {
		s.X = chart.Scale{Lo: 1, Hi: 1}
	}
	tested := false
	for _, q := range quantities {
		part, dashes := q.Part(trainings, colors, opt)
		part.Color = canvas.InkColor
		s.Parts, tested = append(s.Parts, part), tested || dashes
	}
	s.Kinds = picture.SplitLegend(tested, tested)
	s.Note = chart.MissingNote(missing)
	return s.OverEpochs().Layout(opt, aspect), nil
}
