package refine

import (
	"math"
	"slices"
)

// Sample is a known value.
type Sample struct {
	Index          int     // row-major in the lattice: iy·nx + ix
	Loss, Accuracy float64 // NaN and ±Inf are values like others
	// The extreme eigenvalues of the Hessian, of a map of them.
	LambdaMin, LambdaMax float64
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
//
// With Curvature the points are those of a map of λmin and λmax, and Error is that of both, relative to the larger of |λmin| and |λmax| at the
// point, or in their unit. The loss of such a map is estimated from the same points, with no bound on its own error.
type Lattice struct {
	NX, NY    int
	Error     float64
	Absolute  bool
	Curvature bool
}

// Field is the value or prediction at each point of a lattice. Errors are bounds that hold with a probability of 95 %:
// 0 for an evaluated point, +Inf where nothing can be said, NaN where the loss is believed not to be finite.
type Field struct {
	Evaluated               []bool
	Loss, LossError         []float64
	Accuracy, AccuracyError []float64 // percent, and percentage points
	Allowed                 []float64 // of LossError
	// Ratio is how many times the allowed error a point's bound is, of eigenvalues the larger; infinite and NaN like bounds.
	Ratio []float64
	// The extreme eigenvalues, of a lattice with Curvature.
	LambdaMin, LambdaMax, LambdaMinError, LambdaMaxError []float64
}

// leastBound is the smallest bound that is stated, as a share of the allowed error. Below it bounds are no longer calibrated:
// where leave-one-out errors happen to be tiny, true errors are several times the bounds.
const leastBound = 1. / 3

// Estimate fills the lattice from the values of the rounds. It panics where an index is outside of the lattice.
func (l Lattice) Estimate(rounds []Round) Field {
	losses := l
	losses.Curvature = false
	q, _ := losses.quantities(rounds)
	f := q[0].Field
	f.Ratio = ratios(q)
	l.accuracies(rounds, &f)
	if l.Curvature {
		ends, _ := l.quantities(rounds)
		f.Ratio = ratios(ends)
		f.LambdaMin, f.LambdaMinError = ends[0].Loss, ends[0].LossError
		f.LambdaMax, f.LambdaMaxError = ends[1].Loss, ends[1].LossError
	}
	return f
}

// surprises are the largest ratios of the rounds of check points, one each.
func (l Lattice) surprises(rounds []Round) (out []float64) {
	for i, r := range rounds {
		if r.Check {
			out = append(out, slices.Max(append(l.tested(rounds[:i], r.Samples), 0)))
		}
	}
	return out
}

// recent is the ratio that 95 % of the points of the latest rounds stay below: points that were chosen because their bounds are wide test
// these bounds, too, at the distances that count. It is 0 where they are too few.
func (l Lattice) recent(rounds []Round) float64 {
	var ratios []float64
	for i := max(1, len(rounds)-recentRounds); i < len(rounds); i++ {
		if !rounds[i].Check {
			ratios = append(ratios, l.tested(rounds[:i], rounds[i].Samples)...)
		}
	}
	if len(ratios) < leastRecent {
		return 0
	}
	slices.Sort(ratios)
	return ratios[len(ratios)*confident/100]
}

// Which points test the bounds, besides check points.
const (
	recentRounds = 3
	leastRecent  = 20
	confident    = 95 // percent
)

// tested is the ratios of error to bound of new points, whose bounds came from the rounds before.
func (l Lattice) tested(before []Round, points []Sample) (out []float64) {
	indices := make([]int, len(points))
	for i, s := range points {
		indices[i] = s.Index
	}
	for _, q := range l.bounded(before, indices) {
		for _, s := range points {
			i := s.Index
			bound := math.Max(q.LossError[i], leastBound*q.Allowed[i])
			if ratio := math.Abs(q.Loss[i]-q.of(s)) / bound; isFinite(ratio) {
				out = append(out, ratio)
			}
		}
	}
	return out
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
