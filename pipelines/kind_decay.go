package pipelines

import "fmt"

// The kinds of steps that add weight decay to a map, of which the loss was evaluated without it.
const (
	KindDecay         Kind = "decay"          // to a line, surface or Hessian map
	KindSpectrumDecay Kind = "spectrum-decay" // to a spectrum
)

var (
	decaySpec         = Spec{Version: 2, Outputs: []string{OutGrid}, Label: typed(DecayParams.label)}
	spectrumDecaySpec = Spec{Version: 2, Outputs: []string{OutSpectrum}, Label: typed(DecayParams.label)}
)

func (p DecayParams) label() string { return fmt.Sprintf("%s %g", p.Net, p.Decay) }

// DecayParams is the weight decay ½λ‖θ‖² over all parameters, as an optimizer decays them. Inputs: weights, and grid with directions,
// or spectrum. Output: the grid or spectrum with it.
type DecayParams struct {
	Net   Network `json:"net"`
	Data  MapData `json:"data"`
	Decay float64 `json:"decay"` // λ
	// Batch and BatchNorm are those of the grid or spectrum, for captions.
	Batch     int        `json:"batch"`
	BatchNorm *BatchNorm `json:"batchnorm,omitempty"`
}

// DecayOf are the parameters of a step that adds weight decay to what a step with the given parameters makes: [MapParams], [HessianParams] or [SpectrumParams].
func DecayOf(params any, decay float64) DecayParams {
	switch p := params.(type) {
	case HessianParams:
		return DecayOf(p.MapParams, decay)
	case MapParams:
		return DecayParams{Net: p.Net, Data: p.Data, Decay: decay, Batch: p.Batch, BatchNorm: p.BatchNorm}
	case SpectrumParams:
		return DecayParams{Net: p.Net, Data: p.Data, Decay: decay, Batch: p.Batch, BatchNorm: p.BatchNorm}
	}
	panic(fmt.Sprintf("weight decay of %T", params))
}

// IsSpectrum says that a step makes a spectrum.
func (k Kind) IsSpectrum() bool { return k == KindSpectrum || k == KindSpectrumDecay }
