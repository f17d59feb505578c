package render

import (
	"math"
	"slices"

	"lossatlas/activities/render/internal/chart"
	"lossatlas/activities/render/internal/lattice"
	"lossatlas/activities/render/picture"
)

// levels are the values whose lines a contour figure draws, rising, and
// whether they are spaced, and the surface is interpolated, by the logarithm.
type levels struct {
	v   []float64
	log bool
	sym float64 // as of chart.Scale
}

// The levels of the paper's figures: 0.1, 0.6, … below 10. Figures that share levels can be compared by eye.
const (
	paperMin  = 0.1
	paperStep = 0.5
	paperMax  = 10
)

// chooseLevels returns the levels that the options ask for. Left to itself it takes the
// paper's levels where at least five of them and little else lie in the range [lo, hi] of the data,
// logarithmic ones where the range is wide, and else about n round values.
func chooseLevels(lo, hi float64, o picture.Options, n int) levels {
	switch {
	case o.Chosen() && o.Scale == picture.ScaleLog:
		return levels{v: logLevels(o.Min, o.Max, o.Step, n), log: true}
	case o.Chosen() && o.Scale == picture.ScaleSymlog:
		return symmetricLevels(o.Min, o.Max, n)
	case o.Chosen() && o.Step > 0:
		return levels{v: steps(o.Min, o.Max, o.Step)}
	case o.Chosen():
		v, _ := chart.RoundValues(o.Min, o.Max, n)
		return levels{v: v}
	case !(lo < hi): // constant or empty
		return levels{}
	case o.Scale == picture.ScaleLog && hi > 0:
		return levels{v: nearMinimum(lo, logLevels(picture.PositiveFloor(lo, hi), hi, 0, n)), log: true}
	case o.Scale == picture.ScaleAuto && hi <= 1.5*paperMax && hi >= paperMin+4*paperStep && lo < 1:
		return levels{v: steps(paperMin, min(hi, paperMax), paperStep)}
	case picture.IsSymmetric(lo, hi, o.Scale, true):
		return symmetricLevels(lo, hi, n)
	case o.Scale == picture.ScaleAuto && lo > 0 && hi/picture.PositiveFloor(lo, hi) > picture.WideSurface:
		return levels{v: nearMinimum(lo, logLevels(picture.PositiveFloor(lo, hi), hi, 0, n)), log: true}
	}
	v, step := chart.RoundValues(lo, hi, n)
	return levels{v: nearFloor(lo, step, v)}
}

// nearFloor puts a level before linear ones that begin at more than a third of their step above the lowest loss, at most as far above that
// as a quarter of the step, so that the basin has a line of its own.
func nearFloor(lo, step float64, v []float64) []float64 {
	if len(v) == 0 || v[0]-lo < step/3 {
		return v
	}
	fifth := step / 5
	x := math.Ceil((lo+0.05*step)/fifth) * fifth
	unit := math.Pow(10, float64(chart.Decimals(step)+1))
	if x = math.Round(x*unit) / unit; x > lo && x <= v[0]-fifth {
		return append([]float64{x}, v...)
	}
	return v
}

// nearMinimum puts a round level just above the lowest loss (1.05 to 1.4 times), if that is positive, before logarithmic ones that begin at
// more than 1.5 times it, so that the basin has a line of its own.
func nearMinimum(lo float64, v []float64) []float64 {
	if lo <= 0 || len(v) == 0 {
		return v
	}
	e := int(math.Floor(math.Log10(lo)))
	for _, m := range []float64{1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12} {
		if x := chart.Decimal(m, e); x >= 1.05*lo {
			if x <= v[0]/1.5 {
				return append([]float64{x}, v...)
			}
			return v
		}
	}
	return v
}

// crosses says whether a level lies in the range of the values.
func (l levels) crosses(f *lattice.Field) bool {
	return slices.ContainsFunc(l.v, func(v float64) bool { return v >= f.Lo && v <= f.Hi })
}

// ownLevels are a few levels of one panel, whose values lie between two of those that the panels of a sheet share.
func ownLevels(f *lattice.Field) levels {
	if !(f.Lo < f.Hi) {
		return levels{}
	}
	v, _ := chart.RoundValues(f.Lo, f.Hi, 4)
	return levels{v: v}
}

// endsBelow says whether values lie so far above the last level that another one would have room.
func (l levels) endsBelow(f *lattice.Field) bool {
	n := len(l.v)
	if n < 2 || f.Empty() {
		return false
	}
	last, before := l.v[n-1], l.v[n-2]
	if (l.log || l.sym > 0) && before > 0 {
		return f.Hi >= last*last/before
	}
	return f.Hi >= 2*last-before
}

// steps returns lo, lo+step, … up to hi, each rounded to the decimals that lo and step are written with.
func steps(lo, hi, step float64) []float64 {
	var v []float64
	unit := math.Pow(10, float64(max(chart.Decimals(step)+3, 6)))
	for k := 0; ; k++ {
		x := lo + float64(k)*step
		if x > hi+1e-9*step {
			return v
		}
		if r := math.Round(x*unit) / unit; math.Abs(r-x) <= 1e-9*step {
			x = r
		}
		v = append(v, x)
	}
}

// logLevels returns levels every step decades from lo; without a step, values 1, 2, 5 of each decade
// in [lo, hi]: more of a decade where there are few, only 1 (and 3) where that makes more than n.
func logLevels(lo, hi, step float64, n int) []float64 {
	if step > 0 {
		var v []float64
		for k := 0; ; k++ {
			x := lo * math.Pow(10, float64(k)*step)
			if x > hi*(1+1e-9) {
				return v
			}
			v = append(v, x)
		}
	}
	first := int(math.Floor(math.Log10(lo) + 1e-9))
	last := int(math.Floor(math.Log10(hi) + 1e-9))
	var v []float64
	for _, mantissas := range [][]float64{{1, 1.5, 2, 3, 4, 5, 6, 8}, {1, 2, 5}, {1, 3}, {1}} {
		v = v[:0]
		for e := first; e <= last; e++ {
			for _, m := range mantissas {
				if x := chart.Decimal(m, e); x >= lo*(1-1e-9) && x <= hi*(1+1e-9) {
					v = append(v, x)
				}
			}
		}
		if len(v) < 4 && hi > lo { // a fraction of a decade
			v, _ = chart.RoundValues(lo, hi, n)
			return v
		}
		if len(v) <= n {
			return v
		}
	}
	every := (len(v) + n - 1) / n
	var thin []float64
	for i := 0; i < len(v); i += every {
		thin = append(thin, v[i])
	}
	return thin
}

// on returns the field and the levels as the interpolation sees them: logarithms of both where
// the levels are logarithmic.
func (l levels) on(f *lattice.Field) (*lattice.Field, []float64) {
	v := make([]float64, len(l.v))
	switch {
	case l.sym > 0:
		for i, x := range l.v {
			v[i] = chart.Symlog(x, l.sym)
		}
		return f.Mapped(func(z float64) float64 { return chart.Symlog(z, l.sym) }), v
	case !l.log:
		return f, l.v
	}
	for i, x := range l.v {
		v[i] = math.Log10(x)
	}
	return f.Log10(), v
}
