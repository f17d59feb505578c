package spectrum

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// Options of Extremes and Top. Zero values stand for the defaults.
type Options struct {
	// Tolerance is the residual allowed to each eigenvalue, relative to its own
	// size. Default: 1e-3. The error of an eigenvalue is of the order of
	// residual²/gap, so far smaller where it stands apart from the others.
	Tolerance float64
	// Noise is the precision of the products relative to the largest eigenvalue
	// in size: residuals are not asked to be below it. Default: 1e-6, for
	// products in float32.
	Noise float64
	// MaxProducts bounds the products. Default: 500.
	MaxProducts int
	// Basis is how many vectors are kept; a full basis is restarted. The default
	// is the number that fits into 1 GiB, from 24 to 64.
	Basis int
	// Seed chooses the random vector to start from.
	Seed uint64
	// Start is the vector to start from, if not nil: for instance the sum of both
	// eigenvectors of a matrix nearby. A little of the random vector is added,
	// because a subspace without the wanted eigenvectors would never find them.
	Start []float64
	// Vectors keeps the eigenvectors of BothEnds; Top and Extremes always have theirs.
	Vectors bool
	// Progress is called after each product with the largest of the wanted
	// residuals, as a multiple of the tolerance.
	Progress func(products int, residual float64)
	// pure takes Start unchanged, without the random vector.
	pure bool
}

const (
	basisBytes = 1 << 30
	minBasis   = 24
	maxBasis   = 64
	leastBasis = 16 // smaller values of Basis are raised to it
	// stray is the share of the random vector in a given start.
	stray = 0.05
)

// resolve fills in the defaults for n rows.
func (o Options) resolve(n int) (Options, error) {
	if n < 1 {
		return o, fmt.Errorf("the spectrum of a matrix of %d rows", n)
	}
	if o.Start != nil && len(o.Start) != n {
		return o, fmt.Errorf("a start of %d numbers for a matrix of %d rows", len(o.Start), n)
	}
	if o.Tolerance < 0 || o.Noise < 0 || o.MaxProducts < 0 || o.Basis < 0 || math.IsNaN(o.Tolerance) || math.IsNaN(o.Noise) {
		return o, fmt.Errorf("tolerance %g, noise %g, %d products, a basis of %d: none may be negative", o.Tolerance, o.Noise, o.MaxProducts, o.Basis)
	}
	if o.Tolerance == 0 {
		o.Tolerance = 1e-3
	}
	if o.Noise == 0 {
		o.Noise = 1e-6
	}
	if o.MaxProducts == 0 {
		o.MaxProducts = 500
	}
	if o.Basis == 0 {
		o.Basis = min(max(basisBytes/8/n, minBasis), maxBasis)
	}
	// Smaller ones leave a restart too little of either end.
	o.Basis = max(o.Basis, leastBasis)
	return o, nil
}

// allowed is the residual that the tolerance allows eigenvalue i of those found.
func (o Options) allowed(values []float64, i int) float64 {
	size := max(math.Abs(values[0]), math.Abs(values[len(values)-1]))
	return max(o.Tolerance*math.Abs(values[i]), o.Noise*size)
}

// start is the first vector of the basis.
func (o Options) start(n int) []float64 {
	if o.pure {
		v := slices.Clone(o.Start)
		floats.Scale(1/floats.Norm(v, 2), v)
		return v
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0x6c616e637a6f73))
	v := make([]float64, n)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	if length := floats.Norm(o.Start, 2); length > 0 && !math.IsInf(length, 0) {
		floats.Scale(stray/floats.Norm(v, 2), v)
		floats.AddScaled(v, 1/length, o.Start)
	}
	floats.Scale(1/floats.Norm(v, 2), v)
	return v
}
