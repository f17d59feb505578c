package runner

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"lossatlas/activities/engine"
	"lossatlas/activities/refine"
	"lossatlas/activities/results"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// hessianMap is a map of extreme eigenvalues.
//
// Its first round is a coarse lattice of up to 9×9 points, in rows. Each of them starts from the two outermost eigenvectors of each end at
// its left neighbor (spectrum.Ends.Near), which saves a fifth of the products, and the first of a row from a random vector. All other points
// start from the vector of the nearest coarse point. So the bits of a point depend neither on which points are evaluated nor on
// their order, and maps with and without a stated error share them. Each finished point is stored as a part of the step, a coarse one
// with its vector.
type hessianMap struct {
	*latticeMap
	hp     pipelines.HessianParams
	coarse []int // the indices of the coarse points
}

func cutHessian(ctx context.Context, r *Run) (Chunks, error) {
	p, err := params[pipelines.HessianParams](r.Job)
	if err != nil {
		return nil, err
	}
	lattice, err := newLatticeMap(ctx, r, p.MapParams, func(of pipelines.MapParams) any {
		other := p
		other.MapParams = of
		return other
	})
	if err != nil {
		return nil, err
	}
	xs, ys := results.Lattice(lattice.p)
	m := &hessianMap{lattice, p, refine.Lattice{NX: len(xs), NY: len(ys)}.Start()}
	return m.cutRounds(ctx, func(ctx context.Context, chunk, _ int) ([]byte, error) { return m.Chunk(ctx, chunk) },
		func(round int, points []int, _ int) [][]int { return m.cut(round, points) })
}

// pointsPerCell is how many points the chunks of later rounds have at least, where there are so many.
const pointsPerCell = 8

// cut makes chunks of points: of coarse ones the rows, of others those around the same coarse points.
func (m *hessianMap) cut(round int, points []int) (chunks [][]int) {
	nx := m.p.X.N
	group := func(i int) int { return i / nx }
	least := 1
	if round > 0 {
		group, least = m.nearest, pointsPerCell
		points = slices.Clone(points)
		slices.SortStableFunc(points, func(a, b int) int { return group(a) - group(b) })
	}
	for at, i := range points {
		if last := len(chunks) - 1; at > 0 && (group(i) == group(points[at-1]) || len(chunks[last]) < least) {
			chunks[last] = append(chunks[last], i)
			continue
		}
		chunks = append(chunks, []int{i})
	}
	return chunks
}

// nearest is the coarse point next to a point, of several the first.
func (m *hessianMap) nearest(i int) (at int) {
	nx, least := m.p.X.N, math.MaxInt
	for _, c := range m.coarse {
		dx, dy := c%nx-i%nx, c/nx-i/nx
		if d := dx*dx + dy*dy; d < least {
			least, at = d, c
		}
	}
	return at
}

// source is the point from whose vector a point starts; ok is false for one that starts from a random vector.
func (m *hessianMap) source(i int) (from int, ok bool) {
	at, coarse := slices.BinarySearch(m.coarse, i)
	if !coarse {
		return m.nearest(i), true
	}
	if at == 0 || m.coarse[at-1]/m.p.X.N != i/m.p.X.N {
		return 0, false
	}
	return m.coarse[at-1], true
}

// Chunk computes loss, λmin and λmax at the points of one chunk that other maps do not have.
func (m *hessianMap) Chunk(ctx context.Context, chunk int) ([]byte, error) {
	known, err := m.known(ctx)
	if err != nil {
		return nil, err
	}
	h, release, err := m.hessian(ctx, m.p, m.hp.Subset, m.hp.Layers)
	if err != nil {
		return nil, err
	}
	defer release()
	indices := m.chunks[chunk]
	for i, index := range indices {
		if known.Mask[index] {
			continue
		}
		made, err := m.point(ctx, h, index, func(products int, residual float64) {
			m.Pulse.Progress(Progress{
				Done: i*pipelines.EndsProducts + min(products, pipelines.EndsProducts-1), Total: len(indices) * pipelines.EndsProducts, Unit: "product", Points: len(indices),
				Note: fmt.Sprintf("residual %.2g times the tolerance, Hessian-vector product %d", residual, products),
			})
		})
		if err == nil {
			err = known.AddCurved([]surface.Curved{made.point})
		}
		if err != nil {
			return nil, fmt.Errorf("%s: point %d: %w", m.Label, index, err)
		}
	}
	return known.EncodePoints(indices), nil
}

