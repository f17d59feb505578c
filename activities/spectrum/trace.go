package spectrum

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// Estimate is a trace with its standard error.
type Estimate struct {
	Mean     float64 `json:"mean"`
	Error    float64 `json:"error"`
	Products int     `json:"products"` // with the matrix
}

// HutchPP estimates the trace of a matrix A by Hutch++ (Meyer, Musco, Musco and Woodruff 2021, algorithm 1),
//
//	tr A ≈ tr(QᵀAQ) + (1/m) Σ gᵀ(I − QQᵀ)A(I − QQᵀ)g
//
// with Q an orthonormal basis of A times m random vectors, and m further ones g, all of entries ±1. Large eigenvalues, which
// make Hutchinson's estimate vary, are in the first term, which is exact. The error is the standard error of the second, 0 where Q spans the
// range of A. It takes 3m products, or as many as A has rows, and keeps m vectors. It returns ErrNotFinite, and the operator's own errors.
func HutchPP(ctx context.Context, op Operator, m int, seed uint64, progress func(products int)) (Estimate, error) {
	n := op.Dim()
	if m < 2 || n < 1 {
		return Estimate{}, fmt.Errorf("a trace by Hutch++ from %d random vectors, of a matrix of %d rows: take at least 2, and 1", m, n)
	}
	out, product := Estimate{}, make([]float64, n)
	times := func(v []float64) error {
		if err := op.Product(ctx, product, v); err != nil {
			return err
		}
		if s := floats.Sum(product); math.IsNaN(s) || math.IsInf(s, 0) {
			return ErrNotFinite
		}
		if out.Products++; progress != nil {
			progress(out.Products)
		}
		return nil
	}
	if n <= m { // the diagonal takes fewer products
		unit := make([]float64, n)
		for i := range unit {
			unit[i] = 1
			if err := times(unit); err != nil {
				return out, err
			}
			unit[i] = 0
			out.Mean += product[i]
		}
		return out, nil
	}
	var basis [][]float64
	for i := range m {
		if err := times(rademacher(n, seed, sketches+i)); err != nil {
			return out, err
		}
		q, size := append([]float64(nil), product...), floats.Norm(product, 2)
		for range 2 {
			project(q, basis)
		}
		if length := floats.Norm(q, 2); length > rounding*size {
			floats.Scale(1/length, q)
			basis = append(basis, q)
		}
	}
	for _, q := range basis {
		if err := times(q); err != nil {
			return out, err
		}
		out.Mean += floats.Dot(q, product)
	}
	rest := make([]float64, m)
	for i := range rest {
		g := rademacher(n, seed, i)
		project(g, basis)
		if err := times(g); err != nil {
			return out, err
		}
		rest[i] = floats.Dot(g, product)
	}
	mean, squares := floats.Sum(rest)/float64(m), 0.0
	for _, v := range rest {
		squares += (v - mean) * (v - mean)
	}
	out.Mean += mean
	out.Error = math.Sqrt(squares / float64(m-1) / float64(m))
	return out, nil
}

// sketches is the index of a sketch's first random vector; the vectors of the remainder, as of a density, count from 0.
const sketches = 1 << 20

// project takes the part of v in a subspace, of which basis is orthonormal, out of v.
func project(v []float64, basis [][]float64) {
	for _, q := range basis {
		floats.AddScaled(v, -floats.Dot(q, v), q)
	}
}
