package main

import (
	"fmt"
	"math"
	"slices"
)

// decays are the weight decays that claims compare: none, and the largest.
func (n *Numbers) decays() []float64 {
	largest := 0.0
	for _, net := range n.Networks {
		largest = max(largest, net.Decay)
	}
	return []float64{0, largest}
}

// side is the region above 0, or below for a negative sign.
func side(sign float64) (above, upTo float64) {
	if sign > 0 {
		return 0, inf
	}
	return -inf, 0
}

func with(decay float64) string {
	if decay == 0 {
		return "without weight decay"
	}
	return fmt.Sprintf("with weight decay %g", decay)
}

// cell selects the networks of one optimizer, weight decay and batch.
func cell(optimizer string, decay float64, batch int) func(Network) bool {
	return func(n Network) bool { return n.Optimizer == optimizer && n.Decay == decay && n.Batch == batch }
}

// smallAndLarge are the networks of SGD with a weight decay, by seed.
func (n *Numbers) smallAndLarge(decay float64) (small, large map[uint64]Network) {
	s, l := n.batches()
	return n.where(cell("sgd", decay, s)), n.where(cell("sgd", decay, l))
}

// between are the log ratios of the widths along the line between the two minimizers of SGD, by seed.
func (n *Numbers) between(decay float64) map[uint64]Value {
	small, large := n.smallAndLarge(decay)
	out := map[uint64]Value{}
	for _, i := range n.Interpolations {
		_, a := small[i.Seed]
		_, b := large[i.Seed]
		if i.Optimizer == "sgd" && i.Decay == decay && a && b {
			out[i.Seed] = logRatio(i.Small, i.Large)
		}
	}
	return out
}

// bySeed are the values in the order of the seeds.
func bySeed(m map[uint64]Value) (out []Value) {
	for _, seed := range sortedKeys(m) {
		out = append(out, m[seed])
	}
	return out
}

// interpolations judges claim (a).
func interpolations(all map[string]*Numbers) (f finding) {
	for i, decay := range all["table1"].decays() {
		above, upTo := side([]float64{1, -1}[i])
		f.statistics = append(f.statistics, student("log(width small / large), "+with(decay), bySeed(all["table1"].between(decay)), above, upTo))
	}
	f.notes = all["table1"].shrinkage()
	return f
}

// shrinkage reports Σ lr·decay/(1 − momentum) of both batches: claims about weight decay depend on it.
func (n *Numbers) shrinkage() []string {
	small, large := n.smallAndLarge(n.decays()[1])
	if len(small) == 0 || len(large) == 0 {
		return nil
	}
	s, l := small[sortedKeys(small)[0]].Product, large[sortedKeys(large)[0]].Product
	return []string{fmt.Sprintf("Weight decay shrinks the weights by Σ lr·decay/(1 − momentum) = %s with the small batch and %s with the large, in the paper by 31 and 0.55.", decimal(s), decimal(l))}
}

// norms judges claim (b).
func norms(all map[string]*Numbers) (f finding) {
	n := all["table1"]
	for i, decay := range n.decays() {
		small, large := n.smallAndLarge(decay)
		sign := []float64{1, -1}[i]
		if decay == 0 {
			for _, batch := range []struct {
				name string
				of   map[uint64]Network
			}{{"small", small}, {"large", large}} {
				grown := pairs(batch.of, batch.of, func(a, _ Network) Value {
					if a.Path == nil {
						return Value{V: math.NaN()}
					}
					return Value{V: math.Log(a.Path.NormTo / a.Path.NormFrom)}
				})
				f.statistics = append(f.statistics, student("log(last norm / initial), "+batch.name+" batch, "+with(decay), grown, 0, inf))
			}
		}
		above, upTo := side(sign)
		f.statistics = append(f.statistics, student("log(deviation small / large), "+with(decay), pairs(small, large, ofWeights(func(a, b Weights) float64 { return math.Log(a.Deviation / b.Deviation) })), above, upTo))
		above, upTo = side(-sign)
		f.statistics = append(f.statistics, student("share of small weights, small less large batch, "+with(decay), pairs(small, large, ofWeights(func(a, b Weights) float64 { return a.Small - b.Small })), above, upTo))
	}
	f.notes = n.shrinkage()
	return f
}

