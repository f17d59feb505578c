package render

import (
	"math"

	"gonum.org/v1/plot/vg"
)

// vec is a place in the box of a picture in 3D: α along x, β along y, the loss along z.
type vec struct{ x, y, z float64 }

func (a vec) plus(b vec, t float64) vec { return vec{a.x + t*b.x, a.y + t*b.y, a.z + t*b.z} }
func (a vec) dot(b vec) float64         { return a.x*b.x + a.y*b.y + a.z*b.z }

func (a vec) unit() vec {
	n := math.Sqrt(a.dot(a))
	return vec{a.x / n, a.y / n, a.z / n}
}

// view is an orthographic projection, in which parallel lines stay parallel and equal heights look equal.
type view struct {
	sinA, cosA float64 // of the eye's azimuth
	sinE, cosE float64 // of its elevation
	scale      vg.Length
	origin     vg.Point // where the middle of the box's floor is drawn
}

// newView looks from an azimuth (from −90° α is seen from left to right, from 0° β) and an elevation above the floor, in degrees.
func newView(azimuth, elevation float64) view {
	v := view{scale: 1}
	v.sinA, v.cosA = math.Sincos(azimuth * math.Pi / 180)
	v.sinE, v.cosE = math.Sincos(elevation * math.Pi / 180)
	return v
}

// at returns where p is drawn.
func (v view) at(p vec) vg.Point {
	x := -p.x*v.sinA + p.y*v.cosA
	y := -(p.x*v.cosA+p.y*v.sinA)*v.sinE + p.z*v.cosE
	return vg.Point{X: v.origin.X + v.scale*vg.Length(x), Y: v.origin.Y + v.scale*vg.Length(y)}
}

// all returns where the points are drawn.
func (v view) all(points ...vec) []vg.Point {
	out := make([]vg.Point, len(points))
	for i, p := range points {
		out[i] = v.at(p)
	}
	return out
}

// toEye is the direction from anywhere to the eye.
func (v view) toEye() vec { return vec{v.cosA * v.cosE, v.sinA * v.cosE, v.sinE} }

// reach is the smallest rectangle around a box as it is drawn from any azimuth.
func (v view) reach(s space) vg.Rectangle {
	r := math.Hypot(s.x, s.y)
	x, low, high := v.scale*vg.Length(r), v.scale*vg.Length(r*v.sinE), v.scale*vg.Length(r*v.sinE+s.z*v.cosE)
	return vg.Rectangle{Min: vg.Point{X: v.origin.X - x, Y: v.origin.Y - low}, Max: vg.Point{X: v.origin.X + x, Y: v.origin.Y + high}}
}

// space is the box that a picture in 3D fills, around the middle of its floor.
type space struct{ x, y, z float64 } // half of the sides, and the height

// extent is the smallest rectangle around the box as it is drawn.
func (v view) extent(s space) vg.Rectangle {
	r := vg.Rectangle{Min: vg.Point{X: vg.Inch * 1e6, Y: vg.Inch * 1e6}, Max: vg.Point{X: -vg.Inch * 1e6, Y: -vg.Inch * 1e6}}
	for i := range 8 {
		side := func(bit int, lo, hi float64) float64 {
			if i>>bit&1 == 1 {
				return hi
			}
			return lo
		}
		q := v.at(vec{side(0, -s.x, s.x), side(1, -s.y, s.y), side(2, 0, s.z)})
		r.Min.X, r.Min.Y = min(r.Min.X, q.X), min(r.Min.Y, q.Y)
		r.Max.X, r.Max.Y = max(r.Max.X, q.X), max(r.Max.Y, q.Y)
	}
	return r
}
