package refine

import (
	"math"
	"slices"
)

// Sample is a known value.
type Sample struct {
	Index          int     // row-major in the lattice: iy·nx + ix
	Loss, Accuracy float64 // NaN and ±Inf are values like others
}

// Round is a set of points that were evaluated together.
type Round struct {
	// Check says that the points were chosen to test the bounds, and not where these were wide.
	Check   bool
	Samples []Sample
}

// Lattice is what is to be estimated: NX·NY equidistant points, NY = 1 for a line. Error is the relative error that is
// allowed: of the loss, and of its excess over the smallest loss where that is less (but of no less than the median
// excess, and than 1 % of the loss). Losses of which some are 0 or less have the error of their excess alone.
// With Absolute it is the same in the unit of the loss everywhere.
type Lattice struct {
	NX, NY   int
	Error    float64
	Absolute bool
}

// Field is what is known or believed of each point of a lattice. Errors are bounds that hold with a probability of 95 %:
// 0 for an evaluated point, +Inf where nothing can be said, NaN where the loss is believed not to be finite.
type Field struct {
	Evaluated               []bool
	Loss, LossError         []float64
	Accuracy, AccuracyError []float64 // percent, and percentage points
	Allowed                 []float64 // of LossError
}

// leastBound is the smallest bound that is stated, as a share of the allowed error. Below it bounds are no longer calibrated:
// where leave-one-out errors happen to be tiny, true errors are several times the bounds.
const leastBound = 1. / 3

// Estimate fills the lattice from the values of the rounds. It panics where an index is outside of the lattice.
func (l Lattice) Estimate(rounds []Round) Field {
	f := l.losses(rounds)
	l.accuracies(rounds, &f)
	return f
}

// losses estimates the losses alone.
func (l Lattice) losses(rounds []Round) Field {
	f, wider := l.bounded(rounds, l.all()), 1.0
	for _, surprise := range l.surprises(rounds) {
		wider = math.Max(wider, surprise)
	}
	for i := range f.LossError {
		f.LossError[i] = math.Max(f.LossError[i]*wider, leastBound*f.Allowed[i])
		if f.Evaluated[i] {
			f.LossError[i] = 0
		}
	}
	return f
}

// surprises are those of the rounds of check points.
func (l Lattice) surprises(rounds []Round) (out []float64) {
	for i, r := range rounds {
		if r.Check {
			out = append(out, l.surprise(rounds[:i], r.Samples))
		}
	}
	return out
}

// surprise is the largest ratio of error to bound among check points, whose bounds came from the rounds before.
func (l Lattice) surprise(before []Round, checks []Sample) (largest float64) {
	indices := make([]int, len(checks))
	for i, s := range checks {
		indices[i] = s.Index
	}
	f := l.bounded(before, indices)
	for _, s := range checks {
		i := s.Index
		bound := math.Max(f.LossError[i], leastBound*f.Allowed[i])
		if ratio := math.Abs(f.Loss[i]-s.Loss) / bound; !math.IsNaN(ratio) && !math.IsInf(ratio, 0) {
			largest = math.Max(largest, ratio)
		}
	}
	return largest
}

func (l Lattice) all() []int {
	out := make([]int, l.NX*l.NY)
	for i := range out {
		out[i] = i
	}
	return out
}

// at is the place of a point in the unit square.
func (l Lattice) at(i int) point {
	return point{float64(i%l.NX) / float64(max(l.NX-1, 1)), float64(i/l.NX) / float64(max(l.NY-1, 1))}
}

// bounded estimates the losses at some points, with the bounds that leave-one-out errors give.
func (l Lattice) bounded(rounds []Round, indices []int) Field {
	n := l.NX * l.NY
	f := Field{Evaluated: make([]bool, n), Loss: slices.Repeat([]float64{math.NaN()}, n), LossError: make([]float64, n), Allowed: make([]float64, n)}
	var points []point
	var finite []float64
	for _, r := range rounds {
		for _, s := range r.Samples {
			f.Evaluated[s.Index], f.Loss[s.Index] = true, s.Loss
			if isFinite(s.Loss) {
				points, finite = append(points, l.at(s.Index)), append(finite, s.Loss)
			}
		}
	}
	known := f.known()
	scale := newScale(finite)
	p := newPredictor(points, scale.logs(finite), l.NY == 1, kernels[:])
	p.each(indices, func(p *predictor, i int) {
		if f.Evaluated[i] {
			return
		}
		nearest, doubt := l.kind(f, known, i)
		f.Loss[i], f.LossError[i] = f.Loss[nearest], math.NaN()
		if isFinite(f.Loss[nearest]) {
			v, bound := p.estimate(l.at(i))
			f.Loss[i], f.LossError[i] = scale.loss(v, bound)
		}
		if doubt {
			f.LossError[i] = math.Inf(1)
		}
	})
	scale.allow(l, f)
	return f
}

// known are the evaluated points, in the lattice's order.
func (f Field) known() (out []int) {
	for i, done := range f.Evaluated {
		if done {
			out = append(out, i)
		}
	}
	return out
}

// kind finds the nearest evaluated point, which tells whether the loss is believed to be finite. It is in doubt if one of
// the other kind is less than twice as far.
func (l Lattice) kind(f Field, known []int, i int) (nearest int, doubt bool) {
	r2, at := [2]int{math.MaxInt, math.MaxInt}, [2]int{}
	for _, j := range known {
		dx, dy, kind := j%l.NX-i%l.NX, j/l.NX-i/l.NX, 0
		if !isFinite(f.Loss[j]) {
			kind = 1
		}
		if d := dx*dx + dy*dy; d < r2[kind] {
			r2[kind], at[kind] = d, j
		}
	}
	own, other := 0, 1
	if r2[1] < r2[0] {
		own, other = 1, 0
	}
	return at[own], r2[other] < 4*r2[own]
}

// accuracies interpolates the accuracy linearly, between the values that are there.
func (l Lattice) accuracies(rounds []Round, f *Field) {
	n := len(f.Loss)
	f.Accuracy, f.AccuracyError = make([]float64, n), make([]float64, n)
	var points []point
	var values []float64
	for _, r := range rounds {
		for _, s := range r.Samples {
			f.Accuracy[s.Index] = s.Accuracy
			if isFinite(s.Accuracy) {
				points, values = append(points, l.at(s.Index)), append(values, s.Accuracy)
			}
		}
	}
	p := newPredictor(points, values, l.NY == 1, kernels[:1])
	for i, done := range f.Evaluated {
		if done {
			continue
		}
		f.Accuracy[i], f.AccuracyError[i] = math.NaN(), math.NaN()
		if isFinite(f.Loss[i]) && len(values) > 0 {
			v, bound := p.estimate(l.at(i))
			f.Accuracy[i], f.AccuracyError[i] = min(max(v, slices.Min(values)), slices.Max(values)), bound
		}
	}
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
