package spectrum

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// Operator is a symmetric matrix.
type Operator interface {
	// Dim is the number of its rows.
	Dim() int
	// Product puts the matrix times v into dst, which is another slice. It leaves v unchanged.
	Product(ctx context.Context, dst, v []float64) error
}

// Pair is an approximate eigenvalue λ and its eigenvector v of length 1.
type Pair struct {
	Value float64
	// Residual is ‖Hv − λv‖: an eigenvalue of the matrix lies no farther from Value than that.
	Residual float64
	Vector   []float64
}

// Ends are the two ends of a spectrum.
type Ends struct {
	Min, Max Pair
	// Near is the Start for a matrix near this one: the sum of the two outermost Ritz vectors of each end. With the
	// outermost alone, a start of an eigenvalue that the second has overtaken would be orthogonal to the new extreme, and the
	// old one would pass for it. With both, overtaking by more than twice the tolerance shows in the residual.
	Near      []float64
	Products  int  // with the matrix
	Converged bool // whether both residuals keep to the tolerance
}

// ErrNotFinite says that a product held an infinity or NaN: there is no spectrum.
var ErrNotFinite = errors.New("the matrix times a vector is not finite")

// Extremes computes the smallest and the largest eigenvalue of a matrix, each
// to its own tolerance. When the products that Options allow do not suffice it
// returns the results so far, with their residuals and Converged false. It returns
// ErrNotFinite, and the operator's own errors.
//
// Equal matrices and options give equal bits.
func Extremes(ctx context.Context, op Operator, opt Options) (Ends, error) {
	found, err := lanczos(ctx, op, opt, 1, 1)
	if err != nil {
		return Ends{}, err
	}
	last := found.size - 1
	ends := Ends{Min: found.pair(0), Max: found.pair(last), Products: found.products, Converged: found.converged}
	ends.Near = found.ritz(0, min(1, last), max(last-1, 0), last)
	return ends, nil
}

// Leading are the eigenpairs at the upper end of a spectrum.
type Leading struct {
	Pairs     []Pair // the largest eigenvalue first
	Products  int
	Converged bool // whether all residuals keep to the tolerance
}

// Top computes the count algebraically largest eigenvalues of a matrix and
// their eigenvectors, fewer if it has fewer rows; large negative eigenvalues
// are none of them. The sign of an eigenvector is such that its entry of
// largest magnitude is positive. Like Extremes it returns its current values when the
// products do not suffice. An eigenvalue of several eigenvectors appears once:
// one Krylov subspace holds one of them.
func Top(ctx context.Context, op Operator, count int, opt Options) (Leading, error) {
	if count < 1 {
		return Leading{}, fmt.Errorf("the %d largest eigenvalues: ask for at least 1", count)
	}
	found, err := lanczos(ctx, op, opt, 0, min(count, max(op.Dim(), 1)))
	if err != nil {
		return Leading{}, err
	}
	out := Leading{Products: found.products, Converged: found.converged}
	for i := range min(count, found.size) {
		p := found.pair(found.size - 1 - i)
		orient(p.Vector)
		out.Pairs = append(out.Pairs, p)
	}
	return out, nil
}

// Outer are the eigenpairs at both ends of a spectrum, each from the outside in.
type Outer struct {
	Smallest, Largest []Value
	// Vectors are the eigenvectors of Smallest and then of Largest where Options.Vectors asks for them, of length 1, the entry of largest magnitude positive.
	Vectors   [][]float64
	Products  int
	Converged bool // whether all residuals keep to the tolerance
}

// Value is an approximate eigenvalue λ with its residual ‖Hv − λv‖, as of Pair.
type Value struct {
	Value    float64 `json:"value"`
	Residual float64 `json:"residual"`
}

