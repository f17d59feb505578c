package refine

import (
	"math"
	"runtime"
	"slices"
	"sync"
)

// The sizes of neighbourhoods.
const (
	surfaceNeighbours = 28 // known values behind an estimate
	lineNeighbours    = 10
	scaleNeighbours   = 12 // leave-one-out errors behind a local scale
)

// wideHole is the radius of a wide hole, in distances to the nearest known point: on a lattice the next points are then twice as far.
const wideHole = 1.9

// coverage is the share of leave-one-out errors that the bounds cover.
const coverage = 0.97

// predictor estimates a quantity from its values at known points.
type predictor struct {
	points  []point
	values  []float64
	kernels []kernel
	near    neighbourhood
	solver  solver
	// narrow and wide are the errors of each known value's prediction from the others, without the point alone and without all in a wide hole
	// around it.
	narrow, wide []heldOut
	// factor is how many local scales cover the errors.
	factor float64
}

// heldOut is the error of a prediction by kernel, in standard deviations, and that deviation: infinite where the kernel has no prediction.
type heldOut struct{ unit, sd [countKernels]float64 }

func newPredictor(points []point, values []float64, line bool, kernels []kernel) *predictor {
	p := &predictor{points: points, values: values, kernels: kernels,
		near: neighbourhood{line: line, most: surfaceNeighbours}, solver: solver{line: line}}
	if line {
		p.near.most = lineNeighbours
	}
	p.leaveOneOut()
	return p
}

// leaveOneOut predicts each known value from the others.
func (p *predictor) leaveOneOut() {
	p.narrow, p.wide = make([]heldOut, len(p.points)), make([]heldOut, len(p.points))
	all := make([]int, len(p.points))
	for i := range all {
		all[i] = i
	}
	p.each(all, func(own *predictor, i int) {
		nearest := math.Inf(1)
		for j, q := range p.points {
			if j != i {
				nearest = math.Min(nearest, q.distance2(p.points[i]))
			}
		}
		p.narrow[i], p.wide[i] = own.holdOut(i, 0), own.holdOut(i, wideHole*wideHole*nearest)
	})
	var ratios []float64
	for i, at := range p.points {
		k, bound := p.choose(at, i, p.narrow[i].sd)
		if bound > 0 && !math.IsInf(bound, 1) {
			ratios = append(ratios, p.narrow[i].unit[k]*p.narrow[i].sd[k]/bound)
		}
	}
	p.factor = 1
	if n := len(ratios); n > 0 {
		slices.Sort(ratios)
		p.factor = math.Max(1, ratios[min(int(math.Ceil(coverage*float64(n))), n-1)])
	}
}

// holdOut predicts a known value from those outside of a hole around it; hole2 is the square of its radius.
func (p *predictor) holdOut(i int, hole2 float64) heldOut {
	estimate, sd := p.predict(p.points[i], hole2)
	out := heldOut{sd: sd}
	for k := range p.kernels {
		out.unit[k] = math.Abs(estimate[k]-p.values[i]) / sd[k]
	}
	return out
}

// predict returns each kernel's estimate at the target and its standard deviation for unit scale, infinite where there
// is none, from the known points farther away than the root of hole2; with −1 from all.
func (p *predictor) predict(target point, hole2 float64) (value, sd [countKernels]float64) {
	around := p.near.around(target, p.points, hole2)
	at := make([]point, len(around))
	for i, j := range around {
		at[i] = p.points[j]
	}
	for k, kernel := range p.kernels {
		w, deviation, ok := p.solver.weights(kernel, target, at)
		if sd[k] = deviation; !ok {
			sd[k] = math.Inf(1)
		}
		for i := range w {
			value[k] += float64(w[i] * p.values[around[i]])
		}
	}
	return value, sd
}

// choose returns the kernel that fits the known values around a target best, and its error there, by the kernels' standard deviations;
// infinite if no kernel has an estimate. without is the place of a known value to exclude, or −1.
func (p *predictor) choose(target point, without int, sd [countKernels]float64) (best int, err float64) {
	var near []neighbour
	for i, at := range p.points {
		if i != without {
			near = insert(near, neighbour{i, at.distance2(target)}, scaleNeighbours)
		}
	}
	least := math.Inf(1)
	err = least
	for k := range p.kernels {
		var narrow, wide, both fit
		for _, n := range near {
			weight := 1 / (0.1 + n.r2/near[len(near)-1].r2) // near ones count more
			narrow.add(p.narrow[n.known], k, weight)
			wide.add(p.wide[n.known], k, weight)
		}
		both = fit{narrow.squares + wide.squares, narrow.logs + wide.logs, narrow.weight + wide.weight}
		if misfit := both.scale() * both.sd(); narrow.weight > 0 && !math.IsInf(sd[k], 1) && misfit < least {
			best, err, least = k, extrapolate(narrow, wide, sd[k]), misfit
		}
	}
	return best, err
}

// estimate is the best estimate at a target, and the bound of its error.
func (p *predictor) estimate(target point) (value, bound float64) {
	values, sd := p.predict(target, -1)
	k, err := p.choose(target, -1, sd)
	return values[k], p.factor * err
}

// each calls do for each index, on all processors, with a predictor that no other call uses meanwhile.
func (p *predictor) each(indices []int, do func(p *predictor, i int)) {
	var wait sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		own := *p
		own.near, own.solver = neighbourhood{line: p.near.line, most: p.near.most}, solver{line: p.solver.line}
		wait.Go(func() {
			for at := w; at < len(indices); at += workers {
				do(&own, indices[at])
			}
		})
	}
	wait.Wait()
}
