package runner

import (
	"context"

	"lossatlas/activities/nets"
	"lossatlas/pipelines"
)

// addDecay adds weight decay to a grid.
func addDecay(ctx context.Context, r *Run) (Outputs, error) {
	p, theta, net, err := r.decayed(ctx)
	if err != nil {
		return nil, err
	}
	grid, err := r.grid(ctx, pipelines.OutGrid)
	if err != nil {
		return nil, err
	}
	over := pipelines.MapParams{X: pipelines.Axis{N: len(grid.X)}}
	if !grid.IsLine() {
		over.Y = &pipelines.Axis{N: len(grid.Y)}
	}
	dirs, _, err := r.mapDirections(ctx, net, over)
	if err != nil {
		return nil, err
	}
	grid.AddDecay(p.Decay, theta, dirs[0], dirs[1])
	if grid.Meta, err = r.meta(); err != nil {
		return nil, err
	}
	b, err := grid.EncodeNPZ()
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutGrid: b})
}

// addSpectrumDecay adds weight decay to a spectrum.
func addSpectrumDecay(ctx context.Context, r *Run) (Outputs, error) {
	p, theta, _, err := r.decayed(ctx)
	if err != nil {
		return nil, err
	}
	s, err := r.spectrum(ctx, pipelines.OutSpectrum)
	if err != nil {
		return nil, err
	}
	s.AddDecay(p.Decay, theta)
	if s.Meta, err = r.meta(); err != nil {
		return nil, err
	}
	b, err := s.EncodeNPZ()
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutSpectrum: b})
}

// decayed are the parameters of the step, and the weights that decay.
func (r *Run) decayed(ctx context.Context) (p pipelines.DecayParams, theta []float32, net *nets.Net, err error) {
	if p, err = params[pipelines.DecayParams](r.Job); err != nil {
		return p, nil, nil, err
	}
	net, theta, _, err = r.minimizer(ctx, p.Net, p.Data.Problem)
	return p, theta, net, err
}
