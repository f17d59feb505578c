package trajectory

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// PCA are the principal components of a path.
type PCA struct {
	// Variance is the variance of each component, λ_k/(n−1), the largest first; Ratio its share of
	// the whole variance of the path. Both list all min(n−1, p) of them; n points.
	Variance, Ratio []float64
	// Singular are the singular values of the centred matrix, √λ_k.
	Singular []float64
	// Components are the leading unit vectors, orthogonal to each other. Of each and its
	// negative, the one is taken in which the first point has a coordinate that is not negative.
	Components [][]float64
}

// ErrFlat says that a path does not span as many dimensions as were asked for.
var ErrFlat = errors.New("the path has too few dimensions")

// Options bound what an analysis takes.
type Options struct {
	// Memory is how many bytes of points to hold at a time; 0 means 1 GiB. At least two points are held.
	Memory int64
	// Progress, if set, is called with the points read so far, of how many.
	Progress func(done, total int)
}

const defaultMemory = 1 << 30

// relativeZero is the variance, relative to the largest, below which nothing but rounding remains of a component.
const relativeZero = 1e-13

// Analyze finds the first k principal components of the differences of a
// path's points to its origin, mean-centred. Entries that keep rules out (nil:
// none) count as 0. A path of fewer than k dimensions is [ErrFlat]; one that is
// not finite is an error.
func Analyze(ctx context.Context, points Points, keep []bool, k int, opt Options) (*PCA, error) {
	d, err := newDifferences(ctx, points, keep)
	if err != nil {
		return nil, err
	}
	n, p := points.Len(), points.Size()
	if k < 1 || k > n-1 {
		return nil, fmt.Errorf("%w: %d components of a path of %d points; it has at most %d", ErrFlat, k, n, n-1)
	}
	reader := &blocks{d: d, n: n, p: p, per: blockRows(opt.Memory, n, p), progress: opt.Progress}
	gram, err := reader.gram(ctx)
	if err != nil {
		return nil, err
	}
	center(gram)
	for i := range n {
		if v := gram.At(i, i); math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("point %d of the path is not finite", i)
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(gram, true) {
		return nil, errors.New("the eigenvalues of the path's Gram matrix were not found")
	}
	var u mat.Dense
	eigen.VectorsTo(&u)
	lambda := eigen.Values(nil) // rising
	out := &PCA{}
	total := mat.Trace(gram)
	for i := n - 1; i >= max(1, n-p); i-- { // the smallest belongs to the mean that was taken off
		l := max(lambda[i], 0)
		out.Variance = append(out.Variance, l/float64(n-1))
		out.Singular = append(out.Singular, math.Sqrt(l))
		ratio := 0.0
		if total > 0 {
			ratio = l / total
		}
		out.Ratio = append(out.Ratio, ratio)
	}
	if len(out.Variance) < k || !(out.Variance[k-1] > relativeZero*out.Variance[0]) {
		return nil, fmt.Errorf("%w: %d points that lie within fewer than %d dimensions", ErrFlat, n, k)
	}
	return out, reader.components(ctx, out, &u, k)
}

// Distances are those of all points from each other, over all their entries.
func Distances(ctx context.Context, points Points, opt Options) (*mat.SymDense, error) {
	d, err := newDifferences(ctx, points, nil)
	if err != nil {
		return nil, err
	}
	n, p := points.Len(), points.Size()
	gram, err := (&blocks{d: d, n: n, p: p, per: blockRows(opt.Memory, n, p), progress: opt.Progress}).gram(ctx)
	if err != nil {
		return nil, err
	}
	out := mat.NewSymDense(n, nil)
	for i := range n {
		for j := range i {
			square := gram.At(i, i) + gram.At(j, j) - 2*gram.At(i, j)
			if math.IsNaN(square) || math.IsInf(square, 0) {
				return nil, fmt.Errorf("the distance of points %d and %d is not finite", j, i)
			}
			out.SetSym(i, j, math.Sqrt(max(square, 0)))
		}
	}
	return out, nil
}

// blocks reads the rows of differences in groups of as many as may be held.
type blocks struct {
	d         *differences
	n, p, per int
	progress  func(done, total int)
	done      int
	total     int
}

// blockRows is how many rows one of two blocks has.
func blockRows(memory int64, n, p int) int {
	if memory <= 0 {
		memory = defaultMemory
	}
	return int(min(int64(n), max(1, memory/2/int64(8*p))))
}

// read returns rows [from, from+per), or as many as there are.
func (b *blocks) read(ctx context.Context, from int, into []float64) (*mat.Dense, error) {
	rows := min(b.per, b.n-from)
	for i := range rows {
		if err := b.d.row(ctx, from+i, into[i*b.p:(i+1)*b.p]); err != nil {
			return nil, err
		}
		if b.done++; b.progress != nil {
			b.progress(b.done, b.total)
		}
	}
	return mat.NewDense(rows, b.p, into[:rows*b.p]), nil
}

// gram returns the scalar products of all rows with each other.
func (b *blocks) gram(ctx context.Context) (*mat.SymDense, error) {
	b.total = b.n // for the components
	for from := 0; from < b.n; from += b.per {
		b.total += b.n - from
	}
	g := mat.NewSymDense(b.n, nil)
	left := make([]float64, b.per*b.p)
	var right []float64
	for i := 0; i < b.n; i += b.per {
		rows, err := b.read(ctx, i, left)
		if err != nil {
			return nil, err
		}
		for j := i; j < b.n; j += b.per {
			others := rows
			if j > i {
				if right == nil {
					right = make([]float64, b.per*b.p)
				}
				if others, err = b.read(ctx, j, right); err != nil {
					return nil, err
				}
			}
			var products mat.Dense
			products.Mul(rows, others.T())
			height, width := products.Dims()
			for y := range height {
				for x := range width {
					g.SetSym(i+y, j+x, products.At(y, x))
				}
			}
		}
	}
	return g, nil
}

// center turns the scalar products of rows into the scalar products of the rows less their mean.
func center(g *mat.SymDense) {
	n := g.SymmetricDim()
	means := make([]float64, n)
	all := 0.0
	for i := range n {
		for j := range n {
			means[i] += g.At(i, j) / float64(n)
		}
		all += means[i] / float64(n)
	}
	for i := range n {
		for j := i; j < n; j++ {
			g.SetSym(i, j, g.At(i, j)-means[i]-means[j]+all)
		}
	}
}

// components sums v_k = Mᵀ·u_k/√λ_k over the rows. An eigenvector of a centred
// matrix sums to 0, so that rows with and without their mean give the same.
func (b *blocks) components(ctx context.Context, out *PCA, u *mat.Dense, k int) error {
	out.Components = make([][]float64, k)
	for c := range k {
		out.Components[c] = make([]float64, b.p)
	}
	first := make([]float64, b.p)
	row := make([]float64, b.p)
	for i := range b.n {
		if err := b.d.row(ctx, i, row); err != nil {
			return err
		}
		if i == 0 {
			copy(first, row)
		}
		for c, v := range out.Components {
			floats.AddScaled(v, u.At(i, b.n-1-c)/out.Singular[c], row)
		}
		if b.done++; b.progress != nil {
			b.progress(b.done, b.total)
		}
	}
	for c, v := range out.Components {
		// Rounding in G leaves weak components a little oblique.
		for _, before := range out.Components[:c] {
			floats.AddScaled(v, -floats.Dot(v, before), before)
		}
		scale := 1 / floats.Norm(v, 2)
		if floats.Dot(first, v) < 0 {
			scale = -scale
		}
		floats.Scale(scale, v)
	}
	return nil
}
