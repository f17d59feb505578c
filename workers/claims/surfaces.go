package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// authors judges figure 1 on the authors' weights, which are minimizers of the official images whatever their loss on these is.
func authors(all map[string]*Numbers) (f finding) {
	var short, without *Network
	for i, net := range all["authors"].Networks {
		if net.hasShortcuts() {
			short = &all["authors"].Networks[i]
		} else {
			without = &all["authors"].Networks[i]
		}
	}
	if short == nil || without == nil {
		return f
	}
	var shares, heights []Value
	for _, a := range without.Planes {
		i := slices.IndexFunc(short.Planes, func(b Plane) bool { return a.Map == b.Map })
		if i < 0 {
			continue
		}
		shares = append(shares, minus(away(a), away(short.Planes[i])))
		heights = append(heights, minus(logHeight(a), logHeight(short.Planes[i])))
	}
	f.statistics = []statistic{student("away share without less with", shares, 0, inf), student("log(height of the convex basin without / with)", heights, -inf, 0)}
	for _, n := range []*Network{without, short} {
		if n.TrainLoss != nil && n.TestError != nil {
			f.notes = append(f.notes, fmt.Sprintf("%s: training loss %.3f and test error %.1f %% on these images.", n.Net, *n.TrainLoss, *n.TestError))
		}
	}
	return f
}

// shallowNet and deepNet are what claims about depth compare, each with and without skip connections, all at one rate.
const (
	shallowNet = "resnet20"
	deepNet    = "resnet32"
	depthRate  = 0.1
)

// depths are the converged networks of a depth with and without skip connections.
func (n *Numbers) depths(name string) (short, without map[uint64]Network) {
	of := func(name string) map[uint64]Network {
		return n.where(func(net Network) bool { return net.base() == name && net.Rate == depthRate })
	}
	return of(name), of(name + "-noshort")
}

// depth judges claim (d).
func depth(all map[string]*Numbers) (f finding) {
	short20, without20 := all["depth"].depths(shallowNet)
	shortDeep, withoutDeep := all["depth"].depths(deepNet)
	change := func(of func(Plane) Value) (units []Value) {
		for _, seed := range sortedKeys(withoutDeep) {
			a, ok1 := without20[seed]
			b, ok2 := short20[seed]
			c, ok3 := shortDeep[seed]
			if ok1 && ok2 && ok3 {
				units = append(units, minus(minus(withoutDeep[seed].plane(of), a.plane(of)), minus(c.plane(of), b.plane(of))))
			}
		}
		return units
	}
	f.statistics = []statistic{
		student("change of the away share, without less with", change(away), 0, inf),
		student("change of log height of the convex basin, without less with", change(logHeight), -inf, 0),
	}
	return f
}

// shallow judges whether skip connections matter for twenty layers.
func shallow(all map[string]*Numbers) (f finding) {
	short, without := all["depth"].depths(shallowNet)
	f.statistics = []statistic{student("away share of ResNet-20 without less with", pairs(without, short, func(a, b Network) Value { return minus(a.plane(away), b.plane(away)) }), -alike, alike)}
	return f
}

// contours judges whether with skip connections 56 layers are as smooth as 20.
func contours(all map[string]*Numbers) (f finding) {
	of := func(name string) map[uint64]Network {
		return all["deep"].where(func(n Network) bool { return n.base() == name })
	}
	deep, few := of("resnet56"), of(shallowNet)
	change := func(name string, of func(Plane) Value, within float64) statistic {
		return student(name, pairs(deep, few, func(a, b Network) Value { return minus(a.plane(of), b.plane(of)) }), -within, within)
	}
	f.statistics = []statistic{
		change("log(radius of the contour at 0.1, 56 / 20 layers)", logRadius, sameContour),
		change("log(longest / shortest radius), 56 less 20 layers", logElongation, sameContour),
		change("away share, 56 less 20 layers", away, alike),
	}
	return f
}

