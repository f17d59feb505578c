package render

import (
	"math"
	"sort"

	"gonum.org/v1/plot/vg"
)

// track is a line on the canvas with the distance along it of each of its points.
type track struct {
	pts    []vg.Point // of a closed line, the first point again at the end
	at     []float64
	closed bool
}

func newTrack(pts []vg.Point, closed bool) track {
	if closed && len(pts) > 0 {
		pts = append(pts[:len(pts):len(pts)], pts[0])
	}
	t := track{pts: pts, at: make([]float64, len(pts)), closed: closed}
	for i := 1; i < len(pts); i++ {
		t.at[i] = t.at[i-1] + distance(pts[i-1], pts[i])
	}
	return t
}

func distance(a, b vg.Point) float64 { return math.Hypot(float64(b.X-a.X), float64(b.Y-a.Y)) }

// length is the length of the line in points.
func (t track) length() float64 {
	if len(t.at) == 0 {
		return 0
	}
	return t.at[len(t.at)-1]
}

// point returns the place at distance s along the line; a closed line goes round.
func (t track) point(s float64) vg.Point {
	if t.closed {
		if s = math.Mod(s, t.length()); s < 0 {
			s += t.length()
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
func (t track) part(s0, s1 float64) []vg.Point {
	pts := []vg.Point{t.point(s0)}
	n, whole := len(t.pts)-1, t.length()
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
	return append(pts, t.point(s1))
}

// without returns what is left of the line when the given stretches [from, to] are cut out.
func (t track) without(gaps [][2]float64) [][]vg.Point {
	if len(gaps) == 0 {
		return [][]vg.Point{t.pts}
	}
	sort.Slice(gaps, func(i, j int) bool { return gaps[i][0] < gaps[j][0] })
	var out [][]vg.Point
	if t.closed {
		for i, g := range gaps {
			end := gaps[0][0] + t.length()
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
	if s < t.length() {
		out = append(out, t.part(s, t.length()))
	}
	return out
}

// box is a rectangle turned by angle about its centre.
type box struct {
	center       vg.Point
	halfW, halfH float64
	angle        float64
}

// axes returns the box's unit vectors.
func (b box) axes() (u, v vg.Point) {
	sin, cos := math.Sincos(b.angle)
	return vg.Point{X: vg.Length(cos), Y: vg.Length(sin)}, vg.Point{X: vg.Length(-sin), Y: vg.Length(cos)}
}

// corners returns the box as a ring.
func (b box) corners() []vg.Point {
	u, v := b.axes()
	w, h := vg.Length(b.halfW), vg.Length(b.halfH)
	at := func(s, t vg.Length) vg.Point {
		return vg.Point{X: b.center.X + s*u.X*w + t*v.X*h, Y: b.center.Y + s*u.Y*w + t*v.Y*h}
	}
	return []vg.Point{at(-1, -1), at(1, -1), at(1, 1), at(-1, 1)}
}

// grown returns the box with margin on all sides.
func (b box) grown(margin float64) box {
	b.halfW += margin
	b.halfH += margin
	return b
}

// overlaps tests two boxes by the separating axis theorem.
func (b box) overlaps(o box) bool {
	bu, bv := b.axes()
	ou, ov := o.axes()
	for _, axis := range []vg.Point{bu, bv, ou, ov} {
		d := math.Abs(dot(axis, o.center) - dot(axis, b.center))
		reach := b.halfW*math.Abs(dot(axis, bu)) + b.halfH*math.Abs(dot(axis, bv)) +
			o.halfW*math.Abs(dot(axis, ou)) + o.halfH*math.Abs(dot(axis, ov))
		if d > reach {
			return false
		}
	}
	return true
}

// within reports whether the box lies inside r.
func (b box) within(r vg.Rectangle) bool {
	for _, p := range b.corners() {
		if p.X < r.Min.X || p.X > r.Max.X || p.Y < r.Min.Y || p.Y > r.Max.Y {
			return false
		}
	}
	return true
}

// crosses reports whether the segment from p to q meets the box.
func (b box) crosses(p, q vg.Point) bool {
	u, v := b.axes()
	// In the box's own frame, by clipping the segment against its two slabs.
	px, py := dot(u, p)-dot(u, b.center), dot(v, p)-dot(v, b.center)
	qx, qy := dot(u, q)-dot(u, b.center), dot(v, q)-dot(v, b.center)
	t0, t1 := 0.0, 1.0
	for _, s := range [2][3]float64{{px, qx - px, b.halfW}, {py, qy - py, b.halfH}} {
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
