package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat"

	"lossatlas/activities/render/compare"
	"lossatlas/activities/results"
	"lossatlas/activities/safetensors"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
)

// level is the height above a minimizer's loss at which widths are compared.
const level = 0.5

var atLevel = surface.FlatnessOptions{Levels: []float64{level}, Radii: []float64{0.5}}

// untrained is a training loss within 2 percent of guessing among ten classes.
var untrained = 0.98 * math.Log(10)

// missing is the finding of a claim whose sweep lacks the results that it needs.
func missing(what string) finding {
	return finding{verdict: notRun, why: what + " has no results."}
}

// interpolations judges claim (a).
func interpolations(s map[string]*sweep) finding {
	fig := s["fig2"]
	t := newSheet("interpolation", "weight decay", "width of the small batch's side", "of the large batch's", "test error small, %", "test error large, %")
	var wider []float64 // logarithm of small's width over large's, without and with weight decay
	for _, sides := range fig.byDecay() {
		small, large := sides[0], sides[1]
		g := fig.between(small.Name, large.Name)
		if g == nil {
			return missing("fig2")
		}
		near, far := reach(*g, 0, 1), reach(*g, 1, 0)
		t.Add(small.Params[weightDecay], decimal(near, 3), decimal(far, 3), percent(small.TestError), percent(large.TestError))
		wider = append(wider, math.Log(near/far))
	}
	if len(wider) == 0 {
		return missing("fig2")
	}
	out := finding{tables: []sheet{t}}
	clear := math.Log(1.1)
	switch a, b := wider[0], wider[1]; {
	case math.IsNaN(a + b):
		out.verdict, out.why = unsure, "A width is not known."
	case math.Abs(a) < clear || math.Abs(b) < clear:
		out.verdict, out.why = unsure, "The widths are less than 10 percent apart."
	case a*b < 0:
		out.verdict, out.why = holds, fmt.Sprintf("Without weight decay the %s batch's minimizer looks wider, with it the %s batch's.", batch(a), batch(b))
	default:
		out.verdict, out.why = fails, fmt.Sprintf("The %s batch's minimizer looks wider both times.", batch(a))
	}
	return out
}

// reach is the distance along a line of losses, from a point of it towards another, at which the loss is 0.5 above the first
// point's, linear between points; NaN where the loss stays below, or is not finite before.
func reach(g surface.Grid, from, to float64) float64 {
	i, last := floats.NearestIdx(g.X, from), floats.NearestIdx(g.X, to)
	step := 1
	if last < i {
		step = -1
	}
	top := g.Loss[i] + level
	for ; i != last; i += step {
		if a, b := g.Loss[i], g.Loss[i+step]; b > top && a <= top {
			return math.Abs(g.X[i] + (top-a)/(b-a)*(g.X[i+step]-g.X[i]) - from)
		} else if !(b <= top) {
			break
		}
	}
	return math.NaN()
}

// batch says whose minimizer is the wider one.
func batch(logRatio float64) string {
	if logRatio > 0 {
		return "small"
	}
	return "large"
}

// between is the training loss along the line from one experiment's minimizer to another's.
func (s *sweep) between(a, b string) *surface.Grid {
	for _, c := range s.Comparisons {
		for _, st := range s.Steps {
			if slices.Equal(c.Between, []string{a, b}) && st.Kind == string(pipelines.KindLine) && st.At.Comparison == c.Name {
				return get(s, st.At, (*results.Sweep).Grid)
			}
		}
	}
	return nil
}

