package picture

import (
	"math"

	"lossatlas/activities/render/internal/chart"
)

// WideSurface is the ratio of the largest to the smallest loss from which on a surface is logarithmic.
const WideSurface = 50

// LossScale is the scale for losses over a plane from lo to hi (lo > hi without losses), which are shown without levels: logarithmic where the
// range is wide, symmetric logarithmic where it also touches or crosses 0, up to Cut or from Min to Max where the options say so.
func (o Options) LossScale(lo, hi float64) chart.Scale {
	if o.Chosen() {
		lo, hi = o.Min, o.Max
	} else if o.Cut > 0 && hi > o.Cut {
		hi = o.Cut
	}
	switch {
	case lo > hi && hi == o.Cut && o.Cut > 0: // cut below everything
		lo = 0
	case lo > hi: // empty
		return chart.Scale{Lo: 0, Hi: 1}
	case lo == hi:
		room := max(0.1*math.Abs(hi), 0.1)
		return chart.Scale{Lo: lo - room, Hi: hi + room}
	}
	floor := PositiveFloor(lo, hi)
	if o.Chosen() {
		floor = max(lo, hi*1e-12)
	}
	if IsSymmetric(lo, hi, o.Scale, true) {
		return SymmetricScale(lo, hi)
	}
	wide := o.Scale == ScaleAuto && hi > 0 && lo >= 0 && hi/floor > WideSurface
	if (o.Scale == ScaleLog || wide) && hi > 0 && floor < hi {
		return chart.Scale{Lo: floor, Hi: hi, Log: true}
	}
	return chart.Scale{Lo: lo, Hi: hi}
}
