package refine

import (
	"math"
	"slices"
)

// The rounds.
const (
	coarse     = 9    // points a side of the first round; a line has 2·coarse − 1
	growth     = 0.35 // most new points of a round, as a share of the known ones
	checks     = 19   // check points: with n of them the largest ratio covers another point's with probability n/(n+1)
	mostChecks = 3    // rounds of check points
	checkShare = 0.1  // most check points, as a share of the points that are not evaluated
	wholeShare = 0.7  // share of known points from which the rest is evaluated, too, if a bound is still exceeded
	steepest   = 27.0 // largest ratio of bound to allowed error that counts: a round divides a gap by no more than 3
)

// Start is the first round: a coarse lattice of up to 9×9 points, or 17 on a line, with the ends and the middle.
func (l Lattice) Start() []int {
	xs, ys := spread(l.NX, coarse), spread(l.NY, coarse)
	if l.NY == 1 {
		xs = spread(l.NX, 2*coarse-1)
	}
	var out []int
	for _, y := range ys {
		for _, x := range xs {
			out = append(out, y*l.NX+x)
		}
	}
	return out
}

// spread is up to count of the places 0 to n − 1, with both ends.
func spread(n, count int) []int {
	out := make([]int, count)
	for i := range out {
		out[i] = (2*i*(n-1) + count - 1) / (2 * (count - 1))
	}
	return slices.Compact(out)
}

// Points are those of the next round, in row-major order.
type Points struct {
	Whole []int // to be evaluated over all examples
	Part  []int // to be evaluated over the lattice's subset
	Check bool  // they test the bounds
}

// Next is the next round: without points when every point's bound is within the allowed error, and check points have tested the bounds.
func (l Lattice) Next(rounds []Round) Points {
	if len(rounds) == 0 {
		return Points{Whole: l.Start()}
	}
	if l.Subset > 0 {
		if part := lacking(rounds); len(part) > 0 {
			return Points{Part: part}
		}
	}
	all, tests := l.quantities(rounds)
	f := l.combined(all, rounds)
	next := Points{}
	if l.Subset == 0 {
		ratios := f.Ratio
		if l.Curvature {
			ratios = largestRatios(all)
		}
		next.Whole = l.worst(f.Evaluated, ratios)
	} else {
		next.Whole, next.Part = l.worstOfBoth(f, all[1].Field)
	}
	tested := len(tests) == mostChecks || len(tests) > 0 && tests[len(tests)-1] <= 1
	missing := len(f.Evaluated) - len(f.known())
	if len(next.Whole)+len(next.Part) > 0 || tested || rounds[len(rounds)-1].Check || checks > int(checkShare*float64(missing)) {
		return next
	}
	return Points{Whole: l.checkPoints(f), Check: true}
}

// worstOfBoth are the points whose bounds exceed the allowed error: over the subset where that is enough.
func (l Lattice) worstOfBoth(f, ratio Field) (whole, part []int) {
	wholes, parts := slices.Clone(f.Ratio), slices.Clone(f.Ratio)
	for i := range f.Ratio {
		if f.Part[i] || ratio.ratio(i) > mostOfRatio {
			parts[i] = 0
		} else {
			wholes[i] = 0
		}
	}
	return l.worst(f.Evaluated, wholes), slices.DeleteFunc(l.worst(f.Part, parts), func(i int) bool { return parts[i] == 0 })
}

// worst chooses points whose bounds exceed the allowed error, by the ratios of both. After each choice the ratios around it count
// less, by the third power of how much nearer an evaluated point then is. Where most points are evaluated it chooses all others.
func (l Lattice) worst(evaluated []bool, ratios []float64) []int {
	done := len(indices(evaluated))
	out := l.widest(evaluated, ratios, max(coarse, int(growth*float64(done))))
	if len(out) > 0 && float64(done) >= wholeShare*float64(len(evaluated)) {
		return slices.DeleteFunc(l.all(), func(i int) bool { return evaluated[i] })
	}
	return out
}

// widest is up to most points as worst chooses them.
func (l Lattice) widest(evaluated []bool, ratios []float64, most int) []int {
	n := len(ratios)
	gap := slices.Repeat([]float64{math.Inf(1)}, n) // squared distance to the nearest evaluated or chosen point
	choose := func(chosen int) {
		at := l.at(chosen)
		for i := range gap {
			gap[i] = math.Min(gap[i], at.distance2(l.at(i)))
		}
	}
	var open []int
	ratio := make([]float64, n)
	for i, done := range evaluated {
		if done {
			choose(i)
		} else if ratio[i] = math.Min(ratios[i], steepest); ratio[i] > 1 {
			if math.IsInf(ratios[i], 1) {
				ratio[i] = steepest / 3
			}
			open = append(open, i)
		}
	}
	before := slices.Clone(gap)
	var out []int
	for len(out) < most {
		largest, at := 1.0, -1
		for _, i := range open {
			nearer := gap[i] / before[i]
			if r := ratio[i] * nearer * math.Sqrt(nearer); r > largest {
				largest, at = r, i
			}
		}
		if at < 0 {
			break
		}
		out = append(out, at)
		choose(at)
	}
	slices.Sort(out)
	return out
}

// checkPoints spreads check points over the points that are not evaluated, those believed to be finite: every n-th along a
// walk whose steps have the golden ratio of its length, which meets no pattern of the lattice.
func (l Lattice) checkPoints(f Field) []int {
	var open []int
	for i, done := range f.Evaluated {
		if !done && isFinite(f.Loss[i]) {
			open = append(open, i)
		}
	}
	var out []int
	const golden = 0.6180339887498949
	for i := range min(checks, len(open)) {
		_, place := math.Modf(0.5 + float64(float64(i)*golden))
		out = append(out, open[int(place*float64(len(open)))])
	}
	slices.Sort(out)
	return slices.Compact(out)
}
