package trajectory

import (
	"context"
	"fmt"
)

// Points are the weights along one or several trainings. Origin is the point that the others are compared with: the last
// of the first training. At writes point i, 0 ≤ i < Len, into to, which has Size numbers; it is called several
// times for each point.
type Points interface {
	Len() int
	Size() int
	Origin() int
	At(ctx context.Context, i int, to []float32) error
}

// differences reads the rows θ_i − θ_n of a path, θ_n its origin.
type differences struct {
	points Points
	last   []float32
	keep   []bool // entries that count; nil for all
	buffer []float32
}

// newDifferences reads the origin. keep says which entries count, the others are 0 in every row.
func newDifferences(ctx context.Context, points Points, keep []bool) (*differences, error) {
	n, size := points.Len(), points.Size()
	if n < 1 || size < 1 {
		return nil, fmt.Errorf("a path of %d points of %d numbers", n, size)
	}
	if keep != nil && len(keep) != size {
		return nil, fmt.Errorf("%d entries are marked of points of %d numbers", len(keep), size)
	}
	d := &differences{points: points, keep: keep, last: make([]float32, size), buffer: make([]float32, size)}
	return d, points.At(ctx, points.Origin(), d.last)
}

// row writes row i into to. The subtraction is float64: of two float32 it is exact.
func (d *differences) row(ctx context.Context, i int, to []float64) error {
	if err := d.points.At(ctx, i, d.buffer); err != nil {
		return err
	}
	for j, v := range d.buffer {
		if d.keep != nil && !d.keep[j] {
			to[j] = 0
			continue
		}
		to[j] = float64(v) - float64(d.last[j])
	}
	return nil
}
