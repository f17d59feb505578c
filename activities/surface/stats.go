package surface

import "math"

// Stats describes a grid in a few numbers. The losses are NaN where the
// grid has no point at the centre, or no finite loss.
type Stats struct {
	Points    int // of the lattice
	Evaluated int
	NonFinite int // evaluated points whose loss is NaN or infinite

	CenterLoss, CenterAccuracy float64 // at α = β = 0, if that is a point
	MinLoss, MaxLoss           float64 // over the finite losses
	MinIndex, MaxIndex         int     // their first places, −1 without finite losses
}

// Stats counts and compares the evaluated points.
func (g Grid) Stats() Stats {
	s := Stats{Points: len(g.Mask), MinIndex: -1, MaxIndex: -1}
	s.CenterLoss, s.CenterAccuracy, s.MinLoss, s.MaxLoss = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	for i, done := range g.Mask {
		if !done {
			continue
		}
		s.Evaluated++
		loss := g.Loss[i]
		if g.X[i%len(g.X)] == 0 && g.Y[i/len(g.X)] == 0 {
			s.CenterLoss, s.CenterAccuracy = loss, g.Accuracy[i]
		}
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			s.NonFinite++
			continue
		}
		if s.MinIndex < 0 || loss < s.MinLoss {
			s.MinLoss, s.MinIndex = loss, i
		}
		if s.MaxIndex < 0 || loss > s.MaxLoss {
			s.MaxLoss, s.MaxIndex = loss, i
		}
	}
	return s
}
