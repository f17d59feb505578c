package refine

import (
	"math"
	"slices"
)

// Subsets are the shares of the examples that a point may be evaluated over in place of all, in parts of [Groups].
var Subsets = []int{1, 2, 3, 4, 6, 8, 12, 16}

// Groups is how many groups the examples are dealt into. A subset is the first groups.
const Groups = 31

// stride leads from group to group when examples are dealt: about Groups divided by the golden ratio, so that the first groups are spread evenly over the examples.
const stride = 19

// Deal is the group of each of n examples, which are dealt in the order of their classes, so that each group has its share of every class: far from a
// minimizer the loss of an example follows from its class for the most part. Without classes they are dealt in their own order.
func Deal(classes []int32, n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	if classes != nil {
		slices.SortStableFunc(order, func(a, b int) int { return int(classes[a]) - int(classes[b]) })
	}
	groups := make([]int, n)
	for at, i := range order {
		groups[i] = at * stride % Groups
	}
	return groups
}

// Part is the values of a point over a subset of the examples.
type Part struct{ Loss, Accuracy float64 }

// SubsetSize is how many of n examples a subset has.
func SubsetSize(subset, n int) int {
	return len(SubsetOf(subset, Deal(nil, n)))
}

// SubsetOf is the places of the subset's examples, whose groups [Deal] has chosen.
func SubsetOf(subset int, groups []int) (out []int) {
	for i, group := range groups {
		if group < Subsets[subset-1] {
			out = append(out, i)
		}
	}
	return out
}

// share is the lattice's subset as a share of the examples.
func (l Lattice) share() float64 { return float64(Subsets[l.Subset-1]) / Groups }

// factors are those of the loss over all examples: the loss over a subset, and the ratio of both. Each is estimated from where it is known: the subset's loss
// at all evaluated points, and the ratio, which is smoother and near 1, at those that were evaluated over all examples. Their errors are taken to be independent.
func (l Lattice) factors(rounds []Round, indices []int) []quantity {
	part, _ := l.estimated(rounds, indices, func(s Sample) (float64, bool) {
		if s.Part == nil {
			return 0, false
		}
		return s.Part.Loss, true
	}, newScale, smoothKernels)
	ratio, _ := l.estimated(rounds, indices, func(s Sample) (float64, bool) {
		if s.Part == nil || s.PartOnly {
			return 0, false
		}
		return (s.Loss + leastLoss) / (s.Part.Loss + leastLoss), true
	}, newScale, ratioKernels)
	total := l.product([]quantity{part, ratio}, rounds)
	for i, allowed := range total.Allowed {
		share := allowed / math.Abs(total.Loss[i])
		part.Allowed[i], ratio.Allowed[i] = math.Abs(share*part.Loss[i]), math.Abs(share*ratio.Loss[i])
	}
	return []quantity{part, ratio}
}

// leastLoss keeps ratios of losses that underflow finite.
const leastLoss = 1e-9

// combined is the field of the losses over all examples, with the ratios of their bounds.
func (l Lattice) combined(q []quantity, rounds []Round) Field {
	if l.Subset == 0 {
		f := q[0].Field
		f.Ratio = largestRatios(q)
		return f
	}
	f := l.product(q, rounds)
	f.Part, f.Ratio = q[0].Evaluated, make([]float64, len(f.Loss))
	for i, done := range f.Evaluated {
		if done {
			continue
		}
		f.Ratio[i] = math.Hypot(q[0].ratio(i), q[1].ratio(i))
		f.LossError[i] = f.Ratio[i]
		if !math.IsInf(f.Ratio[i], 1) {
			f.LossError[i] = f.Ratio[i] * f.Allowed[i]
		}
	}
	return f
}

// product is the product of both factors, exact where the loss over all examples is known, without errors.
func (l Lattice) product(q []quantity, rounds []Round) Field {
	n := len(q[0].Loss)
	f := Field{Evaluated: make([]bool, n), Loss: make([]float64, n), LossError: make([]float64, n), Allowed: make([]float64, n)}
	for i := range f.Loss {
		f.Loss[i] = q[0].Loss[i] * q[1].Loss[i]
	}
	var finite []float64
	for _, r := range rounds {
		for _, s := range r.Samples {
			if s.PartOnly {
				continue
			}
			if f.Evaluated[s.Index], f.Loss[s.Index] = true, s.Loss; isFinite(s.Loss) {
				finite = append(finite, s.Loss)
			}
		}
	}
	newScale(finite).allow(l, f)
	return f
}

// mostOfRatio is the share of the allowed error that the error of the ratio may take up at a point that is evaluated over the subset.
const mostOfRatio = 0.7

// SubsetCost is about what the remaining points cost with the lattice's subset, in evaluations over all examples for each: its share, and
// that of the points where the ratio is too uncertain, so that they are evaluated over all examples: uncertain with bounds of twice the size, since later rounds widen most. It is infinite where the subset's losses are known
// at too few points to tell, or where losses are not above 0.
func (l Lattice) SubsetCost(first Round) float64 {
	var known Round
	for _, s := range first.Samples {
		if isFinite(s.Loss) && !(s.Loss > 0) || s.Part != nil && isFinite(s.Part.Loss) && !(s.Part.Loss > 0) {
			return math.Inf(1)
		}
		if s.Part != nil {
			known.Samples = append(known.Samples, s)
		}
	}
	if len(known.Samples) < len(first.Samples)/2 || len(known.Samples) < coarse {
		return math.Inf(1)
	}
	ratio := l.bounded([]Round{known}, l.all())[1]
	remaining, uncertain := 0, 0
	for i, done := range ratio.Evaluated {
		if v := ratio.ratio(i); !done && !math.IsNaN(v) {
			remaining++
			if 2*v > mostOfRatio {
				uncertain++
			}
		}
	}
	if remaining == 0 {
		return math.Inf(1)
	}
	return l.share() + float64(uncertain)/float64(remaining)
}

// lacking are the points that were evaluated over all examples, but not over the subset: those of the first round, which chose it, and of other maps.
func lacking(rounds []Round) []int {
	part := map[int]bool{}
	for _, r := range rounds {
		for _, s := range r.Samples {
			part[s.Index] = part[s.Index] || s.Part != nil
		}
	}
	var out []int
	for i, there := range part {
		if !there {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}
