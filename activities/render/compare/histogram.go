package compare

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
)

// Weights are the weights of one network, empty where there is no result.
type Weights struct {
	Name   string
	Values []float32
}

// Bins of a histogram, an odd number so that 0 lies in the middle of one; the share of the weights that lie in its range.
const (
	histogramBins  = 101
	histogramShare = 0.999
)

// Histogram draws how many weights of each network have which size, over each other in steps (the paper's Figure 2c and 2f), or as rows
// of colors for more than eight. The
// counts are linear, or with Options.Scale log logarithmic. The few largest weights are counted in the note alone.
func Histogram(networks []Weights, opt picture.Options) (picture.Figure, error) {
	opt.Width = cmp.Or(opt.Width, picture.SeriesWidth)
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	bound := weightBound(networks)
	s := picture.Frames{X: chart.Scale{Lo: -bound, Hi: bound}, XName: "weight"}
	s.XTicks = s.X.Ticks(6)
	var all []counts
	var missing, names []string
	beyond, total, most := 0, 0, 1
	for i, n := range networks {
		if len(n.Values) == 0 {
			missing = append(missing, n.Name)
			continue
		}
		c := countWeights(n.Values, bound, histogramBins)
		c.color = chart.SeriesColor(i, len(networks))
		all, names = append(all, c), append(names, n.Name)
		s.Series = append(s.Series, chart.LegendEntry{Name: n.Name, Color: c.color})
		beyond, total, most = beyond+c.beyond, total+len(n.Values), max(most, slices.Max(c.n))
	}
	y := chart.Scale{Lo: 0, Hi: 1.05 * float64(most)}
	if opt.Scale == picture.ScaleLog {
		y = chart.Scale{Lo: 0.7, Hi: 1.5 * float64(most), Log: true}
	}
	note := ""
	if beyond > 0 {
		note = fmt.Sprintf("beyond the range: %d of %d weights", beyond, total)
	}
	s.Note = chart.Joined(chart.MissingNote(missing), note)
	if len(all) > mostCurves {
		return layoutRows(names, s, []rowsPart{{"number of weights", picture.ScaleLog, fieldsOf(all, bound)}}, opt), nil
	}
	s.Parts = []picture.FramePart{{Panel: chart.Panel{Y: y}, Name: "number of weights", Color: canvas.InkColor, Ticks: y.Ticks(5), Inside: func(pn canvas.Pen, p chart.Panel) {
		for _, c := range all {
			outline := c.outline(p, bound)
			ring := append([]vg.Point{{X: p.Frame.Min.X, Y: p.Frame.Min.Y}}, outline...)
			tint := c.color
			pn.Fill(color.NRGBA{tint.R, tint.G, tint.B, 40}, append(ring, vg.Point{X: p.Frame.Max.X, Y: p.Frame.Min.Y}))
		}
		for _, c := range all {
			pn.Lines(canvas.Stroke{Color: c.color, Width: 1.1}, c.outline(p, bound))
		}
	}}}
	return s.Layout(opt, 0.62), nil
}

// fieldsOf are the counts over the middles of the bins; an empty bin has no value.
func fieldsOf(all []counts, bound float64) []*lattice.Field {
	var out []*lattice.Field
	for _, c := range all {
		x, y := make([]float64, len(c.n)), make([]float64, len(c.n))
		for i, n := range c.n {
			x[i], y[i] = -bound+2*bound*(float64(i)+0.5)/float64(len(c.n)), math.NaN()
			if n > 0 {
				y[i] = float64(n)
			}
		}
		out = append(out, lattice.NewCurve(x, y))
	}
	return out
}

// counts are the numbers of weights in equal bins from −bound to bound, and beyond.
type counts struct {
	n      []int
	beyond int
	color  color.RGBA
}

func countWeights(values []float32, bound float64, bins int) counts {
	c := counts{n: make([]int, bins)}
	for _, v := range values {
		i := math.Floor((float64(v) + bound) / (2 * bound) * float64(bins))
		if float64(v) == bound { // the last bin has both of its ends
			i = float64(bins - 1)
		}
		if !(i >= 0 && i < float64(bins)) {
			c.beyond++
			continue
		}
		c.n[int(i)]++
	}
	return c
}

// weightBound is the round size below which nearly all weights of each network are.
func weightBound(networks []Weights) float64 {
	bound := 0.0
	for _, n := range networks {
		sizes := make([]float64, 0, len(n.Values))
		for _, v := range n.Values {
			if a := math.Abs(float64(v)); !math.IsNaN(a) && !math.IsInf(a, 0) {
				sizes = append(sizes, a)
			}
		}
		if len(sizes) > 0 {
			slices.Sort(sizes)
			bound = max(bound, sizes[int(histogramShare*float64(len(sizes)-1))])
		}
	}
	if bound < 1e-30 {
		return 1
	}
	step := chart.RoundStep(bound, 10)
	return math.Ceil(bound/step-1e-9) * step
}

// outline is the upper edge of the bins.
func (c counts) outline(p chart.Panel, bound float64) []vg.Point {
	var out []vg.Point
	width := 2 * bound / float64(len(c.n))
	for i, n := range c.n {
		y := p.Frame.Min.Y
		if v := float64(n); v > p.Y.Lo {
			y = p.Py(v, p.Y)
		}
		lo := -bound + float64(i)*width
		out = append(out, vg.Point{X: p.Px(lo), Y: y}, vg.Point{X: p.Px(lo + width), Y: y})
	}
	return out
}