// wide judges whether wide networks have flat minima.
func wide(all map[string]*Numbers) (f finding) {
	of := func(k int) map[uint64]Network {
		return all["width"].where(func(n Network) bool { return n.Net == fmt.Sprintf("resnet20:width=%d", k) })
	}
	half, double := of(4), of(16)
	f.statistics = []statistic{
		student("log(width of the minimizer, k = 2 / k = 1/2)", pairs(double, half, func(a, b Network) Value { return logRatio(a.width("surface"), b.width("surface")) }), 0, inf),
		student("log(height of the convex basin, k = 2 / k = 1/2)", pairs(double, half, func(a, b Network) Value { return minus(a.plane(logHeight), b.plane(logHeight)) }), 0, inf),
	}
	return f
}

// leastPoints is how many points of either kind a plane needs, and leastNetworks how many networks have such planes.
const (
	leastPoints   = 3
	leastNetworks = 3
)

// curvature judges claim (e).
func curvature(all map[string]*Numbers) (f finding) {
	var units []Value
	unusable := 0
	networks := slices.Clone(all["curvature"].Networks)
	if more := all["authors"]; more != nil {
		networks = append(networks, more.Networks...)
	}
	for _, net := range networks {
		if !net.isConverged() {
			continue
		}
		unit := net.plane(func(p Plane) Value {
			if p.AUC == nil || min(p.NotConvex, p.IsConvex) < leastPoints {
				return Value{V: math.NaN()}
			}
			return Value{V: *p.AUC}
		})
		if !unit.known() {
			unusable++
			continue
		}
		units = append(units, unit)
	}
	f.statistics = []statistic{student("area under the ROC curve", units, 0.5, inf)}
	if unusable > 0 {
		f.notes = []string{fmt.Sprintf("%d converged networks have no plane with %d points of either kind.", unusable, leastPoints)}
	}
	if len(units) < leastNetworks {
		f.verdict = unsure
	}
	return f
}

// directions judges claim (g).
func directions(all map[string]*Numbers) (f finding) {
	var variations, correlations []Value
	for _, net := range all["directions"].Networks {
		if !net.isConverged() {
			continue
		}
		variations = append(variations, variation(net.Widths["line"]))
		if c := net.Correlations["line"]; len(c) > 0 {
			sum := 0.0
			for _, v := range c {
				sum += v / float64(len(c))
			}
			correlations = append(correlations, Value{V: sum})
		}
	}
	f.statistics = []statistic{student("coefficient of variation of the width", variations, -inf, mostVariation), student("correlation of two profiles", correlations, leastCorrelation, inf)}
	return f
}

// variation is the coefficient of variation; of bounds it is not known.
func variation(widths []Value) Value {
	m := mean(widths)
	if len(widths) < 2 || m.AtLeast || m.AtMost {
		return Value{V: math.NaN()}
	}
	sum := 0.0
	for _, w := range widths {
		sum += (w.V - m.V) * (w.V - m.V)
	}
	return Value{V: math.Sqrt(sum/float64(len(widths)-1)) / m.V}
}

// initialization judges where the initial losses lie.
func initialization(all map[string]*Numbers) (f finding) {
	initial := map[string][]Value{}
	for _, net := range all["initialization"].Networks {
		initial[net.Net] = append(initial[net.Net], Value{V: net.FirstLoss})
	}
	for _, name := range []string{shallowNet, deepNet} {
		short, without := all["depth"].depths(name)
		for i, nets := range []map[uint64]Network{short, without} {
			above, upTo := side(1)
			title := name
			if i == 1 {
				title += "-noshort"
			}
			if title == deepNet+"-noshort" {
				above, upTo = side(-1)
			}
			units := pairs(nets, nets, func(a, _ Network) Value {
				start := mean(initial[a.Net])
				basin := a.plane(func(p Plane) Value { return Value{p.Height.V + p.Center, p.Height.AtLeast, p.Height.AtMost} })
				return logRatio(basin, start)
			})
			f.statistics = append(f.statistics, student("log(convex basin / initial loss), "+title, units, above, upTo))
		}
	}
	var texts []string
	for _, net := range all["initialization"].Networks {
		if name := net.Net; net.Seed == 1 {
			texts = append(texts, fmt.Sprintf("%s %.2f", name, mean(initial[name]).V))
		}
	}
	f.notes = []string{"Initial losses: " + strings.Join(texts, ", ") + "."}
	return f
}