// norms judges claim (b).
func norms(s map[string]*sweep) finding {
	fig := s["fig2"]
	t := newSheet("norms", "weight decay", "batch", "‖θ‖ after the first epoch", "after the last", "growth, %", "deviation of the filters' weights", "median of their |w|")
	var growth, deviation, middle []float64 // small and large without, then with weight decay
	for _, e := range slices.Concat(fig.byDecay()...) {
		log, weights := get(fig, training(e.Name), (*results.Sweep).Log), fig.filterWeights(e.Name)
		if log == nil || weights == nil || len(log.Epochs) == 0 {
			return missing("fig2")
		}
		first, last := float64(log.Epochs[0].WeightNorm), float64(log.Epochs[len(log.Epochs)-1].WeightNorm)
		growth = append(growth, last/first-1)
		deviation = append(deviation, stat.StdDev(weights, nil))
		for i, w := range weights {
			weights[i] = math.Abs(w)
		}
		middle = append(middle, median(weights))
		n := len(middle) - 1
		t.Add(e.Params[weightDecay], e.Params[batchSize], decimal(first, 2), decimal(last, 2), decimal(100*growth[n], 2), decimal(deviation[n], 5), decimal(middle[n], 5))
	}
	if len(middle) == 0 {
		return missing("fig2")
	}
	signs := []struct {
		is   bool
		says string
	}{
		{growth[0] > 0, "the small batch's norm grows without weight decay"},
		{growth[1] > 0, "the large batch's norm grows without weight decay"},
		{deviation[1] < deviation[0], "without weight decay the large batch's weights are the smaller ones"},
		{deviation[3] > deviation[2], "with weight decay the small batch's weights are the smaller ones"},
	}
	out := finding{verdict: holds, why: "All four differences have the paper's signs.", tables: []sheet{t}}
	var not []string
	for _, s := range signs {
		if !s.is {
			not = append(not, s.says)
		}
	}
	if len(not) > 0 {
		out.verdict, out.why = fails, fmt.Sprintf("%d of the four differences have the paper's signs. It is not so that %s.", len(signs)-len(not), strings.Join(not, ", nor that "))
	}
	if (middle[1] < middle[0]) != (deviation[1] < deviation[0]) || (middle[3] > middle[2]) != (deviation[3] > deviation[2]) {
		out.why += " The medians of |w| don't have the order of the deviations: the histograms differ in shape as well."
	}
	return out
}

// filterWeights are the weights of an experiment's convolutions and linear layers.
func (s *sweep) filterWeights(experiment string) (all []float64) {
	tensors := get(s, training(experiment), func(found *results.Sweep, ctx context.Context, id string) (*[]safetensors.Tensor, error) {
		return results.Read(ctx, found, id, pipelines.OutWeights, func(b []byte) (*[]safetensors.Tensor, error) {
			tensors, _, err := safetensors.Decode(b)
			return &tensors, err
		})
	})
	if tensors == nil {
		return nil
	}
	for _, t := range *tensors {
		if len(t.Shape) < 2 {
			continue
		}
		for _, v := range t.Data {
			all = append(all, float64(v))
		}
	}
	return all
}

// widths are those of one map of a sweep: of each experiment, with a width for each pair of directions.
type widths struct {
	experiments []results.Experiment
	of          [][]surface.Measured // by experiment and pair
}

func (s *sweep) widths(of string) (out widths) {
	for _, e := range s.Experiments {
		f := get(s, pipelines.Address{Experiment: e.Name, Map: of, Split: "train", Role: pipelines.RoleFlatness}, (*results.Sweep).Flatness)
		if f == nil || e.TestError == nil {
			continue
		}
		at := slices.Index(f.Levels, level)
		if at < 0 {
			s.err = cmp.Or(s.err, fmt.Errorf("%s: its widths are not measured at %v above the minimum", e.Name, level))
			return widths{}
		}
		var pairs []surface.Measured
		for _, g := range f.Grids {
			pairs = append(pairs, g.Widths[at][0])
		}
		out.experiments, out.of = append(out.experiments, e), append(out.of, pairs)
	}
	return out
}

// correlations are those between width and test error that scatter plots show, one for each pair of
// directions that has one. Widths that the plot cuts off are left out.
func (w widths) correlations() (rho []float64, bounds int) {
	for pair := range w.of[0] {
		var dots []compare.Dot
		for i, e := range w.experiments {
			m := w.of[i][pair]
			dots = append(dots, compare.Dot{Flatness: m.Value, AtLeast: m.AtLeast, Error: *e.TestError})
		}
		r, _, cut := compare.RankCorrelation(dots)
		if bounds += cut; !math.IsNaN(r) {
			rho = append(rho, r)
		}
	}
	return rho, bounds
}

// families are the sweeps that measure networks along several pairs of directions.
var families = []struct{ sweep, what string }{{"normalization", "VGG-9"}, {"sharpness", "ResNets"}}

