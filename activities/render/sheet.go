package render

import (
	"cmp"
	"fmt"
	"strings"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"
)

// Multiples draws one plot for each panel, in rows and columns, all of them with one scale, and with one colour bar
// or legend where the plot has one (the paper's Figures 3, 5, 6 and 7).
func Multiples(plot string, panels []Panel, opt picture.Options) (picture.Figure, error) {
	of, ok := FindPlot(plot)
	if !ok || of.panel == nil {
		var allowed []string
		for _, p := range plots {
			if p.panel != nil {
				allowed = append(allowed, p.Name)
			}
		}
		return picture.Figure{}, fmt.Errorf("multiples of the plot %q; allowed are %s", plot, strings.Join(allowed, ", "))
	}
	s := sheet{plot: of, panels: panels, rows: 1, columns: 1}
	for _, p := range panels {
		s.rows, s.columns = max(s.rows, p.Row+1), max(s.columns, p.Column+1)
	}
	if opt.Width == 0 {
		opt.Width = []float64{4, 6, 7.5}[min(s.columns, 3)-1]
		if s.columns > 3 {
			opt.Width = min(2.3*float64(s.columns), 40)
		}
	}
	opt.Colormap = cmp.Or(opt.Colormap, of.sheet.colormap)
	opt, err := opt.Filled()
	if err != nil {
		return picture.Figure{}, err
	}
	if s.lo, s.hi, err = spanOf(panels, of.sheet.ratio); err != nil {
		return picture.Figure{}, err
	}
	return s.layout(opt)
}

// sheet is a figure of panels.
type sheet struct {
	plot          Plot
	panels        []Panel
	rows, columns int
	lo, hi        float64
}

const (
	panelGap  vg.Length = 9
	leastWide vg.Length = 1.15 * vg.Inch // of a panel
)

// overlap is how much of its width a panel shares with the one next to it, where axes are not named.
func (s sheet) overlap() vg.Length {
	switch look := s.plot.sheet; {
	case look.apart:
		return -panelGap
	case look.rightAxis:
		return 2*picture.SideName - panelGap
	}
	return picture.SideName - panelGap
}

func (s sheet) layout(opt picture.Options) (picture.Figure, error) {
	page := opt.Page(chart.Joined(s.note(), s.symmetric(opt)))
	look := s.plot.sheet
	var bar sideBar
	if look.bar != nil {
		bar = look.bar(s.lo, s.hi, opt)
	}
	room := page.Width - 2*chart.Edge
	if bar != nil {
		room -= bar.Width()
	}
	n := vg.Length(s.columns)
	each := (room + (n-1)*s.overlap()) / n
	if each < leastWide {
		return picture.Figure{}, fmt.Errorf("plot option width: %g inches leave %.2g for each of %d columns; take at least %.1f", opt.Width, float64(each/vg.Inch), s.columns,
			float64(vg.Length(opt.Width)+n*(leastWide-each)/vg.Inch)+0.05)
	}
	all, err := s.draw(opt, each)
	if err != nil {
		return picture.Figure{}, err
	}
	var legend chart.Legend
	if look.legend != nil {
		legend = chart.NewLegend(page.Width-2*chart.Edge, look.legend(s.panels))
	}

	// From the bottom row up: below a row's frames stand their axes and the texts, above them the titles.
	y := chart.Edge + page.Note.Height()
	var barFrame vg.Rectangle
	for row := s.rows - 1; row >= 0; row-- {
		var under, over, text, head vg.Length
		for _, p := range all {
			if p.Row == row {
				under, over = max(under, p.figure.Frame.Min.Y-p.figure.Spare), max(over, p.figure.Height-p.figure.Frame.Min.Y)
				text, head = max(text, p.below.Height()+2), max(head, p.title.Height())
			}
		}
		for i := range all {
			p := &all[i]
			if p.Row != row {
				continue
			}
			p.origin = vg.Point{X: chart.Edge + vg.Length(p.Column)*(each-s.overlap()), Y: y + text + under - p.figure.Frame.Min.Y}
			frame := vg.Rectangle{Min: p.figure.Frame.Min.Add(p.origin), Max: p.figure.Frame.Max.Add(p.origin)}
			p.textY = y + text - 4
			p.titleY = frame.Max.Y + 4 + p.title.Height() - 2
			if barFrame == (vg.Rectangle{}) {
				barFrame = frame
			}
			barFrame.Min.Y, barFrame.Max.Y = min(barFrame.Min.Y, frame.Min.Y), max(barFrame.Max.Y, frame.Max.Y)
		}
		y += text + under + over + head
		if row > 0 {
			y += panelGap / 2
		}
	}
	if bar != nil {
		barFrame.Max.X = page.Width - chart.Edge - bar.Width()
		const longest = 4 * vg.Inch
		if extra := barFrame.Size().Y - longest; extra > 0 {
			barFrame.Min.Y, barFrame.Max.Y = barFrame.Min.Y+extra/2, barFrame.Max.Y-extra/2
		}
	}
	fig := page.Figure(barFrame, y+legend.Height()+page.Title.Height()+chart.Edge, page.Width/2, func(pn canvas.Pen) {
		for _, p := range all {
			p.draw(pn)
		}
		if bar != nil {
			bar.Draw(pn, barFrame)
		}
		legend.Draw(pn, page.Width/2, y)
	})
	fig.Shaded = look.shaded
	return fig, nil
}