// ofWeights compares the weights of two networks.
func ofWeights(of func(a, b Weights) float64) func(a, b Network) Value {
	return func(a, b Network) Value {
		if a.Weights == nil || b.Weights == nil {
			return Value{V: math.NaN()}
		}
		return Value{V: of(*a.Weights, *b.Weights)}
	}
}

// smallBatches judges whether small batches generalize better.
func smallBatches(all map[string]*Numbers) (f finding) {
	for _, decay := range all["table1"].decays() {
		small, large := all["table1"].smallAndLarge(decay)
		f.statistics = append(f.statistics, student("test error large less small, points, "+with(decay), pairs(small, large, func(a, b Network) Value { return Value{V: *b.TestError - *a.TestError} }), 0, inf))
	}
	return f
}

// subtle judges whether filter-normalized differences are smaller than those of interpolations.
func subtle(all map[string]*Numbers) (f finding) {
	n := all["table1"]
	differences := map[uint64][]Value{}
	for _, decay := range n.decays() {
		small, large := n.smallAndLarge(decay)
		for seed, line := range n.between(decay) {
			filter := logRatio(small[seed].width("filter"), large[seed].width("filter"))
			differences[seed] = append(differences[seed], minus(size(filter), size(line)))
		}
	}
	var units []Value
	for _, seed := range sortedKeys(differences) {
		unit := mean(differences[seed])
		if slices.ContainsFunc(differences[seed], func(v Value) bool { return !v.known() }) {
			unit.V = math.NaN()
		}
		units = append(units, unit)
	}
	f.statistics = []statistic{student("|log ratio| by filter less by interpolation", units, -inf, 0)}
	return f
}

// size is |v|. The size of a bound is a bound where it leads away from 0, and unknown elsewhere.
func size(v Value) Value {
	switch {
	case v.V < 0:
		v = Value{-v.V, v.AtMost, v.AtLeast}
	}
	if v.AtMost {
		v.V = math.NaN()
	}
	return v
}

// dot is a network of a cell in a correlation.
type dot struct{ sharp, testError float64 }

// cells are the networks of each cell of table1, with their sharpness along a map's directions. Widths that are bounds are left out.
func (n *Numbers) cells(of string) (cells [][]dot, out, all int) {
	index := map[string]int{}
	for _, net := range n.Networks {
		if !net.isConverged() || net.TestError == nil {
			continue
		}
		all++
		w := net.width(of)
		if !w.known() || w.AtLeast || w.AtMost {
			out++
			continue
		}
		name := fmt.Sprint(net.Net, net.Optimizer, net.Decay, net.Batch, net.Rate)
		i, ok := index[name]
		if !ok {
			i = len(cells)
			index[name], cells = i, append(cells, nil)
		}
		cells[i] = append(cells[i], dot{1 / w.V, *net.TestError})
	}
	return cells, out, all
}

// leastCells is how many cells a rank correlation needs.
const leastCells = 6

// correlation is the rank correlation over the means of cells.
func correlation(cells [][]dot) float64 {
	x, y := means(cells)
	return spearman(x, y)
}

func means(cells [][]dot) (x, y []float64) {
	for _, c := range cells {
		var m dot
		for _, d := range c {
			m.sharp += d.sharp / float64(len(c))
			m.testError += d.testError / float64(len(c))
		}
		x, y = append(x, m.sharp), append(y, m.testError)
	}
	return x, y
}

