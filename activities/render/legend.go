package render

import (
	"image/color"
	"strings"

	"gonum.org/v1/plot/vg"
)

// seriesColors are the colours of Okabe and Ito (2008), which readers of every colour vision tell apart, without
// their yellow, which white paper swallows.
var seriesColors = []color.RGBA{rgb(0x0072B2), rgb(0xD55E00), rgb(0x009E73), rgb(0xCC79A7), rgb(0xE69F00), rgb(0x56B4E9), rgb(0x000000)}

// seriesColor is the colour of series i of n; more than there are colours for take those of a map, in their order.
func seriesColor(i, n int) color.RGBA {
	if n <= len(seriesColors) {
		return seriesColors[i]
	}
	return lineColor("viridis", i, n)
}

// legendEntry names a colour or a kind of line.
type legendEntry struct {
	name  string
	color color.Color
	dash  []vg.Length
}

// legend are the entries of a legend in rows that fit a width.
type legend [][]legendEntry

const (
	sampleWidth vg.Length = 18
	sampleGap   vg.Length = 4
	entryApart  vg.Length = 14
	legendLine            = tickSize * 1.35
)

func (e legendEntry) width() vg.Length {
	return sampleWidth + sampleGap + plain(e.name).width(tickSize) + entryApart
}

// newLegend begins a row for each group.
func newLegend(width vg.Length, groups ...[]legendEntry) legend {
	var rows legend
	for _, g := range groups {
		rows = append(rows, flow(g, width)...)
	}
	return rows
}

func flow(entries []legendEntry, width vg.Length) legend {
	var rows legend
	var used vg.Length
	for _, e := range entries {
		// A name wider than the figure ends in an ellipsis.
		if room := width - sampleWidth - sampleGap - entryApart; plain(e.name).width(tickSize) > room {
			if lines := wrap(e.name, false, tickSize, room, 1); len(lines) > 0 {
				e.name = lines[0].runs[0].s
			}
		}
		if w := e.width(); len(rows) == 0 || used+w > width+entryApart {
			rows, used = append(rows, []legendEntry{e}), w
		} else {
			rows[len(rows)-1], used = append(rows[len(rows)-1], e), used+w
		}
	}
	return rows
}

// height is the space that the legend takes, the gap to the frame below it included.
func (l legend) height() vg.Length {
	if len(l) == 0 {
		return 0
	}
	return vg.Length(len(l))*legendLine + 5
}

// draw centres the rows on x, the foot of the last one at y.
func (l legend) draw(pn pen, x, y vg.Length) {
	for i, row := range l {
		width := -entryApart
		for _, e := range row {
			width += e.width()
		}
		at := vg.Point{X: x - width/2, Y: y + 5 + vg.Length(len(l)-1-i)*legendLine}
		for _, e := range row {
			mid := at.Y + tickSize*capHeight/2
			pn.lines(stroke{color: e.color, width: curveWidth, dash: e.dash}, []vg.Point{{X: at.X, Y: mid}, {X: at.X + sampleWidth, Y: mid}})
			pn.write(plain(e.name), textStyle{size: tickSize, color: inkColor}, vg.Point{X: at.X + sampleWidth + sampleGap, Y: at.Y})
			at.X += e.width()
		}
	}
}

// missingNote names what a figure could not show.
func missingNote(names []string) string {
	const most = 4
	switch {
	case len(names) == 0:
		return ""
	case len(names) > most:
		return "no result of " + strings.Join(names[:most], "; ") + " and others"
	}
	return "no result of " + strings.Join(names, "; ")
}

// joined puts notes together, without empty ones.
func joined(notes ...string) string {
	var out []string
	for _, n := range notes {
		if n != "" {
			out = append(out, n)
		}
	}
	return strings.Join(out, "; ")
}
