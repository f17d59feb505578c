package render

import (
	"slices"

	"lossatlas/activities/render/picture"
)

// symmetricLevels are about n levels of both signs, and 0 where it is inside.
func symmetricLevels(lo, hi float64, n int) levels {
	s := picture.SymmetricScale(lo, hi)
	l := levels{sym: s.Sym}
	sides := 1
	if lo < 0 && hi > 0 {
		sides = 2
	}
	if lo < 0 {
		for _, v := range logLevels(max(s.Sym, -hi), -lo, 0, n/sides) {
			l.v = append(l.v, -v)
		}
		slices.Reverse(l.v)
	}
	if lo < 0 && hi > 0 {
		l.v = append(l.v, 0)
	}
	if hi > 0 {
		l.v = append(l.v, logLevels(max(s.Sym, lo), hi, 0, n/sides)...)
	}
	return l
}
