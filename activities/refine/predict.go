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

// coverage is the share of leave-one-out errors that the bounds cover.
const coverage = 0.97

// predictor estimates a quantity from its values at known points.
type predictor struct {
	points  []point
	values  []float64
	kernels []kernel
	near    neighbourhood
	solver  solver
	// unit is, for each known point and kernel, the leave-one-out error in standard deviations: NaN where the kernel has none.
	unit [][countKernels]float64
	sd   [][countKernels]float64
	// factor is how many local scales cover the errors.
	factor float64
}

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
	p.unit, p.sd = make([][countKernels]float64, len(p.points)), make([][countKernels]float64, len(p.points))
	errs := make([][countKernels]float64, len(p.points))
	all := make([]int, len(p.points))
	for i := range all {
		all[i] = i
	}
	p.each(all, func(own *predictor, i int) {
		estimate, sd := own.predict(p.points[i], i)
		for k := range p.kernels {
			errs[i][k] = math.Abs(estimate[k] - p.values[i])
			p.unit[i][k] = errs[i][k] / sd[k]
		}
		p.sd[i] = sd
	})
	var ratios []float64
	for i, at := range p.points {
		k, bound := p.choose(p.sd[i], p.scale(at, i))
		if bound > 0 && !math.IsInf(bound, 1) {
			ratios = append(ratios, errs[i][k]/bound)
		}
	}
	p.factor = 1
	if n := len(ratios); n > 0 {
		slices.Sort(ratios)
		p.factor = math.Max(1, ratios[min(int(math.Ceil(coverage*float64(n))), n-1)])
	}
}

// predict returns each kernel's estimate at the target and its standard deviation for unit scale, infinite where there
// is none. without is the place of a known value to leave out, −1 for none.
func (p *predictor) predict(target point, without int) (value, sd [countKernels]float64) {
	around := p.near.around(target, p.points, without)
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

// scale is, for each kernel, the root mean square of the leave-one-out errors around a target, in standard deviations, near
// ones counting more. It tells the smooth basin from the chaotic part. without is as for predict.
func (p *predictor) scale(target point, without int) (scale [countKernels]float64) {
	var near []neighbour
	for i, at := range p.points {
		if i != without {
			near = insert(near, neighbour{i, at.distance2(target)}, scaleNeighbours)
		}
	}
	for k := range p.kernels {
		sum, weight := 0.0, 0.0
		for _, n := range near {
			if u := p.unit[n.known][k]; !math.IsNaN(u) && !math.IsInf(u, 0) && !math.IsInf(p.sd[n.known][k], 0) {
				w := 1 / (0.1 + n.r2/near[len(near)-1].r2)
				sum, weight = sum+float64(w*float64(u*u)), weight+w
			}
		}
		if scale[k] = math.Sqrt(sum / weight); weight == 0 {
			scale[k] = math.Inf(1)
		}
	}
	return scale
}

// choose returns the kernel with the smallest error, and that error; infinite if no kernel has an estimate.
func (p *predictor) choose(sd, scale [countKernels]float64) (best int, err float64) {
	err = math.Inf(1)
	for k := range p.kernels {
		if e := scale[k] * sd[k]; e < err {
			best, err = k, e
		}
	}
	return best, err
}

// estimate is the best estimate at a target, and the bound of its error.
func (p *predictor) estimate(target point) (value, bound float64) {
	values, sd := p.predict(target, -1)
	k, err := p.choose(sd, p.scale(target, -1))
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