// sharpness judges claim (c).
func sharpness(s map[string]*sweep) finding {
	t := newSheet("correlation", "networks", "directions normalized by", "networks mapped", "rank correlation of width and test error, mean over pairs", "least", "largest", "pairs that have one", "widths that the plot cuts off, which are left out")
	each := newSheet("widths", "networks", "experiment", "test error, %", "width, by filter", "by layer", "by nothing")
	out := finding{verdict: holds}
	var why []string
	for _, f := range families {
		mean := map[string]float64{}
		cells := map[string][]string{}
		var order []results.Experiment
		for _, by := range []string{"filter", "layer", "none"} {
			w := s[f.sweep].widths(by)
			if len(w.experiments) < 3 {
				return missing(f.sweep)
			}
			rho, bounds := w.correlations()
			pairs := len(w.of[0])
			mean[by] = stat.Mean(rho, nil)
			if by != "filter" && 4*bounds > pairs*len(w.experiments) {
				delete(mean, by) // the remaining networks are a selection
				why = append(why, fmt.Sprintf("%s, normalized by %s: more than a quarter of the widths are cut off, so it is not compared", f.what, by))
			}
			ends := rho
			if len(rho) == 0 {
				ends = []float64{math.NaN()}
			}
			t.Add(f.what, by, len(w.experiments), decimal(stat.Mean(rho, nil), 2), decimal(slices.Min(ends), 2), decimal(slices.Max(ends), 2), fmt.Sprintf("%d of %d", len(rho), pairs), fmt.Sprintf("%d of %d", bounds, pairs*len(w.experiments)))
			order = w.experiments
			for i, e := range w.experiments {
				s := surface.NewSummary(by, w.of[i])
				text := s.Measured().Mark(decimal(s.Mean, 3))
				if !math.IsNaN(s.Deviation) {
					text += " ± " + decimal(s.Deviation, 3)
				}
				cells[e.Name] = append(cells[e.Name], text)
			}
		}
		for _, e := range order {
			each.Add(f.what, e.Name, percent(e.TestError), cells[e.Name][0], cells[e.Name][1], cells[e.Name][2])
		}
		spread, noise := s[f.sweep].errorSpread(order)
		others := math.Inf(1)
		for _, by := range []string{"layer", "none"} {
			if v, ok := mean[by]; ok {
				others = min(others, v)
			}
		}
		switch {
		case spread < noise:
			why = append(why, fmt.Sprintf("%s: the test errors lie within %s points, and %s would be chance", f.what, decimal(spread, 1), decimal(noise, 1)))
			out.verdict = worse(out.verdict, unsure)
		case math.IsNaN(mean["filter"]+others) || math.IsInf(others, 0):
			why = append(why, f.what+": a correlation is not known")
			out.verdict = worse(out.verdict, unsure)
		case mean["filter"] <= -0.8 && mean["filter"] < others:
			why = append(why, f.what+": as the paper says")
		case mean["filter"] >= 0 || mean["filter"] > others:
			why = append(why, fmt.Sprintf("%s: %s with filters normalized, %s at best with the others", f.what, decimal(mean["filter"], 2), decimal(others, 2)))
			out.verdict = worse(out.verdict, fails)
		default:
			why = append(why, fmt.Sprintf("%s: %s with filters normalized, %s at best with the others, which is between", f.what, decimal(mean["filter"], 2), decimal(others, 2)))
			out.verdict = worse(out.verdict, unsure)
		}
	}
	out.why = strings.Join(why, "; ") + ". With few networks a rank correlation is coarse: of four, one order in 24 gives -1 by chance."
	out.tables = []sheet{t, each}
	return out
}

// errorSpread is how far the test errors of networks lie apart, and how far two of them may by chance, both in points:
// twice the deviation √(2p(1−p)/n) of a difference of two errors p on n images.
func (s *sweep) errorSpread(of []results.Experiment) (spread, noise float64) {
	var errors []float64
	for _, e := range of {
		errors = append(errors, *e.TestError)
		p := *e.TestError / 100
		noise = max(noise, 100*2*math.Sqrt(2*p*(1-p)/s.testImages(e.Name)))
	}
	return floats.Max(errors) - floats.Min(errors), noise
}

// testImages is on how many images an experiment's network was tested.
func (s *sweep) testImages(experiment string) float64 {
	st := s.step(training(experiment))
	if st == nil || st.Recipe == nil {
		s.err = cmp.Or(s.err, fmt.Errorf("experiment %s has no training", experiment))
		return math.NaN()
	}
	var p pipelines.TrainParams
	s.err = cmp.Or(s.err, json.Unmarshal(st.Recipe.Params, &p))
	return float64(p.Data.Test)
}

