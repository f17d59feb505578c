package lattice

import (
	"math"
	"sort"

	"gonum.org/v1/plot/vg"
)

// Track is a line on the canvas with the distance along it of each of its points.
type Track struct {
	pts    []vg.Point // of a closed line, the first point again at the end
	at     []float64
	closed bool
}

// NewTrack measures a line.
func NewTrack(pts []vg.Point, closed bool) Track {
	if closed && len(pts) > 0 {
		pts = append(pts[:len(pts):len(pts)], pts[0])
	}
	t := Track{pts: pts, at: make([]float64, len(pts)), closed: closed}
	for i := 1; i < len(pts); i++ {
		t.at[i] = t.at[i-1] + Distance(pts[i-1], pts[i])
	}
	return t
}

// Distance is in points.
func Distance(a, b vg.Point) float64 { return math.Hypot(float64(b.X-a.X), float64(b.Y-a.Y)) }

// Length is the length of the line in points.
func (t Track) Length() float64 {
	if len(t.at) == 0 {
		return 0
	}
	return t.at[len(t.at)-1]
}

// Point returns the place at distance s along the line; a closed line goes round.
func (t Track) Point(s float64) vg.Point {
	if t.closed {
		if s = math.Mod(s, t.Length()); s < 0 {
			s += t.Length()
		}
	}
	i := sort.SearchFloat64s(t.at, s)
	switch {
	case i == 0:
		return t.pts[0]
	case i == len(t.at):
		return t.pts[len(t.pts)-1]
	}
	a, b := t.pts[i-1], t.pts[i]
	f := vg.Length((s - t.at[i-1]) / (t.at[i] - t.at[i-1]))
	return vg.Point{X: a.X + f*(b.X-a.X), Y: a.Y + f*(b.Y-a.Y)}
}

// part returns the line from distance s0 to s1 > s0; a closed line may go past its start.
func (t Track) part(s0, s1 float64) []vg.Point {
	pts := []vg.Point{t.Point(s0)}
	n, whole := len(t.pts)-1, t.Length()
	i := sort.SearchFloat64s(t.at, s0)
	for base := 0.0; ; i++ {
		if i > n {
			if !t.closed {
				break
			}
			i, base = 1, base+whole
		}
		if s := base + t.at[i]; s >= s1 {
			break
		} else if s > s0 {
			pts = append(pts, t.pts[i])
		}
	}
	return append(pts, t.Point(s1))
}

// Without returns the rest of the line when the given stretches [from, to] are cut out.
func (t Track) Without(gaps [][2]float64) [][]vg.Point {
	if len(gaps) == 0 {
		return [][]vg.Point{t.pts}
	}
	sort.Slice(gaps, func(i, j int) bool { return gaps[i][0] < gaps[j][0] })
	var out [][]vg.Point
	if t.closed {
		for i, g := range gaps {
			end := gaps[0][0] + t.Length()
			if i+1 < len(gaps) {
				end = gaps[i+1][0]
			}
			if g[1] < end {
				out = append(out, t.part(g[1], end))
			}
		}
		return out
	}
	s := 0.0
	for _, g := range gaps {
		if g[0] > s {
			out = append(out, t.part(s, g[0]))
		}
		s = max(s, g[1])
	}
	if s < t.Length() {
		out = append(out, t.part(s, t.Length()))
	}
	return out
}

// Box is a rectangle turned by angle about its centre.
type Box struct {
	Center       vg.Point
	HalfW, HalfH float64
	Angle        float64
}

// axes returns the box's unit vectors.
func (b Box) axes() (u, v vg.Point) {
	sin, cos := math.Sincos(b.Angle)
	return vg.Point{X: vg.Length(cos), Y: vg.Length(sin)}, vg.Point{X: vg.Length(-sin), Y: vg.Length(cos)}
}

// Corners returns the box as a ring.
func (b Box) Corners() []vg.Point {
	u, v := b.axes()
	w, h := vg.Length(b.HalfW), vg.Length(b.HalfH)
	at := func(s, t vg.Length) vg.Point {
		return vg.Point{X: b.Center.X + s*u.X*w + t*v.X*h, Y: b.Center.Y + s*u.Y*w + t*v.Y*h}
	}
	return []vg.Point{at(-1, -1), at(1, -1), at(1, 1), at(-1, 1)}
}

// Grown returns the box with margin on all sides.
func (b Box) Grown(margin float64) Box {
	b.HalfW += margin
	b.HalfH += margin
	return b
}

// Overlaps tests two boxes by the separating axis theorem.
func (b Box) Overlaps(o Box) bool {
	bu, bv := b.axes()
	ou, ov := o.axes()
	for _, axis := range []vg.Point{bu, bv, ou, ov} {
		d := math.Abs(dot(axis, o.Center) - dot(axis, b.Center))
		reach := b.HalfW*math.Abs(dot(axis, bu)) + b.HalfH*math.Abs(dot(axis, bv)) +
			o.HalfW*math.Abs(dot(axis, ou)) + o.HalfH*math.Abs(dot(axis, ov))
		if d > reach {
			return false
		}
	}
	return true
}

// Within reports whether the box lies inside r.
func (b Box) Within(r vg.Rectangle) bool {
	for _, p := range b.Corners() {
		if p.X < r.Min.X || p.X > r.Max.X || p.Y < r.Min.Y || p.Y > r.Max.Y {
			return false
		}
	}
	return true
}

// crosses reports whether the segment from p to q meets the box.
func (b Box) crosses(p, q vg.Point) bool {
	u, v := b.axes()
	// In the box's own frame, by clipping the segment against its two slabs.
	px, py := dot(u, p)-dot(u, b.Center), dot(v, p)-dot(v, b.Center)
	qx, qy := dot(u, q)-dot(u, b.Center), dot(v, q)-dot(v, b.Center)
	t0, t1 := 0.0, 1.0
	for _, s := range [2][3]float64{{px, qx - px, b.HalfW}, {py, qy - py, b.HalfH}} {
		at, d, half := s[0], s[1], s[2]
		if d == 0 {
			if math.Abs(at) > half {
				return false
			}
			continue
		}
		near, far := (-half-at)/d, (half-at)/d
		t0, t1 = max(t0, min(near, far)), min(t1, max(near, far))
	}
	return t0 <= t1
}

func dot(a, b vg.Point) float64 { return float64(a.X*b.X + a.Y*b.Y) }
