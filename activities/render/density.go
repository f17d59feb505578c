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
	"lossatlas/activities/spectrum"
)

var densityPlot = Plot{
	Name: "density", has: func(d Data) bool { return d.Spectrum != nil },
	draw: func(d Data, opt picture.Options) (picture.Figure, error) { return Density(*d.Spectrum, opt) },
}

// densityDecades is how far below its largest value a density is shown.
const densityDecades = 7

// Density draws the density of the eigenvalues of a Hessian on a logarithmic
// axis, where single large eigenvalues show next to the bulk around zero, in the
// manner of Ghorbani et al. (2019). Ticks at the bottom mark λmin and λmax. It
// fails when there is no density.
func Density(s spectrum.Spectrum, opt picture.Options) (picture.Figure, error) {
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	if len(s.Density.Probes) == 0 || s.Density.Dim < 1 {
		return picture.Figure{}, errors.New("a spectrum of no random vector: there is no density to draw")
	}
	for _, v := range []float64{s.LambdaMin, s.LambdaMax} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return picture.Figure{}, errors.New("a spectrum whose ends are not finite: there is no density to draw")
		}
	}
	xs, values, _ := s.Curve()
	f := lattice.NewCurve(xs, values)
	if !(f.Hi > 0) {
		return picture.Figure{}, errors.New("the density is zero everywhere: there is nothing to draw")
	}
	top := math.Pow(10, math.Ceil(math.Log10(f.Hi)))
	y := chart.Scale{Lo: top / math.Pow(10, densityDecades), Hi: top, Log: true}
	f.Lo = y.Lo
	return layoutDensity(s, f, y, opt), nil
}

func layoutDensity(s spectrum.Spectrum, f *lattice.Field, y chart.Scale, opt picture.Options) picture.Figure {
	page := opt.Page(densityNote(s))
	p := chart.Panel{X: chart.Scale{Lo: f.X[0], Hi: f.X[len(f.X)-1]}, Y: y}
	xTicks, left := p.X.Ticks(6), y.Ticks(8)
	p.Frame.Min = vg.Point{X: chart.Edge + chart.SideWidth(chart.Widest(left)), Y: page.Bottom()}
	p.Frame.Max.X = page.Width - chart.Edge - 4
	p.Frame.Max.Y = p.Frame.Min.Y + 0.68*(p.Frame.Max.X-p.Frame.Min.X)
	return page.Figure(p.Frame, p.Frame.Max.Y+4+page.Title.Height()+chart.Edge, chart.Middle(p.Frame), func(pn canvas.Pen) {
		p.Grid(pn, left)
		for _, v := range marked(s) {
			p.Vertical(pn, v, canvas.Stroke{Color: canvas.AccColor, Width: 0.9, Dash: []vg.Length{2, 2}})
		}
		picture.DrawCurve(p, pn, picture.Curve{F: f, Color: canvas.LossColor}, y)
		p.DrawFrame(pn)
		p.BottomAxis(pn, xTicks, "eigenvalue")
		p.SideAxis(pn, y, left, chart.Widest(left), "density", false, canvas.InkColor)
	})
}

// marked are the eigenvalues that have lines: both ends, or as many as are known at each.
func marked(s spectrum.Spectrum) []float64 {
	out := []float64{s.LambdaMin, s.LambdaMax}
	for _, v := range slices.Concat(s.Smallest, s.Largest) {
		if !slices.Contains(out, v.Value) {
			out = append(out, v.Value)
		}
	}
	return out
}

// densityNote is the spectrum in numbers. It names a matrix that is not the Hessian.
func densityNote(s spectrum.Spectrum) string {
	trace, deviation := s.Trace()
	text := "trace\u00a0" + chart.Number(trace)
	if !math.IsNaN(deviation) {
		text += "\u00a0±\u00a0" + chart.Number(deviation)
	}
	dashed := " (dashed)"
	if n := len(s.Largest); n > 1 {
		dashed = fmt.Sprintf(" (dashed: the %d largest)", n)
		if len(s.Smallest) > 1 {
			dashed = fmt.Sprintf(" (dashed: %d at each end)", n)
		}
		if r := s.Fifth(); !math.IsNaN(r) {
			text = "λ1/λ5\u00a0" + chart.Number(r) + "; " + text
		}
	}
	of := ""
	if s.Matrix != "" {
		of = " of the " + s.MatrixName()
	}
	return fmt.Sprintf("λmin %s and λmax %s%s%s; %s; %d random vectors, %d parameters",
		chart.Number(s.LambdaMin), chart.Number(s.LambdaMax), of, dashed, text, len(s.Density.Probes), s.Density.Dim)
}
