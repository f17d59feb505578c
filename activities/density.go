package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"lossatlas/activities/engine"
	"lossatlas/activities/spectrum"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// ends is the part of a spectrum that is no random vector's: chunk 0.
type ends struct {
	Loss        Number  `json:"loss"`     // infinite or NaN in spite of a finite Hessian where single logits overflow
	Accuracy    Number  `json:"accuracy"` // percent; NaN there
	LambdaMin   float64 `json:"lambda_min"`
	LambdaMax   float64 `json:"lambda_max"`
	ResidualMin float64 `json:"residual_min"`
	ResidualMax float64 `json:"residual_max"`
}

// PlanSpectrum lists the parts of a spectrum that no earlier attempt has
// stored: chunk 0 is its two ends, each further chunk one random vector.
func (a *Activities) PlanSpectrum(ctx context.Context, in StepInput) (MapPlan, error) {
	return short(ctx, a, in, func(in StepInput) (MapPlan, error) {
		p, err := params[pipelines.SpectrumParams](in)
		if err != nil {
			return MapPlan{}, err
		}
		return a.planChunks(ctx, in, slices.Repeat([][]int{{0}}, 1+p.Probes))
	})
}

// EvaluateProbe computes one part of a spectrum at the minimizer and stores it:
// λmin and λmax, or the quadrature of one random vector.
func (a *Activities) EvaluateProbe(ctx context.Context, in StepInput, chunk int) (ChunkResult, error) {
	return guard(ctx, a, in, func(in StepInput) (ChunkResult, error) {
		since := time.Now()
		p, err := params[pipelines.SpectrumParams](in)
		if err != nil {
			return ChunkResult{}, err
		}
		if chunk < 0 || chunk > p.Probes {
			return ChunkResult{}, permanent("BadStep", fmt.Errorf("%s: chunk %d of %d", in.Label, chunk, 1+p.Probes))
		}
		if there, err := a.stored(ctx, in, chunk); there || err != nil {
			return ChunkResult{Points: 1}, err
		}
		pulse := a.startPulse(ctx, in, "")
		defer pulse.end()
		h, release, err := a.hessian(ctx, in, pipelines.MapParams{Net: p.Net, Data: p.Data, Batch: p.Batch}, p.Subset, pulse)
		if err != nil {
			return ChunkResult{}, err
		}
		defer release()
		work := a.begin(in, pulse, "chunk", chunk)
		var part any
		if chunk == 0 {
			part, err = bothEnds(ctx, h, p.Tolerance, pulse)
		} else {
			part, err = spectrum.Probe(ctx, h, chunk-1, spectrum.ProbeOptions{Steps: p.Steps, Seed: p.Seed, Progress: func(products int) {
				pulse.progress(Progress{Done: products, Total: p.Steps, Unit: "product", Note: fmt.Sprintf("random vector %d of %d: %d of %d products", chunk, p.Probes, products, p.Steps)})
			}})
		}
		if err != nil {
			return ChunkResult{}, unbounded(in, err)
		}
		b, err := json.Marshal(part)
		if err != nil {
			return ChunkResult{}, err
		}
		return ChunkResult{Seconds: time.Since(since).Seconds(), Points: 1}, work.store(ctx, chunkPart(chunk), b)
	})
}

// hessian is the Hessian at the minimizer of a step, and the function that
// gives back what it works on.
func (a *Activities) hessian(ctx context.Context, in StepInput, p pipelines.MapParams, subset string, pulse *pulse) (*engine.Hessian, func(), error) {
	e, release, err := a.evaluator(ctx, in, p, pulse)
	if err != nil {
		return nil, nil, err
	}
	h, err := engine.NewHessian(e, engine.Subset(subset))
	if err != nil {
		release()
		return nil, nil, permanent("BadStep", fmt.Errorf("%s: %w", in.Label, err))
	}
	return h, func() { h.Close(); release() }, nil
}

