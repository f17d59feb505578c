package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"lossatlas/activities/engine"
	"lossatlas/activities/safetensors"
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
	// Largest and Smallest are there where several were asked for.
	Largest  []spectrum.Value `json:"largest,omitempty"`
	Smallest []spectrum.Value `json:"smallest,omitempty"`
}

// spectrumParts is a spectrum cut into its parts: chunk 0 is its two ends, then one for each random vector, the trace by Hutch++, each block and each
// subset of images.
type spectrumParts struct {
	*Run
	p pipelines.SpectrumParams
}

func cutSpectrum(_ context.Context, r *Run) (Chunks, error) {
	p, err := params[pipelines.SpectrumParams](r.Job)
	return &spectrumParts{r, p}, err
}

// hutchPP is how many chunks the trace by Hutch++ has.
func (s *spectrumParts) hutchPP() int {
	if s.p.Trace == pipelines.TraceHutchPP {
		return 1
	}
	return 0
}

func (s *spectrumParts) Sizes() []int {
	return slices.Repeat([]int{1}, 1+s.p.Probes+s.hutchPP()+len(s.p.Blocks)+s.p.Subsets)
}

// Chunk computes one part at the minimizer.
func (s *spectrumParts) Chunk(ctx context.Context, chunk int) ([]byte, error) {
	data, layers := s.p.Data, s.p.Layers
	block := chunk - 1 - s.p.Probes - s.hutchPP()
	subset := block - len(s.p.Blocks)
	switch {
	case subset >= 0:
		data = s.p.SubsetData(subset)
	case block >= 0:
		layers = s.p.Blocks[block]
	}
	h, release, err := s.matrix(ctx, pipelines.MapParams{Net: s.p.Net, Data: data, Batch: s.p.Batch, BatchNorm: s.p.BatchNorm}, s.p.Matrix, s.p.Subset, layers)
	if err != nil {
		return nil, err
	}
	defer release()
	work := s.begin("chunk", chunk)
	var part any
	switch {
	case chunk == 0:
		e, vectors, failure := bothEnds(ctx, h, s.p, s.Pulse)
		if part, err = e, failure; err == nil && s.p.Vectors {
			err = s.keepVectors(ctx, work, h, vectors, len(e.Smallest))
		}
	case chunk <= s.p.Probes:
		part, err = s.probe(ctx, h, chunk)
	case block < 0:
		part, err = s.trace(ctx, h)
	default:
		part, err = s.part(ctx, h, s.p.PartName(block))
	}
	if err != nil {
		return nil, s.unbounded(err)
	}
	return json.Marshal(part)
}

// probe is the quadrature of a random vector, counted from 1.
func (s *spectrumParts) probe(ctx context.Context, h *engine.Hessian, i int) (spectrum.Quadrature, error) {
	return spectrum.Probe(ctx, h, i-1, spectrum.ProbeOptions{Steps: s.p.Steps, Seed: s.p.Seed, Progress: s.counted(s.p.Steps, fmt.Sprintf("random vector %d of %d: ", i, s.p.Probes))})
}

// counted reports products of which the number is known.
func (s *spectrumParts) counted(total int, of string) func(int) {
	return func(products int) {
		s.Pulse.Progress(Progress{Done: products, Total: total, Unit: "product", Note: fmt.Sprintf("%s%d of %d products", of, products, total)})
	}
}

func (s *spectrumParts) trace(ctx context.Context, h *engine.Hessian) (spectrum.Estimate, error) {
	return spectrum.HutchPP(ctx, h, s.p.Probes, s.p.Seed, s.counted(3*s.p.Probes, "trace: "))
}

