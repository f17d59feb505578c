package activities

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"lossatlas/activities/engine"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// What the two extreme eigenvalues at a point cost, for cutting maps into
// chunks and for estimates: usual numbers of products, and of forward passes
// over the same images in the time of one product.
const (
	spectrumProducts = 35
	productPasses    = 12
	// SpectrumPasses is the cost of a point of a Hessian map in forward passes.
	SpectrumPasses = spectrumProducts * productPasses
	// ProductPasses is the cost of one product in forward passes.
	ProductPasses = productPasses
	// EndsProducts is the usual number of products for both ends of a spectrum.
	EndsProducts = spectrumProducts
)

// EvaluateSpectra computes loss, λmin and λmax at the points of one row of a
// Hessian map and stores them as a part of the step.
//
// A point starts from the eigenvectors of its left neighbour, which saves a fifth
// to a quarter of the products, and the first of a row from a random vector. With
// each point the row so far is stored with the vector that the next one starts
// from, so that a row that was interrupted goes on there with the same bits.
func (a *Activities) EvaluateSpectra(ctx context.Context, in StepInput, chunk int) (ChunkResult, error) {
	return guard(ctx, a, in, func(in StepInput) (ChunkResult, error) {
		since := time.Now()
		p, err := params[pipelines.HessianParams](in)
		if err != nil {
			return ChunkResult{}, err
		}
		resolved, chunks, err := a.mapChunks(ctx, in)
		if err != nil {
			return ChunkResult{}, err
		}
		p.MapParams = resolved
		if chunk < 0 || chunk >= len(chunks) {
			return ChunkResult{}, permanent("BadStep", fmt.Errorf("%s: chunk %d of %d", in.Label, chunk, len(chunks)))
		}
		if there, err := a.stored(ctx, in, chunk); there || err != nil {
			return ChunkResult{Points: len(chunks[chunk])}, err
		}
		pulse := a.startPulse(ctx, in, "")
		defer pulse.end()
		e, release, err := a.evaluator(ctx, in, p.MapParams, pulse)
		if err != nil {
			return ChunkResult{}, err
		}
		defer release()
		h, err := engine.NewHessian(e, engine.Subset(p.Subset))
		if err != nil {
			return ChunkResult{}, permanent("BadStep", fmt.Errorf("%s: %w", in.Label, err))
		}
		defer h.Close()
		xs, ys := lattice(p.MapParams)
		row, err := a.loadRow(ctx, in, chunk, chunks[chunk], h.Dim())
		if err != nil {
			return ChunkResult{}, err
		}
		for i := len(row.points); i < len(chunks[chunk]); i++ {
			if err := stopped(ctx); err != nil {
				return ChunkResult{}, err
			}
			index := chunks[chunk][i]
			work := a.begin(in, pulse, "point", index)
			progress := func(products int, residual float64) {
				pulse.progress(Progress{
					Done: i*spectrumProducts + min(products, spectrumProducts-1), Total: len(chunks[chunk]) * spectrumProducts, Unit: "product", Points: len(chunks[chunk]),
					Note: fmt.Sprintf("residual %.2g of what is allowed after %d products", residual, products),
				})
			}
			opt := spectrum.Options{Tolerance: p.Tolerance, Start: wide(row.start), Progress: progress}
			point, start, err := curvature(ctx, h, xs[index%len(xs)], ys[index/len(xs)], opt)
			if err != nil {
				return ChunkResult{}, fmt.Errorf("%s: point %d: %w", in.Label, index, err)
			}
			countPoint(ctx, in, p.Data)
			point.Index = index
			row.points, row.start = append(row.points, point), start
			if err := work.store(ctx, rowPart(chunk), row.encode()); err != nil {
				return ChunkResult{}, err
			}
		}
		return ChunkResult{Seconds: time.Since(since).Seconds(), Points: len(row.points)}, a.Store.PutPart(ctx, in.Key, chunkPart(chunk), surface.EncodeCurved(row.points))
	})
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
		return r, fmt.Errorf("the row goes on from %d bytes, and a vector has %d numbers", len(vector), dim)
	}
	for ; len(vector) > 0; vector = vector[4:] {
		r.start = append(r.start, math.Float32frombits(binary.LittleEndian.Uint32(vector)))
	}
	r.points = points
	return r, nil
}

// loadRow returns what an earlier attempt has stored of a row. What can't be read is made again.
func (a *Activities) loadRow(ctx context.Context, in StepInput, chunk int, indices []int, dim int) (spectraRow, error) {
	b, err := a.Store.GetPart(ctx, in.Key, rowPart(chunk))
	if errors.Is(err, artifacts.ErrNotFound) {
		return spectraRow{}, nil
	}
	if err != nil {
		return spectraRow{}, err
	}
	row, err := decodeRow(b, indices, dim)
	if err != nil {
		a.log(ctx, in).Warn().Err(err).Int("row", chunk).Msg("the row begins anew")
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
// with residuals that say so. next is the sum of both eigenvectors, for a point
// beside this one to start from; nil where there are none.
func curvature(ctx context.Context, h *engine.Hessian, alpha, beta float64, opt spectrum.Options) (point surface.Curved, next []float32, err error) {
	v, err := h.At(ctx, alpha, beta)
	if err != nil {
		return point, nil, err
	}
	if err := h.MoveTo(alpha, beta); err != nil {
		return point, nil, err
	}
	point = surface.Curved{Point: surface.Point{Loss: v.Loss, Accuracy: v.Accuracy()}}
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
	next = make([]float32, len(ends.Min.Vector))
	for i, x := range ends.Min.Vector {
		next[i] = float32(x + ends.Max.Vector[i])
	}
	return point, next, nil
}
