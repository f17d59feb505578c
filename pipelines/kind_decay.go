package pipelines

import "fmt"

// The kinds of steps that add weight decay to a map, of which the loss was evaluated without it.
const (
	KindDecay         Kind = "decay"          // to a line, surface or Hessian map
	KindSpectrumDecay Kind = "spectrum-decay" // to a spectrum
)

var (
	decaySpec         = Spec{Version: 1, Outputs: []string{OutGrid}, Label: typed(DecayParams.label)}
	spectrumDecaySpec = Spec{Version: 1, Outputs: []string{OutSpectrum}, Label: typed(DecayParams.label)}
)

func (p DecayParams) label() string { return fmt.Sprintf("%s %g", p.Net, p.Decay) }

// DecayParams is the weight decay ½λ‖θ‖² over all parameters, as an optimizer decays them. Inputs: weights, and grid with directions,
// or spectrum. Output: the grid or spectrum with it.
type DecayParams struct {
	Net     Network `json:"net"`
	Problem Problem `json:"problem"`
	Decay   float64 `json:"decay"` // λ
}

// IsSpectrum says that a step makes a spectrum.
func (k Kind) IsSpectrum() bool { return k == KindSpectrum || k == KindSpectrumDecay }
