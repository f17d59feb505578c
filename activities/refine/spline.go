package refine

import (
	"math"
	"slices"
)

// A kernel is the polyharmonic spline of r^power with a polynomial tail: the interpolant of scattered values that is
// smoothest in its seminorm (Duchon 1977). It is also the best linear unbiased prediction of a random field with
// the generalized covariance sign·r^power (Matheron 1973), whose standard deviation is known up to a factor.
type kernel struct {
	power  int
	degree int // of the polynomial
	sign   float64
}

// kernels go from rough to smooth functions: steps and bends, then basins. The last is white noise: known values
// tell no more than their mean.
var (
	kernels       = [...]kernel{{1, 0, -1}, {3, 1, 1}, {5, 2, -1}, {}}
	smoothKernels = kernels[:3]
	ratioKernels  = kernels[:]
)

const countKernels = len(kernels)

func (k kernel) covariance(r2 float64) float64 {
	v := k.sign * math.Sqrt(r2)
	for range k.power / 2 {
		v *= r2
	}
	return v
}

// point is a place in the unit square; a line has y = 0.
type point struct{ x, y float64 }

func (p point) distance2(q point) float64 {
	dx, dy := p.x-q.x, p.y-q.y
	return float64(dx*dx) + float64(dy*dy)
}

// tail appends the monomials of the kernel's polynomial at p.
func (k kernel) tail(p point, line bool, to []float64) []float64 {
	switch to = append(to, 1); {
	case line && k.degree >= 1:
		to = append(to, p.x)
	case k.degree >= 1:
		to = append(to, p.x, p.y)
	}
	switch {
	case line && k.degree >= 2:
		to = append(to, p.x*p.x)
	case k.degree >= 2:
		to = append(to, p.x*p.x, p.x*p.y, p.y*p.y)
	}
	return to
}

// solver makes the linear system of a prediction; its memory is used again by the next.
type solver struct {
	line            bool
	matrix, b, tail []float64
	at              []point
}

// weights are the values' weights in the prediction at the target, and the prediction's standard
// deviation for a field of unit scale. ok is false where the points do not determine the kernel's polynomial.
// The weights are valid until the next call.
func (s *solver) weights(k kernel, target point, points []point) (w []float64, sd float64, ok bool) {
	if k.power == 0 && len(points) > 0 {
		share := 1 / float64(len(points))
		s.b = append(s.b[:0], slices.Repeat([]float64{share}, len(points))...)
		return s.b, math.Sqrt(1 + share), true
	}
	radius := 0.0 // the unit of distances, which keeps the matrix well conditioned
	for _, p := range points {
		radius = math.Max(radius, math.Sqrt(p.distance2(target)))
	}
	s.at = s.at[:0]
	for _, p := range points {
		s.at = append(s.at, point{(p.x - target.x) / radius, (p.y - target.y) / radius})
	}
	origin := k.tail(point{}, s.line, nil)
	n := len(points)
	if n <= len(origin) || radius == 0 {
		return nil, 0, false
	}
	right := s.system(k, origin)
	copy(s.b, right)
	if !solve(s.matrix, s.b) {
		return nil, 0, false
	}
	variance := 0.0
	for i, v := range right {
		variance -= float64(v * s.b[i])
	}
	for range k.power {
		variance *= radius
	}
	return s.b[:n], math.Sqrt(math.Max(variance, 0)), true
}

// system fills the matrix [Φ P; Pᵀ 0] and returns the right side, which is that of the origin.
func (s *solver) system(k kernel, origin []float64) (right []float64) {
	n := len(s.at)
	size := n + len(origin)
	if cap(s.b) < size {
		s.matrix, s.b = make([]float64, size*size), make([]float64, size)
	}
	s.matrix, s.b = s.matrix[:size*size], s.b[:size]
	clear(s.matrix)
	right = make([]float64, n, size)
	for i, p := range s.at {
		for j, q := range s.at[:i] {
			v := k.covariance(p.distance2(q))
			s.matrix[i*size+j], s.matrix[j*size+i] = v, v
		}
		right[i] = k.covariance(p.distance2(point{}))
		s.tail = k.tail(p, s.line, s.tail[:0])
		for j, v := range s.tail {
			s.matrix[i*size+n+j], s.matrix[(n+j)*size+i] = v, v
		}
	}
	return append(right, origin...)
}

// singular is the pivot below which a system counts as singular; its entries are of order 1.
const singular = 1e-13

// solve replaces b by the solution x of a·x = b, by elimination with partial pivoting. It destroys a.
func solve(a, b []float64) bool {
	n := len(b)
	for c := range n {
		best := c
		for r := c + 1; r < n; r++ {
			if math.Abs(a[r*n+c]) > math.Abs(a[best*n+c]) {
				best = r
			}
		}
		row, pivot := a[c*n:c*n+n], a[best*n+c]
		if math.Abs(pivot) < singular {
			return false
		}
		if best != c {
			for j, v := range a[best*n : best*n+n] {
				row[j], a[best*n+j] = v, row[j]
			}
			b[c], b[best] = b[best], b[c]
		}
		for r := c + 1; r < n; r++ {
			to := a[r*n : r*n+n]
			f := to[c] / pivot
			if f == 0 {
				continue
			}
			for j := c; j < n; j++ {
				to[j] -= float64(f * row[j])
			}
			b[r] -= float64(f * b[c])
		}
	}
	for r := n - 1; r >= 0; r-- {
		for j := r + 1; j < n; j++ {
			b[r] -= float64(a[r*n+j] * b[j])
		}
		b[r] /= a[r*n+r]
	}
	return true
}
