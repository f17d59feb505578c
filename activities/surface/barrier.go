package surface

import (
	"fmt"
	"math"
)

// Barrier is how far the loss on a line between two minimizers, at 0 and 1, rises above the linear interpolation of its values there:
//
//	max over α in [0, 1] of L(α) − (1 − α)L(0) − αL(1)
//
// (Frankle et al. 2020; Entezari et al. 2022, definition 3.2), over the grid's points. It is 0 or more.
type Barrier struct {
	// Height is infinite where a loss on the way is not finite, NaN where the grid does not hold both minimizers with a finite
	// loss, and a lower bound where points are missing. Its standard error is an upper bound: that of the loss on the way and that of
	// the interpolation are added.
	Height Measured `json:"height"`
	// At is the α of the largest rise; 0 for no rise.
	At float64 `json:"at"`
}

// Barrier measures a line between two minimizers. It fails where Validate does, and for a surface.
func (g Grid) Barrier() (Barrier, error) {
	if err := g.Validate(); err != nil {
		return Barrier{}, err
	}
	if !g.IsLine() {
		return Barrier{}, fmt.Errorf("grid: a barrier is that of a line, not of %d×%d points", len(g.X), len(g.Y))
	}
	f := g.Field()
	from, to := bracket(g.X, 0), bracket(g.X, 1)
	if from == nil || to == nil {
		return Barrier{Height: unknown}, nil
	}
	along := f.profile(f.Z, len(g.X), func(i int) (p, q int) { return i, i }, 0)
	a, b := from.of(along), to.of(along)
	if math.IsNaN(a) || math.IsNaN(b) {
		return Barrier{Height: unknown}, nil
	}
	var out Barrier
	for i, x := range g.X {
		switch rise := f.Z[i] - ((1-x)*a + x*b); {
		case x <= 0 || x >= 1:
		case !g.Mask[i]:
			out.Height.AtLeast = true
		case !f.OK[i]:
			return Barrier{Height: Measured{Value: math.Inf(1)}, At: x}, nil
		case rise > out.Height.Value:
			out.Height.Value, out.At = rise, x
			if s := g.Sampling; s != nil {
				out.Height.SE = known(s.RiseSE[i] + x*to.of(s.RiseSE))
			}
		}
	}
	return out, nil
}

// Note is the barrier as a note on a map; "" where it is not known.
func (b Barrier) Note() string {
	switch v := b.Height.Value; {
	case math.IsNaN(v):
		return ""
	case v == 0:
		return "no barrier between the minimizers"
	case math.IsInf(v, 1):
		return fmt.Sprintf("infinite barrier between the minimizers, at %.3g", b.At)
	}
	return fmt.Sprintf("barrier %s between the minimizers, at %.3g", b.Height.Mark(fmt.Sprintf("%.4g", b.Height.Value)), b.At)
}
