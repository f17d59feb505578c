package spectrum

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
)

// Quadrature is the estimate of a spectrum from one random vector v: weights on nodes
// such that Σ weight·f(node) approximates vᵀf(H)v/‖v‖², exactly for polynomials
// of degree below twice the number of nodes. Weights are positive and add up to 1.
type Quadrature struct {
	Nodes   []float64 // ascending
	Weights []float64
}

// Density approximates the density of the eigenvalues of a matrix by stochastic
// Lanczos quadrature: the mean of the quadratures of several random vectors
// (Ubaru, Chen and Saad 2017; Ghorbani, Krishnan and Xiao 2019).
type Density struct {
	Dim    int // rows of the matrix
	Probes []Quadrature
}

// ProbeOptions of Probe, Trace and Lanczos quadrature.
type ProbeOptions struct {
	// Steps of Lanczos' method, each a product with the matrix and a vector in
	// memory: at most that many nodes. There are fewer when the subspace is
	// exhausted before.
	Steps int
	// Seed chooses the random vectors.
	Seed uint64
	// Progress is called after each product.
	Progress func(products int)
}

// Probe computes the quadrature of the random vector with an index, whose
// entries are ±1 with equal probability, by Lanczos' method with full
// reorthogonalisation. It returns ErrNotFinite, and the operator's own errors.
// Equal matrices, options and indices give equal bits.
func Probe(ctx context.Context, op Operator, index int, opt ProbeOptions) (Quadrature, error) {
	n := op.Dim()
	if n < 1 || opt.Steps < 1 {
		return Quadrature{}, fmt.Errorf("%d Lanczos steps with a matrix of %d rows: both must be at least 1", opt.Steps, n)
	}
	start := rademacher(n, opt.Seed, index)
	steps := min(opt.Steps, n)
	k := newKrylov(n, Options{Basis: steps, Start: start, pure: true})
	for products := 1; ; products++ {
		if err := k.extend(ctx, op); err != nil {
			return Quadrature{}, fmt.Errorf("product %d: %w", products, err)
		}
		if opt.Progress != nil {
			opt.Progress(products)
		}
		size := 0.0
		for i := range k.size {
			size = max(size, math.Abs(k.t.At(i, i)), math.Abs(k.t.At(i, k.size-1)))
		}
		if k.size == steps || k.next <= rounding*size {
			break
		}
		k.advance()
	}
	if err := k.solve(); err != nil {
		return Quadrature{}, err
	}
	q := Quadrature{Nodes: k.values, Weights: make([]float64, k.size)}
	for i := range q.Weights {
		first := k.vectors.At(0, i)
		q.Weights[i] = first * first
	}
	return q, nil
}

// rademacher is the random vector with an index: entries ±1.
func rademacher(n int, seed uint64, index int) []float64 {
	rng := rand.New(rand.NewPCG(seed, 0x70726f6265<<24+uint64(index)))
	v := make([]float64, n)
	var bits uint64
	for i := range v {
		if i%64 == 0 {
			bits = rng.Uint64()
		}
		v[i] = float64(2*int(bits&1) - 1)
		bits >>= 1
	}
	return v
}

// Trace estimates the trace of a matrix by Hutchinson's method: the mean of
// vᵀHv over random vectors v of entries ±1, one product each, with the standard
// error of that mean (NaN for a single vector).
func Trace(ctx context.Context, op Operator, probes int, seed uint64) (mean, deviation float64, err error) {
	if probes < 1 {
		return 0, 0, errors.New("a trace from no random vector: take at least 1")
	}
	d := Density{Dim: op.Dim()}
	for i := range probes {
		q, err := Probe(ctx, op, i, ProbeOptions{Steps: 1, Seed: seed})
		if err != nil {
			return 0, 0, fmt.Errorf("random vector %d: %w", i, err)
		}
		d.Probes = append(d.Probes, q)
	}
	mean, deviation = d.Trace()
	return mean, deviation, nil
}

// Trace is Hutchinson's estimate of the trace from the density's random
// vectors, with its standard error: the first moment of a quadrature is vᵀHv/n,
// however many steps it has.
func (d Density) Trace() (mean, deviation float64) {
	mean, deviation = d.Moment(1)
	return mean * float64(d.Dim), deviation * float64(d.Dim)
}

// Moment estimates tr(Hᵏ)/n, the mean of the k-th powers of all eigenvalues,
// with the standard error over the random vectors (NaN for a single one).
func (d Density) Moment(k int) (mean, deviation float64) {
	values := make([]float64, len(d.Probes))
	for i, q := range d.Probes {
		for j, x := range q.Nodes {
			values[i] += q.Weights[j] * math.Pow(x, float64(k))
		}
		mean += values[i] / float64(len(values))
	}
	for _, v := range values {
		deviation += (v - mean) * (v - mean)
	}
	count := float64(len(values))
	return mean, math.Sqrt(deviation / (count - 1) / count)
}

// Range is the smallest and the largest node.
func (d Density) Range() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, q := range d.Probes {
		low, high = min(low, floats.Min(q.Nodes)), max(high, floats.Max(q.Nodes))
	}
	return low, high
}

// At evaluates the density at each x, every node broadened to a Gaussian of
// standard deviation sigma: the density's integral is 1.
func (d Density) At(xs []float64, sigma float64) []float64 {
	out := make([]float64, len(xs))
	scale := 1 / (float64(len(d.Probes)) * sigma * math.Sqrt(2*math.Pi))
	for _, q := range d.Probes {
		for j, node := range q.Nodes {
			for i, x := range xs {
				z := (x - node) / sigma
				out[i] += q.Weights[j] * scale * math.Exp(-z*z/2)
			}
		}
	}
	return out
}
