package lattice

import "lossatlas/activities/surface"

// Region returns the part of the evaluated cells where the field is at or above level, as
// rings that run counter-clockwise around it and clockwise around its holes.
//
// It is closed from the lines of the level and the pieces of the evaluated region's border that lie
// above it. Drawn from the lowest level upwards, each region over the last, regions make
// bands without seams between them.
func Region(f *Field, level float64) [][]surface.Place {
	c := surface.NewChains(&f.Field, level)
	// Vertices on the border of the evaluated region: edges as in chains, and after them the
	// lattice points themselves. Two cells that touch in one corner give it two ways on.
	nodes := 2 * len(f.Z)
	border := map[int][]int{}
	var order []int
	add := func(from, to int) {
		if len(border[from]) == 0 {
			order = append(order, from)
		}
		border[from] = append(border[from], to)
	}
	side := func(p, q, edge int) {
		switch hp, hq := f.Z[p] >= level, f.Z[q] >= level; {
		case hp && hq:
			add(nodes+p, nodes+q)
		case hp:
			add(nodes+p, edge)
		case hq:
			add(edge, nodes+q)
		}
	}
	nx, n := len(f.X), len(f.Z)
	for iy := range len(f.Y) - 1 {
		for ix := range nx - 1 {
			if !f.Whole(ix, iy) {
				continue
			}
			i := f.Index(ix, iy)
			if !f.Whole(ix, iy-1) {
				side(i, i+1, i)
			}
			if !f.Whole(ix+1, iy) {
				side(i+1, i+nx+1, n+i+1)
			}
			if !f.Whole(ix, iy+1) {
				side(i+nx+1, i+nx, i+nx)
			}
			if !f.Whole(ix-1, iy) {
				side(i+nx, i, n+i)
			}
		}
	}

	step := func(at int) int {
		if at < nodes && c.Next[at] != surface.None {
			to := c.Next[at]
			c.Next[at] = surface.None
			return to
		}
		ways := border[at]
		if len(ways) == 0 {
			return surface.None
		}
		border[at] = ways[1:]
		return ways[0]
	}
	place := func(v int) surface.Place {
		if v >= nodes {
			return f.Node(v - nodes)
		}
		return c.Vertex(v)
	}
	var rings [][]surface.Place
	walk := func(start int) {
		var ring []surface.Place
		for at := step(start); at != surface.None; at = step(at) {
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
	for e := range c.Next {
		if c.Next[e] != surface.None {
			walk(e)
		}
	}
	return rings
}
