package lattice

import (
	"fmt"
	"math"

	"lossatlas/activities/surface"
)

// Field is a quantity over a lattice, with its name and notes for a picture.
type Field struct {
	surface.Field
	Missing []bool  // points that were not evaluated
	Lo, Hi  float64 // range of the values that are OK; Lo > Hi without such values
	Bad     int     // points evaluated and not finite
	Absent  int     // points not evaluated
	Note    string  // how exact the values are, "" where nothing is to be said
	Known   []int   // the points that were evaluated, in a field of a grid
}

// NewField takes values, one per point of the grid (what names them), and wants at least minY rows.
func NewField(g surface.Grid, what string, values []float64, minY int) (*Field, error) {
	if err := g.Validate(); err != nil {
		return nil, err
	}
	if len(g.X) < 2 || len(g.Y) < minY {
		return nil, fmt.Errorf("grid of %d×%d points: a picture of its %s needs at least 2×%d", len(g.X), len(g.Y), what, minY)
	}
	f := newField(g.X, g.Y, values, g.Mask)
	f.Note = g.EstimateNote()
	for i := range values {
		if g.IsEvaluated(i) {
			f.Known = append(f.Known, i)
		}
	}
	return f, nil
}

// NewCurve takes values over x.
func NewCurve(x, values []float64) *Field { return newField(x, nil, values, nil) }

// newField takes the values that mask marks as evaluated; nil marks all.
func newField(x, y, values []float64, mask []bool) *Field {
	n := len(values)
	f := &Field{
		Field:   surface.Field{X: x, Y: y, Z: make([]float64, n), OK: make([]bool, n)},
		Missing: make([]bool, n), Lo: math.Inf(1), Hi: math.Inf(-1),
	}
	for i, v := range values {
		switch {
		case mask != nil && !mask[i]:
			f.Missing[i] = true
			f.Absent++
		case math.IsNaN(v) || math.IsInf(v, 0):
			f.Bad++
		default:
			f.Z[i], f.OK[i] = Drawable(v), true
			f.Lo, f.Hi = min(f.Lo, f.Z[i]), max(f.Hi, f.Z[i])
		}
	}
	return f
}

// Values nearer to zero than least are drawn as 0, and none lies further from it than most. Scales multiply and
// divide by powers of ten: without this room a step would vanish among the denormal numbers, or a span be infinite.
const (
	Least = 1e-280
	Most  = 1e280
)

// Drawable is the value nearest to v that scales can handle.
func Drawable(v float64) float64 {
	if math.Abs(v) < Least {
		return 0
	}
	return min(max(v, -Most), Most)
}

// Empty reports whether no point has a value.
func (f *Field) Empty() bool { return f.Lo > f.Hi }

// Index returns the position of lattice point (ix, iy).
func (f *Field) Index(ix, iy int) int { return iy*len(f.X) + ix }

// Unevaluated reports whether cell (ix, iy) lacks a value only because a corner was not evaluated.
func (f *Field) Unevaluated(ix, iy int) bool {
	waiting := false
	for _, i := range []int{f.Index(ix, iy), f.Index(ix+1, iy), f.Index(ix, iy+1), f.Index(ix+1, iy+1)} {
		if f.Missing[i] {
			waiting = true
		} else if !f.OK[i] {
			return false
		}
	}
	return waiting
}

// Mapped is the field of the values of a rising function.
func (f *Field) Mapped(by func(float64) float64) *Field {
	out := *f
	out.Z = make([]float64, len(f.Z))
	for i, v := range f.Z {
		if f.OK[i] {
			out.Z[i] = by(v)
		}
	}
	if !f.Empty() {
		out.Lo, out.Hi = by(f.Lo), by(f.Hi)
	}
	return &out
}

// Log10 returns the field of decimal logarithms. Values that have none (an exact 0
// is a legal loss) take the logarithm of the smallest positive value, below every level.
func (f *Field) Log10() *Field {
	tiny := math.Inf(1)
	for i, v := range f.Z {
		if f.OK[i] && v > 0 {
			tiny = min(tiny, v)
		}
	}
	if math.IsInf(tiny, 1) {
		tiny = 1
	}
	out := *f
	out.Z = make([]float64, len(f.Z))
	out.Lo, out.Hi = math.Inf(1), math.Inf(-1)
	for i, v := range f.Z {
		if !f.OK[i] {
			continue
		}
		out.Z[i] = math.Log10(max(v, tiny))
		out.Lo, out.Hi = min(out.Lo, out.Z[i]), max(out.Hi, out.Z[i])
	}
	return &out
}
