package chart

import (
	"image/color"
	"strings"

	"lossatlas/activities/render/internal/canvas"

	"gonum.org/v1/plot/vg"
)

// seriesColors are the colours of Okabe and Ito (2008), which readers of every colour vision tell apart, without
// their yellow, which white paper swallows.
var seriesColors = []color.RGBA{canvas.RGB(0x0072B2), canvas.RGB(0xD55E00), canvas.RGB(0x009E73), canvas.RGB(0xCC79A7), canvas.RGB(0xE69F00), canvas.RGB(0x56B4E9), canvas.RGB(0x000000)}

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

// Legend are the entries of a legend in rows that fit a width.
type Legend [][]LegendEntry

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

// NewLegend begins a row for each group.
func NewLegend(width vg.Length, groups ...[]LegendEntry) Legend {
	var rows Legend
	for _, g := range groups {
		rows = append(rows, flow(g, width)...)
	}
	return rows
}

func flow(entries []LegendEntry, width vg.Length) Legend {
	var rows Legend
	var used vg.Length
	for _, e := range entries {
		// A name wider than the figure ends in an ellipsis.
		if room := width - sampleWidth - sampleGap - entryApart; canvas.Plain(e.Name).Width(TickSize) > room {
			if lines := canvas.Wrap(e.Name, false, TickSize, room, 1); len(lines) > 0 {
				e.Name = lines[0].Runs[0].S
			}
		}
		if w := e.width(); len(rows) == 0 || used+w > width+entryApart {
			rows, used = append(rows, []LegendEntry{e}), w
		} else {
			rows[len(rows)-1], used = append(rows[len(rows)-1], e), used+w
		}
	}
	return rows
}

// Height is the space that the legend takes, the gap to the frame below it included.
func (l Legend) Height() vg.Length {
	if len(l) == 0 {
		return 0
	}
	return vg.Length(len(l))*legendLine + 5
}

// Draw centres the rows on x, the foot of the last one at y.
func (l Legend) Draw(pn canvas.Pen, x, y vg.Length) {
	for i, row := range l {
		width := -entryApart
		for _, e := range row {
			width += e.width()
		}
		at := vg.Point{X: x - width/2, Y: y + 5 + vg.Length(len(l)-1-i)*legendLine}
		for _, e := range row {
			mid := at.Y + TickSize*canvas.CapHeight/2
			if e.Mark != nil {
				e.Mark(pn, vg.Point{X: at.X + sampleWidth/2, Y: mid})
			} else {
				pn.Lines(canvas.Stroke{Color: e.Color, Width: CurveWidth, Dash: e.Dash}, []vg.Point{{X: at.X, Y: mid}, {X: at.X + sampleWidth, Y: mid}})
			}
			pn.Write(canvas.Plain(e.Name), canvas.TextStyle{Size: TickSize, Color: canvas.InkColor}, vg.Point{X: at.X + sampleWidth + sampleGap, Y: at.Y})
			at.X += e.width()
		}
	}
}

// MissingNote names what a figure could not show.
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
