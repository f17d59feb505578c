package render

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
)

var linePlot = Plot{
	Name: "line", has: func(d Data) bool { return d.Train != nil || d.Test != nil },
	draw: drawLine, panel: drawLine, sheet: sheetLook{rightAxis: true, legend: panelSplits},
}

func drawLine(d Data, opt picture.Options) (picture.Figure, error) { return Line(d, opt) }

// panelSplits explains the lines of panels, where they show both training and test set.
func panelSplits(panels []Panel) []chart.LegendEntry {
	train, test := false, false
	for _, p := range panels {
		train, test = train || p.Train != nil, test || p.Test != nil
	}
	return picture.SplitLegend(train, test)
}

// Line draws loss (blue, left axis) and the score in percent (red, right axis) along one
// direction, on the training set (solid) and the test set (dashed), as in the paper's Figure 2.
// Either grid may be nil. A wide range of losses is drawn on a logarithmic axis, or cut at
// Options.Cut with a note; where a loss is not finite the curves stop and the ground is hatched. Losses on the straight line between the ends of
// a curve are gray.
func Line(d Data, opt picture.Options) (picture.Figure, error) {
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	var curves []picture.Curve
	var losses []*lattice.Field
	var kinds []chart.LegendEntry
	x := chart.NoScale
	straight := picture.SplitsOf(d.StraightTrain, d.StraightTest)
	for _, in := range straight {
		loss, err := picture.LineField(*in.Grid, in.Name)
		if err != nil {
			return picture.Figure{}, err
		}
		losses = append(losses, loss)
		curves = append(curves, picture.Curve{F: loss, Color: canvas.HatchColor, Dash: in.Dash})
	}
	splits := picture.SplitsOf(d.Train, d.Test)
	for _, in := range splits {
		loss, err := picture.LineField(*in.Grid, in.Name)
		if err != nil {
			return picture.Figure{}, err
		}
		loss.Note = opt.NotesOn(*in.Grid)
		acc, err := lattice.NewField(*in.Grid, opt.Score.Name(), scores(in.Grid), 1)
		if err != nil {
			return picture.Figure{}, fmt.Errorf("%s: %w", in.Name, err)
		}
		x = x.With(loss.X[0], loss.X[len(loss.X)-1])
		kinds = append(kinds, chart.LegendEntry{Name: in.Name, Color: canvas.InkColor, Dash: in.Dash})
		losses = append(losses, loss)
		curves = append(curves, picture.Curve{F: loss, Color: canvas.LossColor, Dash: in.Dash})
		if opt.Score != trainlog.NoScore {
			curves = append(curves, picture.Curve{F: acc, Color: canvas.AccColor, Dash: in.Dash, Right: true})
		}
	}
	if own := losses[len(straight):]; len(own) == 2 && own[0].Note != own[1].Note {
		for i, f := range own {
			if f.Note != "" {
				f.Note = kinds[i].Name + ": " + f.Note
			}
		}
	}
	if len(straight) > 0 {
		kinds = append(kinds, chart.LegendEntry{Name: "along the curve", Color: canvas.LossColor}, chart.LegendEntry{Name: "straight line", Color: canvas.HatchColor})
	}
	if len(splits) == 0 {
		return picture.Figure{}, errors.New("a line plot needs a training grid, a test grid or both; neither was given")
	}
	xName := "α"
	if len(straight) > 0 {
		xName = "t"
	}
	return layoutLine(curves, losses, x, xName, kinds, opt), nil
}

// scores are the scores of a grid, not finite where the loss is not: the class of outputs that are no numbers means nothing.
func scores(g *surface.Grid) []float64 {
	out := slices.Clone(g.Accuracy)
	for i := range min(len(out), len(g.Loss)) {
		if math.IsNaN(g.Loss[i]) || math.IsInf(g.Loss[i], 0) {
			out[i] = math.NaN()
		}
	}
	return out
}

func layoutLine(curves []picture.Curve, losses []*lattice.Field, x chart.Scale, xName string, kinds []chart.LegendEntry, opt picture.Options) picture.Figure {
	lossScale, notes := picture.LossAxis(losses, opt)
	percent := scoreAxis(curves)
	page := opt.Page(notes)
	legend := chart.NewLegend(page.Width-2*chart.Edge, kinds)
	p := chart.Panel{X: x, Y: lossScale}
	n, aspect := 6, vg.Length(0.68)
	if page.Width < narrow {
		n, aspect = 4, 0.8
	}
	xTicks, left := p.X.Ticks(n), lossScale.Ticks(n)
	var right []chart.Tick
	if opt.Score != trainlog.NoScore {
		right = percent.Ticks(n - 1)
	}
	p.Frame.Min = vg.Point{X: opt.Side() + chart.SideWidth(chart.Widest(left)), Y: page.Bottom()}
	p.Frame.Max.X = page.Width - opt.Side() - chart.SideWidth(chart.Widest(right))
	p.Frame.Max.Y = p.Frame.Min.Y + aspect*(p.Frame.Max.X-p.Frame.Min.X)
	height := p.Frame.Max.Y + opt.Side()
	lossName, rightName := opt.LossName(), opt.Score.Label()
	if opt.Panel == nil {
		height += max(legendHeight, legend.Height()) + page.Title.Height()
	} else {
		xName, _ = opt.Names()
		if !opt.Panel.Y {
			lossName = ""
		}
		if !opt.Panel.Right {
			rightName = ""
		}
	}

	f := page.Figure(p.Frame, height, chart.Middle(p.Frame), func(pn canvas.Pen) {
		p.Grid(pn, left)
		picture.DrawGaps(p, pn, losses)
		picture.DrawLineMarks(p, pn, opt.Marks)
		for _, c := range curves {
			s := lossScale
			if c.Right {
				s = percent
			}
			picture.DrawCurve(p, pn, c, s)
		}
		p.DrawFrame(pn)
		p.BottomAxis(pn, xTicks, xName)
		p.SideAxis(pn, lossScale, left, chart.Widest(left), lossName, false, canvas.LossColor)
		p.SideAxis(pn, percent, right, chart.Widest(right), rightName, true, canvas.AccColor)
		if opt.Panel == nil {
			legend.Draw(pn, chart.Middle(p.Frame), p.Frame.Max.Y-1)
		}
	})
	f.Spare = opt.Spare()
	return f
}

// scoreAxis is the right axis, of percentages: a coefficient of determination may be negative, but what lies far below 0 is
// cut.
func scoreAxis(curves []picture.Curve) chart.Scale {
	lo := 0.0
	for _, c := range curves {
		if c.Right && !c.F.Empty() {
			lo = min(lo, max(c.F.Lo, -100))
		}
	}
	return chart.Scale{Lo: lo, Hi: 100}
}

// legendHeight is the space above a frame for a legend of one row.
const legendHeight vg.Length = 17
