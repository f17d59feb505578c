// Package sketch draws small maps of the loss in characters: surfaces as
// blocks, lines as a row of bars, by the logarithm of the loss. In colour a character shows two
// points, one above the other.
package sketch

import (
	"fmt"
	"math"
	"strings"

	"lossatlas/activities/surface"
)

// Style is the abilities of a terminal.
type Style int

// The styles.
const (
	Plain     Style = iota // characters without colours
	Palette                // the 256 colours that nearly all terminals have
	TrueColor              // any colour
)

// Scale is the range of losses that a map's colours, or characters, stand for.
type Scale struct{ lo, hi float64 }

// NewScale is the range of the finite losses of several grids, so that they can be compared.
func NewScale(grids ...*surface.Grid) Scale {
	s := Scale{math.Inf(1), math.Inf(-1)}
	for _, g := range grids {
		for i, loss := range g.Loss {
			if g.Mask[i] && finite(loss) {
				s.lo, s.hi = min(s.lo, loss), max(s.hi, loss)
			}
		}
	}
	return s
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Empty says whether no loss is finite.
func (s Scale) Empty() bool { return s.lo > s.hi }

// at is the place of a loss within the range, 0 to 1, by its logarithm. A loss of 0 counts as the lowest.
func (s Scale) at(loss float64) float64 {
	lo := s.lo
	if lo <= 0 {
		lo = math.Max(s.hi*1e-6, math.SmallestNonzeroFloat64)
	}
	span := math.Log(s.hi) - math.Log(lo)
	if !(span > 0) {
		return 0
	}
	return min(max((math.Log(max(loss, lo))-math.Log(lo))/span, 0), 1)
}

// Legend explains the colours of surfaces or the heights of lines, and the marks of points without a loss, if the grids have such points.
func (s Scale) Legend(style Style, grids ...*surface.Grid) string {
	var b strings.Builder
	if s.Empty() {
		b.WriteString("no finite loss")
	} else {
		b.WriteString("loss " + Number(s.lo) + " ")
		switch {
		case len(grids) > 0 && grids[0].IsLine():
			b.WriteString(string(bars))
		case style == Plain:
			b.WriteString(ramp)
		default:
			const cells = 16
			for i := range cells {
				b.WriteString(background(style, float64(i)/(cells-1)) + " ")
			}
		}
		b.WriteString(reset(style) + " " + Number(s.hi))
		if s.lo > 0 {
			b.WriteString(" (logarithmic)")
		}
	}
	missing, bad := 0, 0
	for _, g := range grids {
		st := g.Stats()
		missing, bad = missing+st.Points-st.Evaluated, bad+st.NonFinite
	}
	if bad > 0 {
		b.WriteString("; " + foreground(style, notFinite) + string(badMark) + reset(style) + " not finite")
	}
	if missing > 0 {
		fmt.Fprintf(&b, "; %c not computed", missingMark)
	}
	return b.String()
}

// Number writes a loss with three significant digits.
func Number(v float64) string { return strings.ReplaceAll(fmt.Sprintf("%.3g", v), "e+0", "e") }

// Sizes of a surface's block, in points.
const (
	least = 17
	most  = 34
)

// side is how many points of an axis of n are shown: small lattices are drawn larger, large ones thinned out.
func side(n int) int {
	switch {
	case n < 2:
		return 1
	case n < least:
		return n * ((least + n - 1) / n)
	case n > most:
		return most
	}
	return n
}

// pick is the place on an axis of n points that is shown at i of m.
func pick(i, m, n int) int {
	if m >= n {
		return i * n / m
	}
	return int(math.Round(float64(i) * float64(n-1) / float64(m-1)))
}

// Surface draws a surface in rows, all of the width Width. Larger values of β are above.
func (s Scale) Surface(g *surface.Grid, style Style) []string {
	nx, ny := side(len(g.X)), side(len(g.Y))
	point := func(ix, iy int) int { return pick(iy, ny, len(g.Y))*len(g.X) + pick(ix, nx, len(g.X)) }
	var rows []string
	for top := ny - 1; top >= 0; top -= 2 {
		var b strings.Builder
		for ix := range nx {
			upper, lower := point(ix, top), -1
			if top > 0 {
				lower = point(ix, top-1)
			}
			b.WriteString(s.cell(g, upper, lower, style))
		}
		rows = append(rows, b.String()+reset(style))
	}
	return rows
}

// Width is how many columns a surface takes.
func Width(g *surface.Grid) int { return side(len(g.X)) }

// Bars draws a line as bars of eight heights, at most width of them; each shows the
// mean logarithm of the losses that fall to it. Short lines have several for a point.
func (s Scale) Bars(g *surface.Grid, width int, style Style) string {
	n := len(g.X)
	m := min(n*max(1, least/n), width)
	var b strings.Builder
	for i := range m {
		sum, count, bad := 0.0, 0, false
		for k := i * n / m; k < max((i+1)*n/m, i*n/m+1); k++ {
			switch t, known := s.point(g, k); {
			case !known:
			case t == notFinite:
				bad = true
			default:
				sum += t
				count++
			}
		}
		switch {
		case bad:
			b.WriteString(foreground(style, notFinite) + string(badMark) + reset(style))
		case count == 0:
			b.WriteRune(missingMark)
		default:
			t := sum / float64(count)
			b.WriteRune(bars[min(int(t*float64(len(bars))), len(bars)-1)]) // uncoloured: its height says it, on any ground
		}
	}
	return b.String()
}

var bars = []rune("▁▂▃▄▅▆▇█")

const (
	missingMark = '·'
	badMark     = 'x'
)

// ramp are characters of rising darkness.
const ramp = ".:-=+*#%@"

func shade(t float64) byte { return ramp[min(int(t*float64(len(ramp))), len(ramp)-1)] }

// notFinite stands for the colour of losses that are not finite, which no loss has.
const notFinite = -1

// point is the place of a point's loss in the range, or notFinite; false for a point of −1 and one that isn't computed.
func (s Scale) point(g *surface.Grid, i int) (t float64, known bool) {
	switch {
	case i < 0 || !g.Mask[i]:
		return 0, false
	case !finite(g.Loss[i]):
		return notFinite, true
	}
	return s.at(g.Loss[i]), true
}

// cell draws two points as one character; the lower one is −1 without a point.
func (s Scale) cell(g *surface.Grid, upper, lower int, style Style) string {
	up, hasUp := s.point(g, upper)
	down, hasDown := s.point(g, lower)
	switch {
	case style == Plain:
		return plainCell(up, hasUp, down, hasDown)
	case hasUp && hasDown:
		return foreground(style, up) + background(style, down) + "▀"
	case hasUp:
		return reset(style) + foreground(style, up) + "▀"
	case hasDown:
		return reset(style) + foreground(style, down) + "▄"
	}
	return reset(style) + string(missingMark)
}

// plainCell is one character without colour for two points: a mark if either is not finite, else their mean.
func plainCell(up float64, hasUp bool, down float64, hasDown bool) string {
	switch {
	case up == notFinite || down == notFinite:
		return string(badMark)
	case hasUp && hasDown:
		return string(shade((up + down) / 2))
	case hasUp || hasDown:
		return string(shade(up + down)) // the other one is 0
	}
	return string(missingMark)
}