// BothEnds computes the low smallest and the high largest eigenvalues of a matrix, of its rows at most each. Like Extremes it
// returns the results so far when the products do not suffice, and like Top it returns a multiple eigenvalue once.
func BothEnds(ctx context.Context, op Operator, low, high int, opt Options) (Outer, error) {
	if low < 1 || high < 1 {
		return Outer{}, fmt.Errorf("the %d smallest and %d largest eigenvalues: ask for at least 1 of each", low, high)
	}
	rows := max(op.Dim(), 1)
	found, err := lanczos(ctx, op, opt, min(low, rows), min(high, rows))
	if err != nil {
		return Outer{}, err
	}
	out := Outer{Products: found.products, Converged: found.converged}
	for i := range min(low, found.size) {
		out.Smallest = append(out.Smallest, Value{found.values[i], found.residual(i)})
		out.keep(found, i, opt)
	}
	for i := range min(high, found.size) {
		last := found.size - 1 - i
		out.Largest = append(out.Largest, Value{found.values[last], found.residual(last)})
		out.keep(found, last, opt)
	}
	return out, nil
}

// keep adds the eigenvector of Ritz pair i, if vectors are asked for.
func (o *Outer) keep(found subspace, i int, opt Options) {
	if opt.Vectors {
		v := found.ritz(i)
		orient(v)
		o.Vectors = append(o.Vectors, v)
	}
}

// orient makes the entry of largest magnitude positive.
func orient(v []float64) {
	most := 0
	for i, x := range v {
		if math.Abs(x) > math.Abs(v[most]) {
			most = i
		}
	}
	if v[most] < 0 {
		floats.Scale(-1, v)
	}
}

// subspace is a Krylov subspace in which the wanted eigenvectors were sought.
type subspace struct {
	*krylov
	products  int
	converged bool
}

// pair is Ritz pair i, in ascending order.
func (s subspace) pair(i int) Pair { return Pair{s.values[i], s.residual(i), s.ritz(i)} }

// lanczos extends and restarts a Krylov subspace until the low smallest and
// high largest Ritz pairs keep to the tolerance.
func lanczos(ctx context.Context, op Operator, opt Options, low, high int) (subspace, error) {
	opt, err := opt.resolve(op.Dim())
	if err != nil {
		return subspace{}, err
	}
	opt.Basis = max(opt.Basis, 4*(low+high)) // a restart keeps half: the wanted vectors, and as many others
	k := newKrylov(op.Dim(), opt)
	for products := 1; ; products++ {
		if err := k.extend(ctx, op); err != nil {
			return subspace{}, fmt.Errorf("product %d: %w", products, err)
		}
		if err := k.solve(); err != nil {
			return subspace{}, err
		}
		worst := k.worst(opt, low, high)
		// A subspace that the matrix maps into itself holds all that the start
		// leads to: with a random start, every eigenvalue once.
		size := max(math.Abs(k.values[0]), math.Abs(k.values[k.size-1]))
		invariant := k.next <= rounding*size
		if opt.Progress != nil {
			opt.Progress(products, worst)
		}
		// One vector alone says nothing of an end.
		converged := worst <= 1 && k.size >= max(low+high, 2) || invariant || k.size == op.Dim()
		if converged || products == opt.MaxProducts {
			return subspace{k, products, converged}, nil
		}
		if k.size == opt.Basis {
			k.restart(low, high)
		}
		k.advance()
	}
}

// worst is the largest residual of the wanted Ritz pairs, as a multiple of the tolerance.
func (k *krylov) worst(opt Options, low, high int) float64 {
	worst := 0.0
	for i := range k.size {
		if i < low || i >= k.size-high {
			// A residual of zero is allowed even where the eigenvalue is zero.
			if r := k.residual(i); r > 0 {
				worst = max(worst, r/opt.allowed(k.values, i))
			}
		}
	}
	return worst
}

// rounding is a residual, relative to the eigenvalue, that is zero but for rounding.
const rounding = 1e-13

// krylov is an orthonormal basis Q of a Krylov subspace, with
//
//	H·Q = Q·T + next·q·eᵀ
//
// where T is symmetric, q the residual direction of length 1, and e the last unit vector.
type krylov struct {
	size     int         // vectors in Q
	basis    [][]float64 // those, then q
	t        *mat.SymDense
	residue  []float64 // next·q
	next     float64
	values   []float64 // eigenvalues of T, ascending
	vectors  mat.Dense // and eigenvectors
	overlaps []float64
}

