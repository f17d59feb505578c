package chart

import (
	"image/color"
	"slices"
	"strings"

	"lossatlas/activities/render/internal/canvas"

	"gonum.org/v1/plot/vg"
)

// seriesColors are the colours of Okabe and Ito (2008), distinguishable with every colour vision, with a
// gray in place of their yellow, which white paper swallows.
var seriesColors = []color.RGBA{canvas.RGB(0x0072B2), canvas.RGB(0xD55E00), canvas.RGB(0x009E73), canvas.RGB(0xCC79A7), canvas.RGB(0xE69F00), canvas.RGB(0x56B4E9), canvas.RGB(0x000000), canvas.RGB(0x999999)}

// SeriesColor is the colour of series i of n; more than there are colours for take those of a map, in their order.
func SeriesColor(i, n int) color.RGBA {
	if n <= len(seriesColors) {
		return seriesColors[i]
	}
	return canvas.LineColor("viridis", i, n)
}

// LegendEntry names a colour, a kind of line, or a mark.
type LegendEntry struct {
	Name  string
	Color color.Color
	Dash  []vg.Length
	Mark  func(pn canvas.Pen, at vg.Point) // in place of a line, if not nil
}

// Legend are groups of entries in columns that fit a width.
type Legend []legendGroup

// legendGroup are entries in rows and aligned columns, after a heading that their names have in common.
type legendGroup struct {
	heading string
	rows    [][]LegendEntry
	widths  []vg.Length // of the columns
}

// CurveWidth is the width of a curve. The others are the sizes of a legend.
const (
	CurveWidth  vg.Length = 1.4
	sampleWidth vg.Length = 18
	sampleGap   vg.Length = 4
	entryApart  vg.Length = 14
	legendLine            = TickSize * 1.35
)

func (e LegendEntry) width() vg.Length {
	return sampleWidth + sampleGap + canvas.Plain(e.Name).Width(TickSize) + entryApart
}

// NewLegend begins a row for each group. The common part of a group's names stands once before them.
func NewLegend(width vg.Length, groups ...[]LegendEntry) Legend {
	var out Legend
	for _, entries := range groups {
		if len(entries) > 0 {
			out = append(out, newLegendGroup(width, slices.Clone(entries)))
		}
	}
	return out
}

func newLegendGroup(width vg.Length, entries []LegendEntry) legendGroup {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
	}
	var g legendGroup
	if g.heading, names = ShortNames(names); g.heading != "" {
		g.heading += ":"
	}
	width -= g.indent()
	for i := range entries {
		entries[i].Name = names[i]
		// A name wider than the figure ends in an ellipsis.
		if lines := canvas.Wrap(names[i], false, TickSize, width-sampleWidth-sampleGap, 1); len(lines) > 0 {
			entries[i].Name = lines[0].Runs[0].S
		}
	}
	// As many columns as fit, no more than fill the same number of rows.
	for columns := len(entries); ; columns-- {
		rows := (len(entries) + columns - 1) / columns
		columns = (len(entries) + rows - 1) / rows
		g.widths = make([]vg.Length, columns)
		total := -entryApart
		for i, e := range entries {
			g.widths[i%columns] = max(g.widths[i%columns], e.width())
		}
		for _, w := range g.widths {
			total += w
		}
		if total <= width || columns == 1 {
			g.rows = slices.Collect(slices.Chunk(entries, columns))
			return g
		}
	}
}

// indent is the width of the heading.
func (g legendGroup) indent() vg.Length {
	if g.heading == "" {
		return 0
	}
	return canvas.Plain(g.heading).Width(TickSize) + 2*sampleGap
}

// ShortNames takes the names of parameters out of names that have the same ones: "batch_size=32" and "batch_size=128" become "32" and
// "128" under the heading "batch_size". Other names stay, without a heading.
func ShortNames(names []string) (heading string, short []string) {
	var keys []string
	for i, name := range names {
		var own, values []string
		for _, part := range strings.Split(name, ", ") {
			key, value, ok := strings.Cut(part, "=")
			if !ok {
				return "", names
			}
			own, values = append(own, key), append(values, value)
		}
		if i > 0 && !slices.Equal(own, keys) {
			return "", names
		}
		keys, short = own, append(short, strings.Join(values, ", "))
	}
	if len(names) < 2 {
		return "", names
	}
	return strings.Join(keys, ", "), short
}

// Height is the space that the legend takes, the gap to the frame below it included.
func (l Legend) Height() vg.Length {
	rows := 0
	for _, g := range l {
		rows += len(g.rows)
	}
	if rows == 0 {
		return 0
	}
	return vg.Length(rows)*legendLine + 5
}

// Draw centers the groups on x, the foot of the last row at y.
func (l Legend) Draw(pn canvas.Pen, x, y vg.Length) {
	y += l.Height() - legendLine
	for _, g := range l {
		width := g.indent() - entryApart
		for _, w := range g.widths {
			width += w
		}
		left := x - width/2
		if g.heading != "" {
			pn.Write(canvas.Plain(g.heading), canvas.TextStyle{Size: TickSize, Color: canvas.InkColor}, vg.Point{X: left, Y: y})
		}
		for _, row := range g.rows {
			at := vg.Point{X: left + g.indent(), Y: y}
			for i, e := range row {
				e.draw(pn, at)
				at.X += g.widths[i]
			}
			y -= legendLine
		}
	}
}

// draw draws an entry with its lower left corner at a place.
func (e LegendEntry) draw(pn canvas.Pen, at vg.Point) {
	mid := at.Y + TickSize*canvas.CapHeight/2
	if e.Mark != nil {
		e.Mark(pn, vg.Point{X: at.X + sampleWidth/2, Y: mid})
	} else {
		pn.Lines(canvas.Stroke{Color: e.Color, Width: CurveWidth, Dash: e.Dash}, []vg.Point{{X: at.X, Y: mid}, {X: at.X + sampleWidth, Y: mid}})
	}
	pn.Write(canvas.Plain(e.Name), canvas.TextStyle{Size: TickSize, Color: canvas.InkColor}, vg.Point{X: at.X + sampleWidth + sampleGap, Y: at.Y})
}

// MissingNote names the parts that a figure could not show.
func MissingNote(names []string) string {
	const most = 4
	switch {
	case len(names) == 0:
		return ""
	case len(names) > most:
		return "no result of " + strings.Join(names[:most], "; ") + " and others"
	}
	return "no result of " + strings.Join(names, "; ")
}

// Joined puts notes together, without empty ones.
func Joined(notes ...string) string {
	var out []string
	for _, n := range notes {
		if n != "" {
			out = append(out, n)
		}
	}
	return strings.Join(out, "; ")
}
