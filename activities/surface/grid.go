package surface

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"lossatlas/activities/refine"
)

// Grid is the loss f(α, β) = L(θ* + αδ + βη) on a lattice (Li et al. 2018,
// equation 1), or on a line when there is a single Y. Values are row-major:
// that of (X[ix], Y[iy]) has the index iy·len(X) + ix.
type Grid struct {
	X, Y []float64 // the coordinates α and β; Y is {0} for a line
	// Loss is the mean loss. Where the network overflows it is NaN or
	// infinite, which is a result; where Mask is false it is NaN and means nothing.
	Loss     []float64
	Accuracy []float64 // percent: the score; NaN without one, and where an output for any example is not finite
	Mask     []bool    // true where the point was evaluated, or estimated
	// Decay is the part of Loss that is weight decay, ½λ‖θ‖²; nil for a loss without it.
	Decay []float64
	// Curvature is the extreme eigenvalues of the Hessian at the points; nil for
	// a line or surface.
	Curvature *Curvature
	// Estimate says which values are estimated, and how exactly; nil where all are computed.
	Estimate *Estimate
	// Sampling is the error that the choice of examples brings; nil where that is not known, or where there was no choice.
	Sampling *Sampling
	// Parts are values over subsets of the examples, of a map that states an error; Subset is the one that points are evaluated over in place of all,
	// as far as an unfinished map has chosen one, and is not stored.
	Parts  map[PartKey]refine.Part
	Subset int
	// Meta is where the grid comes from, as JSON; nil for nothing.
	Meta json.RawMessage
}

// NewGrid is a grid without evaluated points.
func NewGrid(x, y []float64) *Grid {
	n := len(x) * len(y)
	g := &Grid{X: x, Y: y, Loss: make([]float64, n), Accuracy: make([]float64, n), Mask: make([]bool, n)}
	for i := range n {
		g.Loss[i], g.Accuracy[i] = math.NaN(), math.NaN()
	}
	return g
}

// Add sets evaluated points. A point outside the lattice or one that is
// already there is an error, after which the grid is as before.
func (g *Grid) Add(points []Point) error {
	for i, p := range points {
		var err error
		switch {
		case p.Index < 0 || p.Index >= len(g.Mask):
			err = fmt.Errorf("point %d lies outside a lattice of %d×%d points", p.Index, len(g.X), len(g.Y))
		case g.Mask[p.Index]:
			err = fmt.Errorf("point %d was evaluated twice", p.Index)
		}
		if err != nil {
			for _, q := range points[:i] {
				g.Loss[q.Index], g.Accuracy[q.Index], g.Mask[q.Index] = math.NaN(), math.NaN(), false
			}
			return err
		}
		g.Loss[p.Index], g.Accuracy[p.Index], g.Mask[p.Index] = p.Loss, p.Accuracy, true
	}
	return nil
}

// Missing is the indices of the points that aren't evaluated, in row-major order.
func (g Grid) Missing() []int {
	var missing []int
	for i, done := range g.Mask {
		if !done {
			missing = append(missing, i)
		}
	}
	return missing
}

// IsLine reports whether the grid has one row.
func (g Grid) IsLine() bool { return len(g.Y) == 1 }

// Validate checks that the grid is consistent: lengths fit, coordinates are
// finite and increase, and Meta is JSON.
func (g Grid) Validate() error {
	n := len(g.X) * len(g.Y)
	if n == 0 {
		return errors.New("grid: no points")
	}
	if len(g.Loss) != n || len(g.Accuracy) != n || len(g.Mask) != n {
		return fmt.Errorf("grid: %d×%d points, but %d losses, %d accuracies and %d mask values",
			len(g.X), len(g.Y), len(g.Loss), len(g.Accuracy), len(g.Mask))
	}
	if g.Decay != nil && len(g.Decay) != n {
		return fmt.Errorf("grid: %d×%d points, but %d values of weight decay", len(g.X), len(g.Y), len(g.Decay))
	}
	if c := g.Curvature; c != nil {
		for _, a := range c.arrays() {
			if len(*a.values) != n {
				return fmt.Errorf("grid: %d×%d points, but %d values of %s", len(g.X), len(g.Y), len(*a.values), a.name)
			}
		}
	}
	if err := g.Estimate.validate(n); err != nil {
		return err
	}
	if err := g.Sampling.validate(n); err != nil {
		return err
	}
	if err := checkAxis("x", g.X); err != nil {
		return err
	}
	if err := checkAxis("y", g.Y); err != nil {
		return err
	}
	if g.Meta != nil && !json.Valid(g.Meta) {
		return errors.New("grid: meta isn't JSON")
	}
	return nil
}

// checkAxis wants finite numbers that increase.
func checkAxis(name string, axis []float64) error {
	for i, v := range axis {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("grid: %s[%d] is %v", name, i, v)
		}
		if i > 0 && v <= axis[i-1] {
			return fmt.Errorf("grid: %s[%d] = %v doesn't increase after %v", name, i, v, axis[i-1])
		}
	}
	return nil
}

// AddDecay adds weight decay to the loss of a grid over θ + αδ + βη: ½λ‖θ + αδ + βη‖² at each point, and λ to the eigenvalues of
// the Hessian, to which it adds λI. η is nil for a line.
func (g *Grid) AddDecay(lambda float64, theta, delta, eta []float32) {
	tt, td, te := dot(theta, theta), dot(theta, delta), dot(theta, eta)
	dd, de, ee := dot(delta, delta), dot(delta, eta), dot(eta, eta)
	g.Decay = make([]float64, len(g.Mask))
	for i, done := range g.Mask {
		if !done {
			g.Decay[i] = math.NaN()
			continue
		}
		a, b := g.X[i%len(g.X)], g.Y[i/len(g.X)]
		g.Decay[i] = lambda / 2 * (tt + 2*a*td + 2*b*te + a*a*dd + 2*a*b*de + b*b*ee)
		g.Loss[i] += g.Decay[i]
	}
	if c := g.Curvature; c != nil {
		for i := range c.LambdaMin {
			c.LambdaMin[i] += lambda
			c.LambdaMax[i] += lambda
		}
	}
}

// dot is the product of two vectors in float64; a nil one is 0.
func dot(v, w []float32) (sum float64) {
	if v == nil || w == nil {
		return 0
	}
	for i, x := range v {
		sum += float64(x) * float64(w[i])
	}
	return sum
}
