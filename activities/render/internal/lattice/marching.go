package lattice

import (
	"lossatlas/activities/surface"
)

// Point is a position on the lattice's plane, in its coordinates.
type Point struct{ X, Y float64 }

// Isoline is a line of equal level. The higher side is on its left.
type Isoline struct {
	Pts []Point
	// closed lines return to their first point, which is not repeated.
	Closed bool
}

// None ends a chain of vertices.
const None = surface.None

// chains are the linked vertices of one level, from which regions are closed.
type chains struct {
	*surface.Chains
	Next, prev []int
}

func (f *Field) values() *surface.Field { return &surface.Field{X: f.X, Y: f.Y, Z: f.Z, OK: f.OK} }

func NewChains(f *Field, level float64) chains {
	c := surface.NewChains(f.values(), level)
	return chains{c, c.Next, c.Prev}
}

func (c chains) vertex(e int) Point {
	p := c.Vertex(e)
	return Point{p.X, p.Y}
}

// node returns the place of lattice point i.
func (f *Field) node(i int) Point { return Point{f.X[i%len(f.X)], f.Y[i/len(f.X)]} }

// Isolines are surface.Isolines of the field.
func Isolines(f *Field, level float64) []Isoline {
	var out []Isoline
	for _, l := range surface.Isolines(f.values(), level) {
		pts := make([]Point, len(l.Places))
		for i, p := range l.Places {
			pts[i] = Point{p.X, p.Y}
		}
		out = append(out, Isoline{Pts: pts, Closed: l.Closed})
	}
	return out
}
