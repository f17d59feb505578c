package chart

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"lossatlas/activities/render/internal/canvas"
)

// Scale maps values of [lo, hi] to [0, 1], linearly, by their logarithm, or with Sym > 0 by their symmetric logarithm, which is linear
// near ±Sym and below.
type Scale struct {
	Lo, Hi float64
	Log    bool
	Sym    float64
}

// Symlog is sgn(v)·log₁₀(1 + |v|/c): the symmetric logarithm of v, for values of both signs and 0.
func Symlog(v, c float64) float64 { return math.Copysign(math.Log10(1+math.Abs(v)/c), v) }

// NoScale has no value; with gives it some.
var NoScale = Scale{Lo: math.Inf(1), Hi: math.Inf(-1)}

// With is the scale reaching over lo and hi too.
func (s Scale) With(lo, hi float64) Scale {
	s.Lo, s.Hi = min(s.Lo, lo), max(s.Hi, hi)
	return s
}

// At returns the place of v; values outside the range give places outside [0,1].
func (s Scale) At(v float64) float64 {
	if s.Log {
		return (math.Log10(v) - math.Log10(s.Lo)) / (math.Log10(s.Hi) - math.Log10(s.Lo))
	}
	if s.Sym > 0 {
		lo := Symlog(s.Lo, s.Sym)
		return (Symlog(v, s.Sym) - lo) / (Symlog(s.Hi, s.Sym) - lo)
	}
	return (v - s.Lo) / (s.Hi - s.Lo)
}

// Tick is a mark on an axis; minor ones have no label.
type Tick struct {
	V     float64
	Label canvas.Text
	Minor bool
}

// Ticks returns about n labelled ticks inside the scale's range.
func (s Scale) Ticks(n int) []Tick {
	if s.Log {
		return s.logTicks(n)
	}
	if s.Sym > 0 {
		return s.symTicks(n)
	}
	values, step := RoundValues(s.Lo, s.Hi, n)
	ticks := make([]Tick, len(values))
	for i, v := range values {
		ticks[i] = Tick{V: v, Label: canvas.Plain(fixedNumber(v, step))}
	}
	return ticks
}

// RoundStep returns the smallest of 1, 2 and 5 times a power of ten of which a span holds at most n.
func RoundStep(span float64, n int) float64 {
	raw := span / float64(max(n, 1))
	e := math.Floor(math.Log10(raw))
	for {
		for _, m := range []float64{1, 2, 5} {
			if step := Decimal(m, int(e)); step >= raw*(1-1e-9) {
				return step
			}
		}
		e++
	}
}

// Decimal returns m·10^e as the float64 nearest to it.
func Decimal(m float64, e int) float64 {
	v, err := strconv.ParseFloat(strconv.FormatFloat(m, 'g', -1, 64)+"e"+strconv.Itoa(e), 64)
	if err != nil { // out of range: 0 or infinity, which callers bound
		return v
	}
	return v
}

// RoundValues returns the multiples of a round step inside [lo, hi], at most n+1 of them, and the step.
func RoundValues(lo, hi float64, n int) ([]float64, float64) {
	step := RoundStep(hi-lo, n)
	slack := 1e-9 * step
	var values []float64
	for k := math.Ceil((lo - slack) / step); k*step <= hi+slack; k++ {
		// Rounding to the step's decimals keeps 3·0.1 from becoming 0.30000000000000004.
		v, err := strconv.ParseFloat(strconv.FormatFloat(k*step, 'f', Decimals(step), 64), 64)
		if err != nil {
			v = k * step
		}
		values = append(values, v+0) // no negative zero
		if len(values) > 2*n+2 {
			break // lo and hi so close that the step vanishes in rounding
		}
	}
	return values, step
}

// Decimals is the number of digits after the point that multiples of step need.
func Decimals(step float64) int {
	return max(0, -int(math.Floor(math.Log10(step)+1e-9)))
}

