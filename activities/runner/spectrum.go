package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"lossatlas/activities/engine"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/trainlog"
	"lossatlas/pipelines"
)

// ends is the part of a spectrum that is no random vector's: chunk 0.
type ends struct {
	Loss        trainlog.Number `json:"loss"`     // infinite or NaN in spite of a finite Hessian where single logits overflow
	Accuracy    trainlog.Number `json:"accuracy"` // percent; NaN there
	LambdaMin   float64         `json:"lambda_min"`
	LambdaMax   float64         `json:"lambda_max"`
	ResidualMin float64         `json:"residual_min"`
	ResidualMax float64         `json:"residual_max"`
}

// spectrumParts is a spectrum cut into its parts: chunk 0 is its two ends, each further chunk one random vector.
type spectrumParts struct {
	*Run
	p pipelines.SpectrumParams
}

func cutSpectrum(_ context.Context, r *Run) (Chunks, error) {
	p, err := params[pipelines.SpectrumParams](r.Job)
	return &spectrumParts{r, p}, err
}

func (s *spectrumParts) Sizes() []int { return slices.Repeat([]int{1}, 1+s.p.Probes) }

// Chunk computes one part at the minimizer: λmin and λmax, or the quadrature of one random vector.
func (s *spectrumParts) Chunk(ctx context.Context, chunk int) ([]byte, error) {
	p := s.p
	h, release, err := s.hessian(ctx, pipelines.MapParams{Net: p.Net, Data: p.Data, Batch: p.Batch, BatchNorm: p.BatchNorm}, p.Subset, p.Layers)
	if err != nil {
		return nil, err
	}
	defer release()
	s.begin("chunk", chunk)
	var part any
	if chunk == 0 {
		part, err = bothEnds(ctx, h, p.Tolerance, s.Pulse)
	} else {
		part, err = spectrum.Probe(ctx, h, chunk-1, spectrum.ProbeOptions{Steps: p.Steps, Seed: p.Seed, Progress: func(products int) {
			s.Pulse.Progress(Progress{Done: products, Total: p.Steps, Unit: "product", Note: fmt.Sprintf("random vector %d of %d: %d of %d products", chunk, p.Probes, products, p.Steps)})
		}})
	}
	if err != nil {
		return nil, s.unbounded(err)
	}
	return json.Marshal(part)
}

// Join makes one file of the parts.
func (s *spectrumParts) Join(ctx context.Context, chunks [][]byte) (Outputs, error) {
	net, err := s.network(ctx, s.p.Net, s.p.Data.Problem)
	if err != nil {
		return nil, err
	}
	dim, err := engine.SubsetSize(net, engine.Subset(s.p.Subset), s.p.Layers)
	if err != nil {
		return nil, Permanent("BadLayers", fmt.Errorf("%s: %w", s.Label, err))
	}
	var e ends
	out := spectrum.Spectrum{Density: spectrum.Density{
		Dim: dim, Probes: make([]spectrum.Quadrature, s.p.Probes),
	}}
	for i, b := range chunks {
		var part any = &e
		if i > 0 {
			part = &out.Density.Probes[i-1]
		}
		if err := json.Unmarshal(b, part); err != nil {
			return nil, Permanent("BadChunk", fmt.Errorf("%s: chunk %d: %w", s.Label, i, err))
		}
	}
	out.Loss, out.Accuracy = float64(e.Loss), float64(e.Accuracy)
	out.LambdaMin, out.LambdaMax, out.ResidualMin, out.ResidualMax = e.LambdaMin, e.LambdaMax, e.ResidualMin, e.ResidualMax
	if out.Meta, err = s.meta(); err != nil {
		return nil, err
	}
	b, err := out.EncodeNPZ()
	if err != nil {
		return nil, Permanent("BadChunk", fmt.Errorf("%s: %w", s.Label, err))
	}
	return s.put(ctx, map[string][]byte{pipelines.OutSpectrum: b})
}

// hessian is the Hessian at the minimizer of a step, and the function that
// releases its evaluator.
func (r *Run) hessian(ctx context.Context, p pipelines.MapParams, subset, layers string) (*engine.Hessian, func(), error) {
	e, release, err := r.evaluator(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	h, err := engine.NewHessian(e, engine.Subset(subset), layers)
	if err != nil {
		release()
		return nil, nil, Permanent("BadStep", fmt.Errorf("%s: %w", r.Label, err))
	}
	return h, func() { h.Close(); release() }, nil
}

// unbounded marks a Hessian that is not finite as final: trying again gives the same.
func (r *Run) unbounded(err error) error {
	if errors.Is(err, spectrum.ErrNotFinite) {
		return Permanent("NotFinite", fmt.Errorf("%s: the Hessian at the minimizer is not finite (%w): the weights are too large for float32; train with a lower rate or more weight decay", r.Label, err))
	}
	return err
}

// bothEnds evaluates the loss and the two ends of the spectrum.
func bothEnds(ctx context.Context, h *engine.Hessian, tolerance float64, pulse Pulse) (ends, error) {
	v, err := h.At(ctx, 0, 0)
	if err != nil {
		return ends{}, err
	}
	found, err := spectrum.Extremes(ctx, h, spectrum.Options{Tolerance: tolerance, Progress: productsProgress(pulse)})
	return ends{
		Loss: trainlog.Number(v.Loss), Accuracy: trainlog.Number(v.Score),
		LambdaMin: found.Min.Value, LambdaMax: found.Max.Value, ResidualMin: found.Min.Residual, ResidualMax: found.Max.Residual,
	}, err
}

// productsProgress reports products towards eigenvalues, whose number is not known
// beforehand.
func productsProgress(pulse Pulse) func(int, float64) {
	return func(products int, residual float64) {
		pulse.Progress(Progress{
			Done: min(products, pipelines.EndsProducts-1), Total: pipelines.EndsProducts, Unit: "product",
			Note: fmt.Sprintf("residual %.2g of what is allowed after %d products", residual, products),
		})
	}
}
