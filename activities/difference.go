package activities

import (
	"context"
	"fmt"
	"time"

	"lossatlas/activities/directions"
	"lossatlas/pipelines"
)

// Difference makes the directions from one minimizer to one or two others: with
// δ = θ_b − θ_a the line θ_a + αδ = (1 − α)θ_a + αθ_b leads through both (Goodfellow
// et al. 2015; section 3 of the paper), and δ and η = θ_c − θ_a span the plane of three.
func (a *Activities) Difference(ctx context.Context, in StepInput) (StepResult, error) {
	return short(ctx, a, in, func(in StepInput) (StepResult, error) {
		since := time.Now()
		p, err := params[pipelines.DifferenceParams](in)
		if err != nil {
			return StepResult{}, err
		}
		net, theta, state, err := a.minimizer(ctx, in, p.Net)
		if err != nil {
			return StepResult{}, err
		}
		var dirs, moves [][]float32
		for _, name := range []string{pipelines.InTowardX, pipelines.InTowardY} {
			if _, ok := in.Recipe.Inputs[name]; !ok {
				continue
			}
			b, err := a.input(ctx, in, name)
			if err != nil {
				return StepResult{}, err
			}
			to, toState, err := net.Decode(b)
			if err != nil {
				return StepResult{}, permanent("BadWeights", fmt.Errorf("%s: input %s: %w", in.Label, name, err))
			}
			dirs, moves = append(dirs, minus(to, theta)), append(moves, minus(toState, state))
		}
		if len(dirs) == 0 {
			return StepResult{}, permanent("BadStep", fmt.Errorf("%s: the step has no input %q", in.Label, pipelines.InTowardX))
		}
		var b []byte
		if meta := directionsMeta(dirs); p.States {
			b, err = directions.EncodeWithState(net.Params(), net.State(), dirs, moves, meta)
		} else {
			b, err = directions.Encode(net.Params(), dirs, meta)
		}
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
