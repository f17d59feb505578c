package compare

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
)

// Dot is a minimizer in a scatter plot: its measure of flatness, and its test error in percent. NaN stands for unknown.
type Dot struct {
	Name     string
	Flatness float64
	AtLeast  bool // Flatness is a lower bound
	Error    float64
	// FlatnessBar and ErrorBar are standard deviations, of a dot that is a mean; 0 or NaN for a dot without bars, such as a lower bound.
	FlatnessBar, ErrorBar float64
}

// bar is half the length of a bar, 0 where there is no bar.
func bar(deviation float64) float64 {
	if deviation > 0 && !math.IsInf(deviation, 0) {
		return lattice.Drawable(deviation)
	}
	return 0
}

// measureWords describe the measures of flatness, by the beginnings of their names.
var measureWords = []struct{ prefix, words string }{
	{"width", "width up to a loss higher by %s"}, {"convex", "convex share of the surface (%%)"},
	{"basins", "number of basins"}, {"depth", "rise of the loss to the pass into another basin"},
	{"area", "area of the largest convex contour"}, {"sharp", "largest rise of the loss within %s"},
}

// Barrier is the measure of pairs of minimizers: each dot is a pair, at the mean of their test errors.
const Barrier = "barrier"

// measureNames are further measures in words.
var measureNames = map[string]string{
	"worst": "largest rise of the loss in a ball", "worst_adaptive": "largest rise of the loss in a ball, adaptive",
	"box": "largest rise of the loss in a box (%)", "box_subspace": "largest rise of the loss in a box, random subspace (%)",
	"average": "mean rise of the loss under perturbations", "average_adaptive": "mean rise of the loss under perturbations, adaptive",
	"trace": "trace", "trace_over_norm": "trace / ‖w‖²", "trace_times_norm": "trace · ‖w‖²",
	"lambda_max": "λmax", "lambda_min": "λmin", "lambda_ratio5": "λ1/λ5",
	Barrier: "barrier between two minimizers",
}

// measureName is a measure of flatness in words: "width up to a loss higher by 0.5" for width0.5.
func measureName(name string) string {
	if words, ok := measureNames[name]; ok {
		return words
	}
	for _, m := range measureWords {
		if of, ok := strings.CutPrefix(name, m.prefix); ok {
			if strings.Contains(m.words, "%s") {
				return fmt.Sprintf(m.words, of)
			}
			return strings.ReplaceAll(m.words, "%%", "%")
		}
	}
	return name
}