// part is the eigenvalues and the trace of a block, or over a subset of the images.
func (s *spectrumParts) part(ctx context.Context, h *engine.Hessian, name string) (spectrum.Part, error) {
	low, high := s.p.Ends()
	found, err := spectrum.BothEnds(ctx, h, low, high, spectrum.Options{Tolerance: s.p.Tolerance, Progress: productsProgress(s.Pulse)})
	if err != nil {
		return spectrum.Part{}, err
	}
	trace, err := s.trace(ctx, h)
	return spectrum.Part{Name: name, Dim: h.Dim(), Largest: found.Largest, Smallest: found.Smallest, Trace: trace.Mean, TraceError: trace.Error}, err
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
	out := spectrum.Spectrum{Matrix: s.p.Matrix, Density: spectrum.Density{Dim: dim, Probes: make([]spectrum.Quadrature, s.p.Probes)}}
	parts := []any{&e}
	for i := range out.Density.Probes {
		parts = append(parts, &out.Density.Probes[i])
	}
	if s.hutchPP() > 0 {
		out.HutchPP = new(spectrum.Estimate)
		parts = append(parts, out.HutchPP)
	}
	if n := len(s.p.Blocks) + s.p.Subsets; n > 0 {
		further := make([]spectrum.Part, n)
		for i := range further {
			parts = append(parts, &further[i])
		}
		out.Blocks, out.Subsets = further[:len(s.p.Blocks)], further[len(s.p.Blocks):]
	}
	for i, b := range chunks {
		if err := json.Unmarshal(b, parts[i]); err != nil {
			return nil, Permanent("BadChunk", fmt.Errorf("%s: chunk %d: %w", s.Label, i, err))
		}
	}
	out.Loss, out.Accuracy = float64(e.Loss), float64(e.Accuracy)
	out.LambdaMin, out.LambdaMax, out.ResidualMin, out.ResidualMax = e.LambdaMin, e.LambdaMax, e.ResidualMin, e.ResidualMax
	out.Largest, out.Smallest = e.Largest, e.Smallest
	if out.Meta, err = s.meta(); err != nil {
		return nil, err
	}
	b, err := out.EncodeNPZ()
	if err != nil {
		return nil, Permanent("BadChunk", fmt.Errorf("%s: %w", s.Label, err))
	}
	made := map[string][]byte{pipelines.OutSpectrum: b}
	if s.p.Vectors {
		if made[pipelines.OutEigenvectors], err = s.Store.GetPart(ctx, s.Key, pipelines.OutEigenvectors); err != nil {
			return nil, err
		}
	}
	return s.put(ctx, made)
}

// keepVectors stores the eigenvectors of both ends of the spectrum as a part of the step. The first low vectors belong to the smallest eigenvalues.
func (s *spectrumParts) keepVectors(ctx context.Context, work portion, h *engine.Hessian, vectors [][]float64, low int) error {
	net, err := s.network(ctx, s.p.Net, s.p.Data.Problem)
	if err != nil {
		return err
	}
	var tensors []safetensors.Tensor
	for i, v := range vectors {
		name, flat := fmt.Sprintf("smallest-%d/", i+1), h.Scatter(v)
		if i >= low {
			name = fmt.Sprintf("largest-%d/", i-low+1)
		}
		for _, p := range net.Params() {
			tensors = append(tensors, safetensors.Tensor{Name: name + p.Name, Shape: p.Shape, Data: p.Of(flat)})
		}
	}
	b, err := safetensors.Encode(tensors, nil)
	if err != nil {
		return err
	}
	return work.store(ctx, pipelines.OutEigenvectors, b)
}

// hessian is the Hessian at the minimizer of a step, and the function that
// releases its evaluator.
func (r *Run) hessian(ctx context.Context, p pipelines.MapParams, subset, layers string) (*engine.Hessian, func(), error) {
	return r.matrix(ctx, p, "", subset, layers)
}

// matrix is another matrix of curvature in the place of the Hessian, which is "".
func (r *Run) matrix(ctx context.Context, p pipelines.MapParams, matrix, subset, layers string) (*engine.Hessian, func(), error) {
	e, release, err := r.evaluator(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	h, err := engine.NewMatrix(e, engine.Matrix(matrix), engine.Subset(subset), layers)
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

// bothEnds evaluates the loss and the two ends of the spectrum, or several eigenvalues at them, with their eigenvectors, the smallest first, where they are kept.
func bothEnds(ctx context.Context, h *engine.Hessian, p pipelines.SpectrumParams, pulse Pulse) (out ends, vectors [][]float64, err error) {
	v, err := h.At(ctx, 0, 0)
	if err != nil {
		return out, nil, err
	}
	out = ends{Loss: trainlog.Number(v.Loss), Accuracy: trainlog.Number(v.Score)}
	opt := spectrum.Options{Tolerance: p.Tolerance, Progress: productsProgress(pulse), Vectors: p.Vectors}
	if p.Top > 1 || p.Vectors {
		low, high := p.Ends()
		found, err := spectrum.BothEnds(ctx, h, low, high, opt)
		if err != nil {
			return out, nil, err
		}
		out.Largest, out.Smallest = found.Largest, found.Smallest
		out.LambdaMin, out.LambdaMax, out.ResidualMin, out.ResidualMax = found.Smallest[0].Value, found.Largest[0].Value, found.Smallest[0].Residual, found.Largest[0].Residual
		return out, found.Vectors, nil
	}
	found, err := spectrum.Extremes(ctx, h, opt)
	out.LambdaMin, out.LambdaMax, out.ResidualMin, out.ResidualMax = found.Min.Value, found.Max.Value, found.Min.Residual, found.Max.Residual
	return out, nil, err
}

// productsProgress reports products towards eigenvalues, whose number is not known
// beforehand.
func productsProgress(pulse Pulse) func(int, float64) {
	return func(products int, residual float64) {
		pulse.Progress(Progress{
			Done: min(products, pipelines.EndsProducts-1), Total: pipelines.EndsProducts, Unit: "product",
			Note: fmt.Sprintf("residual %.2g times the tolerance, Hessian-vector product %d", residual, products),
		})
	}
}
