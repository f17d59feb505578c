package render

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"

	"lossatlas/activities/render/internal/canvas"
	"lossatlas/activities/render/internal/chart"
)

// boxAxes are the ticks of the three axes, and how they are called.
type boxAxes struct {
	x, y, z             []chart.Tick
	alongX, alongY      chart.Scale
	xName, yName, zName string
}

func (s relief) axes(small bool) boxAxes {
	n := 5
	if small {
		n = 3
	}
	a := boxAxes{xName: "α", yName: "β", zName: s.r.name}
	a.alongX = chart.Scale{Lo: s.f.X[0], Hi: s.f.X[len(s.f.X)-1]}
	a.alongY = chart.Scale{Lo: s.f.Y[0], Hi: s.f.Y[len(s.f.Y)-1]}
	a.x, a.y, a.z = a.alongX.Ticks(n), a.alongY.Ticks(n), s.r.scale.Ticks(n)
	if small {
		a.z = slices.DeleteFunc(a.z, func(t chart.Tick) bool { return t.Minor })
	}
	return a
}

// drawBox draws the floor and the two walls behind the surface, with faint lines at the ticks.
func (s relief) drawBox(pn canvas.Pen, a boxAxes) {
	l, r, f, b, t := -s.x, s.x, -s.y, s.y, s.z
	for _, face := range [][]vec{
		{{l, f, 0}, {r, f, 0}, {r, b, 0}, {l, b, 0}},
		{{l, f, 0}, {l, b, 0}, {l, b, t}, {l, f, t}},
		{{l, b, 0}, {r, b, 0}, {r, b, t}, {l, b, t}},
	} {
		pn.Fill(canvas.RGB(0xF6F6F6), s.all(face...))
	}
	var lines [][]vg.Point
	for _, k := range a.x {
		x := s.x * (2*a.alongX.At(k.V) - 1)
		lines = append(lines, s.all(vec{x, f, 0}, vec{x, b, 0}, vec{x, b, t}))
	}
	for _, k := range a.y {
		y := s.y * (2*a.alongY.At(k.V) - 1)
		lines = append(lines, s.all(vec{r, y, 0}, vec{l, y, 0}, vec{l, y, t}))
	}
	for _, k := range a.z {
		if !k.Minor {
			z := t * s.r.scale.At(k.V)
			lines = append(lines, s.all(vec{l, f, z}, vec{l, b, z}, vec{r, b, z}))
		}
	}
	pn.Lines(canvas.Stroke{Color: canvas.FaintColor, Width: 0.5}, lines...)
	pn.Lines(canvas.Stroke{Color: canvas.HatchColor, Width: 0.6}, s.all(vec{l, b, 0}, vec{l, b, t}), s.all(vec{l, b, 0}, vec{r, b, 0}), s.all(vec{l, b, 0}, vec{l, f, 0}),
		s.all(vec{l, f, t}, vec{l, b, t}, vec{r, b, t}, vec{r, b, 0}))
}

// drawAxes draws the front edges of the floor and the left edge of the box, with ticks, labels and names.
func (s relief) drawAxes(pn canvas.Pen, a boxAxes) {
	l, r, f, b, t := -s.x, s.x, -s.y, s.y, s.z
	lines := [][]vg.Point{s.all(vec{l, f, 0}, vec{r, f, 0}, vec{r, b, 0}), s.all(vec{l, f, 0}, vec{l, f, t})}
	style := canvas.TextStyle{Size: chart.TickSize, Color: canvas.InkColor, V: 1}
	// out is the direction, on the canvas, of an axis's ticks.
	label := func(at vec, out vec, k chart.Tick) {
		p, q := s.at(at), s.at(at.plus(out, 1))
		d := q.Sub(p)
		n := vg.Length(math.Hypot(float64(d.X), float64(d.Y)))
		d = d.Scale(1 / n)
		lines = append(lines, []vg.Point{p, p.Add(d.Scale(chart.TickLength))})
		to := p.Add(d.Scale(chart.TickLength + chart.TickGap))
		pn.Write(k.Label, style, vg.Point{X: to.X, Y: to.Y})
	}
	for _, k := range a.x {
		style.H = 0.8
		label(vec{s.x * (2*a.alongX.At(k.V) - 1), f, 0}, vec{0, -1, 0}, k)
	}
	for _, k := range a.y {
		style.H = 0.1
		label(vec{r, s.y * (2*a.alongY.At(k.V) - 1), 0}, vec{1, 0, 0}, k)
	}
	corner := s.at(vec{l, f, 0})
	for _, k := range a.z {
		y := s.at(vec{l, f, t * s.r.scale.At(k.V)}).Y
		lines = append(lines, []vg.Point{{X: corner.X, Y: y}, {X: corner.X - k.Length(), Y: y}})
		pn.Write(k.Label, canvas.TextStyle{Size: chart.TickSize, Color: canvas.InkColor, H: 1, V: 0.5}, vg.Point{X: corner.X - chart.TickLength - chart.TickGap, Y: y})
	}
	pn.Lines(canvas.Stroke{Color: canvas.FrameColor, Width: 0.8}, lines...)
	// Names stand below the middle of their edge.
	const away = 2*chart.TickSize + 3
	name := func(at vec, text string, shift vg.Length) {
		p := s.at(at)
		pn.Write(canvas.Plain(text), canvas.TextStyle{Size: chart.LabelSize, Color: canvas.InkColor, H: 0.5, V: 1}, vg.Point{X: p.X + shift, Y: p.Y - away + chart.LabelSize*canvas.CapHeight/2})
	}
	name(vec{0, f, 0}, a.xName, -away)
	name(vec{r, 0, 0}, a.yName, away)
	pn.Write(canvas.Plain(a.zName), canvas.TextStyle{Size: chart.LabelSize, Color: canvas.InkColor, H: 0.5, Angle: chart.RightAngle},
		vg.Point{X: corner.X - chart.TickLength - chart.TickGap - chart.Widest(a.z) - chart.LabelGap - chart.LabelSize*canvas.Descent, Y: (corner.Y + s.at(vec{l, f, t}).Y) / 2})
}
