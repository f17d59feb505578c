package render

// point is a position on the lattice's plane, in its coordinates.
type point struct{ x, y float64 }

// isoline is a line of equal level. The higher side is on its left.
type isoline struct {
	pts []point
	// closed lines return to their first point, which is not repeated.
	closed bool
}

// none ends a chain of vertices.
const none = -1

// chains links the vertices of the lines of one level. A vertex is named by the lattice
// edge that it lies on: edge (ix,iy)-(ix+1,iy) is iy·nx+ix, edge (ix,iy)-(ix,iy+1)
// comes nx·ny later. Since the two cells beside an edge share its vertex, lines join
// across cells without comparing coordinates.
type chains struct {
	f     *field
	level float64
	next  []int
	prev  []int
}

func newChains(f *field, level float64) *chains {
	n := 2 * len(f.z)
	c := &chains{f: f, level: level, next: make([]int, n), prev: make([]int, n)}
	for i := range n {
		c.next[i], c.prev[i] = none, none
	}
	for iy := range len(f.y) - 1 {
		for ix := range len(f.x) - 1 {
			if f.whole(ix, iy) {
				c.cell(ix, iy)
			}
		}
	}
	return c
}

func (c *chains) link(from, to int) { c.next[from], c.prev[to] = to, from }

// cell adds the pieces of the level inside cell (ix, iy). Each runs from edge to edge with the
// corners at or above the level on its left. Where opposite corners are above (a saddle), the bilinear
// interpolant's value at its saddle point decides which pair is connected: the level's two
// branches then run as those of the interpolant do.
func (c *chains) cell(ix, iy int) {
	f := c.f
	nx := len(f.x)
	i := f.index(ix, iy)
	a, b, cc, d := f.z[i], f.z[i+1], f.z[i+nx+1], f.z[i+nx] // counter-clockwise from the lower left
	bottom, top := i, i+nx
	left, right := len(f.z)+i, len(f.z)+i+1

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

// vertex returns where the level crosses lattice edge e.
func (c *chains) vertex(e int) point {
	f := c.f
	nx := len(f.x)
	i, j := e, e+1
	if e >= len(f.z) {
		i = e - len(f.z)
		j = i + nx
	}
	p, q := f.node(i), f.node(j)
	t := (c.level - f.z[i]) / (f.z[j] - f.z[i])
	return point{p.x + t*(q.x-p.x), p.y + t*(q.y-p.y)}
}

// node returns the place of lattice point i.
func (f *field) node(i int) point {
	return point{f.x[i%len(f.x)], f.y[i/len(f.x)]}
}

// isolines returns the lines along which the field, taken linearly along the lattice's
// edges, equals level. They do not enter cells with a corner that has no value.
// Open lines, which end at the border of the evaluated region, come first.
func isolines(f *field, level float64) []isoline {
	c := newChains(f, level)
	var lines []isoline
	for e := range c.next {
		if c.next[e] != none && c.prev[e] == none {
			lines = append(lines, isoline{pts: c.follow(e)})
		}
	}
	for e := range c.next {
		if c.next[e] != none {
			lines = append(lines, isoline{pts: c.follow(e), closed: true})
		}
	}
	return lines
}

// follow takes the chain that starts at edge e out of the links and returns its points.
func (c *chains) follow(e int) []point {
	pts := []point{c.vertex(e)}
	for at := e; c.next[at] != none; {
		n := c.next[at]
		c.next[at] = none
		at = n
		if at == e {
			break
		}
		if p := c.vertex(at); p != pts[len(pts)-1] {
			pts = append(pts, p)
		}
	}
	return pts
}
