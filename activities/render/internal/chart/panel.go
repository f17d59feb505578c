package chart

import (
	"image/color"

	"lossatlas/activities/render/internal/canvas"

	"gonum.org/v1/plot/vg"
)

// Sizes of the parts of a figure, in points. At the default width of four inches a figure shown 400
// pixels wide has axis text 12 and line labels 10 pixels high.
const (
	TitleSize   vg.Length = 10
	LabelSize   vg.Length = 10
	TickSize    vg.Length = 9
	LevelSize   vg.Length = 7.2
	NoteSize    vg.Length = 7.5
	Edge        vg.Length = 8 // white space around everything
	TickLength  vg.Length = 3.5
	minorLength vg.Length = 2
	TickGap     vg.Length = 3
	LabelGap    vg.Length = 5
	LineHeight            = 1.3 // of text, in sizes
)

// Panel is a frame with its axes.
type Panel struct {
	Frame vg.Rectangle
	X, Y  Scale
}

// At returns the place of (x, y) in the frame.
func (p Panel) At(x, y float64) vg.Point {
	return vg.Point{X: p.Px(x), Y: p.Py(y, p.Y)}
}

// Px is the horizontal place of x in the frame.
func (p Panel) Px(x float64) vg.Length {
	return p.Frame.Min.X + vg.Length(p.X.At(x))*p.Frame.Size().X
}

// Py returns the height of v on a vertical axis of the frame.
func (p Panel) Py(v float64, s Scale) vg.Length {
	return p.Frame.Min.Y + vg.Length(s.At(v))*p.Frame.Size().Y
}

// DrawFrame draws the frame's border.
func (p Panel) DrawFrame(pn canvas.Pen) {
	pn.Rings(canvas.Stroke{Color: canvas.FrameColor, Width: 0.8}, canvas.Corners(p.Frame))
}

// BottomAxis draws ticks below the frame, their labels, and the axis's name.
func (p Panel) BottomAxis(pn canvas.Pen, ticks []Tick, name string) {
	y := p.Frame.Min.Y
	var marks [][]vg.Point
	for _, t := range ticks {
		x := p.Px(t.V)
		marks = append(marks, []vg.Point{{X: x, Y: y}, {X: x, Y: y - t.Length()}})
		pn.Write(t.Label, canvas.TextStyle{Size: TickSize, Color: canvas.InkColor, H: 0.5, V: 1}, vg.Point{X: x, Y: y - TickLength - TickGap})
	}
	pn.Lines(canvas.Stroke{Color: canvas.FrameColor, Width: 0.8}, marks...)
	pn.Write(canvas.Plain(name), canvas.TextStyle{Size: LabelSize, Color: canvas.InkColor, H: 0.5, V: 1},
		vg.Point{X: Middle(p.Frame), Y: y - TickLength - TickGap - TickSize*canvas.CapHeight - LabelGap})
}

// BottomHeight is the space that the bottom axis takes below the frame.
const BottomHeight = TickLength + TickGap + TickSize*canvas.CapHeight + LabelGap + LabelSize*(canvas.CapHeight+canvas.Descent)

// Length is the length of the tick's mark.
func (t Tick) Length() vg.Length {
	if t.Minor {
		return minorLength
	}
	return TickLength
}

