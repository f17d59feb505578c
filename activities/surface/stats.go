package surface

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

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

// When a grid's values deserve a note.
const (
	flatRise      = 0.01   // least rise over the range, relative to the loss
	nearHighest   = 0.8    // share of the upper quartile's rise at which points lie on a plateau
	mostPoints    = 2. / 3 // share of the points there: of a paraboloid it is 2/5, of a cone 1/2
	leastLowering = 0.01   // of the loss at the center below it
	twoErrors     = 2      // standard errors within which losses do not differ
)

// Notes are the notes on a grid's values: their errors, and a range that shows little. "" for no note.
func (g Grid) Notes() string {
	var notes []string
	for _, note := range []string{g.EstimateNote(), g.SamplingNote(), g.rangeNote()} {
		if note != "" {
			notes = append(notes, note)
		}
	}
	return strings.Join(notes, "; ")
}

// rangeNote says that most of the loss is not finite, lies flat, or lies on a plateau.
func (g Grid) rangeNote() string {
	var finite []float64
	points := 0
	for i, done := range g.Mask {
		if !done {
			continue
		}
		points++
		if v := g.Loss[i]; math.Abs(v) <= math.MaxFloat64 {
			finite = append(finite, v)
		}
	}
	bad := points - len(finite)
	if 2*bad > points {
		return fmt.Sprintf("the loss is not finite at %s of the points: a smaller range shows more", Percent(math.Round(100*float64(bad)/float64(points))/100))
	}
	if len(finite) < 2 {
		return ""
	}
	slices.Sort(finite)
	low, high := finite[0], finite[len(finite)-1]
	within := flatRise * max(math.Abs(low), math.Abs(high))
	if s := g.Sampling; s != nil {
		for _, se := range s.RiseSE {
			within = max(within, twoErrors*known(se))
		}
	}
	if high-low <= within && bad == 0 {
		if high == low {
			return ""
		}
		return fmt.Sprintf("flat: the loss is between %.5g and %.5g, a larger range shows more", low, high)
	}
	plateau := low + nearHighest*(finite[len(finite)*3/4]-low)
	at, _ := slices.BinarySearch(finite, plateau)
	if on := points - at; float64(on) > mostPoints*float64(points) {
		return fmt.Sprintf("saturated: the loss is %.3g or more at %s of the points, a smaller range shows more", plateau, Percent(math.Round(100*float64(on)/float64(points))/100))
	}
	return ""
}

// CenterNote says that the lowest loss is elsewhere than at the center, by more than a hundredth and by more than the errors of both; "" where it
// is not. It is of no use between minimizers, where the center is one of several.
func (g Grid) CenterNote() string {
	s := g.Stats()
	if s.MinIndex < 0 || !(s.CenterLoss-s.MinLoss > leastLowering*math.Abs(s.CenterLoss)) {
		return ""
	}
	within := 0.0
	if g.Sampling != nil {
		within = twoErrors * known(g.Sampling.RiseSE[s.MinIndex])
	}
	if g.Estimate != nil {
		within += known(g.Estimate.LossError[s.MinIndex])
	}
	if s.CenterLoss-s.MinLoss <= within {
		return ""
	}
	at := fmt.Sprintf("%.3g", g.X[s.MinIndex%len(g.X)])
	if !g.IsLine() {
		at = fmt.Sprintf("(%s, %.3g)", at, g.Y[s.MinIndex/len(g.X)])
	}
	return fmt.Sprintf("the lowest loss, %.3g, lies at %s, not at the center, where it is %.3g", s.MinLoss, at, s.CenterLoss)
}
