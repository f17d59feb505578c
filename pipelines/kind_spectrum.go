package pipelines

import (
	"fmt"
)

// KindSpectrum computes the spectrum of the Hessian at a minimizer.
const KindSpectrum Kind = "spectrum"

var spectrumSpec = Spec{
	Version: 4, Numeric: true, Long: true, Unit: "part",
	Outputs: []string{OutSpectrum},
	Label: typed(func(p SpectrumParams) string {
		return fmt.Sprintf("%s %s %dx%d", p.Net, p.Data.Split, p.Probes, p.Steps)
	}),
	Cost: typed(func(p SpectrumParams) Cost { return products(p.Net, p.Data, EndsProducts+p.Probes*p.Steps) }),
}

// SpectrumParams is the spectrum of the Hessian of the loss at the minimizer: its
// two ends, its trace and its density. Input: weights. Output: spectrum.
type SpectrumParams struct {
	Net       Network `json:"net"`
	Data      MapData `json:"data"`
	Batch     int     `json:"batch"`
	Subset    string  `json:"subset"` // as of HessianParams
	Layers    string  `json:"layers,omitempty"`
	Tolerance float64 `json:"tolerance"` // of the two ends, as of HessianParams
	Probes    int     `json:"probes"`    // random vectors
	Steps     int     `json:"steps"`     // of Lanczos' method, for each of them
	Seed      uint64  `json:"seed"`      // of the random vectors
	// BatchNorm is as of MapParams.
	BatchNorm *BatchNorm `json:"batchnorm,omitempty"`
}