// draw lays out the figures of the panels, each as wide as the others.
func (s sheet) draw(opt picture.Options, width vg.Length) ([]placed, error) {
	at := func(row, column int) bool {
		for _, p := range s.panels {
			if p.Row == row && p.Column == column {
				return true
			}
		}
		return false
	}
	out := make([]placed, len(s.panels))
	for i, p := range s.panels {
		o := opt
		o.Width = float64(width / vg.Inch)
		o.Panel = &picture.PanelOptions{Lo: s.lo, Hi: s.hi, X: !at(p.Row+1, p.Column), Y: p.Column == 0, Right: p.Column == s.columns-1}
		if s.plot.sheet.ownAxes {
			o.Panel.Room = canvas.Plain("−0.000").Width(chart.TickSize)
		}
		out[i] = placed{Panel: p, missing: !s.plot.has(p.Data)}
		shown := p
		if out[i].missing {
			shown = s.stand()
		}
		f, err := s.plot.panel(shown.Data, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Title, err)
		}
		text := p.Below
		if fields, err := p.fields(s.plot.sheet.ratio); err == nil && !out[i].missing {
			text = chart.Joined(text, s.without(fields), s.between(fields, opt))
		}
		wide := f.Frame.Size().X + 2*picture.SideName
		out[i].figure = f
		out[i].title = chart.Heading{Lines: canvas.WrapEvenly(p.Title, true, panelSize, wide, 3), Size: panelSize, Color: canvas.InkColor}
		out[i].below = chart.Heading{Lines: canvas.WrapEvenly(text, false, panelSize, wide, 3), Size: panelSize, Color: canvas.InkColor}
	}
	return out, nil
}

// panelSize is the size of the texts above and below a panel.
const panelSize vg.Length = 8.5

// stand is a panel of the sheet that has a result, for the axes of one that has none; without any, one of no points.
func (s sheet) stand() Panel {
	for _, p := range s.panels {
		if s.plot.has(p.Data) {
			return p
		}
	}
	side := []float64{-1, 1}
	g, line := surface.NewGrid(side, side), surface.NewGrid(side, []float64{0})
	g.Curvature = surface.NewCurvature(len(g.Loss))
	path := &trajectory.Path{Epochs: []int{0, 1}, PCA: make([][2]float64, 2), Random: make([][2]float64, 2), Norm: side, Distance: side, Ratio: []float64{0, 0}}
	return Panel{Data: Data{Grid: g, Train: line, Path: path}}
}

// without counts the points that a panel shows no value for.
func (s sheet) without(fields []*lattice.Field) string {
	bad, absent := 0, 0
	for _, f := range fields {
		bad, absent = bad+f.Bad, absent+f.Absent
	}
	var notes []string
	if bad > 0 {
		notes = append(notes, fmt.Sprintf("%d points not finite", bad))
	}
	if absent > 0 {
		notes = append(notes, fmt.Sprintf("%d not evaluated", absent))
	}
	return chart.Joined(notes...)
}

// between names the content of a panel whose values lie between two of the shared levels.
func (s sheet) between(fields []*lattice.Field, opt picture.Options) string {
	if s.plot.sheet.levels == 0 {
		return ""
	}
	f := fields[0] // a plane has one
	if f.Empty() || chooseLevels(s.lo, s.hi, opt, s.plot.sheet.levels).crosses(f) {
		return ""
	}
	return "loss from " + chart.Number(f.Lo) + " to " + chart.Number(f.Hi) + ", with levels of its own"
}

// symmetric says that the panels have a symmetric logarithmic scale, "" if they don't.
func (s sheet) symmetric(opt picture.Options) string {
	if s.plot.sheet.ratio || !picture.IsSymmetric(s.lo, s.hi, opt.Scale, !s.plot.sheet.rightAxis) {
		return ""
	}
	if s.plot.sheet.levels > 0 && chooseLevels(s.lo, s.hi, opt, lineLevels).sym == 0 {
		return ""
	}
	return picture.SymmetricNote(picture.SymmetricScale(s.lo, s.hi).Sym)
}

// note says what the panels share.
func (s sheet) note() string {
	of := "loss"
	if s.plot.sheet.ratio {
		of = "ratio"
	}
	if s.lo > s.hi {
		return "no finite " + of
	}
	if s.lo == s.hi {
		return "the " + of + " is " + chart.Number(s.lo) + " everywhere"
	}
	return chart.Joined("one scale of the "+of+", from "+chart.Number(s.lo)+" to "+chart.Number(s.hi), s.axes(), s.plot.sheet.note, s.exactness())
}

// exactness is the largest error that is stated of a panel, "" where all are exact.
func (s sheet) exactness() string {
	var grids []*surface.Grid
	for _, p := range s.panels {
		grids = append(grids, p.Grid, p.Train, p.Test)
	}
	return surface.LargestError(grids...)
}
