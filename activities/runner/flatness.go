package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"lossatlas/activities/engine"
	"lossatlas/activities/sharpness"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/surface"
	"lossatlas/activities/trainlog"
	"lossatlas/pipelines"
)

// flatness measures how flat the loss is around a minimizer, from the grids of
// one map along one or several pairs of directions.
func flatness(ctx context.Context, r *Run) (Outputs, error) {
	p, err := params[pipelines.FlatnessParams](r.Job)
	if err != nil {
		return nil, err
	}
	out := surface.FlatnessResult{FlatnessOptions: surface.FlatnessOptions{Levels: p.Levels, Radii: p.Radii, Persistence: p.Persistence}}
	for i := range len(r.Recipe.Inputs) {
		g, err := r.grid(ctx, pipelines.InGrid(i))
		if err != nil {
			return nil, err
		}
		f, err := g.Flatness(out.FlatnessOptions)
		if err != nil {
			return nil, Permanent("BadGrid", fmt.Errorf("%s: input %s: %w", r.Label, pipelines.InGrid(i), err))
		}
		out.Grids = append(out.Grids, f)
	}
	out.Summary = surface.Summarize(out.FlatnessOptions, out.Grids)
	b, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutFlatness: b})
}

// sharpnessParts are measures of sharpness, cut into ascents, stretches of perturbations, and the trace.
type sharpnessParts struct {
	*Run
	p pipelines.SharpnessParams
}

func cutSharpness(_ context.Context, r *Run) (Chunks, error) {
	p, err := params[pipelines.SharpnessParams](r.Job)
	return &sharpnessParts{r, p}, err
}

func (s *sharpnessParts) Sizes() []int { return slices.Repeat([]int{1}, len(s.p.Parts())) }

// sharpPart is the result of a chunk: losses of perturbed weights, or a trace. Center is the loss of the weights themselves.
type sharpPart struct {
	Center trainlog.Number    `json:"center"`
	Losses []trainlog.Number  `json:"losses,omitempty"`
	SE     float64            `json:"se,omitempty"` // of a rise that an ascent found, by the choice of examples
	Trace  *spectrum.Estimate `json:"trace,omitempty"`
}

// Chunk computes one part.
func (s *sharpnessParts) Chunk(ctx context.Context, chunk int) ([]byte, error) {
	part := s.p.Parts()[chunk]
	w, release, err := s.perturbed(ctx, part.Measure == pipelines.SharpnessTrace)
	if err != nil {
		return nil, err
	}
	defer release()
	s.begin("chunk", chunk)
	var out sharpPart
	center, err := w.At(ctx, make([]float64, w.Dim()))
	if err != nil {
		return nil, err
	}
	switch out.Center = trainlog.Number(center); part.Measure {
	case pipelines.SharpnessTrace:
		out.Trace, err = s.trace(ctx, w)
	case pipelines.SharpnessAverage, pipelines.SharpnessAverageAdaptive:
		for i := part.From; i < part.To && err == nil; i++ {
			var loss float64
			loss, err = w.At(ctx, sharpness.Perturbation(w.Weights, s.p.Relative, part.Measure == pipelines.SharpnessAverageAdaptive, s.p.Seed, i))
			out.Losses = append(out.Losses, trainlog.Number(loss))
			s.Pulse.Progress(Progress{Done: i + 1, Total: s.p.Samples, Unit: "perturbation"})
		}
	default:
		err = s.ascend(ctx, w, part, &out)
	}
	if err != nil {
		return nil, s.unbounded(err)
	}
	return json.Marshal(out)
}

// trace is that of the Hessian, by Hutch++, of which weight decay is part.
func (s *sharpnessParts) trace(ctx context.Context, w *engine.Perturbed) (*spectrum.Estimate, error) {
	if err := w.MoveTo(0, 0); err != nil {
		return nil, err
	}
	found, err := spectrum.HutchPP(ctx, w.Hessian, s.p.Probes, s.p.Seed, func(products int) {
		s.Pulse.Progress(Progress{Done: products, Total: 3 * s.p.Probes, Unit: "product"})
	})
	found.Mean += s.p.Decay * float64(w.Dim())
	return &found, err
}

