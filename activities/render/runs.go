package render

import (
	"cmp"
	"fmt"
	"image/color"
	"math"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/trainlog"
)

// Run is one of several trainings. Log is nil or without epochs for one that has no result.
type Run struct {
	Name string
	Log  *trainlog.Log
}

// Norms draws the norm of the weights during several trainings in one frame (the paper's Figure 2b and 2e).
func Norms(runs []Run, opt Options) (Figure, error) {
	return layoutRuns(runs, opt, 0.62, []quantity{weightNorm})
}

// Curves draws loss and error (100 % − accuracy) during several trainings, the training set solid and the test set dashed.
func Curves(runs []Run, opt Options) (Figure, error) {
	return layoutRuns(runs, opt, 0.42, []quantity{epochLoss, epochError})
}

func layoutRuns(runs []Run, opt Options, aspect float64, quantities []quantity) (Figure, error) {
	opt.Width = cmp.Or(opt.Width, seriesWidth)
	opt, err := opt.filled()
	if err != nil {
		return Figure{}, err
	}
	s := frames{x: chart.NoScale, xName: "epoch"}
	var missing []string
	var trainings [][]trainlog.Epoch
	var colors []color.Color
	for i, r := range runs {
		if r.Log == nil || len(r.Log.Epochs) == 0 {
			missing = append(missing, r.Name)
			continue
		}
		if err := checkEpochs(r.Log.Epochs); err != nil {
			return Figure{}, fmt.Errorf("%s: %w", r.Name, err)
		}
		c := chart.SeriesColor(i, len(runs))
		trainings, colors = append(trainings, r.Log.Epochs), append(colors, c)
		s.x = s.x.With(epochSpan(r.Log.Epochs))
		s.series = append(s.series, chart.LegendEntry{Name: r.Name, Color: c})
	}
	if math.IsInf(s.x.Lo, 0) {
		s.x = chart.Scale{Lo: 1, Hi: 1}
	}
	tested := false
	for _, q := range quantities {
		part, dashes := q.part(trainings, colors, opt)
		part.color = canvas.InkColor
		s.parts, tested = append(s.parts, part), tested || dashes
	}
	s.kinds = splitLegend(tested, tested)
	s.note = chart.MissingNote(missing)
	return s.overEpochs().layout(opt, aspect), nil
}
