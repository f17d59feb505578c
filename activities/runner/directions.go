package runner

import (
	"context"
	"fmt"

	"lossatlas/activities/align"
	"lossatlas/activities/directions"
	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
	"lossatlas/activities/spectrum"
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
	dirs := make([][]float32, p.Axes)
	for i := range dirs {
		if dirs[i], err = r.drawDirection(net, theta, p, i); err != nil {
			return nil, err
		}
	}
	meta := directionsMeta(dirs)
	meta["normalize"], meta["ignore"] = p.Normalize, p.Ignore
	b, err := directions.Encode(net.Params(), dirs, meta)
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutDirections: b})
}

// drawDirection draws and normalizes random direction index, counted from 0.
func (r *Run) drawDirection(net *nets.Net, theta []float32, p pipelines.DirectionsParams, index int) ([]float32, error) {
	within, err := nets.Within(net.Params(), p.Layers)
	if err != nil {
		return nil, Permanent("BadLayers", fmt.Errorf("%s: %w", r.Label, err))
	}
	d := directions.Sample(net.Params(), p.Seed, index)
	if err := directions.Normalize(net.Params(), d, theta, directions.Normalization(p.Normalize), directions.Ignore(p.Ignore)); err != nil {
		return nil, Permanent("BadDirections", err)
	}
	directions.Confine(d, within)
	return d, nil
}

// shiftWeights moves weights along a third random direction, orthogonal in expectation to the two of a plane.
func shiftWeights(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.ShiftParams](r.Job)
	if err != nil {
		return nil, err
	}
	net, theta, state, err := r.minimizer(ctx, p.Net, p.Problem)
	if err != nil {
		return nil, err
	}
	d, err := r.drawDirection(net, theta, p.DirectionsParams, p.Axes)
	if err != nil {
		return nil, err
	}
	moved := make([]float32, len(theta))
	for i := range moved {
		moved[i] = theta[i] + float32(p.By*float64(d[i]))
	}
	b, err := net.Encode(moved, state, map[string]string{"shifted": fmt.Sprintf("%.9g", p.By)})
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutWeights: b})
}

// givenDirections takes directions unchanged from a file in the store.
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

// difference makes the directions from one minimizer to one or two others: with
// δ = θ_b − θ_a the line θ_a + αδ = (1 − α)θ_a + αθ_b leads through both (Goodfellow
// et al. 2015; section 3 of the paper), and δ and η = θ_c − θ_a span the plane of three.
func difference(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.DifferenceParams](r.Job)
	if err != nil {
		return nil, err
	}
	net, theta, state, err := r.minimizer(ctx, p.Net, p.Problem)
	if err != nil {
		return nil, err
	}
	var dirs, moves [][]float32
	for _, name := range []string{pipelines.InTowardX, pipelines.InTowardY} {
		if !r.has(name) {
			continue
		}
		to, toState, err := r.weightsOf(ctx, net, name)
		if err != nil {
			return nil, err
		}
		dirs, moves = append(dirs, minus(to, theta)), append(moves, minus(toState, state))
	}
	if len(dirs) == 0 {
		return nil, Permanent("BadStep", fmt.Errorf("%s: the step has no input %q", r.Label, pipelines.InTowardX))
	}
	var b []byte
	if meta := directionsMeta(dirs); p.States {
		b, err = directions.EncodeWithState(net.Params(), net.State(), dirs, moves, meta)
	} else {
		b, err = directions.Encode(net.Params(), dirs, meta)
	}
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutDirections: b})
}

// alignUnits orders the hidden units of one minimizer so that its weights are close to another's.
func alignUnits(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.AlignParams](r.Job)
	if err != nil {
		return nil, err
	}
	if p.Method != pipelines.AlignWeights {
		return nil, Permanent("BadStep", fmt.Errorf("%s: units can't be aligned by %q; choose %s", r.Label, p.Method, pipelines.AlignWeights))
	}
	return r.reorder(ctx, p.Net, p.Problem, func(net *nets.Net, sets []nets.Units, to, from engine.Minimizer) (align.Order, error) {
		return align.Weights(net, sets, to.Theta, from.Theta), nil
	})
}

// matchUnits orders the hidden units of one minimizer so that they respond to images as another's.
func matchUnits(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.MatchParams](r.Job)
	if err != nil {
		return nil, err
	}
	return r.reorder(ctx, p.Net, p.Data.Problem, func(net *nets.Net, sets []nets.Units, to, from engine.Minimizer) (align.Order, error) {
		b, err := r.numeric()
		if err != nil {
			return nil, err
		}
		images, err := r.MapExamples(ctx, p.Data)
		if err != nil {
			return nil, err
		}
		r.Pulse.Note(compiling)
		correlations, err := engine.Correlations(ctx, b, net, sets, to, from, images, p.Batch)
		if err != nil {
			return nil, err
		}
		return align.Activations(sets, correlations), nil
	})
}

// reorder permutes the units of toward_x. The metadata of the output say how far apart the two minimizers were and are, and how many units moved.
func (r *Run) reorder(ctx context.Context, n pipelines.Network, of pipelines.Problem, find func(net *nets.Net, sets []nets.Units, to, from engine.Minimizer) (align.Order, error)) (Outputs, error) {
	net, theta, state, err := r.minimizer(ctx, n, of)
	if err != nil {
		return nil, err
	}
	other, otherState, err := r.weightsOf(ctx, net, pipelines.InTowardX)
	if err != nil {
		return nil, err
	}
	sets, err := net.Units()
	if err == nil && len(sets) == 0 {
		err = fmt.Errorf("network %s has no units that may change places", net.Name)
	}
	if err != nil {
		return nil, Permanent("BadNetwork", fmt.Errorf("%s: %w", r.Label, err))
	}
	order, err := find(net, sets, engine.Minimizer{Theta: theta, State: state}, engine.Minimizer{Theta: other, State: otherState})
	if err != nil {
		return nil, err
	}
	aligned, alignedState := align.Permute(net, sets, order, other, otherState)
	b, err := net.Encode(aligned, alignedState, map[string]string{
		"distance_before": fmt.Sprintf("%.9g", directions.Norm(minus(other, theta))), "distance": fmt.Sprintf("%.9g", directions.Norm(minus(aligned, theta))),
		"units_moved": fmt.Sprint(order.Moved()),
	})
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutWeights: b})
}

// minus is a − b.
func minus(a, b []float32) []float32 {
	d := make([]float32, len(a))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return d
}

// directionsMeta says of directions how long they are, and of two their cosine.
func directionsMeta(dirs [][]float32) map[string]string {
	meta := make(map[string]string)
	for i, d := range dirs {
		meta[fmt.Sprintf("norm_%d", i)] = fmt.Sprintf("%.9g", directions.Norm(d))
	}
	if len(dirs) == 2 {
		meta["cosine"] = fmt.Sprintf("%.9g", directions.Cosine(dirs[0], dirs[1]))
	}
	return meta
}

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