// worse is the less favourable of two verdicts.
func worse(a, b verdict) verdict {
	order := []verdict{holds, unsure, fails, notRun}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

// depth judges claim (d).
func depth(s map[string]*sweep) finding {
	fig := s["fig5"]
	t := newSheet("depth", "network", "training loss", "test error, %", "convex share, %", "least loss", "largest loss", "points not finite", "width along δ", "along η")
	convex, loss := map[string]float64{}, map[string]float64{}
	for _, net := range []string{"resnet20", "resnet56", "resnet110", "resnet20-noshort", "resnet56-noshort", "resnet110-noshort"} {
		i := slices.IndexFunc(fig.Experiments, func(e results.Experiment) bool { return e.Params[network] == net })
		if i < 0 {
			continue
		}
		e := fig.Experiments[i]
		g := fig.grid(e.Name, "surface")
		if g == nil || e.TrainLoss == nil {
			continue
		}
		f, err := g.Flatness(atLevel)
		if err != nil {
			fig.err = cmp.Or(fig.err, err)
			continue
		}
		stats := g.Stats()
		convex[net], loss[net] = 100*f.Convex.Value, *e.TrainLoss
		t.Add(net, decimal(*e.TrainLoss, 3), percent(e.TestError), decimal(convex[net], 1), decimal(stats.MinLoss, 3), decimal(stats.MaxLoss, 3), stats.NonFinite, bound(f.Widths[0][0]), bound(f.Widths[0][1]))
	}
	for _, net := range []string{"resnet20", "resnet56", "resnet20-noshort", "resnet56-noshort"} {
		if _, ok := convex[net]; !ok {
			return missing("fig5")
		}
	}
	out := finding{tables: []sheet{t}}
	with, without := convex["resnet56"]-convex["resnet20"], convex["resnet56-noshort"]-convex["resnet20-noshort"]
	change := fmt.Sprintf("From 20 to 56 layers the convex share changes by %s points without short cuts, by %s with them", decimal(without, 1), decimal(with, 1))
	switch {
	case loss["resnet56-noshort"] > untrained:
		out.verdict = unsure
		out.why = change + fmt.Sprintf(". But ResNet-56 without short cuts has a training loss of %s, where guessing has %.3f: what is mapped is no minimizer.", decimal(loss["resnet56-noshort"], 3), math.Log(10))
	case without <= -10 && with > -10:
		out.verdict, out.why = holds, change+"."
	default:
		out.verdict, out.why = fails, change+"."
	}
	return out
}

// curvature judges claim (e).
func curvature(s map[string]*sweep) finding {
	fig := s["fig7"]
	t := newSheet("curvature", "network", "points", "|λmin/λmax| at the minimizer", "median where the surface is convex", "points", "median elsewhere", "points", "largest")
	var allConvex, allOther []float64
	for _, e := range fig.Experiments {
		hessian, plane := fig.grid(e.Name, "hessian"), fig.grid(e.Name, "surface")
		if hessian == nil || plane == nil || hessian.Curvature == nil {
			continue
		}
		var convex, other []float64
		center, largest := math.NaN(), math.Inf(-1)
		for i, x := range hessian.X {
			for j, y := range hessian.Y {
				at := j*len(hessian.X) + i
				ratio := math.Abs(hessian.Curvature.LambdaMin[at] / hessian.Curvature.LambdaMax[at])
				if math.IsNaN(ratio) {
					continue
				}
				if x == 0 && y == 0 {
					center = ratio
				}
				largest = max(largest, ratio)
				judged, is, err := convexAt(*plane, x, y)
				switch {
				case err != nil:
					fig.err = cmp.Or(fig.err, err)
				case !judged:
				case is:
					convex = append(convex, ratio)
				default:
					other = append(other, ratio)
				}
			}
		}
		t.Add(e.Params[network], len(hessian.X)*len(hessian.Y), decimal(center, 3), decimal(median(convex), 3), len(convex), decimal(median(other), 3), len(other), decimal(largest, 3))
		allConvex, allOther = append(allConvex, convex...), append(allOther, other...)
	}
	if len(t.Rows) == 0 {
		return missing("fig7")
	}
	out := finding{tables: []sheet{t}}
	a, b := median(allConvex), median(allOther)
	out.why = fmt.Sprintf("Median %s over %d points at which the surface is convex, %s over the %d others.", decimal(a, 3), len(allConvex), decimal(b, 3), len(allOther))
	switch {
	case min(len(allConvex), len(allOther)) < 5:
		out.verdict = unsure
	case a < b/2:
		out.verdict = holds
	default:
		out.verdict = fails
	}
	return out
}

// convexAt says whether the plotted surface is convex at the lattice point next to (x, y): by it and its eight neighbours, as
// in surface.Flatness. The border is not judged.
func convexAt(g surface.Grid, x, y float64) (judged, is bool, err error) {
	i, j := floats.NearestIdx(g.X, x), floats.NearestIdx(g.Y, y)
	if i == 0 || j == 0 || i == len(g.X)-1 || j == len(g.Y)-1 {
		return false, false, nil
	}
	part := surface.Grid{X: slices.Clone(g.X[i-1 : i+2]), Y: slices.Clone(g.Y[j-1 : j+2])}
	for k := j - 1; k <= j+1; k++ {
		from, to := k*len(g.X)+i-1, k*len(g.X)+i+2
		part.Loss = append(part.Loss, g.Loss[from:to]...)
		part.Accuracy = append(part.Accuracy, g.Accuracy[from:to]...)
		part.Mask = append(part.Mask, g.Mask[from:to]...)
	}
	f, err := part.Flatness(atLevel)
	return f.Judged == 1, f.Convex.Value == 1, err
}

// median is NaN of nothing.
func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// paths judges claim (f).
func paths(s map[string]*sweep) finding {
	fig := s["fig9"]
	t := newSheet("trajectories", "experiment", "points", "PC1, %", "PC2, %", "together, %", "two random directions, %")
	low, high, random := math.Inf(1), math.Inf(-1), 0.0
	for _, e := range fig.Experiments {
		p := get(fig, pipelines.Address{Experiment: e.Name, Map: "trajectory", Role: pipelines.RolePath}, (*results.Sweep).Path)
		if p == nil {
			continue
		}
		both := 100 * (p.Ratio[0] + p.Ratio[1])
		low, high, random = min(low, both), max(high, both), max(random, 100*p.RandomRatio)
		t.Add(e.Name, len(p.Epochs), decimal(100*p.Ratio[0], 1), decimal(100*p.Ratio[1], 1), decimal(both, 1), decimal(100*p.RandomRatio, 4))
	}
	if len(t.Rows) == 0 {
		return missing("fig9")
	}
	out := finding{verdict: holds, tables: []sheet{t}}
	out.why = fmt.Sprintf("Two components hold %s to %s percent, two random directions at most %s.", decimal(low, 1), decimal(high, 1), decimal(random, 4))
	if high > 90 {
		out.why += " Above the paper's range there is little left to vary in: the paths have few points."
	}
	if low < 40 || random >= 1 {
		out.verdict = fails
	}
	return out
}

// directions judges claim (g).
func directions(s map[string]*sweep) finding {
	t := newSheet("directions", "networks", "networks mapped", "pairs", "deviation of the width between pairs", "between networks", "their ratio", "networks left out, as the plot cuts off a width")
	out := finding{verdict: holds}
	for _, f := range families {
		w := s[f.sweep].widths("filter")
		if len(w.experiments) < 3 {
			return missing(f.sweep)
		}
		var variances, means []float64
		for _, pairs := range w.of {
			if s := surface.NewSummary("", pairs); s.Bounds == 0 {
				means, variances = append(means, s.Mean), append(variances, s.Deviation*s.Deviation)
			}
		}
		within, between := math.Sqrt(stat.Mean(variances, nil)), stat.StdDev(means, nil)
		t.Add(f.what, len(w.experiments), len(w.of[0]), decimal(within, 4), decimal(between, 4), decimal(within/between, 2), len(w.of)-len(means))
		switch ratio := within / between; {
		case math.IsNaN(ratio):
			out.verdict = worse(out.verdict, unsure)
		case ratio >= 0.5:
			out.verdict = worse(out.verdict, fails)
		}
	}
	out.why = "Ratios: " + t.Rows[0][5] + " and " + t.Rows[1][5] + "."
	out.tables = []sheet{t}
	return out
}

// percent writes a test error.
func percent(v *float64) string {
	if v == nil {
		return ""
	}
	return decimal(*v, 2)
}

// decimal writes a number; NaN as an empty text.
func decimal(v float64, digits int) string {
	switch {
	case math.IsNaN(v):
		return ""
	case math.IsInf(v, 0):
		return "∞"
	case v != 0 && (math.Abs(v) >= 1e5 || math.Abs(v) < 0.5*math.Pow10(-digits)):
		return fmt.Sprintf("%.*e", max(digits-1, 1), v)
	}
	return fmt.Sprintf("%.*f", digits, v)
}

// bound writes a measure, marked where it is a lower bound.
func bound(m surface.Measured) string { return m.Mark(decimal(m.Value, 3)) }
