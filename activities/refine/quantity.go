package refine

import (
	"math"
	"slices"
)

// quantity is a field of one of the values of samples, in the place of the loss.
type quantity struct {
	Field
	of func(Sample) float64
}

// quantities are the fields that have to be within the allowed error: the loss, or both eigenvalues. Check points and the latest rounds have widened the bounds. surprises
// are those of the rounds of check points.
func (l Lattice) quantities(rounds []Round) (out []quantity, surprises []float64) {
	wider := math.Max(1, l.recent(rounds))
	out, surprises = l.bounded(rounds, l.all()), l.surprises(rounds)
	for _, surprise := range surprises {
		wider = math.Max(wider, surprise)
	}
	for _, q := range out {
		for i := range q.LossError {
			q.LossError[i] = math.Max(q.LossError[i]*wider, leastBound*q.Allowed[i])
			if q.Evaluated[i] {
				q.LossError[i] = 0
			}
		}
	}
	return out, surprises
}

// bounded estimates the quantities at some points, with the bounds that leave-one-out errors give.
func (l Lattice) bounded(rounds []Round, indices []int) []quantity {
	if !l.Curvature {
		q, scale := l.estimated(rounds, indices, func(s Sample) float64 { return s.Loss }, newScale)
		scale.allow(l, q.Field)
		return []quantity{q}
	}
	low, _ := l.estimated(rounds, indices, func(s Sample) float64 { return s.LambdaMin }, newSignedScale)
	high, _ := l.estimated(rounds, indices, func(s Sample) float64 { return s.LambdaMax }, newSignedScale)
	for i := range low.Allowed {
		if low.Allowed[i] = l.Error; !l.Absolute {
			low.Allowed[i] *= math.Max(math.Abs(low.Loss[i]), math.Abs(high.Loss[i]))
		}
	}
	high.Allowed = low.Allowed
	return []quantity{low, high}
}

// estimated is one quantity without allowed errors.
func (l Lattice) estimated(rounds []Round, indices []int, of func(Sample) float64, scaled func(known []float64) scale) (quantity, scale) {
	n := l.NX * l.NY
	f := Field{Evaluated: make([]bool, n), Loss: slices.Repeat([]float64{math.NaN()}, n), LossError: make([]float64, n), Allowed: make([]float64, n)}
	var points []point
	var finite []float64
	for _, r := range rounds {
		for _, s := range r.Samples {
			v := of(s)
			f.Evaluated[s.Index], f.Loss[s.Index] = true, v
			if isFinite(v) {
				points, finite = append(points, l.at(s.Index)), append(finite, v)
			}
		}
	}
	known := f.known()
	scale := scaled(finite)
	p := newPredictor(points, scale.transformed(finite), l.NY == 1, kernels[:])
	p.each(indices, func(p *predictor, i int) {
		if f.Evaluated[i] {
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

// ratios are the bounds of the errors over the allowed ones, of several quantities the larger: NaN where values are believed not to be
// finite, infinite where that is in doubt.
func ratios(of []quantity) []float64 {
	out := make([]float64, len(of[0].Loss))
	for i := range out {
		for _, q := range of {
			ratio := q.LossError[i] / q.Allowed[i]
			if math.IsInf(q.LossError[i], 1) {
				ratio = q.LossError[i]
			}
			out[i] = math.Max(out[i], ratio)
		}
	}
	return out
}
