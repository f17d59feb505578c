package pipelines

import (
	"fmt"
	"strings"
)

// KindSpectrum computes the spectrum of the Hessian at a minimizer.
const KindSpectrum Kind = "spectrum"

var spectrumSpec = Spec{
	Version: 5, Numeric: true, Long: true, Unit: "part",
	Outputs: []string{OutSpectrum},
	MoreOutputs: typed(func(p SpectrumParams) []string {
		if p.Vectors {
			return []string{OutEigenvectors}
		}
		return nil
	}),
	Label: typed(func(p SpectrumParams) string {
		return fmt.Sprintf("%s %s %dx%d", p.Net, p.Data.Split, p.Probes, p.Steps)
	}),
	Cost: typed(func(p SpectrumParams) Cost { return products(p.Net, p.Data, p.products()) }),
}

// TraceHutchPP is the method of a trace that reduces its variance by the large eigenvalues; "" is Hutchinson's.
const TraceHutchPP = "hutch++"

// SpectrumParams is the spectrum of the Hessian of the loss at the minimizer: its
// two ends, its trace and its density. Input: weights. Outputs: spectrum, eigenvectors.
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
	// Matrix is "" for the Hessian, "gauss-newton" or "fisher".
	Matrix string `json:"matrix,omitempty"`
	// Top is how many eigenvalues are computed at each end; 0 stands for 1.
	Top int `json:"top,omitempty"`
	// Vectors keeps the eigenvectors of these eigenvalues, as the output eigenvectors.
	Vectors bool `json:"vectors,omitempty"`
	// Trace is "", or TraceHutchPP.
	Trace string `json:"trace,omitempty"`
	// Blocks are parts of the network, each by patterns as of Layers, and Subsets is the number of equal parts of the images, over each of which the ends
	// and the trace are computed as well.
	Blocks  []string `json:"blocks,omitempty"`
	Subsets int      `json:"subsets,omitempty"`
}

// Ends is how many eigenvalues are computed at the lower and the upper end. At the lower end of matrices without negative eigenvalues there is one: they have
// many of 0.
func (p SpectrumParams) Ends() (low, high int) {
	high = max(p.Top, 1)
	if p.Matrix != "" {
		return 1, high
	}
	return high, high
}

// SubsetData is the i-th of the equal parts of the images.
func (p SpectrumParams) SubsetData(i int) MapData {
	d, n := p.Data, p.Data.images()
	d.From, d.To = p.Data.From+i*n/p.Subsets, p.Data.From+(i+1)*n/p.Subsets
	return d
}

// PartName names a block, or a subset of the images, which are counted from the blocks on.
func (p SpectrumParams) PartName(i int) string {
	if i < len(p.Blocks) {
		return strings.ReplaceAll(p.Blocks[i], ",", "+")
	}
	d := p.SubsetData(i - len(p.Blocks))
	return fmt.Sprintf("%s[%d:%d]", d.Split, d.From, d.To)
}

// products is how many products the spectrum takes, those over subsets by their share of the images.
func (p SpectrumParams) products() int {
	ends, trace := EndsProducts*(1+max(p.Top, 1))/2, 3*p.Probes
	n := ends + p.Probes*p.Steps + len(p.Blocks)*(ends+trace)
	if p.Trace != "" {
		n += trace
	}
	if p.Subsets > 0 {
		n += ends + trace
	}
	return n
}
