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
	a := boxAxes{xName: "α", yName: "β", zName: s.r.Name}
	a.alongX = chart.Scale{Lo: s.f.X[0], Hi: s.f.X[len(s.f.X)-1]}
	a.alongY = chart.Scale{Lo: s.f.Y[0], Hi: s.f.Y[len(s.f.Y)-1]}
	a.x, a.y, a.z = a.alongX.Ticks(n), a.alongY.Ticks(n), s.r.Scale.Ticks(n)
	if small {
		a.z = slices.DeleteFunc(a.z, func(t chart.Tick) bool { return t.Minor })
	}
	return a
}

// sides are the places of the walls: the near and the far one of either axis, and whether the near edge along α is drawn at the left.
func (s relief) sides() (nearX, nearY float64, left bool) {
	nearX, nearY = math.Copysign(s.x, s.cosA), math.Copysign(s.y, s.sinA)
	return nearX, nearY, s.at(vec{-nearX, nearY, 0}).X < s.at(vec{nearX, -nearY, 0}).X
}

// drawBox draws the floor and the two walls behind the surface, with faint lines at the ticks.
func (s relief) drawBox(pn canvas.Pen, a boxAxes) {
	nx, ny, _ := s.sides()
	fx, fy, t := -nx, -ny, s.z
	for _, face := range [][]vec{
		{{nx, ny, 0}, {fx, ny, 0}, {fx, fy, 0}, {nx, fy, 0}},
		{{fx, ny, 0}, {fx, fy, 0}, {fx, fy, t}, {fx, ny, t}},
		{{fx, fy, 0}, {nx, fy, 0}, {nx, fy, t}, {fx, fy, t}},
	} {
		pn.Fill(canvas.RGB(0xF6F6F6), s.all(face...))
	}
	var lines [][]vg.Point
	for _, k := range a.x {
		x := s.x * (2*a.alongX.At(k.V) - 1)
		lines = append(lines, s.all(vec{x, ny, 0}, vec{x, fy, 0}, vec{x, fy, t}))
	}
	for _, k := range a.y {
		y := s.y * (2*a.alongY.At(k.V) - 1)
		lines = append(lines, s.all(vec{nx, y, 0}, vec{fx, y, 0}, vec{fx, y, t}))
	}
	for _, k := range a.z {
		if !k.Minor {
			z := t * s.r.Scale.At(k.V)
			lines = append(lines, s.all(vec{fx, ny, z}, vec{fx, fy, z}, vec{nx, fy, z}))
		}
	}
	pn.Lines(canvas.Stroke{Color: canvas.FaintColor, Width: 0.5}, lines...)
	pn.Lines(canvas.Stroke{Color: canvas.HatchColor, Width: 0.5}, s.all(vec{fx, fy, 0}, vec{fx, fy, t}), s.all(vec{fx, fy, 0}, vec{nx, fy, 0}), s.all(vec{fx, fy, 0}, vec{fx, ny, 0}),
		s.all(vec{fx, ny, t}, vec{fx, fy, t}, vec{nx, fy, t}))
}

// drawAxes draws the front edges of the floor and the left edge of the box, with ticks, labels and names.
func (s relief) drawAxes(pn canvas.Pen, a boxAxes) {
	nx, ny, left := s.sides()
	fx, fy, t := -nx, -ny, s.z
	corner := vec{nx, fy, 0} // the left one
	if left {
		corner = vec{fx, ny, 0}
	}
	lines := [][]vg.Point{s.all(vec{fx, ny, 0}, vec{nx, ny, 0}, vec{nx, fy, 0}), s.all(corner, vec{corner.x, corner.y, t})}
	// out is the direction of an axis's ticks, and atLeft says that they hang at the left of the front corner.
	label := func(at vec, out vec, k chart.Tick, atLeft bool) {
		p, q := s.at(at), s.at(at.plus(out, 1))
		d := q.Sub(p)
		n := max(vg.Length(math.Hypot(float64(d.X), float64(d.Y))), 1e-9)
		d = d.Scale(1 / n)
		lines = append(lines, []vg.Point{p, p.Add(d.Scale(chart.TickLength))})
		style := canvas.TextStyle{Size: chart.TickSize, Color: canvas.InkColor, V: 1, H: 0.1}
		if atLeft {
			style.H = 0.8
		}
		pn.Write(k.Label, style, p.Add(d.Scale(chart.TickLength+chart.TickGap)))
	}
	for _, k := range a.x {
		label(vec{s.x * (2*a.alongX.At(k.V) - 1), ny, 0}, vec{0, ny, 0}, k, left)
	}
	for _, k := range a.y {
		label(vec{nx, s.y * (2*a.alongY.At(k.V) - 1), 0}, vec{nx, 0, 0}, k, !left)
	}
	foot := s.at(corner)
	for _, k := range a.z {
		y := s.at(vec{corner.x, corner.y, t * s.r.Scale.At(k.V)}).Y
		lines = append(lines, []vg.Point{{X: foot.X, Y: y}, {X: foot.X - k.Length(), Y: y}})
		pn.Write(k.Label, canvas.TextStyle{Size: chart.TickSize, Color: canvas.InkColor, H: 1, V: 0.5}, vg.Point{X: foot.X - chart.TickLength - chart.TickGap, Y: y})
	}
	pn.Lines(canvas.Stroke{Color: canvas.FrameColor, Width: 0.8}, lines...)
	// Names stand below the middle of their edge.
	const away = 2*chart.TickSize + 3
	name := func(at vec, text string, atLeft bool) {
		p, shift := s.at(at), vg.Length(away)
		if atLeft {
			shift = -away
		}
		pn.Write(canvas.Plain(text), canvas.TextStyle{Size: chart.LabelSize, Color: canvas.InkColor, H: 0.5, V: 1}, vg.Point{X: p.X + shift, Y: p.Y - away + chart.LabelSize*canvas.CapHeight/2})
	}
	name(vec{0, ny, 0}, a.xName, left)
	name(vec{nx, 0, 0}, a.yName, !left)
	pn.Write(canvas.Plain(a.zName), canvas.TextStyle{Size: chart.LabelSize, Color: canvas.InkColor, H: 0.5, Angle: chart.RightAngle},
		vg.Point{X: foot.X - chart.TickLength - chart.TickGap - chart.Widest(a.z) - chart.LabelGap - chart.LabelSize*canvas.Descent, Y: (foot.Y + s.at(vec{corner.x, corner.y, t}).Y) / 2})
}