// fixedNumber writes v with as many decimals as its axis's step needs.
func fixedNumber(v, step float64) string {
	if a := max(math.Abs(v), step); a >= 1e6 || a < 1e-4 && step < 1e-5 {
		return Number(v)
	}
	return strings.ReplaceAll(strconv.FormatFloat(v, 'f', Decimals(step), 64), "-", "−")
}

// Number writes v short: three significant digits, no trailing zeros, a real minus sign.
func Number(v float64) string { return digits(v, 3) }

// Numbers writes ascending values with as few digits as distinguish them, three at least.
func Numbers(values []float64) []string {
	for n := 3; ; n++ {
		out := make([]string, len(values))
		for i, v := range values {
			out[i] = digits(v, n)
		}
		if n > 8 || len(slices.Compact(slices.Clone(out))) == len(out) {
			return out
		}
	}
}

func digits(v float64, n int) string {
	s := strconv.FormatFloat(v, 'g', n, 64)
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
func (s Scale) decades() (first, last int) {
	return int(math.Ceil(math.Log10(s.Lo) - 1e-9)), int(math.Floor(math.Log10(s.Hi) + 1e-9))
}

// logTicks labels powers of ten, every other or third one where there are many, and
// also 2 and 5 times them where there are few. The rest of 2 to 9 are minor. A range without
// any of these is labelled as a linear one.
func (s Scale) logTicks(n int) []Tick {
	first, last := s.decades()
	every := max(1, int(math.Ceil(float64(last-first+1)/float64(max(n, 1)))))
	fewer := 3*(math.Log10(s.Hi)-math.Log10(s.Lo)) <= float64(n+2)
	var ticks []Tick
	labelled := false
	for e := first - 1; e <= last; e++ {
		for m := 1.0; m < 10; m++ {
			v := Decimal(m, e)
			if v < s.Lo*(1-1e-9) || v > s.Hi*(1+1e-9) {
				continue
			}
			t := Tick{V: v, Minor: true}
			switch {
			case m == 1 && (e-first)%every == 0:
				t = Tick{V: v, Label: logNumber(e, first, last)}
			case fewer && (m == 2 || m == 5):
				t = Tick{V: v, Label: canvas.Plain(Number(v))}
			case every > 1 && m > 1:
				continue
			}
			labelled = labelled || !t.Minor
			ticks = append(ticks, t)
		}
	}
	if !labelled {
		return Scale{Lo: s.Lo, Hi: s.Hi}.Ticks(max(n, 4))
	}
	return ticks
}

// symTicks labels 0 and powers of ten from Sym on, of both signs, every other or third one where there are many.
func (s Scale) symTicks(n int) []Tick {
	first := int(math.Ceil(math.Log10(s.Sym) - 1e-9))
	last := int(math.Floor(math.Log10(max(s.Hi, -s.Lo, s.Sym)) + 1e-9))
	sides := 1
	if s.Lo < 0 && s.Hi > 0 {
		sides = 2
	}
	every := max(1, int(math.Ceil(float64(sides*(last-first+1))/float64(max(n-1, 1)))))
	var ticks []Tick
	add := func(v float64, label canvas.Text) {
		beside := math.Abs(s.At(v)-s.At(0)) < 0.5/float64(max(n, 1)) // the label of 0
		if v >= s.Lo && v <= s.Hi && (v == 0 || !beside) {
			ticks = append(ticks, Tick{V: v, Label: label})
		}
	}
	for e := last; e >= first; e -= every {
		label := logNumber(e, first, last)
		label.Runs = slices.Clone(label.Runs)
		label.Runs[0].S = "−" + label.Runs[0].S
		add(-Decimal(1, e), label)
	}
	add(0, canvas.Plain("0"))
	for e := last; e >= first; e -= every {
		add(Decimal(1, e), logNumber(e, first, last))
	}
	slices.SortFunc(ticks, func(a, b Tick) int { return cmp.Compare(a.V, b.V) })
	return ticks
}

// logNumber writes 10^e in full on an axis that stays near 1, and as a power elsewhere.
func logNumber(e, first, last int) canvas.Text {
	if first >= -3 && last <= 3 {
		return canvas.Plain(Number(Decimal(1, e)))
	}
	return canvas.Power(e)
}
