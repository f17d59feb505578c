package activities

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"lossatlas/activities/engine"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
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

// EvaluateSpectra computes loss, λmin and λmax at the points of one chunk of a
// Hessian map and stores them as a part of the step.
//
// Every point starts from the same vector, not from its neighbour's
// eigenvectors: so its bits do not depend on which points came before it.
func (a *Activities) EvaluateSpectra(ctx context.Context, in StepInput, chunk int) (ChunkResult, error) {
	return guard(ctx, a, in, func() (ChunkResult, error) {
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
		pulse := startPulse(ctx, "compiling and uploading")
		defer pulse.end()
		e, release, err := a.evaluator(ctx, in, p.MapParams)
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
		var points []surface.Curved
		for i, index := range chunks[chunk] {
			progress := func(products int, residual float64) {
				pulse.progress(Progress{
					Done: i*spectrumProducts + min(products, spectrumProducts-1), Total: len(chunks[chunk]) * spectrumProducts, Unit: "product",
					Note: fmt.Sprintf("point %d of %d: residual %.2g of what is allowed after %d products", i+1, len(chunks[chunk]), residual, products),
				})
			}
			point, err := curvature(ctx, h, xs[index%len(xs)], ys[index/len(xs)], spectrum.Options{Tolerance: p.Tolerance, Progress: progress})
			if err != nil {
				return ChunkResult{}, fmt.Errorf("%s: point %d: %w", in.Label, index, err)
			}
			point.Index = index
			points = append(points, point)
		}
		return ChunkResult{Seconds: time.Since(since).Seconds()}, a.Store.PutPart(ctx, in.Key, chunkPart(chunk), surface.EncodeCurved(points))
	})
}

// curvature evaluates one point. Where the Hessian is not finite its
// eigenvalues are NaN; where the products run out they are what was reached,
// with residuals that say so.
func curvature(ctx context.Context, h *engine.Hessian, alpha, beta float64, opt spectrum.Options) (surface.Curved, error) {
	v, err := h.At(ctx, alpha, beta)
	if err != nil {
		return surface.Curved{}, err
	}
	if err := h.MoveTo(alpha, beta); err != nil {
		return surface.Curved{}, err
	}
	point := surface.Curved{Point: surface.Point{Loss: v.Loss, Accuracy: v.Accuracy()}}
	ends, err := spectrum.Extremes(ctx, h, opt)
	if errors.Is(err, spectrum.ErrNotFinite) {
		nan := math.NaN()
		point.LambdaMin, point.LambdaMax, point.ResidualMin, point.ResidualMax = nan, nan, nan, nan
		return point, nil
	}
	point.LambdaMin, point.ResidualMin = ends.Min.Value, ends.Min.Residual
	point.LambdaMax, point.ResidualMax = ends.Max.Value, ends.Max.Residual
	return point, err
}
