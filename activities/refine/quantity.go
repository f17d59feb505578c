package refine

import (
	"math"
	"slices"
)

// quantity is a field of one of the values of samples, in the place of the loss.
type quantity struct {
	Field
	value
}

// value is what a quantity is of a sample, and whether the sample has it.
type value func(Sample) (v float64, known bool)

// quantities are the fields that have to be within the allowed error: the loss, both eigenvalues, or the two factors of a loss over a subset.
// Check points and the latest rounds have widened the bounds of each. surprises are those of the rounds of check points, the largest of all quantities.
func (l Lattice) quantities(rounds []Round) (out []quantity, surprises []float64) {
	out = l.bounded(rounds, l.all())
	wider := make([]float64, len(out))
	for k, ratio := range l.recent(rounds, len(out)) {
		wider[k] = math.Max(1, ratio)
	}
	for _, of := range l.surprises(rounds) {
		for k, surprise := range of {
			wider[k] = math.Max(wider[k], surprise)
		}
		surprises = append(surprises, slices.Max(of))
	}
	for k, q := range out {
		for i := range q.LossError {
			q.LossError[i] = math.Max(q.LossError[i]*wider[k], leastBound*q.Allowed[i])
			if q.Evaluated[i] {
				q.LossError[i] = 0
			}
		}
	}
	return out, surprises
}

// bounded estimates the quantities at some points, with the bounds that leave-one-out errors give.
func (l Lattice) bounded(rounds []Round, indices []int) []quantity {
	if l.Subset > 0 {
		return l.factors(rounds, indices)
	}
	if !l.Curvature {
		q, scale := l.estimated(rounds, indices, func(s Sample) (float64, bool) { return s.Loss, true }, newScale, smoothKernels)
		scale.allow(l, q.Field)
		return []quantity{q}
	}
	low, _ := l.estimated(rounds, indices, func(s Sample) (float64, bool) { return s.LambdaMin, true }, newSignedScale, smoothKernels)
	high, _ := l.estimated(rounds, indices, func(s Sample) (float64, bool) { return s.LambdaMax, true }, newSignedScale, smoothKernels)
	for i := range low.Allowed {
		if low.Allowed[i] = l.Error; !l.Absolute {
			low.Allowed[i] *= math.Max(math.Abs(low.Loss[i]), math.Abs(high.Loss[i]))
		}
	}
	high.Allowed = low.Allowed
	return []quantity{low, high}
}

// estimated is one quantity without allowed errors.
func (l Lattice) estimated(rounds []Round, indices []int, of value, scaled func(known []float64) scale, kernels []kernel) (quantity, scale) {
	n := l.NX * l.NY
	f := Field{Evaluated: make([]bool, n), Loss: slices.Repeat([]float64{math.NaN()}, n), LossError: make([]float64, n), Allowed: make([]float64, n)}
	var points []point
	var finite []float64
	for _, r := range rounds {
		for _, s := range r.Samples {
			v, known := of(s)
			if !known || f.Evaluated[s.Index] {
				continue
			}
			f.Evaluated[s.Index], f.Loss[s.Index] = true, v
			if isFinite(v) {
				points, finite = append(points, l.at(s.Index)), append(finite, v)
			}
		}
	}
	known := f.known()
	scale := scaled(finite)
	p := newPredictor(points, scale.transformed(finite), l.NY == 1, kernels)
	p.each(indices, func(p *predictor, i int) {
		if f.Evaluated[i] {
			return
		}
		if len(known) == 0 {
			f.LossError[i] = math.Inf(1)
			return
		}
		nearest, doubt := l.kind(f, known, i)
		f.Loss[i], f.LossError[i] = f.Loss[nearest], math.NaN()
		if isFinite(f.Loss[nearest]) {
			v, bound := p.estimate(l.at(i))
			f.Loss[i], f.LossError[i] = scale.value(v, bound)
		}
		if doubt {
			f.LossError[i] = math.Inf(1)
		}
	})
	return quantity{f, of}, scale
}

// ratio is the bound of a point's error over the allowed one: NaN where values are believed not to be finite, infinite where that is in doubt.
func (f Field) ratio(i int) float64 {
	if math.IsInf(f.LossError[i], 1) {
		return f.LossError[i]
	}
	return f.LossError[i] / f.Allowed[i]
}

// largestRatios are the ratios of all points, the larger of several quantities.
func largestRatios(of []quantity) []float64 {
	out := make([]float64, len(of[0].Loss))
	for i := range out {
		for _, q := range of {
			out[i] = math.Max(out[i], q.ratio(i))
		}
	}
	return out
}
