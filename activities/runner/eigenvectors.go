package runner

import (
	"context"
	"fmt"

	"lossatlas/activities/directions"
	"lossatlas/activities/spectrum"
	"lossatlas/pipelines"
)

// eigenvectors makes the directions along which the loss bends most: the
// eigenvectors of length 1 of the largest eigenvalues of its Hessian at the
// minimizer. The second derivative of the loss along one is its eigenvalue, which
// is recorded with its residual.
func eigenvectors(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.EigenvectorsParams](r.Job)
	if err != nil {
		return nil, err
	}
	net, _, _, err := r.minimizer(ctx, p.Net, p.Data.Problem)
	if err != nil {
		return nil, err
	}
	h, release, err := r.hessian(ctx, pipelines.MapParams{Net: p.Net, Data: p.Data, Batch: p.Batch, BatchNorm: p.BatchNorm}, p.Subset, p.Layers)
	if err != nil {
		return nil, err
	}
	defer release()
	top, err := spectrum.Top(ctx, h, p.Axes, spectrum.Options{Tolerance: p.Tolerance, Progress: productsProgress(r.Pulse)})
	if err != nil {
		return nil, r.unbounded(err)
	}
	if len(top.Pairs) < p.Axes {
		return nil, Permanent("BadDirections", fmt.Errorf("%s: %d eigenvectors for %d axes", r.Label, len(top.Pairs), p.Axes))
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
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutDirections: b})
}
