package surface

import "math"

// Curvature is the extreme eigenvalues λmin and λmax of the Hessian at the
// points of a grid, row-major, with the residual norms ‖Hv − λv‖ that bound
// their errors. All are NaN where the Hessian is not finite, or not computed.
type Curvature struct {
	LambdaMin, LambdaMax     []float64
	ResidualMin, ResidualMax []float64
}

// NewCurvature is the curvature of n points, not computed yet.
func NewCurvature(n int) *Curvature {
	c := &Curvature{}
	for _, a := range c.arrays() {
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

func (c *Curvature) arrays() []namedValues {
	return []namedValues{
		{"lambda_min", &c.LambdaMin}, {"lambda_max", &c.LambdaMax},
		{"residual_min", &c.ResidualMin}, {"residual_max", &c.ResidualMax},
	}
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