// ascend finds the largest loss from one start, and evaluates it again as the loss of the center is, with its standard error where the examples are a sample.
func (s *sharpnessParts) ascend(ctx context.Context, w *engine.Perturbed, part pipelines.SharpnessPart, out *sharpPart) error {
	region, err := s.region(part.Measure, w.Weights)
	if err != nil {
		return Permanent("BadStep", fmt.Errorf("%s: %w", s.Label, err))
	}
	peak, err := sharpness.Ascend(ctx, w, region, sharpness.Options{Steps: s.p.Ascent, Start: part.From, Seed: s.p.Seed, Progress: func(gradients int) {
		s.Pulse.Progress(Progress{Done: gradients, Total: s.p.Ascent + 1, Unit: "gradient", Note: fmt.Sprintf("%s, start %d of %d", part.Measure, part.From+1, s.p.Starts)})
	}})
	if err != nil {
		return err
	}
	loss := peak.Loss
	if !math.IsInf(loss, 0) {
		if loss, err = w.At(ctx, peak.Epsilon); err != nil {
			return err
		}
		if s.p.Population > 0 && w.IsSampled() {
			_, sampling, err := w.Sampled(ctx, 1, 0)
			if err != nil {
				return err
			}
			if se := sampling.Rise * surface.FiniteCorrection(s.p.Data.To-s.p.Data.From, s.p.Population); !math.IsNaN(se) {
				out.SE = se
			}
		}
	}
	out.Losses = []trainlog.Number{trainlog.Number(loss)}
	return nil
}

// region is where an ascent stays.
func (s *sharpnessParts) region(measure string, weights []float64) (sharpness.Region, error) {
	switch measure {
	case pipelines.SharpnessWorst:
		return sharpness.Ball(len(weights), s.p.Radius), nil
	case pipelines.SharpnessWorstAdaptive:
		return sharpness.AdaptiveBall(weights, s.p.AdaptiveRadius), nil
	case pipelines.SharpnessBox:
		return sharpness.Box(weights, s.p.Box), nil
	case pipelines.SharpnessBoxSubspace:
		return sharpness.SubspaceBox(weights, s.p.Box, min(s.p.Dimension, len(weights)), s.p.Seed)
	}
	return sharpness.Region{}, fmt.Errorf("this worker does not know the sharpness %q", measure)
}

// perturbed loads the weights. Only products take second derivatives.
func (s *sharpnessParts) perturbed(ctx context.Context, products bool) (*engine.Perturbed, func(), error) {
	e, release, err := s.evaluator(ctx, pipelines.MapParams{Net: s.p.Net, Data: s.p.Data, Batch: s.p.Batch, BatchNorm: s.p.BatchNorm})
	if err != nil {
		return nil, nil, err
	}
	_, theta, _, err := s.minimizer(ctx, s.p.Net, s.p.Data.Problem)
	if err != nil {
		release()
		return nil, nil, err
	}
	open := engine.NewGradient
	if products {
		open = engine.NewHessian
	}
	h, err := open(e, engine.Subset(s.p.Subset), s.p.Layers)
	if err != nil {
		release()
		return nil, nil, Permanent("BadStep", fmt.Errorf("%s: %w", s.Label, err))
	}
	return engine.NewPerturbed(h, theta, s.p.Decay), func() { h.Close(); release() }, nil
}

// Join makes one result of the parts.
func (s *sharpnessParts) Join(ctx context.Context, chunks [][]byte) (Outputs, error) {
	net, theta, _, err := s.minimizer(ctx, s.p.Net, s.p.Data.Problem)
	if err != nil {
		return nil, err
	}
	norm, dim, err := engine.SubsetNorm(net, engine.Subset(s.p.Subset), s.p.Layers, theta)
	if err != nil {
		return nil, Permanent("BadLayers", fmt.Errorf("%s: %w", s.Label, err))
	}
	out := sharpness.Result{Norm: norm, Dim: dim}
	losses, errs := map[string][]float64{}, map[string][]float64{}
	var trace *spectrum.Estimate
	for i, part := range s.p.Parts() {
		var found sharpPart
		if err := json.Unmarshal(chunks[i], &found); err != nil {
			return nil, Permanent("BadChunk", fmt.Errorf("%s: chunk %d: %w", s.Label, i, err))
		}
		out.Loss = found.Center
		for _, v := range found.Losses {
			losses[part.Measure], errs[part.Measure] = append(losses[part.Measure], float64(v)), append(errs[part.Measure], found.SE)
		}
		if found.Trace != nil {
			trace = found.Trace
		}
	}
	for _, m := range s.p.Measures {
		switch m {
		case pipelines.SharpnessTrace:
			if trace == nil {
				return nil, Permanent("BadChunk", fmt.Errorf("%s: no chunk has the trace", s.Label))
			}
			out.Traced(trace.Mean, trace.Error)
		case pipelines.SharpnessAverage, pipelines.SharpnessAverageAdaptive:
			out.Averaged(m, losses[m])
		default:
			out.Ascended(m, losses[m], errs[m])
		}
	}
	if out.Meta, err = s.meta(); err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		return nil, err
	}
	return s.put(ctx, map[string][]byte{pipelines.OutFlatness: b})
}