// point reads a point that an earlier attempt has stored, or computes and stores it.
func (m *hessianMap) point(ctx context.Context, h *engine.Hessian, index int, progress func(products int, residual float64)) (made spectraPoint, err error) {
	if made, err = m.loadPoint(ctx, index, h.Dim()); err != nil || made.there {
		return made, err
	}
	opt := spectrum.Options{Tolerance: m.hp.Tolerance, Progress: progress}
	if from, ok := m.source(index); ok {
		source, err := m.point(ctx, h, from, progress)
		if err != nil {
			return made, err
		}
		opt.Start = wide(source.start)
	}
	if err := m.Pulse.Stopped(); err != nil {
		return made, err
	}
	xs, ys := results.Lattice(m.p)
	work := m.begin("point", index)
	if made.point, made.start, err = curvature(ctx, h, xs[index%len(xs)], ys[index/len(xs)], opt); err != nil {
		return made, err
	}
	m.countPoint(ctx, 0)
	made.point.Index = index
	if _, coarse := slices.BinarySearch(m.coarse, index); !coarse {
		made.start = nil // no point starts here
	}
	return made, work.store(ctx, pointPart(index), made.encode())
}

// spectraPoint is a finished point, and of a coarse one the vector that others start from: nil for a random one.
type spectraPoint struct {
	point surface.Curved
	start []float32
	there bool
}

func pointPart(i int) string { return fmt.Sprintf("point-%07d", i) }

// encode writes the length of the encoded point, the point, and the vector; little endian.
func (p spectraPoint) encode() []byte {
	point := surface.EncodeCurved([]surface.Curved{p.point})
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(point)))
	b = append(b, point...)
	for _, x := range p.start {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// decodePoint reads what encode wrote, for the point of an index and vectors of dim numbers.
func decodePoint(b []byte, index, dim int) (p spectraPoint, err error) {
	if len(b) < 8 || binary.LittleEndian.Uint64(b) > uint64(len(b)-8) {
		return p, errors.New("the point is cut short")
	}
	n := int(binary.LittleEndian.Uint64(b))
	points, err := surface.DecodeCurved(b[8 : 8+n])
	if err != nil {
		return p, err
	}
	if len(points) != 1 || points[0].Index != index {
		return p, fmt.Errorf("there are the points %v where the point %d is due", points, index)
	}
	vector := b[8+n:]
	if len(vector) != 0 && len(vector) != 4*dim {
		return p, fmt.Errorf("the vector has %d bytes, and is one of %d numbers", len(vector), dim)
	}
	for ; len(vector) > 0; vector = vector[4:] {
		p.start = append(p.start, math.Float32frombits(binary.LittleEndian.Uint32(vector)))
	}
	p.point, p.there = points[0], true
	return p, nil
}

// loadPoint returns a point that an earlier attempt stored. An unreadable point is computed again.
func (r *Run) loadPoint(ctx context.Context, index, dim int) (spectraPoint, error) {
	b, err := r.Store.GetPart(ctx, r.Key, pointPart(index))
	if errors.Is(err, artifacts.ErrNotFound) {
		return spectraPoint{}, nil
	}
	if err != nil {
		return spectraPoint{}, err
	}
	p, err := decodePoint(b, index, dim)
	if err != nil {
		r.Log.Warn().Err(err).Int("point", index).Msg("the point is computed again")
		return spectraPoint{}, nil
	}
	return p, nil
}

// wide is v in float64, nil for nil.
func wide(v []float32) []float64 {
	if v == nil {
		return nil
	}
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// curvature evaluates one point. Where the Hessian is not finite its
// eigenvalues are NaN; where the products run out they are what was reached,
// with residuals that say so. next is the vector for a neighbor to start from; nil where there is no spectrum.
func curvature(ctx context.Context, h *engine.Hessian, alpha, beta float64, opt spectrum.Options) (point surface.Curved, next []float32, err error) {
	v, err := h.At(ctx, alpha, beta)
	if err != nil {
		return point, nil, err
	}
	if err := h.MoveTo(alpha, beta); err != nil {
		return point, nil, err
	}
	point = surface.Curved{Point: surface.Point{Loss: v.Loss, Accuracy: v.Score}}
	ends, err := spectrum.Extremes(ctx, h, opt)
	if errors.Is(err, spectrum.ErrNotFinite) {
		nan := math.NaN()
		point.LambdaMin, point.LambdaMax, point.ResidualMin, point.ResidualMax = nan, nan, nan, nan
		return point, nil, nil
	}
	if err != nil {
		return point, nil, err
	}
	point.LambdaMin, point.ResidualMin = ends.Min.Value, ends.Min.Residual
	point.LambdaMax, point.ResidualMax = ends.Max.Value, ends.Max.Residual
	next = make([]float32, len(ends.Near))
	for i, x := range ends.Near {
		next[i] = float32(x)
	}
	return point, next, nil
}
