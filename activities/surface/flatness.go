package surface

import (
	"encoding/json"
	"math"
	"slices"

	"lossatlas/activities/surface/topology"
)

// FlatnessOptions say at which levels and within which radii flatness is measured.
type FlatnessOptions struct {
	// Levels are heights above L(θ*) at which widths are taken, above 0.
	Levels []float64 `json:"levels"`
	// Radii are distances √(α²+β²) from the centre, above 0.
	Radii []float64 `json:"radii"`
	// Persistence is the least one of a basin that is counted; nil counts no basins.
	Persistence *float64 `json:"persistence,omitempty"`
}

// Measured is a number measured on a grid, or a lower bound of it.
type Measured struct {
	// Value is NaN where the grid does not determine it, and infinite where the loss is not finite.
	Value float64
	// AtLeast says that the grid ends before the quantity does: Value is a lower bound.
	AtLeast bool
	// SE is the standard error that the choice of examples brings, of a width at most; 0 where it is not known.
	SE float64
}

// Mark writes ">" before the text of a value that is a lower bound: the one mark of it in tables and pictures.
func (m Measured) Mark(text string) string {
	if m.AtLeast {
		return ">" + text
	}
	return text
}

var unknown = Measured{Value: math.NaN()}

// measuredJSON is a Measured with null for NaN and the text "Inf" for infinity.
type measuredJSON struct {
	Value   any     `json:"value"`
	AtLeast bool    `json:"at_least,omitempty"`
	SE      float64 `json:"se,omitempty"`
}

// MarshalJSON writes {"value": v, "at_least": true, "se": s}, null for NaN and "Inf" for infinity.
func (m Measured) MarshalJSON() ([]byte, error) {
	return json.Marshal(measuredJSON{m.json(), m.AtLeast, m.SE})
}

// json is the value in a form that JSON can hold.
func (m Measured) json() any {
	switch {
	case math.IsInf(m.Value, 0):
		return "Inf"
	case math.IsNaN(m.Value):
		return nil
	}
	return m.Value
}

// number64 reads what json wrote.
func number64(v any) float64 {
	switch v := v.(type) {
	case float64:
		return v
	case string:
		return math.Inf(1)
	}
	return math.NaN()
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Measured) UnmarshalJSON(b []byte) error {
	var in measuredJSON
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	*m = Measured{number64(in.Value), in.AtLeast, in.SE}
	return nil
}

// Flatness describes how flat the loss of a grid is around the centre
// α = β = 0, where it is L(θ*). Lengths are in units of the directions.
//
// Where 0 is no coordinate of the grid (an axis of an even number of points),
// the loss at the centre and along the axes through it is interpolated
// linearly; where it lies outside the grid, only Convex is known.
type Flatness struct {
	// Center is L(θ*), NaN where the centre lies outside the grid or has no finite loss.
	Center Measured `json:"center"`
	// Interpolated says that the centre is no point of the grid.
	Interpolated bool `json:"interpolated,omitempty"`
	// Widths[l][a] is the length of the interval around the centre, along axis
	// a, in which the loss stays at or below L(θ*) + Levels[l]. Between points
	// the loss is taken linearly. An interval that reaches the end of the grid, or
	// a point without a finite loss, is known to be at least that long.
	Widths [][]Measured `json:"widths"`
	// Convex is the fraction of the judged points at which the plotted loss is
	// convex: its second derivative (of a line), or both eigenvalues of its 2×2
	// matrix of second derivatives, by central differences, are at least 0, but
	// for rounding. A point is judged where it and its neighbours (two on a line,
	// eight on a surface) have finite losses; points on the border have not all of them.
	Convex Measured `json:"convex"`
	Judged int      `json:"judged"`
	// Area is the largest area enclosed by a convex contour around the centre:
	// of the highest level whose sublevel set around the centre is convex, without
	// holes, inside the grid. Convex means that the contour nowhere lies
	// farther than half a cell inside its convex hull. It is a lower bound where
	// contours are convex until they leave the grid, or run into points without a
	// finite loss. NaN for a line, and where no contour around the centre closes.
	Area Measured `json:"area"`
	// Sharpness[r] is the largest loss within Radii[r] of the centre, less L(θ*): over the grid's points in the disc, and on
	// its circle, where that crosses the grid's rows and columns, linear between two points. It is infinite if one of the points in
	// the disc is not finite, and a lower bound where the grid does not cover the whole disc, or a point next to it is not finite.
	Sharpness []Measured `json:"sharpness"`
	// Basins are those of at least FlatnessOptions.Persistence, by their lowest losses (see package topology), and BasinCount is how many
	// they are: a lower bound where the stated error of the grid hides some. nil where no basins are counted.
	Basins     []topology.Basin `json:"basins,omitempty"`
	BasinCount *Measured        `json:"basin_count,omitempty"`
	// Depth is how far the loss rises from the centre, or the point next to it, before its sublevel set leads to another of the basins. It is a
	// lower bound where that set reaches the border of the grid first; infinite where it does neither.
	Depth *Measured `json:"depth,omitempty"`
}

