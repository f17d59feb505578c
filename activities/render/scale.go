package render

import (
	"math"
	"strconv"
	"strings"
)

// scale maps values of [lo, hi] to [0, 1], linearly or by their logarithm.
type scale struct {
	lo, hi float64
	log    bool
}

// noScale has no value; with gives it some.
var noScale = scale{lo: math.Inf(1), hi: math.Inf(-1)}

// with is the scale reaching over lo and hi too.
func (s scale) with(lo, hi float64) scale {
	s.lo, s.hi = min(s.lo, lo), max(s.hi, hi)
	return s
}

// at returns the place of v; values outside the range give places outside [0,1].
func (s scale) at(v float64) float64 {
	if s.log {
		return (math.Log10(v) - math.Log10(s.lo)) / (math.Log10(s.hi) - math.Log10(s.lo))
	}
	return (v - s.lo) / (s.hi - s.lo)
}

// tick is a mark on an axis; minor ones have no label.
type tick struct {
	v     float64
	label text
	minor bool
}

// ticks returns about n labelled ticks inside the scale's range.
func (s scale) ticks(n int) []tick {
	if s.log {
		return s.logTicks(n)
	}
	values, step := roundValues(s.lo, s.hi, n)
	ticks := make([]tick, len(values))
	for i, v := range values {
		ticks[i] = tick{v: v, label: plain(fixedNumber(v, step))}
	}
	return ticks
}

// roundStep returns the smallest of 1, 2 and 5 times a power of ten of which a span holds at most n.
func roundStep(span float64, n int) float64 {
	raw := span / float64(max(n, 1))
	e := math.Floor(math.Log10(raw))
	for {
		for _, m := range []float64{1, 2, 5} {
			if step := decimal(m, int(e)); step >= raw*(1-1e-9) {
				return step
			}
		}
		e++
	}
}

// decimal returns m·10^e as the float64 nearest to it.
func decimal(m float64, e int) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(m, 'g', -1, 64)+"e"+strconv.Itoa(e), 64)
	if err != nil { // out of range: 0 or infinity, which callers bound
		return v
	}
	return v
}

// roundValues returns the multiples of a round step inside [lo, hi], at most n+1 of them, and the step.
func roundValues(lo, hi float64, n int) ([]float64, float64) {
	step := roundStep(hi-lo, n)
	slack := 1e-9 * step
	var values []float64
	for k := math.Ceil((lo - slack) / step); k*step <= hi+slack; k++ {
		// Rounding to the step's decimals keeps 3·0.1 from becoming 0.30000000000000004.
		v, err := strconv.ParseFloat(strconv.FormatFloat(k*step, 'f', decimals(step), 64), 64)
		if err != nil {
			v = k * step
		}
		values = append(values, v+0) // no negative zero
		if len(values) > 2*n+2 {
			break // lo and hi so close that the step vanishes beside them
		}
	}
	return values, step
}

// decimals is the number of digits after the point that multiples of step need.
func decimals(step float64) int {
	return max(0, -int(math.Floor(math.Log10(step)+1e-9)))
}

// fixedNumber writes v with as many decimals as its axis's step needs.
func fixedNumber(v, step float64) string {
	if a := max(math.Abs(v), step); a >= 1e6 || a < 1e-4 && step < 1e-5 {
		return number(v)
	}
	return strings.ReplaceAll(strconv.FormatFloat(v, 'f', decimals(step), 64), "-", "−")
}

// number writes v short: three significant digits, no trailing zeros, a real minus sign.
func number(v float64) string {
	s := strconv.FormatFloat(v, 'g', 3, 64)
	if a := math.Abs(v); a >= 1e-3 && a < 1e6 {
		r, err := strconv.ParseFloat(s, 64)
		if err == nil {
			s = strconv.FormatFloat(r, 'f', -1, 64)
		}
	}
	s = strings.NewReplacer("e+0", "e", "e+", "e", "e-0", "e-").Replace(s)
	return strings.ReplaceAll(s, "-", "−")
}

// decades returns the exponents of the powers of ten inside [lo, hi].
func (s scale) decades() (first, last int) {
	return int(math.Ceil(math.Log10(s.lo) - 1e-9)), int(math.Floor(math.Log10(s.hi) + 1e-9))
}

// logTicks labels powers of ten, every other or third one where there are many, and
// also 2 and 5 times them where there are few. The rest of 2 to 9 are minor. A range without
// any of these is labelled as a linear one.
func (s scale) logTicks(n int) []tick {
	first, last := s.decades()
	every := max(1, int(math.Ceil(float64(last-first+1)/float64(max(n, 1)))))
	fewer := 3*(math.Log10(s.hi)-math.Log10(s.lo)) <= float64(n+2)
	var ticks []tick
	labelled := false
	for e := first - 1; e <= last; e++ {
		for m := 1.0; m < 10; m++ {
			v := decimal(m, e)
			if v < s.lo*(1-1e-9) || v > s.hi*(1+1e-9) {
				continue
			}
			t := tick{v: v, minor: true}
			switch {
			case m == 1 && (e-first)%every == 0:
				t = tick{v: v, label: logNumber(e, first, last)}
			case fewer && (m == 2 || m == 5):
				t = tick{v: v, label: plain(number(v))}
			case every > 1 && m > 1:
				continue
			}
			labelled = labelled || !t.minor
			ticks = append(ticks, t)
		}
	}
	if !labelled {
		return scale{lo: s.lo, hi: s.hi}.ticks(max(n, 4))
	}
	return ticks
}

// logNumber writes 10^e in full on an axis that stays near 1, and as a power elsewhere.
func logNumber(e, first, last int) text {
	if first >= -3 && last <= 3 {
		return plain(number(decimal(1, e)))
	}
	return power(e)
}
