package refine

import "math"

// fit is how large the errors of held-out values near a target are for a kernel, as weighted sums.
type fit struct{ squares, logs, weight float64 }

func (f *fit) add(h heldOut, k int, weight float64) {
	if u, sd := h.unit[k], h.sd[k]; isFinite(u) && isFinite(sd) && sd > 0 {
		f.squares += float64(weight * float64(u*u))
		f.logs += float64(weight * math.Log(sd))
		f.weight += weight
	}
}

// scale is the errors' root mean square in standard deviations. It tells the smooth basin from the chaotic part.
func (f fit) scale() float64 { return math.Sqrt(f.squares / f.weight) }

// sd is the geometric mean of the standard deviations. The product of both is, up to a constant, the inverse of the geometric mean of
// the errors' densities, so that its smallest value belongs to the kernel under which they are most likely (Sundararajan and Keerthi 2001).
func (f fit) sd() float64 { return math.Exp(f.logs / f.weight) }

// extrapolate is the error at a target of standard deviation sd. A function that is rougher at small distances than the kernel, as
// losses of few images are by the bends of their ReLUs, has more standard deviations of error in narrow holes than in wide ones. Its errors
// then fall from hole to hole as sd^(1 − g), and are taken to go on so down to the target, where the holes are still smaller.
func extrapolate(narrow, wide fit, sd float64) float64 {
	scale := narrow.scale()
	shrinks := narrow.sd() / sd
	if wide.weight == 0 || shrinks <= 1 || scale <= wide.scale() || wide.sd() <= narrow.sd() {
		return scale * sd
	}
	g := math.Min(1, math.Log(scale/wide.scale())/math.Log(wide.sd()/narrow.sd()))
	return scale * sd * math.Exp(g*math.Log(shrinks))
}
