package refine

import (
	"math"
	"slices"
)

// Sample is a known value.
type Sample struct {
	Index          int     // row-major in the lattice: iy·nx + ix
	Loss, Accuracy float64 // NaN and ±Inf are values like others
	// Part is the values over the lattice's subset of the examples, nil where they are not known. With PartOnly those over all examples
	// are not known.
	Part     *Part
	PartOnly bool
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
	// Subset is the subset of the examples that points may be evaluated over in place of all, as a number of [Subsets] from 1 on; 0: all points are evaluated over all examples.
	Subset int
}

// Field is the value or prediction at each point of a lattice. Errors are bounds that hold with a probability of 95 %:
// 0 for an evaluated point, +Inf where nothing can be said, NaN where the loss is believed not to be finite.
type Field struct {
	Evaluated               []bool // over all examples
	Part                    []bool // over the subset; nil without one
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
	f := losses.combined(q, rounds)
	l.accuracies(rounds, &f)
	if l.Curvature {
		ends, _ := l.quantities(rounds)
		f.Ratio = largestRatios(ends)
		f.LambdaMin, f.LambdaMinError = ends[0].Loss, ends[0].LossError
		f.LambdaMax, f.LambdaMaxError = ends[1].Loss, ends[1].LossError
	}
	return f
}

// surprises are the largest ratios of the rounds of check points, one for each quantity.
func (l Lattice) surprises(rounds []Round) (out [][]float64) {
	for i, r := range rounds {
		if r.Check {
			var largest []float64
			for _, ratios := range l.tested(rounds[:i], r.Samples) {
				largest = append(largest, slices.Max(append(ratios, 0)))
			}
			out = append(out, largest)
		}
	}
	return out
}

// recent is the ratio that 95 % of the points of the latest rounds stay below, for each quantity: points that were chosen because their bounds are wide test
// these bounds, too, at the distances that count. It is 0 where they are too few.
func (l Lattice) recent(rounds []Round, quantities int) []float64 {
	ratios := make([][]float64, quantities)
	for i := max(1, len(rounds)-recentRounds); i < len(rounds); i++ {
		if rounds[i].Check {
			continue
		}
		for k, of := range l.tested(rounds[:i], rounds[i].Samples) {
			ratios[k] = append(ratios[k], of...)
		}
	}
	out := make([]float64, quantities)
	for k, of := range ratios {
		if len(of) >= leastRecent {
			slices.Sort(of)
			out[k] = of[len(of)*confident/100]
		}
	}
	return out
}

// Which points test the bounds, besides check points.
const (
	recentRounds = 3
	leastRecent  = 20
	confident    = 95 // percent
)

// tested is the ratios of error to bound of new values of each quantity, whose bounds came from the rounds before.
func (l Lattice) tested(before []Round, points []Sample) (out [][]float64) {
	indices := make([]int, len(points))
	for i, s := range points {
		indices[i] = s.Index
	}
	for _, q := range l.bounded(before, indices) {
		var ratios []float64
		for _, s := range points {
			i := s.Index
			v, known := q.value(s)
			bound := math.Max(q.LossError[i], leastBound*q.Allowed[i])
			if ratio := math.Abs(q.Loss[i]-v) / bound; known && !q.Evaluated[i] && isFinite(ratio) {
				ratios = append(ratios, ratio)
			}
		}
		out = append(out, ratios)
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
func (f Field) known() []int { return indices(f.Evaluated) }

// indices are the places of true.
func indices(of []bool) (out []int) {
	for i, yes := range of {
		if yes {
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

// accuracies interpolates the accuracy linearly, between the values that are there. With a subset it is the accuracy over this, and the difference to
// that over all examples: a control variate.
func (l Lattice) accuracies(rounds []Round, f *Field) {
	n := len(f.Loss)
	f.Accuracy, f.AccuracyError = slices.Repeat([]float64{math.NaN()}, n), make([]float64, n)
	whole, part, difference := l.newLinear(), l.newLinear(), l.newLinear()
	for _, r := range rounds {
		for _, s := range r.Samples {
			if !s.PartOnly {
				whole.add(s.Index, s.Accuracy)
				f.Accuracy[s.Index] = s.Accuracy
			}
			if s.Part != nil {
				part.add(s.Index, s.Part.Accuracy)
			}
			if s.Part != nil && !s.PartOnly {
				difference.add(s.Index, s.Accuracy-s.Part.Accuracy)
			}
		}
	}
	terms := []*linear{whole}
	if l.Subset > 0 {
		terms = []*linear{part, difference}
	}
	for i, done := range f.Evaluated {
		if done {
			continue
		}
		f.Accuracy[i], f.AccuracyError[i] = math.NaN(), math.NaN()
		if isFinite(f.Loss[i]) && len(whole.values) > 0 {
			f.Accuracy[i], f.AccuracyError[i] = 0, 0
			for _, t := range terms {
				v, bound := t.at(i)
				f.Accuracy[i], f.AccuracyError[i] = f.Accuracy[i]+v, math.Hypot(f.AccuracyError[i], bound)
			}
			f.Accuracy[i] = min(max(f.Accuracy[i], slices.Min(whole.values)), slices.Max(whole.values))
		}
	}
}

// linear interpolates finite values linearly.
type linear struct {
	Lattice
	known  map[int]float64 // by point
	points []point
	values []float64
	p      *predictor
}

func (l Lattice) newLinear() *linear { return &linear{Lattice: l, known: map[int]float64{}} }

func (t *linear) add(i int, v float64) {
	if _, there := t.known[i]; isFinite(v) && !there {
		t.points, t.values = append(t.points, t.Lattice.at(i)), append(t.values, v)
		t.known[i] = v
	}
}

// at is the value at a point, and the bound of its error.
func (t *linear) at(i int) (v, bound float64) {
	if v, there := t.known[i]; there {
		return v, 0
	}
	if len(t.values) == 0 {
		return math.NaN(), math.NaN()
	}
	if t.p == nil {
		t.p = newPredictor(t.points, t.values, t.NY == 1, kernels[:1])
	}
	return t.p.estimate(t.Lattice.at(i))
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
