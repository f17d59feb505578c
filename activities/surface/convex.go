package surface

import (
	"math"
	"slices"
)

// contourLevels is how many levels are looked at for convex contours. They lie
// between losses of the grid, so that the areas inside them grow evenly.
const contourLevels = 256

// convexArea is the largest area inside a convex contour around the centre; see Flatness.
func (f *Field) convexArea(center float64) Measured {
	_, ring, cut := f.highestConvex(center)
	if ring == nil {
		return unknown
	}
	return Measured{Value: area(ring), AtLeast: cut}
}

// ConvexHeight is how far the highest convex contour around α = β = 0, as in [Flatness].Area, lies above the loss center there. It is a lower
// bound where contours are convex until they leave the grid, NaN where none of them closes and is convex. The field contains the centre.
func (f *Field) ConvexHeight(center float64) Measured {
	level, ring, cut := f.highestConvex(center)
	if ring == nil {
		return unknown
	}
	return Measured{Value: level - center, AtLeast: cut}
}

// highestConvex is the highest of the levels at which the contour around the centre is convex, with the contour; nil where there is no such
// level. cut says that no higher level of the grid has a contour that closes and is not convex.
func (f *Field) highestConvex(center float64) (level float64, outer []Place, cut bool) {
	// The losses above the centre's, each once: a contour changes its course
	// through the lattice's points only where its level passes one of them.
	var losses []float64
	for i, v := range f.Z {
		if f.OK[i] && v > center {
			losses = append(losses, v)
		}
	}
	slices.Sort(losses)
	losses = slices.Compact(losses)
	// Midway between neighbours, a level meets no point itself.
	levels := make([]float64, len(losses))
	below := center
	for i, v := range losses {
		levels[i], below = below+(v-below)/2, v
	}
	// A sublevel set that has left the grid does so at all higher levels.
	inside, _ := slices.BinarySearchFunc(levels, true, func(level float64, _ bool) int {
		if f.escapes(level) {
			return 1
		}
		return -1
	})
	levels = levels[:inside]
	step := max(1, (len(levels)+contourLevels-1)/contourLevels)
	cut = true // no level was found at which the contour is closed and not convex
	for i := len(levels) - 1; i >= 0; i -= step {
		ring, holes := f.contour(levels[i])
		if ring == nil {
			continue
		}
		if !holes && f.followsHull(ring) {
			return levels[i], ring, cut
		}
		cut = false
	}
	return 0, nil, cut
}

// escapes says whether the points at or below a level that hang together with
// the centre, along rows and columns, reach the border or a point without value.
func (f *Field) escapes(level float64) bool {
	nx, ny := len(f.X), len(f.Y)
	x, y := bracket(f.X, 0), bracket(f.Y, 0)
	next := []int{y.low*nx + x.low, y.low*nx + x.high, y.high*nx + x.low, y.high*nx + x.high}
	seen := make([]bool, len(f.Z))
	for len(next) > 0 {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		if seen[i] {
			continue
		}
		seen[i] = true
		if !f.OK[i] {
			return true
		}
		if f.Z[i] > level {
			continue
		}
		ix, iy := i%nx, i/nx
		if ix == 0 || iy == 0 || ix == nx-1 || iy == ny-1 {
			return true
		}
		next = append(next, i-1, i+1, i-nx, i+nx)
	}
	return false
}

// contour is the outer border of the sublevel set around the centre, nil if it
// does not close, and whether other lines of the level lie inside it.
func (f *Field) contour(level float64) (outer []Place, holes bool) {
	lines := Isolines(f, level)
	at := -1
	for i, l := range lines {
		// Of the closed lines around the centre that have the lower side within,
		// and so run clockwise, it is the innermost.
		if l.Closed && signed(l.Places) < 0 && holds(l.Places, Place{}) && (at < 0 || area(l.Places) < area(outer)) {
			outer, at = l.Places, i
		}
	}
	for i, l := range lines {
		holes = holes || at >= 0 && i != at && holds(outer, l.Places[0])
	}
	return outer, holes
}

// followsHull says whether a ring nowhere lies farther than half a cell inside its convex hull.
func (f *Field) followsHull(ring []Place) bool {
	nx, ny := len(f.X), len(f.Y)
	hx, hy := (f.X[nx-1]-f.X[0])/float64(nx-1), (f.Y[ny-1]-f.Y[0])/float64(ny-1)
	cells := make([]Place, len(ring)) // in units of cells
	for i, p := range ring {
		cells[i] = Place{p.X / hx, p.Y / hy}
	}
	hull := convexHull(cells)
	return !slices.ContainsFunc(cells, func(p Place) bool { return inside(hull, p) > 0.5 })
}

// inside is how far a point of the hull lies from the hull's border.
func inside(hull []Place, p Place) float64 {
	least := math.Inf(1)
	for i, a := range hull {
		b := hull[(i+1)%len(hull)]
		if length := math.Hypot(b.X-a.X, b.Y-a.Y); length > 0 {
			least = min(least, cross(a, b, p)/length)
		}
	}
	return least
}

// cross is twice the area of a triangle, above 0 if it runs counter-clockwise.
func cross(a, b, c Place) float64 { return (b.X-a.X)*(c.Y-a.Y) - (b.Y-a.Y)*(c.X-a.X) }

// convexHull is the hull's corners, counter-clockwise (Andrew's monotone chain).
func convexHull(places []Place) []Place {
	sorted := slices.Clone(places)
	slices.SortFunc(sorted, func(a, b Place) int {
		switch {
		case a.X < b.X || a.X == b.X && a.Y < b.Y:
			return -1
		case a == b:
			return 0
		}
		return 1
	})
	chain := func(places []Place) []Place {
		var out []Place
		for _, p := range places {
			for len(out) >= 2 && cross(out[len(out)-2], out[len(out)-1], p) <= 0 {
				out = out[:len(out)-1]
			}
			out = append(out, p)
		}
		return out[:len(out)-1]
	}
	lower := chain(sorted)
	slices.Reverse(sorted)
	return append(lower, chain(sorted)...)
}

// signed is the area inside a ring, below 0 if it runs clockwise.
func signed(ring []Place) float64 {
	sum := 0.0
	for i, p := range ring {
		q := ring[(i+1)%len(ring)]
		sum += p.X*q.Y - q.X*p.Y
	}
	return sum / 2
}

func area(ring []Place) float64 { return math.Abs(signed(ring)) }

// holds says whether a place lies inside a ring, by the crossings of a ray.
func holds(ring []Place, p Place) bool {
	in := false
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		if (a.Y > p.Y) != (b.Y > p.Y) && p.X < a.X+(p.Y-a.Y)/(b.Y-a.Y)*(b.X-a.X) {
			in = !in
		}
	}
	return in
}
