package activities

import (
	"context"
	"fmt"
	"time"

	"lossatlas/activities/directions"
	"lossatlas/activities/spectrum"
	"lossatlas/pipelines"
)

// Eigenvectors makes the directions along which the loss bends most: the
// eigenvectors of length 1 of the largest eigenvalues of its Hessian at the
// minimizer. The second derivative of the loss along one is its eigenvalue, which
// is recorded with its residual.
func (a *Activities) Eigenvectors(ctx context.Context, in StepInput) (StepResult, error) {
	return guard(ctx, a, in, func(in StepInput) (StepResult, error) {
		since := time.Now()
		p, err := params[pipelines.EigenvectorsParams](in)
		if err != nil {
			return StepResult{}, err
		}
		pulse := a.startPulse(ctx, in, "")
		defer pulse.end()
		net, _, _, err := a.minimizer(ctx, in, p.Net)
		if err != nil {
			return StepResult{}, err
		}
		h, release, err := a.hessian(ctx, in, pipelines.MapParams{Net: p.Net, Data: p.Data, Batch: p.Batch}, p.Subset, pulse)
		if err != nil {
			return StepResult{}, err
		}
		defer release()
		top, err := spectrum.Top(ctx, h, p.Axes, spectrum.Options{Tolerance: p.Tolerance, Progress: productsProgress(pulse)})
		if err != nil {
			return StepResult{}, unbounded(in, err)
		}
		if len(top.Pairs) < p.Axes {
			return StepResult{}, permanent("BadDirections", fmt.Errorf("%s: %d eigenvectors for %d axes", in.Label, len(top.Pairs), p.Axes))
		}
		dirs := make([][]float32, p.Axes)
		for i, pair := range top.Pairs {
			dirs[i] = h.Scatter(pair.Vector)
		}
		meta := directionsMeta(dirs)
		meta["subset"] = p.Subset
		for i, pair := range top.Pairs {
			meta[fmt.Sprintf("eigenvalue_%d", i)] = fmt.Sprintf("%.9g", pair.Value)
			meta[fmt.Sprintf("residual_%d", i)] = fmt.Sprintf("%.3g", pair.Residual)
		}
		b, err := directions.Encode(net.Params(), dirs, meta)
		if err != nil {
			return StepResult{}, err
		}
		outputs, err := pulse.putAll(ctx, a, map[string][]byte{pipelines.OutDirections: b})
		if err != nil {
			return StepResult{}, err
		}
		return a.finish(ctx, in, outputs, time.Since(since).Seconds())
	})
}
