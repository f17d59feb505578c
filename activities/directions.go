package activities

import (
	"context"
	"fmt"
	"time"

	"lossatlas/activities/directions"
	"lossatlas/activities/nets"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// weightsInput and directionsInput name the inputs of the steps around a minimizer.
const (
	weightsInput    = "weights"
	directionsInput = "directions"
)

// Directions draws the random directions of a map around a minimizer and
// normalises them (section 4 of the paper).
func (a *Activities) Directions(ctx context.Context, in StepInput) (StepResult, error) {
	return short(ctx, a, in, func(in StepInput) (StepResult, error) {
		since := time.Now()
		p, err := params[pipelines.DirectionsParams](in)
		if err != nil {
			return StepResult{}, err
		}
		net, theta, _, err := a.minimizer(ctx, in, p.Net)
		if err != nil {
			return StepResult{}, err
		}
		dirs := make([][]float32, p.Axes)
		for i := range dirs {
			dirs[i] = directions.Sample(net.Params(), p.Seed, i)
			err := directions.Normalize(net.Params(), dirs[i], theta, directions.Normalization(p.Normalize), directions.Ignore(p.Ignore))
			if err != nil {
				return StepResult{}, permanent("BadDirections", err)
			}
		}
		meta := directionsMeta(dirs)
		meta["normalize"], meta["ignore"] = p.Normalize, p.Ignore
		b, err := directions.Encode(net.Params(), dirs, meta)
		if err != nil {
			return StepResult{}, err
		}
		outputs, err := a.putAll(ctx, map[string][]byte{pipelines.OutDirections: b})
		if err != nil {
			return StepResult{}, err
		}
		return a.finish(ctx, in, outputs, time.Since(since).Seconds())
	})
}

// GivenDirections takes directions from a file that is in the store, as they are.
func (a *Activities) GivenDirections(ctx context.Context, in StepInput) (StepResult, error) {
	return short(ctx, a, in, func(in StepInput) (StepResult, error) {
		since := time.Now()
		p, err := params[pipelines.GivenDirectionsParams](in)
		if err != nil {
			return StepResult{}, err
		}
		net, err := Network(p.Net)
		if err != nil {
			return StepResult{}, permanent("BadNet", err)
		}
		digest, err := artifacts.ParseDigest(p.Directions)
		if err != nil {
			return StepResult{}, permanent("BadStep", fmt.Errorf("%s: directions: %w", in.Label, err))
		}
		file, err := a.Store.Get(ctx, digest)
		if err != nil {
			return StepResult{}, fmt.Errorf("%s: the imported directions: %w", in.Label, err)
		}
		dirs, err := directions.Decode(net.Params(), file)
		if err != nil {
			return StepResult{}, permanent("BadDirections", fmt.Errorf("%s: %w", in.Label, err))
		}
		if len(dirs) < p.Axes {
			return StepResult{}, permanent("BadDirections", fmt.Errorf("%s: the file has %d direction, the map needs %d", in.Label, len(dirs), p.Axes))
		}
		for _, d := range dirs[:p.Axes] {
			if err := nets.CheckFinite(net.Params(), d); err != nil {
				return StepResult{}, permanent("BadDirections", fmt.Errorf("%s: %w", in.Label, err))
			}
		}
		b, err := directions.Encode(net.Params(), dirs[:p.Axes], directionsMeta(dirs[:p.Axes]))
		if err != nil {
			return StepResult{}, err
		}
		outputs, err := a.putAll(ctx, map[string][]byte{pipelines.OutDirections: b})
		if err != nil {
			return StepResult{}, err
		}
		return a.finish(ctx, in, outputs, time.Since(since).Seconds())
	})
}

// minimizer loads the weights that a step is centred on.
func (a *Activities) minimizer(ctx context.Context, in StepInput, network pipelines.Network) (net *nets.Net, theta, state []float32, err error) {
	net, err = Network(network)
	if err != nil {
		return nil, nil, nil, permanent("BadNet", err)
	}
	b, err := a.input(ctx, in, weightsInput)
	if err != nil {
		return nil, nil, nil, err
	}
	theta, state, err = net.Decode(b)
	if err != nil {
		return nil, nil, nil, permanent("BadWeights", fmt.Errorf("%s: %w", in.Label, err))
	}
	return net, theta, state, nil
}
