package render

import "lossatlas/activities/surface"

// point is a position on the lattice's plane, in its coordinates.
type point struct{ x, y float64 }

// isoline is a line of equal level. The higher side is on its left.
type isoline struct {
	pts []point
	// closed lines return to their first point, which is not repeated.
	closed bool
}

// none ends a chain of vertices.
const none = surface.None

// chains are the linked vertices of one level, from which regions are closed.
type chains struct {
	*surface.Chains
	next, prev []int
}

func (f *field) values() *surface.Field { return &surface.Field{X: f.x, Y: f.y, Z: f.z, OK: f.ok} }

func newChains(f *field, level float64) chains {
	c := surface.NewChains(f.values(), level)
	return chains{c, c.Next, c.Prev}
}

func (c chains) vertex(e int) point {
	p := c.Vertex(e)
	return point{p.X, p.Y}
}

// node returns the place of lattice point i.
func (f *field) node(i int) point { return point{f.x[i%len(f.x)], f.y[i/len(f.x)]} }

// isolines are surface.Isolines of the field.
func isolines(f *field, level float64) []isoline {
	var out []isoline
	for _, l := range surface.Isolines(f.values(), level) {
		pts := make([]point, len(l.Places))
		for i, p := range l.Places {
			pts[i] = point{p.X, p.Y}
		}
		out = append(out, isoline{pts: pts, closed: l.Closed})
	}
	return out
}
