package render

// region returns the part of the evaluated cells where the field is at or above level, as
// rings that run counter-clockwise around it and clockwise around its holes.
//
// It is closed from the lines of the level and the pieces of the evaluated region's border that lie
// above it. Drawn from the lowest level upwards, each region over the last, regions make
// bands without seams between them.
func region(f *field, level float64) [][]point {
	c := newChains(f, level)
	// Vertices on the border of the evaluated region: edges as in chains, and after them the
	// lattice points themselves. Two cells that touch in one corner give it two ways on.
	nodes := 2 * len(f.z)
	border := map[int][]int{}
	var order []int
	add := func(from, to int) {
		if len(border[from]) == 0 {
			order = append(order, from)
		}
		border[from] = append(border[from], to)
	}
	side := func(p, q, edge int) {
		switch hp, hq := f.z[p] >= level, f.z[q] >= level; {
		case hp && hq:
			add(nodes+p, nodes+q)
		case hp:
			add(nodes+p, edge)
		case hq:
			add(edge, nodes+q)
		}
	}
	nx, n := len(f.x), len(f.z)
	for iy := range len(f.y) - 1 {
		for ix := range nx - 1 {
			if !f.whole(ix, iy) {
				continue
			}
			i := f.index(ix, iy)
			if !f.whole(ix, iy-1) {
				side(i, i+1, i)
			}
			if !f.whole(ix+1, iy) {
				side(i+1, i+nx+1, n+i+1)
			}
			if !f.whole(ix, iy+1) {
				side(i+nx+1, i+nx, i+nx)
			}
			if !f.whole(ix-1, iy) {
				side(i+nx, i, n+i)
			}
		}
	}

	step := func(at int) int {
		if at < nodes && c.next[at] != none {
			to := c.next[at]
			c.next[at] = none
			return to
		}
		ways := border[at]
		if len(ways) == 0 {
			return none
		}
		border[at] = ways[1:]
		return ways[0]
	}
	place := func(v int) point {
		if v >= nodes {
			return f.node(v - nodes)
		}
		return c.vertex(v)
	}
	var rings [][]point
	walk := func(start int) {
		var ring []point
		for at := step(start); at != none; at = step(at) {
			if p := place(at); len(ring) == 0 || p != ring[len(ring)-1] {
				ring = append(ring, p)
			}
			if at == start {
				break
			}
		}
		if len(ring) >= 3 {
			rings = append(rings, ring)
		}
	}
	for _, v := range order {
		for len(border[v]) > 0 {
			walk(v)
		}
	}
	for e := range c.next {
		if c.next[e] != none {
			walk(e)
		}
	}
	return rings
}