// known says that both numbers of a dot are there and finite.
func (d Dot) known() bool {
	sum := d.Flatness + d.Error
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// Scatter draws the test errors of minimizers against a measure of the flatness of a map, such as line-train, with their RankCorrelation in the note.
// A small arrow marks a lower bound, bars the standard deviations of means.
func Scatter(dots []Dot, measure, of string, opt picture.Options) (picture.Figure, error) {
	opt.Width = cmp.Or(opt.Width, picture.SeriesWidth)
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	var shown []Dot
	var missing []string
	for _, d := range dots {
		if !d.known() {
			missing = append(missing, d.Name)
			continue
		}
		d.Flatness, d.Error = lattice.Drawable(d.Flatness), lattice.Drawable(d.Error)
		d.FlatnessBar, d.ErrorBar = bar(d.FlatnessBar), bar(d.ErrorBar)
		shown = append(shown, d)
	}
	var ends, heights []float64
	bars := false
	for _, d := range shown {
		ends, heights = append(ends, d.Flatness-d.FlatnessBar, d.Flatness+d.FlatnessBar), append(heights, d.Error-d.ErrorBar, d.Error+d.ErrorBar)
		bars = bars || d.FlatnessBar > 0 || d.ErrorBar > 0
	}
	s := picture.Frames{X: dotScale(ends), XName: measureName(measure)}
	if of != "" {
		s.XName += " (" + of + ")"
	}
	s.XTicks = s.X.Ticks(6)
	height, what := "test "+opt.Score.TestLabel(), "minimizers"
	if measure == Barrier {
		height, what = height+", mean of both", "pairs"
	}
	note := correlationNote(shown, what)
	if bars {
		note = chart.Joined(note, "bars: standard deviations over repetitions")
	}
	if len(missing) > 0 {
		note = chart.Joined(note, "not known of "+strings.Join(missing, "; "))
	}
	s.Note = note
	colors := make([]color.RGBA, len(shown))
	for i := range shown {
		colors[i] = chart.SeriesColor(i, len(shown))
	}
	named := len(shown) <= mostNamed
	axis := dotScale(heights)
	s.Parts = []picture.FramePart{{Panel: chart.Panel{Y: axis}, Name: height, Color: canvas.InkColor, Ticks: axis.Ticks(6), Inside: func(pn canvas.Pen, p chart.Panel) { drawDots(p, pn, shown, colors, named) }}}
	if named {
		f := s.Layout(opt, scatterAspect)
		_, overlap := placeNames(chart.Panel{Frame: f.Frame, X: s.X, Y: axis}, shown)
		named = !overlap
	}
	switch {
	case named:
	case len(shown) > mostCurves:
		s.Series = colorFamilies(shown, colors)
	default:
		for i, d := range shown {
			s.Series = append(s.Series, dotEntry(d.Name, colors[i]))
		}
	}
	return s.Layout(opt, scatterAspect), nil
}

const scatterAspect = 0.62

// dotEntry is an entry of a legend for dots of a color.
func dotEntry(name string, c color.RGBA) chart.LegendEntry {
	return chart.LegendEntry{Name: name, Color: c, Mark: func(pn canvas.Pen, at vg.Point) { pn.Fill(c, picture.Disc(at, picture.MarkRadius)) }}
}

// dotScale is an axis around values with room for marks and names.
func dotScale(values []float64) chart.Scale {
	if len(values) == 0 {
		return chart.Scale{Lo: 0, Hi: 1}
	}
	lo, hi := slices.Min(values), slices.Max(values)
	room := 0.12 * (hi - lo)
	if room <= 1e-9*max(math.Abs(lo), math.Abs(hi)) {
		room = max(0.1*math.Abs(hi), 0.1)
	}
	return chart.Scale{Lo: lo - room, Hi: hi + room}
}

// mostNamed is the maximum number of dots with names next to them, if these have room. Other dots have a legend.
const mostNamed = 12

// colorFamilies sets the color of each dot by the family of its name and returns the legend of the families. A family is a name without its
// last parts, such as the seed; the fewest parts are dropped that leave at most mostCurves families. Without such families all dots get one color.
func colorFamilies(dots []Dot, colors []color.RGBA) (legend []chart.LegendEntry) {
	parts := 0
	for _, d := range dots {
		parts = max(parts, strings.Count(d.Name, ", "))
	}
	for ; parts > 0; parts-- {
		var families []string
		of := make([]int, len(dots))
		for i, d := range dots {
			all := strings.Split(d.Name, ", ")
			family := strings.Join(all[:min(parts, len(all))], ", ")
			if of[i] = slices.Index(families, family); of[i] < 0 {
				of[i] = len(families)
				families = append(families, family)
			}
		}
		if len(families) > mostCurves {
			continue
		}
		for i, k := range of {
			colors[i] = chart.SeriesColor(k, len(families))
		}
		for k, name := range families {
			legend = append(legend, dotEntry(name, chart.SeriesColor(k, len(families))))
		}
		return legend
	}
	for i := range colors {
		colors[i] = chart.SeriesColor(0, 1)
	}
	return nil
}

// drawDots draws the points in their colors. If named, each name stands where it covers least.
func drawDots(p chart.Panel, pn canvas.Pen, dots []Dot, colors []color.RGBA, named bool) {
	var places []vg.Rectangle
	if named {
		places, _ = placeNames(p, dots)
	}
	for i, d := range dots {
		at, color := p.At(d.Flatness, d.Error), colors[i]
		thin := canvas.Stroke{Color: color, Width: 0.7}
		for _, b := range errorBars(p, d) {
			pn.Lines(thin, b)
		}
		if d.AtLeast {
			tip := vg.Point{X: at.X + arrowLength, Y: at.Y}
			pn.Lines(canvas.Stroke{Color: color, Width: 1}, []vg.Point{at, tip}, []vg.Point{{X: tip.X - 3, Y: tip.Y + 2.2}, tip, {X: tip.X - 3, Y: tip.Y - 2.2}})
		}
		pn.Fill(color, picture.Disc(at, picture.MarkRadius))
		if named {
			pn.Write(canvas.Plain(d.Name), canvas.TextStyle{Size: chart.NoteSize, Color: canvas.InkColor}, places[i].Min)
		}
	}
}

// placeNames are the places of the names of dots, and whether one covers half of a dot, or other names by more than a fifth of its own area.
func placeNames(p chart.Panel, dots []Dot) (places []vg.Rectangle, overlap bool) {
	var taken []vg.Rectangle
	for _, d := range dots {
		at := p.At(d.Flatness, d.Error)
		taken = append(taken, picture.SquareAround(at, picture.MarkRadius+1))
		for _, b := range errorBars(p, d) {
			taken = append(taken, vg.Rectangle{Min: b[0], Max: vg.Point{X: b[1].X + 1, Y: b[1].Y + 1}}, vg.Rectangle{Min: at, Max: vg.Point{X: at.X + arrowLength, Y: at.Y + 2}})
		}
	}
	for _, d := range dots {
		r := freePlace(p, p.At(d.Flatness, d.Error), canvas.Plain(d.Name).Width(chart.NoteSize), append(taken, places...), len(errorBars(p, d)) > 0)
		covered := 0.0
		for _, other := range places {
			covered += common(r, other)
		}
		for _, other := range dots {
			mark := picture.SquareAround(p.At(other.Flatness, other.Error), picture.MarkRadius)
			overlap = overlap || common(r, mark) > 0.5*common(mark, mark)
		}
		size := r.Size()
		places, overlap = append(places, r), overlap || covered > 0.2*float64(size.X*size.Y)
	}
	return places, overlap
}

// common is the area that two rectangles share.
func common(a, b vg.Rectangle) float64 {
	w, h := min(a.Max.X, b.Max.X)-max(a.Min.X, b.Min.X), min(a.Max.Y, b.Max.Y)-max(a.Min.Y, b.Min.Y)
	return float64(max(w, 0) * max(h, 0))
}

// arrowLength is that of the mark of a lower bound.
const arrowLength = 11

// errorBars are the ends of a dot's bars.
func errorBars(p chart.Panel, d Dot) [][]vg.Point {
	var out [][]vg.Point
	if d.FlatnessBar > 0 {
		out = append(out, []vg.Point{p.At(d.Flatness-d.FlatnessBar, d.Error), p.At(d.Flatness+d.FlatnessBar, d.Error)})
	}
	if d.ErrorBar > 0 {
		out = append(out, []vg.Point{p.At(d.Flatness, d.Error-d.ErrorBar), p.At(d.Flatness, d.Error+d.ErrorBar)})
	}
	return out
}

// freePlace is the place for a text near a point, inside the frame, that covers the least of the occupied area; between
// says that the point has bars, so that there is room between them.
func freePlace(p chart.Panel, at vg.Point, width vg.Length, taken []vg.Rectangle, between bool) vg.Rectangle {
	const h, gap = chart.NoteSize * (canvas.CapHeight + canvas.Descent), picture.MarkRadius + 3
	best, least := vg.Rectangle{}, math.Inf(1)
	corners := []vg.Point{
		{X: at.X - width/2, Y: at.Y + gap}, {X: at.X - width/2, Y: at.Y - gap - chart.NoteSize*canvas.CapHeight},
		{X: at.X + gap + 1, Y: at.Y - h/2}, {X: at.X - gap - 1 - width, Y: at.Y - h/2},
		{X: at.X - width/2, Y: at.Y + gap + h + 2}, {X: at.X - width/2, Y: at.Y - gap - h - 2 - chart.NoteSize*canvas.CapHeight},
	}
	if between {
		above, below := at.Y+gap, at.Y-gap-chart.NoteSize*canvas.CapHeight
		corners = append(corners, vg.Point{X: at.X + gap, Y: above}, vg.Point{X: at.X - gap - width, Y: above},
			vg.Point{X: at.X + gap, Y: below}, vg.Point{X: at.X - gap - width, Y: below})
	}
	for k, corner := range corners {
		corner.X = min(max(corner.X, p.Frame.Min.X+2), p.Frame.Max.X-2-width)
		corner.Y = min(max(corner.Y, p.Frame.Min.Y+3), p.Frame.Max.Y-3-h)
		r := vg.Rectangle{Min: corner, Max: vg.Point{X: corner.X + width, Y: corner.Y + h}}
		cost := 0.01 * float64(k)
		for _, t := range taken {
			cost += common(r, t)
		}
		if cost < least {
			best, least = r, cost
		}
	}
	return best
}