// unbounded marks a Hessian that is not finite as final: trying again gives the same.
func unbounded(in StepInput, err error) error {
	if errors.Is(err, spectrum.ErrNotFinite) {
		return permanent("NotFinite", fmt.Errorf("%s: the Hessian at the minimizer is not finite (%w): the weights are too large for float32; train with a lower rate or more weight decay", in.Label, err))
	}
	return err
}

// bothEnds evaluates the loss and the two ends of the spectrum.
func bothEnds(ctx context.Context, h *engine.Hessian, tolerance float64, pulse *pulse) (ends, error) {
	v, err := h.At(ctx, 0, 0)
	if err != nil {
		return ends{}, err
	}
	found, err := spectrum.Extremes(ctx, h, spectrum.Options{Tolerance: tolerance, Progress: productsProgress(pulse)})
	return ends{
		Loss: Number(v.Loss), Accuracy: Number(v.Accuracy()),
		LambdaMin: found.Min.Value, LambdaMax: found.Max.Value, ResidualMin: found.Min.Residual, ResidualMax: found.Max.Residual,
	}, err
}

// productsProgress reports products towards eigenvalues, of which nobody knows
// how many there will be.
func productsProgress(pulse *pulse) func(int, float64) {
	return func(products int, residual float64) {
		pulse.progress(Progress{
			Done: min(products, spectrumProducts-1), Total: spectrumProducts, Unit: "product",
			Note: fmt.Sprintf("residual %.2g of what is allowed after %d products", residual, products),
		})
	}
}

// AssembleSpectrum joins the parts into one file. Like AssembleMap it names
// parts that were lost, so that they are computed again.
func (a *Activities) AssembleSpectrum(ctx context.Context, in StepInput, seconds float64) (StepResult, error) {
	return short(ctx, a, in, func(in StepInput) (StepResult, error) {
		p, err := params[pipelines.SpectrumParams](in)
		if err != nil {
			return StepResult{}, err
		}
		net, err := Network(p.Net)
		if err != nil {
			return StepResult{}, permanent("BadNet", err)
		}
		s := spectrum.Spectrum{Density: spectrum.Density{Dim: engine.SubsetSize(net, engine.Subset(p.Subset))}}
		var e ends
		if err := a.part(ctx, in, 0, &e); err != nil {
			return StepResult{}, err
		}
		s.Loss, s.Accuracy = float64(e.Loss), float64(e.Accuracy)
		s.LambdaMin, s.LambdaMax, s.ResidualMin, s.ResidualMax = e.LambdaMin, e.LambdaMax, e.ResidualMin, e.ResidualMax
		s.Density.Probes = make([]spectrum.Quadrature, p.Probes)
		for i := range s.Density.Probes {
			if err := a.part(ctx, in, i+1, &s.Density.Probes[i]); err != nil {
				return StepResult{}, err
			}
		}
		if s.Meta, err = json.Marshal(map[string]any{"key": in.Key, "recipe": in.Recipe}); err != nil {
			return StepResult{}, err
		}
		b, err := s.EncodeNPZ()
		if err != nil {
			return StepResult{}, permanent("BadChunk", fmt.Errorf("%s: %w", in.Label, err))
		}
		outputs, err := a.putAll(ctx, map[string][]byte{pipelines.OutSpectrum: b})
		if err != nil {
			return StepResult{}, err
		}
		return a.finish(ctx, in, outputs, seconds)
	})
}

// part reads a stored chunk of JSON.
func (a *Activities) part(ctx context.Context, in StepInput, chunk int, to any) error {
	b, err := a.Store.GetPart(ctx, in.Key, chunkPart(chunk))
	if errors.Is(err, artifacts.ErrNotFound) {
		return permanent(ErrorChunkLost, fmt.Errorf("%s: chunk %d is not in the store", in.Label, chunk))
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, to); err != nil {
		return permanent("BadChunk", fmt.Errorf("%s: chunk %d: %w", in.Label, chunk, err))
	}
	return nil
}
