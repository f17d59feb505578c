package picture

import "lossatlas/activities/render/internal/chart"

// symmetricFrom is the size of values from which on a scale that reaches 0 or below is symmetric logarithmic.
const symmetricFrom = 20

// IsSymmetric says that values from lo to hi are shown on a symmetric logarithmic scale: where that is asked for, or where a logarithmic
// one would be chosen if they were positive. A surface that touches 0 has one in any case, as it had a logarithmic one.
func IsSymmetric(lo, hi float64, kind string, surface bool) bool {
	size := max(hi, -lo)
	if kind == ScaleSymlog {
		return size > 0 && lo < hi
	}
	return kind == ScaleAuto && lo <= 0 && lo < hi && (size > symmetricFrom || surface && lo == 0)
}

// SymmetricScale is that scale, linear up to the floor of a logarithmic one.
func SymmetricScale(lo, hi float64) chart.Scale {
	return chart.Scale{Lo: lo, Hi: hi, Sym: PositiveFloor(0, max(hi, -lo))}
}

// SymmetricNote says so in a caption.
func SymmetricNote(c float64) string {
	return "symmetric logarithmic scale, linear within ±" + chart.Number(c)
}
