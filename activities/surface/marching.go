package surface

import "math"

// Place is a position on the lattice's plane, in its coordinates.
type Place struct{ X, Y float64 }

// Isoline is a line of equal level. The higher side is on its left.
type Isoline struct {
	Places []Place
	// Closed lines return to their first place, which is not repeated.
	Closed bool
}

// Field is a quantity over a rectangular lattice, row-major as in a Grid. OK
// marks the points that have a finite value.
type Field struct {
	X, Y, Z []float64
	OK      []bool
	// Err bounds the errors of Z, so that convexity is undecided at some points; nil for exact values.
	Err []float64
}

// Field is the loss as a quantity: points that were not evaluated or are not
// finite have no value.
func (g Grid) Field() *Field {
	f := &Field{X: g.X, Y: g.Y, Z: g.Loss, OK: make([]bool, len(g.Loss))}
	for i, v := range g.Loss {
		f.OK[i] = g.Mask[i] && !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	return f
}

// Whole reports whether cell (ix, iy), between lattice points (ix, iy) and
// (ix+1, iy+1), lies inside the lattice and has a value at each corner.
func (f *Field) Whole(ix, iy int) bool {
	if ix < 0 || iy < 0 || ix >= len(f.X)-1 || iy >= len(f.Y)-1 {
		return false
	}
	i := iy*len(f.X) + ix
	j := i + len(f.X)
	return f.OK[i] && f.OK[i+1] && f.OK[j] && f.OK[j+1]
}

// Node returns the place of lattice point i.
func (f *Field) Node(i int) Place { return Place{f.X[i%len(f.X)], f.Y[i/len(f.X)]} }

// None ends a chain of vertices.
const None = -1

// Chains links the vertices of the lines of one level. A vertex is named by the lattice
// edge that it lies on: edge (ix,iy)-(ix+1,iy) is iy·nx+ix, edge (ix,iy)-(ix,iy+1)
// comes nx·ny later. Since the two cells next to an edge share its vertex, lines join
// across cells without comparing coordinates.
type Chains struct {
	f     *Field
	level float64
	// Next and Prev are each vertex's successor and predecessor, or None.
	Next, Prev []int
}

// NewChains links the vertices of a level.
func NewChains(f *Field, level float64) *Chains {
	n := 2 * len(f.Z)
	c := &Chains{f: f, level: level, Next: make([]int, n), Prev: make([]int, n)}
	for i := range n {
		c.Next[i], c.Prev[i] = None, None
	}
	for iy := range len(f.Y) - 1 {
		for ix := range len(f.X) - 1 {
			if f.Whole(ix, iy) {
				c.cell(ix, iy)
			}
		}
	}
	return c
}

func (c *Chains) link(from, to int) { c.Next[from], c.Prev[to] = to, from }

// cell adds the pieces of the level inside cell (ix, iy). Each runs from edge to edge with the
// corners at or above the level on its left. Where opposite corners are above (a saddle), the bilinear
// interpolant's value at its saddle point decides which pair is connected: the level's two
// branches then run as the interpolant's do.
func (c *Chains) cell(ix, iy int) {
	f := c.f
	nx := len(f.X)
	i := iy*nx + ix
	a, b, cc, d := f.Z[i], f.Z[i+1], f.Z[i+nx+1], f.Z[i+nx] // counter-clockwise from the lower left
	bottom, top := i, i+nx
	left, right := len(f.Z)+i, len(f.Z)+i+1

	above := 0
	for bit, v := range [4]float64{a, b, cc, d} {
		if v >= c.level {
			above |= 1 << bit
		}
	}
	switch above {
	case 0b0001:
		c.link(bottom, left)
	case 0b0010:
		c.link(right, bottom)
	case 0b0011:
		c.link(right, left)
	case 0b0100:
		c.link(top, right)
	case 0b0110:
		c.link(top, bottom)
	case 0b0111:
		c.link(top, left)
	case 0b1000:
		c.link(left, top)
	case 0b1001:
		c.link(bottom, top)
	case 0b1011:
		c.link(right, top)
	case 0b1100:
		c.link(left, right)
	case 0b1101:
		c.link(bottom, right)
	case 0b1110:
		c.link(left, bottom)
	case 0b0101:
		if saddle(a, b, cc, d) >= c.level {
			c.link(bottom, right)
			c.link(top, left)
		} else {
			c.link(bottom, left)
			c.link(top, right)
		}
	case 0b1010:
		if saddle(a, b, cc, d) >= c.level {
			c.link(left, bottom)
			c.link(right, top)
		} else {
			c.link(right, bottom)
			c.link(left, top)
		}
	}
}

// saddle is the value of the bilinear interpolant of the corners a, b, c, d
// (counter-clockwise) where its gradient vanishes. It is called only where a and c lie on one
// side of a level and b and d on the other, so that the denominator is not 0.
func saddle(a, b, c, d float64) float64 {
	// (ac−bd)/(a+c−b−d), written about a so that large values cannot overflow in the products.
	p, q := b-a, d-a
	r := a + c - b - d
	return a - p/r*q
}

// Vertex returns where the level crosses lattice edge e.
func (c *Chains) Vertex(e int) Place {
	f := c.f
	nx := len(f.X)
	i, j := e, e+1
	if e >= len(f.Z) {
		i = e - len(f.Z)
		j = i + nx
	}
	p, q := f.Node(i), f.Node(j)
	t := (c.level - f.Z[i]) / (f.Z[j] - f.Z[i])
	return Place{p.X + t*(q.X-p.X), p.Y + t*(q.Y-p.Y)}
}

// Isolines returns the lines along which the field, taken linearly along the lattice's
// edges, equals level. They do not enter cells with a corner that has no value.
// Open lines, which end at the border of the evaluated region, come first.
func Isolines(f *Field, level float64) []Isoline {
	c := NewChains(f, level)
	var lines []Isoline
	for e := range c.Next {
		if c.Next[e] != None && c.Prev[e] == None {
			lines = append(lines, Isoline{Places: c.follow(e)})
		}
	}
	for e := range c.Next {
		if c.Next[e] != None {
			lines = append(lines, Isoline{Places: c.follow(e), Closed: true})
		}
	}
	return lines
}

// follow takes the chain that starts at edge e out of the links and returns its points.
func (c *Chains) follow(e int) []Place {
	pts := []Place{c.Vertex(e)}
	for at := e; c.Next[at] != None; {
		n := c.Next[at]
		c.Next[at] = None
		at = n
		if at == e {
			break
		}
		if p := c.Vertex(at); p != pts[len(pts)-1] {
			pts = append(pts, p)
		}
	}
	return pts
}
