package compare

import (
	"image/color"
	"math"
	"sort"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
)

// rowsPart is a frame of rows: the values of one quantity, a row for each series, nil without values.
type rowsPart struct {
	name   string
	scale  string // as of picture.Options
	fields []*lattice.Field
}

// Heights of a row: as much as its name needs, less where there are very many.
const (
	rowHeight   vg.Length = 1.3 * chart.TickSize
	mostHigh    vg.Length = 7 * vg.Inch
	rowsAtLeast vg.Length = 1.2 * vg.Inch
)

// layoutRows draws more series than a frame can show as curves: a row of colors for each, with its name at the left.
func layoutRows(names []string, s picture.Frames, parts []rowsPart, opt picture.Options) picture.Figure {
	n := len(names)
	heading, short := chart.ShortNames(names)
	s.Height = max(rowHeight*vg.Length(n), rowsAtLeast, canvas.Plain(heading).Width(chart.LabelSize)) // the heading stands upright, as the names of the colors
	for _, p := range parts {
		s.Height = max(s.Height, canvas.Plain(p.name).Width(chart.LabelSize))
	}
	s.Height = min(s.Height, mostHigh)
	every := int(math.Ceil(float64(rowHeight) * float64(n) / float64(s.Height) * 0.99))
	y := chart.Scale{Lo: 0, Hi: float64(n)}
	var ticks []chart.Tick
	for i, name := range short {
		if i%every != 0 {
			continue
		}
		label := canvas.Wrap(name, false, chart.TickSize, vg.Length(opt.Width)*vg.Inch/3, 1)
		if len(label) > 0 {
			ticks = append(ticks, chart.Tick{V: float64(n-i) - 0.5, Label: label[0]})
		}
	}
	s.Series, s.Kinds = nil, nil
	s.Note = chart.Joined("a row for each experiment", s.Note)
	for _, p := range parts {
		ramp := picture.Ramp{Colormap: opt.Colormap, Name: p.name, Scale: rowsScale(p)}
		s.Right = max(s.Right, ramp.Width())
		s.Parts = append(s.Parts, picture.FramePart{Panel: chart.Panel{Y: y}, Name: heading, Color: canvas.InkColor, Ticks: ticks, Inside: func(pn canvas.Pen, panel chart.Panel) {
			picture.Tiles(pn, panel.Frame, opt.DPI, func(u, v float64) (color.RGBA, bool) {
				f := p.fields[min(int((1-v)*float64(n)), n-1)]
				if f == nil {
					return color.RGBA{}, false
				}
				i := nearest(f.X, panel.X.Lo+u*(panel.X.Hi-panel.X.Lo))
				if i < 0 || !f.OK[i] {
					return color.RGBA{}, false
				}
				return ramp.Color(f.Z[i]), true
			})
			ramp.Draw(pn, panel.Frame)
		}})
	}
	return s.Layout(opt, 0)
}

// nearest is the index of the place nearest to v, −1 for one more than half a step beyond the ends.
func nearest(x []float64, v float64) int {
	if len(x) == 0 {
		return -1
	}
	i := sort.SearchFloat64s(x, v)
	if i == len(x) || i > 0 && v-x[i-1] < x[i]-v {
		i--
	}
	step := 1.0
	if len(x) > 1 {
		step = (x[len(x)-1] - x[0]) / float64(len(x)-1)
	}
	if math.Abs(v-x[i]) > 0.75*step {
		return -1
	}
	return i
}

// rowsScale is the scale of the colors, logarithmic where values span more than two orders of magnitude.
func rowsScale(p rowsPart) chart.Scale {
	s := chart.NoScale
	for _, f := range p.fields {
		if f != nil {
			s = s.With(f.Lo, f.Hi)
		}
	}
	switch {
	case s.Lo > s.Hi:
		return chart.Scale{Lo: 0, Hi: 1}
	case s.Lo == s.Hi:
		room := max(0.1*math.Abs(s.Hi), 0.1)
		return chart.Scale{Lo: s.Lo - room, Hi: s.Hi + room}
	case picture.IsSymmetric(s.Lo, s.Hi, p.scale, true):
		return picture.SymmetricScale(s.Lo, s.Hi)
	}
	floor := picture.PositiveFloor(s.Lo, s.Hi)
	if s.Hi > floor && (p.scale == picture.ScaleLog || p.scale == picture.ScaleAuto && s.Lo >= 0 && s.Hi/floor > 100) {
		return chart.Scale{Lo: floor, Hi: s.Hi, Log: true}
	}
	return s
}