// SideAxis draws ticks of the given scale next to the frame, on its right side or its left,
// and the axis's name turned along it past room points for the labels, all in one colour.
func (p Panel) SideAxis(pn canvas.Pen, s Scale, ticks []Tick, room vg.Length, name string, right bool, c color.Color) {
	x, out, h := p.Frame.Min.X, vg.Length(-1), 1.0
	if right {
		x, out, h = p.Frame.Max.X, 1, 0
	}
	var marks [][]vg.Point
	for _, t := range ticks {
		y := p.Py(t.V, s)
		marks = append(marks, []vg.Point{{X: x, Y: y}, {X: x + out*t.Length(), Y: y}})
		pn.Write(t.Label, canvas.TextStyle{Size: TickSize, Color: c, H: h, V: 0.5}, vg.Point{X: x + out*(TickLength+TickGap), Y: y})
	}
	pn.Lines(canvas.Stroke{Color: c, Width: 0.8}, marks...)
	at := vg.Point{X: x + out*(TickLength+TickGap+room+LabelGap), Y: (p.Frame.Min.Y + p.Frame.Max.Y) / 2}
	if right {
		// Read downwards on the right, with the text's foot towards the frame.
		at.X += LabelSize * canvas.Descent
		pn.Write(canvas.Plain(name), canvas.TextStyle{Size: LabelSize, Color: c, H: 0.5, Angle: -RightAngle, V: 0}, at)
		return
	}
	at.X -= LabelSize * canvas.Descent
	pn.Write(canvas.Plain(name), canvas.TextStyle{Size: LabelSize, Color: c, H: 0.5, Angle: RightAngle}, at)
}

// RightAngle is π/2, by which vertical text is turned.
const RightAngle = 1.5707963267948966

// SideWidth is the space that a side axis takes next to the frame, with room points for the labels.
func SideWidth(room vg.Length) vg.Length {
	return TickLength + TickGap + room + LabelGap + LabelSize
}

// Widest returns the width of the longest tick label.
func Widest(ticks []Tick) vg.Length {
	var w vg.Length
	for _, t := range ticks {
		w = max(w, t.Label.Width(TickSize))
	}
	return w
}

// Heading is the wrapped text above or below a frame.
type Heading struct {
	Lines []canvas.Text
	Size  vg.Length
	Color color.Color
}

// Height is the space that the heading takes, the gap to the frame included.
func (h Heading) Height() vg.Length {
	if len(h.Lines) == 0 {
		return 0
	}
	return h.Size*LineHeight*vg.Length(len(h.Lines)) + 2
}

// Write centres the lines on x, or as near to it as the longest stays inside [left, right], the first with the top of its capitals at y.
func (h Heading) Write(pn canvas.Pen, x, y, left, right vg.Length) {
	for _, l := range h.Lines {
		half := l.Width(h.Size) / 2
		x = min(max(x, left+half), right-half)
	}
	for i, l := range h.Lines {
		pn.Write(l, canvas.TextStyle{Size: h.Size, Color: h.Color, H: 0.5, V: 1}, vg.Point{X: x, Y: y - vg.Length(i)*h.Size*LineHeight})
	}
}

// Vertical draws a line from the bottom to the top of the frame.
func (p Panel) Vertical(pn canvas.Pen, x float64, s canvas.Stroke) {
	pn.Lines(s, []vg.Point{{X: p.Px(x), Y: p.Frame.Min.Y}, {X: p.Px(x), Y: p.Frame.Max.Y}})
}

// Grid draws faint lines across the frame at the labelled ticks of its y axis.
func (p Panel) Grid(pn canvas.Pen, ticks []Tick) {
	var lines [][]vg.Point
	for _, t := range ticks {
		if y := p.Py(t.V, p.Y); !t.Minor {
			lines = append(lines, []vg.Point{{X: p.Frame.Min.X, Y: y}, {X: p.Frame.Max.X, Y: y}})
		}
	}
	pn.Lines(canvas.Stroke{Color: canvas.FaintColor, Width: 0.5}, lines...)
}

// BottomMarks draws ticks without labels, for a frame that shares the axis of one below it.
func (p Panel) BottomMarks(pn canvas.Pen, ticks []Tick) {
	var marks [][]vg.Point
	for _, t := range ticks {
		marks = append(marks, []vg.Point{{X: p.Px(t.V), Y: p.Frame.Min.Y}, {X: p.Px(t.V), Y: p.Frame.Min.Y - minorLength}})
	}
	pn.Lines(canvas.Stroke{Color: canvas.FrameColor, Width: 0.8}, marks...)
}

// Middle is the horizontal centre of a rectangle.
func Middle(r vg.Rectangle) vg.Length { return (r.Min.X + r.Max.X) / 2 }
