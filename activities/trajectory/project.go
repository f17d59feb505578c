package trajectory

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// Plane is the plane through a path's last point along two directions, which
// need be neither orthogonal nor of unit length.
type Plane struct {
	axes   [2][]float64
	gram   [2][2]float64
	cosine float64
}

// NewPlane takes the directions as a surface is evaluated along them. It fails
// when they differ in length or are (nearly) parallel, or one is zero.
func NewPlane(x, y []float32) (*Plane, error) {
	if len(x) != len(y) {
		return nil, fmt.Errorf("a plane of two directions, one of %d numbers, one of %d", len(x), len(y))
	}
	p := &Plane{axes: [2][]float64{widened(x), widened(y)}}
	for i, a := range p.axes {
		for j, b := range p.axes {
			p.gram[i][j] = floats.Dot(a, b)
		}
	}
	p.cosine = p.gram[0][1] / math.Sqrt(p.gram[0][0]*p.gram[1][1])
	if !(math.Abs(p.cosine) < 1-1e-12) {
		return nil, errors.New("the two directions don't span a plane: they are parallel, or one is zero or not finite")
	}
	return p, nil
}

func widened(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// Cosine is that of the angle between the directions.
func (p *Plane) Cosine() float64 { return p.cosine }

// Coordinates returns the (α, β) for which αδ + βη comes nearest to d: the
// solution of the normal equations. They are coordinates, as on the axes of a
// surface, where <d, δ>/‖δ‖ would be a length; and with directions that are not
// orthogonal each depends on both.
func (p *Plane) Coordinates(d []float64) [2]float64 {
	a, b := floats.Dot(d, p.axes[0]), floats.Dot(d, p.axes[1])
	g := p.gram
	det := g[0][0]*g[1][1] - g[0][1]*g[1][0]
	return [2]float64{(a*g[1][1] - b*g[0][1]) / det, (b*g[0][0] - a*g[1][0]) / det}
}

// Variance is what points with these coordinates vary within the plane: the sum
// of squared distances from their mean, over their number less one.
func (p *Plane) Variance(coordinates [][2]float64) float64 {
	n := float64(len(coordinates))
	var mean [2]float64
	for _, c := range coordinates {
		mean[0] += c[0] / n
		mean[1] += c[1] / n
	}
	sum := 0.0
	for _, c := range coordinates {
		x, y := c[0]-mean[0], c[1]-mean[1]
		sum += x*x*p.gram[0][0] + 2*x*y*p.gram[0][1] + y*y*p.gram[1][1]
	}
	return sum / (n - 1)
}

// Projection is a path seen from several planes.
type Projection struct {
	// Coordinates are the coordinates in each plane, for each point.
	Coordinates [][][2]float64
	// Distance is ‖θ_i − θ_n‖, θ_n the origin, and Norm ‖θ_i‖, of all parameters.
	Distance, Norm []float64
}

// Project gives the coordinates of a path's points, less its origin, in planes through that one.
func Project(ctx context.Context, points Points, planes ...*Plane) (*Projection, error) {
	d, err := newDifferences(ctx, points, nil)
	if err != nil {
		return nil, err
	}
	for _, p := range planes {
		if len(p.axes[0]) != points.Size() {
			return nil, fmt.Errorf("points of %d numbers in a plane of directions of %d", points.Size(), len(p.axes[0]))
		}
	}
	out := &Projection{Coordinates: make([][][2]float64, len(planes))}
	row := make([]float64, points.Size())
	for i := range points.Len() {
		if err := d.row(ctx, i, row); err != nil {
			return nil, err
		}
		for j, p := range planes {
			out.Coordinates[j] = append(out.Coordinates[j], p.Coordinates(row))
		}
		norm := 0.0
		for _, v := range d.buffer {
			norm += float64(v) * float64(v)
		}
		out.Distance = append(out.Distance, floats.Norm(row, 2))
		out.Norm = append(out.Norm, math.Sqrt(norm))
	}
	return out, nil
}
