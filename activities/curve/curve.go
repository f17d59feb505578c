// Package curve defines the curves with one bend that connect two minimizers at a low loss (Garipov et al. 2018, section 3.2).
package curve

import "fmt"

// Shape is a kind of curve φ from a over, or toward, its bend θ to b.
type Shape string

// The shapes.
const (
	Bezier  Shape = "bezier"  // φ(t) = (1 − t)²a + 2t(1 − t)θ + t²b
	Polygon Shape = "polygon" // φ(t) = (1 − 2t)a + 2tθ up to t = 1/2, then (2 − 2t)θ + (2t − 1)b
)

// Check returns an error for a shape that is not known.
func (s Shape) Check() error {
	if s != Bezier && s != Polygon {
		return fmt.Errorf("a curve of shape %q; choose %s or %s", string(s), Bezier, Polygon)
	}
	return nil
}

// At returns the weights of a, θ and b in φ(t), t in [0, 1]. They sum to 1, so that φ(t) has the coordinates (b, bend) in the plane around a
// with the directions b − a and θ − a.
func (s Shape) At(t float64) (a, bend, b float64) {
	switch {
	case s == Bezier:
		return (1 - t) * (1 - t), 2 * t * (1 - t), t * t
	case t <= 0.5:
		return 1 - 2*t, 2 * t, 0
	}
	return 0, 2 - 2*t, 2*t - 1
}
