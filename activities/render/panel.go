package render

import (
	"image/color"

	"gonum.org/v1/plot/vg"
)

// Sizes of the parts of a figure, in points. At the default width of four inches a figure shown 400
// pixels wide has axis text 12 and line labels 10 pixels high.
const (
	titleSize   vg.Length = 10
	labelSize   vg.Length = 10
	tickSize    vg.Length = 9
	levelSize   vg.Length = 7.2
	noteSize    vg.Length = 7.5
	edge        vg.Length = 8 // white space around everything
	tickLength  vg.Length = 3.5
	minorLength vg.Length = 2
	tickGap     vg.Length = 3
	labelGap    vg.Length = 5
	lineHeight            = 1.3 // of text, in sizes
)

// panel is a frame with its axes.
type panel struct {
	frame vg.Rectangle
	x, y  scale
}

// at returns the place of (x, y) in the frame.
func (p panel) at(x, y float64) vg.Point {
	return vg.Point{X: p.px(x), Y: p.py(y, p.y)}
}

func (p panel) px(x float64) vg.Length {
	return p.frame.Min.X + vg.Length(p.x.at(x))*p.frame.Size().X
}

// py returns the height of v on a vertical axis of the frame.
func (p panel) py(v float64, s scale) vg.Length {
	return p.frame.Min.Y + vg.Length(s.at(v))*p.frame.Size().Y
}

// drawFrame draws the frame's border.
func (p panel) drawFrame(pn pen) {
	pn.rings(stroke{color: frameColor, width: 0.8}, corners(p.frame))
}

// bottomAxis draws ticks below the frame, their labels, and the axis's name.
func (p panel) bottomAxis(pn pen, ticks []tick, name string) {
	y := p.frame.Min.Y
	var marks [][]vg.Point
	for _, t := range ticks {
		x := p.px(t.v)
		marks = append(marks, []vg.Point{{X: x, Y: y}, {X: x, Y: y - t.length()}})
		pn.write(t.label, textStyle{size: tickSize, color: inkColor, h: 0.5, v: 1}, vg.Point{X: x, Y: y - tickLength - tickGap})
	}
	pn.lines(stroke{color: frameColor, width: 0.8}, marks...)
	pn.write(plain(name), textStyle{size: labelSize, color: inkColor, h: 0.5, v: 1},
		vg.Point{X: middle(p.frame), Y: y - tickLength - tickGap - tickSize*capHeight - labelGap})
}

// bottomHeight is the space that the bottom axis takes below the frame.
const bottomHeight = tickLength + tickGap + tickSize*capHeight + labelGap + labelSize*(capHeight+descent)

// length is the length of the tick's mark.
func (t tick) length() vg.Length {
	if t.minor {
		return minorLength
	}
	return tickLength
}

// sideAxis draws ticks of the given scale beside the frame, on its right side or its left,
// and the axis's name turned along it past room points for the labels, all in one colour.
func (p panel) sideAxis(pn pen, s scale, ticks []tick, room vg.Length, name string, right bool, c color.Color) {
	x, out, h := p.frame.Min.X, vg.Length(-1), 1.0
	if right {
		x, out, h = p.frame.Max.X, 1, 0
	}
	var marks [][]vg.Point
	for _, t := range ticks {
		y := p.py(t.v, s)
		marks = append(marks, []vg.Point{{X: x, Y: y}, {X: x + out*t.length(), Y: y}})
		pn.write(t.label, textStyle{size: tickSize, color: c, h: h, v: 0.5}, vg.Point{X: x + out*(tickLength+tickGap), Y: y})
	}
	pn.lines(stroke{color: c, width: 0.8}, marks...)
	at := vg.Point{X: x + out*(tickLength+tickGap+room+labelGap), Y: (p.frame.Min.Y + p.frame.Max.Y) / 2}
	if right {
		// Read downwards on the right, with the text's foot towards the frame.
		at.X += labelSize * descent
		pn.write(plain(name), textStyle{size: labelSize, color: c, h: 0.5, angle: -rightAngle, v: 0}, at)
		return
	}
	at.X -= labelSize * descent
	pn.write(plain(name), textStyle{size: labelSize, color: c, h: 0.5, angle: rightAngle}, at)
}

const rightAngle = 1.5707963267948966

// sideWidth is the space that a side axis takes beside the frame, with room points for the labels.
func sideWidth(room vg.Length) vg.Length {
	return tickLength + tickGap + room + labelGap + labelSize
}

// widest returns the width of the longest tick label.
func widest(ticks []tick) vg.Length {
	var w vg.Length
	for _, t := range ticks {
		w = max(w, t.label.width(tickSize))
	}
	return w
}

// heading is the wrapped text above or below a frame.
type heading struct {
	lines []text
	size  vg.Length
	color color.Color
}

// height is the space that the heading takes, the gap to the frame included.
func (h heading) height() vg.Length {
	if len(h.lines) == 0 {
		return 0
	}
	return h.size*lineHeight*vg.Length(len(h.lines)) + 2
}

// write centres the lines on x, the first with the top of its capitals at y, and keeps them inside [left, right].
func (h heading) write(pn pen, x, y, left, right vg.Length) {
	for i, l := range h.lines {
		half := l.width(h.size) / 2
		at := min(max(x, left+half), right-half)
		pn.write(l, textStyle{size: h.size, color: h.color, h: 0.5, v: 1}, vg.Point{X: at, Y: y - vg.Length(i)*h.size*lineHeight})
	}
}

// vertical draws a line from the bottom to the top of the frame.
func (p panel) vertical(pn pen, x float64, s stroke) {
	pn.lines(s, []vg.Point{{X: p.px(x), Y: p.frame.Min.Y}, {X: p.px(x), Y: p.frame.Max.Y}})
}

// grid draws faint lines across the frame at the labelled ticks of its y axis.
func (p panel) grid(pn pen, ticks []tick) {
	var lines [][]vg.Point
	for _, t := range ticks {
		if y := p.py(t.v, p.y); !t.minor {
			lines = append(lines, []vg.Point{{X: p.frame.Min.X, Y: y}, {X: p.frame.Max.X, Y: y}})
		}
	}
	pn.lines(stroke{color: faintColor, width: 0.5}, lines...)
}

// bottomMarks draws ticks without labels, for a frame that shares the axis of one below it.
func (p panel) bottomMarks(pn pen, ticks []tick) {
	var marks [][]vg.Point
	for _, t := range ticks {
		marks = append(marks, []vg.Point{{X: p.px(t.v), Y: p.frame.Min.Y}, {X: p.px(t.v), Y: p.frame.Min.Y - minorLength}})
	}
	pn.lines(stroke{color: frameColor, width: 0.8}, marks...)
}

// middle is the horizontal centre of a rectangle.
func middle(r vg.Rectangle) vg.Length { return (r.Min.X + r.Max.X) / 2 }