// sharpness judges claim (c).
func sharpness(all map[string]*Numbers) (f finding) {
	cells, out, total := all["table1"].cells("filter")
	s := statistic{name: "rank correlation of 1/width and test error over cells", n: len(cells), out: out, lo: math.NaN(), hi: math.NaN(), above: 0, upTo: inf}
	f.verdict = unsure
	if len(cells) < leastCells || float64(out) > mostCut*float64(total) {
		s.value.V = math.NaN()
		f.statistics = []statistic{s}
		f.notes = []string{fmt.Sprintf("%d cells with converged networks, %d needed; %d of %d widths are cut off.", len(cells), leastCells, out, total)}
		return f
	}
	x, y := means(cells)
	s.value.V = spearman(x, y)
	s.lo, s.hi = bootstrap(cells, correlation)
	p := permutationP(x, y)
	f.notes = []string{fmt.Sprintf("Exact permutation p = %.3f over %d cells.", p, len(cells))}
	switch {
	case p <= 0.05 && s.value.V > 0:
		f.verdict = holds
	case p <= 0.05 && s.value.V < 0:
		f.verdict = contradicted
	}
	f.statistics = []statistic{s}
	return f
}

// normalization judges whether filters correlate better than layers and nothing. Networks of which a width is cut off are left out.
func normalization(all map[string]*Numbers) (f finding) {
	n := all["table1"]
	for _, other := range []string{"layer", "none"} {
		type both struct{ filter, other dot }
		var cells [][]both
		index := map[string]int{}
		s := statistic{name: "correlation by filter less by " + other, above: 0, upTo: inf, lo: math.NaN(), hi: math.NaN()}
		networks := 0
		for _, net := range n.Networks {
			if !net.isConverged() || net.TestError == nil {
				continue
			}
			a, b := net.width("filter"), net.width(other)
			if !a.known() || !b.known() || a.AtLeast || b.AtLeast {
				s.out++
				continue
			}
			networks++
			name := fmt.Sprint(net.Net, net.Optimizer, net.Decay, net.Batch, net.Rate)
			i, ok := index[name]
			if !ok {
				i = len(cells)
				index[name], cells = i, append(cells, nil)
			}
			cells[i] = append(cells[i], both{dot{1 / a.V, *net.TestError}, dot{1 / b.V, *net.TestError}})
		}
		difference := func(cells [][]both) float64 {
			x, y := make([][]dot, len(cells)), make([][]dot, len(cells))
			for i, c := range cells {
				for _, d := range c {
					x[i], y[i] = append(x[i], d.filter), append(y[i], d.other)
				}
			}
			return correlation(x) - correlation(y)
		}
		s.n, s.value.V = networks, math.NaN()
		if len(cells) >= leastCells {
			s.value.V = difference(cells)
			s.lo, s.hi = bootstrap(cells, difference)
		}
		f.statistics = append(f.statistics, s)
	}
	return f
}

// paths judges claim (f).
func paths(all map[string]*Numbers) (f finding) {
	n := all["table1"]
	small, large := n.batches()
	random, points := 0.0, 0
	for _, decay := range n.decays() {
		for _, batch := range []int{small, large} {
			nets := n.where(cell("sgd", decay, batch))
			units := pairs(nets, nets, func(a, _ Network) Value {
				if a.Path == nil {
					return Value{V: math.NaN()}
				}
				random, points = max(random, a.Path.Random), a.Path.Points
				return Value{V: 100 * (a.Path.First + a.Path.Second)}
			})
			f.statistics = append(f.statistics, student(fmt.Sprintf("PC1 + PC2, %%, batch %d, %s", batch, with(decay)), units, 40, 90))
		}
	}
	f.notes = []string{fmt.Sprintf("At most %.2g %% of a path lies in two random directions. A random walk of as many points (%d) has %.0f %% in two components. Shares above 90 %% are of paths in fewer dimensions than the paper's.", 100*random, points, 100*randomWalk(max(points, 3)))}
	if f.verdict = verdictOf(f.statistics); random >= 0.01 {
		f.verdict = contradicted
	}
	return f
}
