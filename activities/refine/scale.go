package refine

import (
	"math"
	"slices"
)

// scale is that of the losses: t = log(L + shift), with shift = 0 for losses above 0. That of eigenvalues is t = asinh(λ/unit): it is
// logarithmic on both sides of 0.
type scale struct {
	shift float64
	least float64 // the smallest known loss
	unit  float64 // above 0 for eigenvalues
}

// newSignedScale is the scale of known eigenvalues. Its unit is their median size.
func newSignedScale(values []float64) scale {
	sizes := make([]float64, len(values))
	for i, v := range values {
		sizes[i] = math.Abs(v)
	}
	s := scale{unit: 1}
	if slices.Sort(sizes); len(sizes) > 0 && sizes[len(sizes)/2] > 0 {
		s.unit = sizes[len(sizes)/2]
	}
	return s
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

func (s scale) transformed(values []float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		if out[i] = math.Log(v + s.shift); s.unit > 0 {
			out[i] = math.Asinh(v / s.unit)
		}
	}
	return out
}

// value is the value of t, and the bound of its error for that of t: the larger of both sides.
func (s scale) value(t, bound float64) (value, err float64) {
	if s.unit > 0 {
		return s.unit * math.Sinh(t), s.unit * (math.Sinh(math.Abs(t)+bound) - math.Sinh(math.Abs(t)))
	}
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
