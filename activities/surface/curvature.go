package surface

import (
	"math"
	"slices"

	"lossatlas/activities/refine"
)

// Curvature is the extreme eigenvalues λmin and λmax of the Hessian at the
// points of a grid, row-major, with the residual norms ‖Hv − λv‖ that bound
// their errors. All are NaN where the Hessian is not finite, or not computed.
type Curvature struct {
	LambdaMin, LambdaMax     []float64
	ResidualMin, ResidualMax []float64 // NaN where the eigenvalues are estimated
	// MinError and MaxError bound the errors of estimated eigenvalues with a probability of 95 %: 0 at an evaluated point, and NaN where the
	// Hessian is believed not to be finite. They are nil for a grid whose points are all evaluated.
	MinError, MaxError []float64
}

// NewCurvature is the curvature of n points, not computed yet.
func NewCurvature(n int) *Curvature {
	c := &Curvature{}
	for _, a := range c.computed() {
		*a.values = make([]float64, n)
		for i := range *a.values {
			(*a.values)[i] = math.NaN()
		}
	}
	return c
}

// namedValues is one of the curvature's arrays with its name in a file.
type namedValues struct {
	name   string
	values *[]float64
}

func (c *Curvature) computed() []namedValues {
	return []namedValues{
		{"lambda_min", &c.LambdaMin}, {"lambda_max", &c.LambdaMax},
		{"residual_min", &c.ResidualMin}, {"residual_max", &c.ResidualMax},
	}
}

func (c *Curvature) bounds() []namedValues {
	return []namedValues{{"lambda_min_error", &c.MinError}, {"lambda_max_error", &c.MaxError}}
}

// arrays are the arrays present.
func (c *Curvature) arrays() []namedValues {
	if c.MinError == nil && c.MaxError == nil {
		return c.computed()
	}
	return append(c.computed(), c.bounds()...)
}

// Error is the larger bound of the errors of both eigenvalues at every point, relative to the larger of |λmin| and |λmax|, or with absolute in
// their unit; nil for a grid whose points are all evaluated.
func (c *Curvature) Error(absolute bool) []float64 {
	if c.MinError == nil {
		return nil
	}
	out := make([]float64, len(c.MinError))
	for i := range out {
		if out[i] = math.Max(c.MinError[i], c.MaxError[i]); out[i] != 0 && !absolute {
			out[i] /= math.Max(math.Abs(c.LambdaMin[i]), math.Abs(c.LambdaMax[i]))
		}
	}
	return out
}

// Ratio is |λmin/λmax| at every point (Li et al. 2018, figure 7): near 0 the
// loss is as good as convex, towards 1 it falls off as steeply as it rises.
// It is NaN where there is no curvature.
func (c *Curvature) Ratio() []float64 {
	ratio := make([]float64, len(c.LambdaMin))
	for i := range ratio {
		ratio[i] = math.Abs(c.LambdaMin[i] / c.LambdaMax[i])
	}
	return ratio
}

// AddCurved is Add for points with eigenvalues. The first ones make the
// grid's Curvature.
func (g *Grid) AddCurved(points []Curved) error {
	plain := make([]Point, len(points))
	for i, p := range points {
		plain[i] = p.Point
	}
	if err := g.Add(plain); err != nil {
		return err
	}
	if g.Curvature == nil {
		g.Curvature = NewCurvature(len(g.Mask))
	}
	for _, p := range points {
		c := g.Curvature
		c.LambdaMin[p.Index], c.LambdaMax[p.Index] = p.LambdaMin, p.LambdaMax
		c.ResidualMin[p.Index], c.ResidualMax[p.Index] = p.ResidualMin, p.ResidualMax
	}
	return nil
}

// EncodePoints writes evaluated points as a chunk of their kind of map; nil if one of them was not evaluated.
func (g *Grid) EncodePoints(indices []int) []byte {
	if slices.ContainsFunc(indices, func(i int) bool { return !g.IsEvaluated(i) }) {
		return nil
	}
	c := g.Curvature
	if c == nil {
		points, parts := make([]Sampled, len(indices)), make(map[PartKey]refine.Part)
		for k, i := range indices {
			points[k] = g.Point(i)
			g.CopyParts(parts, i)
		}
		return EncodeParts(points, parts)
	}
	points := make([]Curved, len(indices))
	for k, i := range indices {
		points[k] = Curved{g.Point(i).Point, c.LambdaMin[i], c.LambdaMax[i], c.ResidualMin[i], c.ResidualMax[i]}
	}
	return EncodeCurved(points)
}
