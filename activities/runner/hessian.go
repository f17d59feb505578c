package runner

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"lossatlas/activities/engine"
	"lossatlas/activities/results"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// hessianMap is a map of extreme eigenvalues, whose chunks are the rows of its lattice.
//
// A point starts from the two outermost eigenvectors of each end at its left
// neighbor (spectrum.Ends.Near), which saves a fifth of the products, and the
// first of a row from a random vector. With each point the row so far is stored with the vector that the next one starts
// from, so that a row that was interrupted continues there with the same bits.
type hessianMap struct {
	*Run
	p    pipelines.HessianParams
	rows [][]int
}

func cutHessian(ctx context.Context, r *Run) (Chunks, error) {
	p, err := params[pipelines.HessianParams](r.Job)
	if err != nil {
		return nil, err
	}
	if p.MapParams, err = r.fitted(ctx, p.MapParams); err != nil {
		return nil, err
	}
	xs, ys := results.Lattice(p.MapParams)
	return &hessianMap{r, p, rows(len(xs), len(ys))}, nil
}

// rows cuts a lattice into its rows, in which a point lies next to the one before.
func rows(nx, ny int) [][]int {
	chunks := make([][]int, ny)
	for i := range nx * ny {
		chunks[i/nx] = append(chunks[i/nx], i)
	}
	return chunks
}

func (m *hessianMap) Sizes() []int { return sizes(m.rows) }

// Chunk computes loss, λmin and λmax at the points of one row.
func (m *hessianMap) Chunk(ctx context.Context, chunk int) ([]byte, error) {
	h, release, err := m.hessian(ctx, m.p.MapParams, m.p.Subset, m.p.Layers)
	if err != nil {
		return nil, err
	}
	defer release()
	xs, ys := results.Lattice(m.p.MapParams)
	indices := m.rows[chunk]
	row, err := m.loadRow(ctx, chunk, indices, h.Dim())
	if err != nil {
		return nil, err
	}
	for i := len(row.points); i < len(indices); i++ {
		if err := m.Pulse.Stopped(); err != nil {
			return nil, err
		}
		index := indices[i]
		work := m.begin("point", index)
		progress := func(products int, residual float64) {
			m.Pulse.Progress(Progress{
				Done: i*pipelines.EndsProducts + min(products, pipelines.EndsProducts-1), Total: len(indices) * pipelines.EndsProducts, Unit: "product", Points: len(indices),
				Note: fmt.Sprintf("residual %.2g of the tolerance after %d products", residual, products),
			})
		}
		opt := spectrum.Options{Tolerance: m.p.Tolerance, Start: wide(row.start), Progress: progress}
		point, start, err := curvature(ctx, h, xs[index%len(xs)], ys[index/len(xs)], opt)
		if err != nil {
			return nil, fmt.Errorf("%s: point %d: %w", m.Label, index, err)
		}
		m.countPoint(ctx, 0)
		point.Index = index
		row.points, row.start = append(row.points, point), start
		if err := work.store(ctx, rowPart(chunk), row.encode()); err != nil {
			return nil, err
		}
	}
	return surface.EncodeCurved(row.points), nil
}

// Join makes one grid of the rows.
func (m *hessianMap) Join(ctx context.Context, chunks [][]byte) (Outputs, error) {
	return m.join(ctx, m.p.MapParams, chunks)
}

// spectraRow is the finished points of a row, and the vector that the next one
// starts from: nil for a random one.
type spectraRow struct {
	points []surface.Curved
	start  []float32
}

func rowPart(i int) string { return fmt.Sprintf("row-%05d", i) }

// encode writes the length of the encoded points, the points, and the vector; little endian.
func (r spectraRow) encode() []byte {
	points := surface.EncodeCurved(r.points)
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(points)))
	b = append(b, points...)
	for _, x := range r.start {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// decodeRow reads what encode wrote, for a row of the given indices and vectors of dim numbers.
func decodeRow(b []byte, indices []int, dim int) (spectraRow, error) {
	var r spectraRow
	if len(b) < 8 || binary.LittleEndian.Uint64(b) > uint64(len(b)-8) {
		return r, errors.New("the row is cut short")
	}
	n := int(binary.LittleEndian.Uint64(b))
	points, err := surface.DecodeCurved(b[8 : 8+n])
	if err != nil {
		return r, err
	}
	if len(points) > len(indices) {
		return r, fmt.Errorf("the row has %d points of %d", len(points), len(indices))
	}
	for i, p := range points {
		if p.Index != indices[i] {
			return r, fmt.Errorf("the row has the point %d where %d is due", p.Index, indices[i])
		}
	}
	vector := b[8+n:]
	if len(vector) != 0 && len(vector) != 4*dim {
		return r, fmt.Errorf("the row resumes from %d bytes, and a vector has %d numbers", len(vector), dim)
	}
	for ; len(vector) > 0; vector = vector[4:] {
		r.start = append(r.start, math.Float32frombits(binary.LittleEndian.Uint32(vector)))
	}
	r.points = points
	return r, nil
}

// loadRow returns the part of a row that an earlier attempt has stored. Unreadable parts are computed again.
func (r *Run) loadRow(ctx context.Context, chunk int, indices []int, dim int) (spectraRow, error) {
	b, err := r.Store.GetPart(ctx, r.Key, rowPart(chunk))
	if errors.Is(err, artifacts.ErrNotFound) {
		return spectraRow{}, nil
	}
	if err != nil {
		return spectraRow{}, err
	}
	row, err := decodeRow(b, indices, dim)
	if err != nil {
		r.Log.Warn().Err(err).Int("row", chunk).Msg("the row begins anew")
		return spectraRow{}, nil
	}
	return row, nil
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