func newKrylov(n int, opt Options) *krylov {
	return &krylov{
		size: 1, basis: [][]float64{opt.start(n)}, t: mat.NewSymDense(opt.Basis, nil),
		residue: make([]float64, n), overlaps: make([]float64, opt.Basis),
	}
}

// extend multiplies the newest vector of the basis, which gives the newest
// column of T and the next residual. Orthogonalising twice against all of the
// basis makes it orthogonal to working precision.
func (k *krylov) extend(ctx context.Context, op Operator) error {
	newest := k.size - 1
	w := k.residue
	if err := op.Product(ctx, w, k.basis[newest]); err != nil {
		return err
	}
	if s := floats.Sum(w); math.IsNaN(s) || math.IsInf(s, 0) {
		return ErrNotFinite
	}
	column := k.overlaps[:k.size]
	clear(column)
	for range 2 {
		for i, q := range k.basis[:k.size] {
			overlap := floats.Dot(q, w)
			floats.AddScaled(w, -overlap, q)
			column[i] += overlap
		}
	}
	for i, v := range column {
		k.t.SetSym(i, newest, v)
	}
	k.next = floats.Norm(w, 2)
	return nil
}

// solve computes the eigenvalues and eigenvectors of T.
func (k *krylov) solve() error {
	var eigen mat.EigenSym
	if !eigen.Factorize(k.t.SliceSym(0, k.size), true) {
		return fmt.Errorf("the eigenvalues of a %d×%d projection could not be found", k.size, k.size)
	}
	k.values = eigen.Values(nil)
	k.vectors.Reset()
	eigen.VectorsTo(&k.vectors)
	return nil
}

// residual is ‖Hv − λv‖ of the Ritz pair i, by the recurrence.
func (k *krylov) residual(i int) float64 {
	return k.next * math.Abs(k.vectors.At(k.size-1, i))
}

// ritz is the vector of a Ritz pair in the full space, or the sum of several, of length 1. A pair that is named twice counts once.
func (k *krylov) ritz(pairs ...int) []float64 {
	v := make([]float64, len(k.residue))
	pairs = slices.Compact(pairs)
	for j, q := range k.basis[:k.size] {
		share := 0.0
		for _, i := range pairs {
			share += k.vectors.At(j, i)
		}
		floats.AddScaled(v, share, q)
	}
	floats.Scale(1/floats.Norm(v, 2), v)
	return v
}

// restart replaces the basis by the Ritz vectors nearest to the ends that are
// wanted, half as many: in equal parts if both are. The recurrence holds for
// these with the same residual direction.
func (k *krylov) restart(low, high int) {
	keep := k.size / 2
	below := keep * low / (low + high)
	kept := make([]int, 0, keep)
	for i := range keep {
		if i < below {
			kept = append(kept, i)
		} else {
			kept = append(kept, k.size-keep+i)
		}
	}
	// In place, a stretch of the vectors at a time: a second basis might not fit.
	const stretch = 1024
	block := make([][stretch]float64, keep)
	for from := 0; from < len(k.residue); from += stretch {
		to := min(from+stretch, len(k.residue))
		for j, i := range kept {
			row := block[j][:to-from]
			clear(row)
			for l, q := range k.basis[:k.size] {
				floats.AddScaled(row, k.vectors.At(l, i), q[from:to])
			}
		}
		for j := range kept {
			copy(k.basis[j][from:to], block[j][:to-from])
		}
	}
	k.t.Zero()
	for j, i := range kept {
		k.t.SetSym(j, j, k.values[i])
	}
	k.size = keep
}

// advance takes the residual direction into the basis.
func (k *krylov) advance() {
	if len(k.basis) == k.size {
		k.basis = append(k.basis, make([]float64, len(k.residue)))
	}
	floats.ScaleTo(k.basis[k.size], 1/k.next, k.residue)
	k.size++
}
