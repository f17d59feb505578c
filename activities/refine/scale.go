package refine

import (
	"math"
	"slices"
)

// scale is that of the losses: t = log(L + shift), with shift = 0 for losses above 0.
type scale struct {
	shift float64
	least float64 // the smallest known loss
}

// newScale is the scale of known losses. Where some are 0 or less, the smallest is shifted to the median excess over it.
func newScale(losses []float64) scale {
	if len(losses) == 0 {
		return scale{}
	}
	s := scale{least: slices.Min(losses)}
	if s.least <= 0 {
		room := s.medianExcess(losses)
		if room == 0 {
			room = (slices.Max(losses) - s.least) / 2
		}
		if room == 0 || math.IsInf(room, 0) {
			room = 1
		}
		s.shift = room - s.least
	}
	return s
}

func (s scale) logs(losses []float64) []float64 {
	out := make([]float64, len(losses))
	for i, v := range losses {
		out[i] = math.Log(v + s.shift)
	}
	return out
}

// loss is the loss of t, and the bound of its error for that of t: the larger of both sides.
func (s scale) loss(t, bound float64) (loss, err float64) {
	shifted := math.Exp(t)
	return shifted - s.shift, float64(shifted * math.Expm1(bound))
}

func (s scale) medianExcess(losses []float64) float64 {
	var finite []float64
	for _, v := range losses {
		if isFinite(v) {
			finite = append(finite, v-s.least)
		}
	}
	if len(finite) == 0 {
		return 0
	}
	slices.Sort(finite)
	return finite[len(finite)/2]
}

// leastExcess is the smallest excess that errors are relative to, as a share of the loss.
const leastExcess = 0.01

// allow sets the allowed errors, as [Lattice] says.
func (s scale) allow(l Lattice, f Field) {
	median := s.medianExcess(f.Loss)
	for i, v := range f.Loss {
		excess := math.Max(v-s.least, median)
		switch {
		case l.Absolute:
			f.Allowed[i] = l.Error
		case s.shift == 0:
			f.Allowed[i] = l.Error * math.Min(v, math.Max(excess, leastExcess*v))
		default:
			f.Allowed[i] = l.Error * excess
		}
	}
}
