package render

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// ink is what a pen needs of a canvas. Those of gonum have it.
type ink interface {
	SetColor(color.Color)
	SetLineWidth(vg.Length)
	SetLineDash(pattern []vg.Length, offset vg.Length)
	Stroke(vg.Path)
	Fill(vg.Path)
}

// pen draws with coordinates in points, from an origin that is the canvas's bottom left unless it was moved.
type pen struct {
	c      ink
	origin vg.Point
}

// from returns the pen with its origin moved.
func (p pen) from(by vg.Point) pen { return pen{p.c, p.origin.Add(by)} }

// stroke is how a line looks.
type stroke struct {
	color color.Color
	width vg.Length
	dash  []vg.Length
}

// lines strokes several open lines as one path.
func (p pen) lines(s stroke, lines ...[]vg.Point) {
	var path vg.Path
	for _, l := range lines {
		if len(l) < 2 {
			continue
		}
		path.Move(l[0])
		for _, q := range l[1:] {
			path.Line(q)
		}
	}
	p.stroke(s, path)
}

// rings strokes several closed lines as one path.
func (p pen) rings(s stroke, rings ...[]vg.Point) { p.stroke(s, ringPath(rings)) }

func (p pen) stroke(s stroke, path vg.Path) {
	if len(path) == 0 {
		return
	}
	p.rounded(path)
	p.c.SetColor(s.color)
	p.c.SetLineWidth(s.width)
	p.c.SetLineDash(s.dash, 0)
	p.c.Stroke(path)
}

// fill fills the inside of rings that run counter-clockwise around it and clockwise around its holes.
func (p pen) fill(c color.Color, rings ...[]vg.Point) {
	if path := ringPath(rings); len(path) > 0 {
		p.rounded(path)
		p.c.SetColor(c)
		p.c.Fill(path)
	}
}

func ringPath(rings [][]vg.Point) vg.Path {
	var path vg.Path
	for _, r := range rings {
		if len(r) < 3 {
			continue
		}
		path.Move(r[0])
		for _, q := range r[1:] {
			path.Line(q)
		}
		path.Close()
	}
	return path
}

// corners returns a rectangle as a counter-clockwise ring.
func corners(r vg.Rectangle) []vg.Point {
	return []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}}
}

// textStyle says where the anchor of a text is: H 0 is its left end, 1 its right end; V 0
// its baseline, 1 the top of its capitals. Angle turns it about the anchor, in radians.
type textStyle struct {
	size  vg.Length
	color color.Color
	h, v  float64
	angle float64
}

// write draws one line of text.
func (p pen) write(t text, s textStyle, at vg.Point) {
	path, w := t.outline(s.size)
	if len(path) == 0 {
		return
	}
	anchor := vg.Point{X: -w * vg.Length(s.h), Y: -s.size * capHeight * vg.Length(s.v)}
	path = moved(moved(path, anchor, 0), at, s.angle)
	p.rounded(path)
	p.c.SetColor(s.color)
	p.c.Fill(path)
}

// rounded puts the points of a path where the pen's origin is, on a raster of a hundredth of a point, far
// finer than any screen or printer, which spares a vector file a quarter of its size.
func (p pen) rounded(path vg.Path) {
	round := func(q *vg.Point) {
		q.X = vg.Length(math.Round(float64(q.X+p.origin.X)*100) / 100)
		q.Y = vg.Length(math.Round(float64(q.Y+p.origin.Y)*100) / 100)
	}
	for i := range path {
		round(&path[i].Pos)
		for j := range path[i].Control {
			round(&path[i].Control[j])
		}
	}
}
