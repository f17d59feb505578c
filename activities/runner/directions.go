package runner

import (
	"context"
	"fmt"

	"lossatlas/activities/directions"
	"lossatlas/activities/nets"
	"lossatlas/pipelines"
)

// randomDirections draws the random directions of a map around a minimizer and
// normalises them (section 4 of the paper).
func randomDirections(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.DirectionsParams](r.Job)
	if err != nil {
		return nil, err
	}
	net, theta, _, err := r.minimizer(ctx, p.Net, p.Problem)
	if err != nil {
		return nil, err
	}
	within, err := nets.Within(net.Params(), p.Layers)
	if err != nil {
		return nil, Permanent("BadLayers", fmt.Errorf("%s: %w", r.Label, err))
	}
	dirs := make([][]float32, p.Axes)
	for i := range dirs {
		dirs[i] = directions.Sample(net.Params(), p.Seed, i)
		err := directions.Normalize(net.Params(), dirs[i], theta, directions.Normalization(p.Normalize), directions.Ignore(p.Ignore))
		if err != nil {
			return nil, Permanent("BadDirections", err)
		}
		directions.Confine(dirs[i], within)
	}
	meta := directionsMeta(dirs)
	meta["normalize"], meta["ignore"] = p.Normalize, p.Ignore
	b, err := directions.Encode(net.Params(), dirs, meta)
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutDirections: b})
}

// givenDirections takes directions from a file that is in the store, as they are.
func givenDirections(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.GivenDirectionsParams](r.Job)
	if err != nil {
		return nil, err
	}
	net, err := r.network(ctx, p.Net, p.Problem)
	if err != nil {
		return nil, err
	}
	file, err := r.imported(ctx, "directions", p.Directions)
	if err != nil {
		return nil, err
	}
	dirs, err := directions.Decode(net.Params(), file)
	if err != nil {
		return nil, Permanent("BadDirections", fmt.Errorf("%s: %w", r.Label, err))
	}
	if len(dirs) < p.Axes {
		return nil, Permanent("BadDirections", fmt.Errorf("%s: the file has %d direction, the map needs %d", r.Label, len(dirs), p.Axes))
	}
	for _, d := range dirs[:p.Axes] {
		if err := nets.CheckFinite(net.Params(), d); err != nil {
			return nil, Permanent("BadDirections", fmt.Errorf("%s: %w", r.Label, err))
		}
	}
	b, err := directions.Encode(net.Params(), dirs[:p.Axes], directionsMeta(dirs[:p.Axes]))
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutDirections: b})
}
