package canvas

import (
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
)

// ink has the methods of a canvas that a pen needs. Gonum's canvases have them.
type ink interface {
	SetColor(color.Color)
	SetLineWidth(vg.Length)
	SetLineDash(pattern []vg.Length, offset vg.Length)
	Stroke(vg.Path)
	Fill(vg.Path)
}

// writer is an ink that has text of its own. On others text is drawn as the outlines of its glyphs.
type writer interface {
	Text(t Text, s TextStyle, at vg.Point)
}

// imager is an ink that shows raster images, as all of those here do.
type imager interface {
	DrawImage(vg.Rectangle, image.Image)
}

// Pen draws with coordinates in points, from an origin that is the canvas's bottom left unless it was moved.
type Pen struct {
	C      ink
	Dark   bool // the ground is dark
	origin vg.Point
}

// From returns the pen with its origin moved.
func (p Pen) From(by vg.Point) Pen { return Pen{p.C, p.Dark, p.origin.Add(by)} }

// Resolution is the resolution of images in a figure of dpi dots per inch. An SVG has less, as it is for screens above all, and should be small.
func (p Pen) Resolution(dpi int) float64 {
	if _, ok := p.C.(*SVG); ok {
		return 0.75 * float64(dpi)
	}
	return float64(dpi)
}

// Image draws an image of dpi dots per inch with its lower left corner at a place, which is moved to the nearest whole dot.
func (p Pen) Image(img image.Image, at vg.Point, dpi float64) {
	c, ok := p.C.(imager)
	if !ok || img.Bounds().Empty() {
		return
	}
	dot := 72 / vg.Length(dpi)
	snap := func(v vg.Length) vg.Length { return vg.Length(math.Round(float64(v/dot))) * dot }
	at = vg.Point{X: snap(at.X + p.origin.X), Y: snap(at.Y + p.origin.Y)}
	size := img.Bounds().Size()
	c.DrawImage(vg.Rectangle{Min: at, Max: vg.Point{X: at.X + vg.Length(size.X)*dot, Y: at.Y + vg.Length(size.Y)*dot}}, img)
}

// Stroke is how a line looks.
type Stroke struct {
	Color color.Color
	Width vg.Length
	Dash  []vg.Length
}

// Lines strokes several open lines as one path.
func (p Pen) Lines(s Stroke, lines ...[]vg.Point) {
	var path vg.Path
	for _, l := range lines {
		if len(l) > 1 {
			path = joined(path, l)
		}
	}
	p.stroke(s, path)
}

// Rings strokes several closed lines as one path.
func (p Pen) Rings(s Stroke, rings ...[]vg.Point) { p.stroke(s, ringPath(rings)) }

func (p Pen) stroke(s Stroke, path vg.Path) {
	if len(path) == 0 {
		return
	}
	p.rounded(path)
	p.C.SetColor(p.shown(s.Color, true))
	p.C.SetLineWidth(s.Width)
	p.C.SetLineDash(s.Dash, 0)
	p.C.Stroke(path)
}

// Fill fills the inside of rings that run counter-clockwise around it and clockwise around its holes.
func (p Pen) Fill(c color.Color, rings ...[]vg.Point) {
	if path := ringPath(rings); len(path) > 0 {
		p.rounded(path)
		p.C.SetColor(p.shown(c, false))
		p.C.Fill(path)
	}
}

func ringPath(rings [][]vg.Point) vg.Path {
	var path vg.Path
	for _, r := range rings {
		if len(r) > 2 {
			path = joined(path, r)
			path.Close()
		}
	}
	return path
}

// joined is the path with a line through the points.
func joined(path vg.Path, points []vg.Point) vg.Path {
	path.Move(points[0])
	for _, q := range points[1:] {
		path.Line(q)
	}
	return path
}

// Corners returns a rectangle as a counter-clockwise ring.
func Corners(r vg.Rectangle) []vg.Point {
	return []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}}
}

// TextStyle says where the anchor of a text is: H 0 is its left end, 1 its right end; V 0
// its baseline, 1 the top of its capitals. Angle turns it about the anchor, in radians.
type TextStyle struct {
	Size  vg.Length
	Color color.Color
	H, V  float64
	Angle float64
}

// Write draws one line of text.
func (p Pen) Write(t Text, s TextStyle, at vg.Point) {
	if c, ok := p.C.(writer); ok {
		p.C.SetColor(p.shown(s.Color, true))
		c.Text(t, s, at.Add(p.origin))
		return
	}
	path, w := t.outline(s.Size)
	if len(path) == 0 {
		return
	}
	anchor := vg.Point{X: -w * vg.Length(s.H), Y: -s.Size * CapHeight * vg.Length(s.V)}
	path = moved(moved(path, anchor, 0), at, s.Angle)
	p.rounded(path)
	p.C.SetColor(p.shown(s.Color, true))
	p.C.Fill(path)
}

// rounded puts the points of a path where the pen's origin is, on a raster of a hundredth of a point, far
// finer than any screen or printer, which spares a vector file a quarter of its size.
func (p Pen) rounded(path vg.Path) {
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
