package render

import (
	"errors"
	"fmt"
	"math"

	"lossatlas/activities/spectrum"

	"gonum.org/v1/plot/vg"
)

var densityPlot = Plot{
	Name: "density", has: func(d Data) bool { return d.Spectrum != nil },
	draw: func(d Data, opt Options) (Figure, error) { return Density(*d.Spectrum, opt) },
}

// densityDecades is how far below its largest value a density is shown.
const densityDecades = 7

// Density draws the density of the eigenvalues of a Hessian on a logarithmic
// axis, where single large eigenvalues show beside the bulk around zero, in the
// manner of Ghorbani et al. (2019). Ticks at the bottom mark λmin and λmax. It
// fails when there is no density.
func Density(s spectrum.Spectrum, opt Options) (Figure, error) {
	opt, err := opt.filled()
	if err != nil {
		return Figure{}, err
	}
	if len(s.Density.Probes) == 0 || s.Density.Dim < 1 {
		return Figure{}, errors.New("a spectrum of no random vector: there is no density to draw")
	}
	for _, v := range []float64{s.LambdaMin, s.LambdaMax} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Figure{}, errors.New("a spectrum whose ends are not finite: there is no density to draw")
		}
	}
	xs, values, _ := s.Curve()
	f := &field{x: xs, z: values, lo: math.Inf(1), hi: math.Inf(-1), ok: make([]bool, len(xs))}
	for i, v := range values {
		f.ok[i] = !math.IsNaN(v) && !math.IsInf(v, 0)
		if f.ok[i] {
			f.hi = max(f.hi, v)
		}
	}
	if !(f.hi > 0) {
		return Figure{}, errors.New("the density is zero everywhere: there is nothing to draw")
	}
	top := math.Pow(10, math.Ceil(math.Log10(f.hi)))
	y := scale{lo: top / math.Pow(10, densityDecades), hi: top, log: true}
	f.lo = y.lo
	return layoutDensity(s, f, y, opt), nil
}

func layoutDensity(s spectrum.Spectrum, f *field, y scale, opt Options) Figure {
	page := opt.page(densityNote(s), 3)
	p := panel{x: scale{lo: f.x[0], hi: f.x[len(f.x)-1]}, y: y}
	xTicks, left := p.x.ticks(6), y.ticks(8)
	p.frame.Min = vg.Point{X: edge + sideWidth(widest(left)), Y: page.bottom()}
	p.frame.Max.X = page.width - edge - 4
	p.frame.Max.Y = p.frame.Min.Y + 0.68*(p.frame.Max.X-p.frame.Min.X)
	return page.figure(p.frame, p.frame.Max.Y+4+page.title.height()+edge, middle(p.frame), func(pn pen) {
		p.grid(pn, left)
		for _, v := range []float64{s.LambdaMin, s.LambdaMax} {
			p.vertical(pn, v, stroke{color: accColor, width: 0.9, dash: []vg.Length{2, 2}})
		}
		p.curve(pn, curve{f: f, color: lossColor}, y)
		p.drawFrame(pn)
		p.bottomAxis(pn, xTicks, "eigenvalue")
		p.sideAxis(pn, y, left, widest(left), "density", false, inkColor)
	})
}

// densityNote is the spectrum in numbers.
func densityNote(s spectrum.Spectrum) string {
	trace, deviation := s.Density.Trace()
	text := "trace " + number(trace)
	if !math.IsNaN(deviation) {
		text += " ± " + number(deviation)
	}
	return fmt.Sprintf("λmin %s and λmax %s (dashed); %s; %d random vectors, %d parameters",
		number(s.LambdaMin), number(s.LambdaMax), text, len(s.Density.Probes), s.Density.Dim)
}