// Flatness measures the grid. It fails where Validate does.
func (g Grid) Flatness(opt FlatnessOptions) (Flatness, error) {
	if err := g.Validate(); err != nil {
		return Flatness{}, err
	}
	f := g.Field()
	out := Flatness{Center: unknown, Area: unknown, Convex: unknown}
	out.Convex.Value, out.Judged = f.convex()
	x, y := bracket(g.X, 0), bracket(g.Y, 0)
	if g.IsLine() {
		y = &between{} // a line has no second axis, wherever it lies
	}
	var alongX, alongY, errorX, errorY []float64
	if x != nil && y != nil {
		inRow := func(i int) (p, q int) { return y.low*len(g.X) + i, y.high*len(g.X) + i }
		inColumn := func(i int) (p, q int) { return i*len(g.X) + x.low, i*len(g.X) + x.high }
		alongX, alongY = f.profile(f.Z, len(g.X), inRow, y.share), f.profile(f.Z, len(g.Y), inColumn, x.share)
		if s := g.Sampling; s != nil {
			errorX, errorY = f.profile(s.RiseSE, len(g.X), inRow, y.share), f.profile(s.RiseSE, len(g.Y), inColumn, x.share)
			out.Center.SE = known(x.of(f.profile(s.LossSE, len(g.X), inRow, y.share)))
		}
		out.Interpolated = x.low != x.high || y.low != y.high
		out.Center.Value = x.of(alongX)
	}
	l0 := out.Center.Value
	for _, level := range opt.Levels {
		widths := []Measured{width(g.X, alongX, errorX, x, l0, l0+level)}
		if !g.IsLine() {
			widths = append(widths, width(g.Y, alongY, errorY, y, l0, l0+level))
		}
		out.Widths = append(out.Widths, widths)
	}
	for _, radius := range opt.Radii {
		out.Sharpness = append(out.Sharpness, f.sharpness(g, radius, l0))
	}
	if !math.IsNaN(l0) && !g.IsLine() {
		out.Area = f.convexArea(l0)
	}
	if opt.Persistence != nil {
		out.basins(g, *opt.Persistence)
	}
	return out, nil
}

// between is where a coordinate lies on an axis: at low = high, or the share of the way
// from low to high, the next point.
type between struct {
	low, high int
	share     float64
}

// bracket finds a coordinate on an axis; nil if it lies outside.
func bracket(axis []float64, at float64) *between {
	i, found := slices.BinarySearch(axis, at)
	if found {
		return &between{i, i, 0}
	}
	if i == 0 || i == len(axis) {
		return nil
	}
	return &between{i - 1, i, (at - axis[i-1]) / (axis[i] - axis[i-1])}
}

// of interpolates linearly; NaN where a value is missing.
func (b *between) of(v []float64) float64 { return mix(v[b.low], v[b.high], b.share) }

func mix(a, b, share float64) float64 {
	if share == 0 {
		return a
	}
	return a + share*(b-a)
}

// known is 0 in place of a standard error that is not known.
func known(se float64) float64 {
	if se <= math.MaxFloat64 {
		return se
	}
	return 0
}

// profile is the loss, or its standard error, along an axis, interpolated between two rows or columns;
// NaN where the loss has no value.
func (f *Field) profile(values []float64, n int, at func(i int) (p, q int), share float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		p, q := at(i)
		if out[i] = math.NaN(); f.OK[p] && f.OK[q] {
			out[i] = mix(values[p], values[q], share)
		}
	}
	return out
}

