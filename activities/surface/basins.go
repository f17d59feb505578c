package surface

import (
	"math"

	"lossatlas/activities/surface/topology"
)

// Topology is the surface with the grid's basins, with the stated error of each point (Estimate.LossError) as the bounds of its
// value. Points without a finite loss separate basins.
func (g Grid) Topology() topology.Surface {
	lower := make([]float64, len(g.Loss))
	for i, v := range g.Loss {
		if lower[i] = v; !g.Mask[i] {
			lower[i] = math.NaN()
		}
	}
	s := topology.Surface{NX: len(g.X), NY: len(g.Y), Lower: lower, Upper: lower}
	if g.Estimate == nil {
		return s
	}
	s.Upper = make([]float64, len(lower))
	for i, e := range g.Estimate.LossError {
		s.Upper[i] = lower[i] + e
		lower[i] -= e
	}
	return s
}

// basins adds to f the basins of the grid with at least a persistence.
func (f *Flatness) basins(g Grid, persistence float64) {
	s := g.Topology()
	f.Basins = s.Basins(persistence)
	plain := topology.Surface{NX: s.NX, NY: s.NY, Lower: g.Loss, Upper: g.Loss}
	f.BasinCount = &Measured{Value: float64(len(f.Basins)), AtLeast: g.Estimate != nil && len(f.Basins) < len(plain.Basins(persistence))}
	depth := unknown
	if i := g.Center(); i >= 0 {
		level, edge := s.Escape(i, persistence)
		depth = Measured{Value: level - s.Upper[i], AtLeast: edge}
		if depth.Value < 0 { // the bounds of the center and of a point next to it overlap
			depth.Value = 0
		}
	}
	f.Depth = &depth
}

// Center is the point next to α = β = 0, −1 where that lies outside the grid.
func (g Grid) Center() int {
	x, y := bracket(g.X, 0), bracket(g.Y, 0)
	if g.IsLine() {
		y = &between{} // wherever it lies
	}
	if x == nil || y == nil {
		return -1
	}
	return y.nearest()*len(g.X) + x.nearest()
}

// nearest is the point next to 0.
func (b *between) nearest() int {
	if b.share > 0.5 {
		return b.high
	}
	return b.low
}
