package runner

import (
	"context"
	"fmt"
	"math"

	"lossatlas/activities/directions"
	"lossatlas/activities/nets"
	"lossatlas/activities/pairs"
	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"
	"lossatlas/pipelines"
)

// measurePairs measures distances and barriers between the minimizers in the inputs of the step.
func measurePairs(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.PairsParams](r.Job)
	if err != nil {
		return nil, err
	}
	net, err := r.network(ctx, p.Net, p.Problem)
	if err != nil {
		return nil, err
	}
	n := len(p.Names)
	out := pairs.Result{Names: p.Names, Present: make([]bool, n), Pairs: []pairs.Pair{}, Components: make([][2]float64, n), Layout: make([][2]float64, n)}
	var at []int // the numbers of the minimizers with weights
	var inputs []string
	for i := range n {
		if name := pipelines.InMinimizer(i); r.has(name) {
			out.Present[i], at, inputs = true, append(at, i), append(inputs, name)
		}
	}
	if len(at) > 0 {
		theta, _, err := r.weightsOf(ctx, net, inputs[0])
		if err != nil {
			return nil, err
		}
		distances, err := trajectory.Distances(ctx, &keptPoints{r: r, net: net, center: theta, inputs: inputs}, trajectory.Options{
			Progress: func(done, total int) { r.Pulse.Progress(Progress{Done: done, Total: total, Unit: "minimizer"}) },
		})
		if err != nil {
			return nil, err
		}
		components, ratio := pairs.Components(distances)
		for k, j := range at {
			for l, i := range at[:k] {
				if name := pipelines.InAligned(i, j); r.has(name) {
					between, err := r.distance(ctx, net, pipelines.InMinimizer(i), name)
					if err != nil {
						return nil, err
					}
					distances.SetSym(l, k, between)
				}
				pair := pairs.Pair{A: i, B: j, Distance: distances.At(l, k)}
				if pair.Barrier, err = r.barrier(ctx, pipelines.InLine(i, j)); err != nil {
					return nil, err
				}
				out.Pairs = append(out.Pairs, pair)
			}
		}
		layout, stress := pairs.Layout(distances, components)
		out.Ratio, out.Stress = ratio, stress
		for k, j := range at {
			out.Components[j], out.Layout[j] = components[k], layout[k]
		}
	}
	b, err := out.Encode()
	if err != nil {
		return nil, Permanent("BadPairs", fmt.Errorf("%s: %w", r.Label, err))
	}
	return r.put(ctx, map[string][]byte{pipelines.OutPairs: b})
}

// distance is that of the weights in two inputs, over all parameters.
func (r *Run) distance(ctx context.Context, net *nets.Net, a, b string) (float64, error) {
	from, _, err := r.weightsOf(ctx, net, a)
	if err != nil {
		return 0, err
	}
	to, _, err := r.weightsOf(ctx, net, b)
	if err != nil {
		return 0, err
	}
	return directions.Norm(minus(to, from)), nil
}

// barrier is that of an input with the losses on a line; nil where it is missing or not known.
func (r *Run) barrier(ctx context.Context, input string) (*surface.Barrier, error) {
	if !r.has(input) {
		return nil, nil
	}
	g, err := r.grid(ctx, input)
	if err != nil {
		return nil, err
	}
	b, err := g.Barrier()
	if err != nil {
		return nil, Permanent("BadGrid", fmt.Errorf("%s: input %s: %w", r.Label, input, err))
	}
	if math.IsNaN(b.Height.Value) {
		return nil, nil
	}
	return &b, nil
}
