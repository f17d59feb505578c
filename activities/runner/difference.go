package runner

import (
	"context"
	"fmt"

	"lossatlas/activities/directions"
	"lossatlas/pipelines"
)

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
