package render

import (
	"fmt"
	"math"

	"lossatlas/activities/surface"
)

// field is a quantity over a rectangular lattice, row-major [iy][ix]. OK marks the
// points that have a finite value; missing those that were not evaluated.
type field struct {
	x, y    []float64
	z       []float64
	ok      []bool
	missing []bool
	lo, hi  float64 // range of the values that are ok; lo > hi when there are none
	bad     int     // evaluated and not finite
	absent  int     // not evaluated
}

// newField takes values, one per point of the grid (what names them), and wants at least minY rows.
func newField(g surface.Grid, what string, values []float64, minY int) (*field, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	nx, ny := len(g.X), len(g.Y)
	if nx < 2 || ny < minY {
		return nil, fmt.Errorf("grid of %d×%d points: a picture of its %s needs at least 2×%d", nx, ny, what, minY)
	}
	f := &field{x: g.X, y: g.Y, z: make([]float64, nx*ny), ok: make([]bool, nx*ny), missing: make([]bool, nx*ny), lo: math.Inf(1), hi: math.Inf(-1)}
	for i, v := range values {
		switch {
		case !g.Mask[i]:
			f.missing[i] = true
			f.absent++
		case math.IsNaN(v) || math.IsInf(v, 0):
			f.bad++
		default:
			f.z[i], f.ok[i] = drawable(v), true
			f.lo, f.hi = min(f.lo, f.z[i]), max(f.hi, f.z[i])
		}
	}
	return f, nil
}

// lossPlane takes the losses of a grid over a plane, and the options that a picture of it has.
func lossPlane(g surface.Grid, opt Options) (*field, Options, error) {
	opt, err := opt.filled()
	if err != nil {
		return nil, opt, err
	}
	f, err := newField(g, "loss", g.Loss, 2)
	return f, opt, err
}

// Values nearer to zero than least are drawn as 0, and none lies further from it than most. Scales multiply and
// divide by powers of ten: without this room a step would vanish among the denormal numbers, or a span be infinite.
const (
	least = 1e-280
	most  = 1e280
)

// drawable is the value nearest to v that scales can handle.
func drawable(v float64) float64 {
	if math.Abs(v) < least {
		return 0
	}
	return min(max(v, -most), most)
}

// empty reports whether no point has a value.
func (f *field) empty() bool { return f.lo > f.hi }

// index returns the position of lattice point (ix, iy).
func (f *field) index(ix, iy int) int { return iy*len(f.x) + ix }

// whole reports whether cell (ix, iy), between lattice points (ix, iy) and
// (ix+1, iy+1), lies inside the lattice and has a value at each corner.
func (f *field) whole(ix, iy int) bool {
	if ix < 0 || iy < 0 || ix >= len(f.x)-1 || iy >= len(f.y)-1 {
		return false
	}
	i, j := f.index(ix, iy), f.index(ix, iy+1)
	return f.ok[i] && f.ok[i+1] && f.ok[j] && f.ok[j+1]
}

// unevaluated reports whether cell (ix, iy) lacks a value only because a corner was not evaluated.
func (f *field) unevaluated(ix, iy int) bool {
	waiting := false
	for _, i := range []int{f.index(ix, iy), f.index(ix+1, iy), f.index(ix, iy+1), f.index(ix+1, iy+1)} {
		if f.missing[i] {
			waiting = true
		} else if !f.ok[i] {
			return false
		}
	}
	return waiting
}

// log10 returns the field of decimal logarithms. Values that have none (an exact 0
// is a legal loss) take the logarithm of the smallest positive value, below every level.
func (f *field) log10() *field {
	tiny := math.Inf(1)
	for i, v := range f.z {
		if f.ok[i] && v > 0 {
			tiny = min(tiny, v)
		}
	}
	if math.IsInf(tiny, 1) {
		tiny = 1
	}
	out := *f
	out.z = make([]float64, len(f.z))
	out.lo, out.hi = math.Inf(1), math.Inf(-1)
	for i, v := range f.z {
		if !f.ok[i] {
			continue
		}
		out.z[i] = math.Log10(max(v, tiny))
		out.lo, out.hi = min(out.lo, out.z[i]), max(out.hi, out.z[i])
	}
	return &out
}
