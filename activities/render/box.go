package render

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
)

// boxAxes are the ticks of the three axes, and how they are called.
type boxAxes struct {
	x, y, z             []tick
	alongX, alongY      scale
	xName, yName, zName string
}

func (s relief) axes(small bool) boxAxes {
	n := 5
	if small {
		n = 3
	}
	a := boxAxes{xName: "α", yName: "β", zName: "loss"}
	a.alongX = scale{lo: s.f.x[0], hi: s.f.x[len(s.f.x)-1]}
	a.alongY = scale{lo: s.f.y[0], hi: s.f.y[len(s.f.y)-1]}
	a.x, a.y, a.z = a.alongX.ticks(n), a.alongY.ticks(n), s.r.scale.ticks(n)
	if small {
		a.z = slices.DeleteFunc(a.z, func(t tick) bool { return t.minor })
	}
	return a
}

// drawBox draws the floor and the two walls behind the surface, with faint lines at the ticks.
func (s relief) drawBox(pn pen, a boxAxes) {
	l, r, f, b, t := -s.x, s.x, -s.y, s.y, s.z
	for _, face := range [][]vec{
		{{l, f, 0}, {r, f, 0}, {r, b, 0}, {l, b, 0}},
		{{l, f, 0}, {l, b, 0}, {l, b, t}, {l, f, t}},
		{{l, b, 0}, {r, b, 0}, {r, b, t}, {l, b, t}},
	} {
		pn.fill(rgb(0xF6F6F6), s.all(face...))
	}
	var lines [][]vg.Point
	for _, k := range a.x {
		x := s.x * (2*a.alongX.at(k.v) - 1)
		lines = append(lines, s.all(vec{x, f, 0}, vec{x, b, 0}, vec{x, b, t}))
	}
	for _, k := range a.y {
		y := s.y * (2*a.alongY.at(k.v) - 1)
		lines = append(lines, s.all(vec{r, y, 0}, vec{l, y, 0}, vec{l, y, t}))
	}
	for _, k := range a.z {
		if !k.minor {
			z := t * s.r.scale.at(k.v)
			lines = append(lines, s.all(vec{l, f, z}, vec{l, b, z}, vec{r, b, z}))
		}
	}
	pn.lines(stroke{color: faintColor, width: 0.5}, lines...)
	pn.lines(stroke{color: hatchColor, width: 0.6}, s.all(vec{l, b, 0}, vec{l, b, t}), s.all(vec{l, b, 0}, vec{r, b, 0}), s.all(vec{l, b, 0}, vec{l, f, 0}),
		s.all(vec{l, f, t}, vec{l, b, t}, vec{r, b, t}, vec{r, b, 0}))
}

// drawAxes draws the front edges of the floor and the left edge of the box, with ticks, labels and names.
func (s relief) drawAxes(pn pen, a boxAxes) {
	l, r, f, b, t := -s.x, s.x, -s.y, s.y, s.z
	lines := [][]vg.Point{s.all(vec{l, f, 0}, vec{r, f, 0}, vec{r, b, 0}), s.all(vec{l, f, 0}, vec{l, f, t})}
	style := textStyle{size: tickSize, color: inkColor, v: 1}
	// out is the direction, on the canvas, of an axis's ticks.
	label := func(at vec, out vec, k tick) {
		p, q := s.at(at), s.at(at.plus(out, 1))
		d := q.Sub(p)
		n := vg.Length(math.Hypot(float64(d.X), float64(d.Y)))
		d = d.Scale(1 / n)
		lines = append(lines, []vg.Point{p, p.Add(d.Scale(tickLength))})
		to := p.Add(d.Scale(tickLength + tickGap))
		pn.write(k.label, style, vg.Point{X: to.X, Y: to.Y})
	}
	for _, k := range a.x {
		style.h = 0.8
		label(vec{s.x * (2*a.alongX.at(k.v) - 1), f, 0}, vec{0, -1, 0}, k)
	}
	for _, k := range a.y {
		style.h = 0.1
		label(vec{r, s.y * (2*a.alongY.at(k.v) - 1), 0}, vec{1, 0, 0}, k)
	}
	corner := s.at(vec{l, f, 0})
	for _, k := range a.z {
		y := s.at(vec{l, f, t * s.r.scale.at(k.v)}).Y
		lines = append(lines, []vg.Point{{X: corner.X, Y: y}, {X: corner.X - k.length(), Y: y}})
		pn.write(k.label, textStyle{size: tickSize, color: inkColor, h: 1, v: 0.5}, vg.Point{X: corner.X - tickLength - tickGap, Y: y})
	}
	pn.lines(stroke{color: frameColor, width: 0.8}, lines...)
	// Names stand below the middle of their edge.
	const away = 2*tickSize + 3
	name := func(at vec, text string, shift vg.Length) {
		p := s.at(at)
		pn.write(plain(text), textStyle{size: labelSize, color: inkColor, h: 0.5, v: 1}, vg.Point{X: p.X + shift, Y: p.Y - away + labelSize*capHeight/2})
	}
	name(vec{0, f, 0}, a.xName, -away)
	name(vec{r, 0, 0}, a.yName, away)
	pn.write(plain(a.zName), textStyle{size: labelSize, color: inkColor, h: 0.5, angle: rightAngle},
		vg.Point{X: corner.X - tickLength - tickGap - widest(a.z) - labelGap - labelSize*descent, Y: (corner.Y + s.at(vec{l, f, t}).Y) / 2})
}
