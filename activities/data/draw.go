package data

// Drawing is done in fixed point: lengths in 1/256 of a pixel, sines and
// cosines in 1/16384.
const (
	unit = 256
	one  = 1 << 14
)

// frame is a place and an angle: the coordinates in which a figure is drawn.
type frame struct{ x, y, cos, sin int }

// turned is a frame at (x, y), at one of 4·steps angles around the circle, of
// which k is the number. The angles are those of rational points of the
// circle, ((q²−p²), 2pq)/(q²+p²) with p/q from 0 to 1, so they need integers
// only; they lie a little closer together near the diagonals' ends, which is
// of no matter here.
func turned(x, y, k int) frame {
	p, q := k%steps, steps
	norm := q*q + p*p
	c, s := (q*q-p*p)*one/norm, 2*p*q*one/norm
	for range k / steps % 4 {
		c, s = -s, c
	}
	return frame{x, y, c, s}
}

// steps is the number of angles of a quarter turn.
const steps = 32

// local turns a point of the image into the frame's coordinates.
func (f frame) local(x, y int) (u, v int) {
	x, y = x-f.x, y-f.y
	return (x*f.cos + y*f.sin) >> 14, (y*f.cos - x*f.sin) >> 14
}

// figure says whether a point, in the coordinates of its frame, belongs to it.
type figure func(u, v int) bool

// paint colours the points of a figure. reach bounds the distance of its
// points from the frame's place. Each pixel is sampled at four points, and
// strength is how opaque the colour is, out of 256.
func paint(img []uint8, f frame, reach int, in figure, c rgb, strength int) {
	x0, x1 := max(0, (f.x-reach)/unit), min(width-1, (f.x+reach)/unit)
	y0, y1 := max(0, (f.y-reach)/unit), min(height-1, (f.y+reach)/unit)
	for y := y0; y <= y1; y++ {
		for x := x0; x <= x1; x++ {
			hits := 0
			for _, s := range [4][2]int{{64, 64}, {192, 64}, {64, 192}, {192, 192}} {
				if in(f.local(x*unit+s[0], y*unit+s[1])) {
					hits++
				}
			}
			if hits == 0 {
				continue
			}
			weight := hits * strength
			for ch := range channels {
				p := &img[ch*plane+y*width+x]
				*p = uint8((int(*p)*(4*256-weight) + c[ch]*weight) / (4 * 256))
			}
		}
	}
}

// disc, box and bar are the figures that clutter and shapes are made of.
func disc(r int) figure { return func(u, v int) bool { return u*u+v*v <= r*r } }

func box(a, b int) figure {
	return func(u, v int) bool { return -a <= u && u <= a && -b <= v && v <= b }
}

// ring is the points between two radii.
func ring(inner, outer int) figure {
	return func(u, v int) bool { r := u*u + v*v; return inner*inner <= r && r <= outer*outer }
}

// triangle is equilateral, with its corners at distance r.
func triangle(r int) figure {
	return func(u, v int) bool {
		return v >= -r/2 && max(u, -u)*1774/1024+v <= r // √3 = 1774/1024
	}
}

// cross is two bars of half-length r and half-width w.
func cross(r, w int) figure {
	a, b := box(r, w), box(w, r)
	return func(u, v int) bool { return a(u, v) || b(u, v) }
}

// stripes repeat along v with a period, of which the given part is coloured.
func stripes(period, part, phase int) figure {
	return func(_, v int) bool { return floorMod(v+phase, period) < part }
}

// checkerboard has fields of the given side.
func checkerboard(side, phase int) figure {
	return func(u, v int) bool {
		return floorMod(u+phase, 2*side) < side != (floorMod(v, 2*side) < side)
	}
}

// dots are discs of radius r on a square lattice.
func dots(period, r, phase int) figure {
	return func(u, v int) bool {
		a, b := floorMod(u+phase, period)-period/2, floorMod(v+phase, period)-period/2
		return a*a+b*b <= r*r
	}
}

// within restricts a texture to a patch.
func within(patch, texture figure) figure {
	return func(u, v int) bool { return patch(u, v) && texture(u, v) }
}

// floorMod is the remainder that is never negative.
func floorMod(a, n int) int {
	if a %= n; a < 0 {
		a += n
	}
	return a
}