// width is the length of the interval around 0 where the profile, whose value
// there is center, is at most level. Its standard error is that of the rise divided by the slope, added up over both ends: what the ends
// have in common is not known. errors are nil where that of the rise is not known.
func width(axis, profile, errors []float64, at *between, center, level float64) Measured {
	if at == nil || profile == nil || math.IsNaN(center) {
		return unknown
	}
	side := func(from, step int) (reach, se float64, atLeast bool) {
		x, v := 0.0, center
		for i := from; i >= 0 && i < len(axis); i += step {
			switch p := profile[i]; {
			case math.IsNaN(p):
				return math.Abs(x), math.NaN(), true
			case p > level:
				share := (level - v) / (p - v)
				se = math.NaN()
				if errors != nil {
					before := 0.0 // the center's
					if j := i - step; j >= 0 && j < len(axis) && axis[j] == x {
						before = errors[j]
					}
					se = mix(before, errors[i], share) * math.Abs((axis[i]-x)/(p-v))
				}
				return math.Abs(x + share*(axis[i]-x)), se, false
			default:
				x, v = axis[i], p
			}
		}
		return math.Abs(x), math.NaN(), true
	}
	// The points next to 0 on either side; at a point, the point itself has no length.
	down, se1, cut1 := side(at.low, -1)
	up, se2, cut2 := side(at.high, 1)
	return Measured{down + up, cut1 || cut2, known(se1 + se2)}
}

// sharpness is the largest loss within a radius of the centre, less that at the centre: at the points of the grid within it, and where
// the circle crosses the grid's rows and columns, between two points.
func (f *Field) sharpness(g Grid, radius, center float64) Measured {
	if math.IsNaN(center) {
		return unknown
	}
	nx, line := len(f.X), len(f.Y) <= 1
	out, isKnown := Measured{Value: center}, false
	covers := func(axis []float64) bool { return -axis[0]*(1+1e-9) >= radius && axis[len(axis)-1]*(1+1e-9) >= radius }
	out.AtLeast = !covers(f.X) || !line && !covers(f.Y)
	see := func(v, se float64) {
		if isKnown = true; v > out.Value {
			out.Value, out.SE = v, known(se)
		}
	}
	riseSE := func(i int) float64 {
		if g.Sampling == nil {
			return 0
		}
		return g.Sampling.RiseSE[i]
	}
	for i, v := range f.Z {
		x, y := f.X[i%nx], 0.0
		if !line {
			y = f.Y[i/nx]
		}
		switch distance := math.Hypot(x, y); {
		case distance == 0 || distance > radius*(1+onPoint):
		case !g.Mask[i]:
			out.AtLeast = true
		case !f.OK[i]:
			see(math.Inf(1), 0)
		default:
			see(v, riseSE(i))
		}
	}
	cross := func(axis []float64, away float64, at func(i int) int) {
		half := math.Sqrt(radius*radius - away*away) // NaN beyond the circle
		for _, x := range []float64{-half, half} {
			b := bracket(axis, x)
			if b == nil || b.share < onPoint || b.share > 1-onPoint {
				continue // outside of the grid, or one of its points
			}
			low, high := at(b.low), at(b.high)
			if !f.OK[low] || !f.OK[high] {
				out.AtLeast = true
				continue
			}
			see(mix(f.Z[low], f.Z[high], b.share), mix(riseSE(low), riseSE(high), b.share))
		}
	}
	if line {
		cross(f.X, 0, func(i int) int { return i })
	} else {
		for iy, y := range f.Y {
			cross(f.X, y, func(i int) int { return iy*nx + i })
		}
		for ix, x := range f.X {
			cross(f.Y, x, func(i int) int { return i*nx + ix })
		}
	}
	if !isKnown {
		return unknown
	}
	out.Value -= center
	if math.IsInf(out.Value, 1) {
		out.AtLeast = false // nothing is larger
	}
	return out
}

// onPoint is the distance to a point, relative to the radius or to the distance of two points, that is rounding.
const onPoint = 1e-9
