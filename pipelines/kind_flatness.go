package pipelines

import (
	"fmt"
	"slices"
	"strings"
)

// KindFlatness measures how flat the loss is around a minimizer.
const KindFlatness Kind = "flatness"

var flatnessSpec = Spec{Version: 4, Outputs: []string{OutFlatness}}

// InGrid is the input name of the grid of the i-th pair of directions, counted from 0, in a flatness step.
func InGrid(i int) string { return fmt.Sprintf("grid-%d", i) }

// FlatnessParams are the measures of grids around one minimizer that
// differ in their directions alone. Inputs: grid-0, grid-1, …. Output: flatness.
type FlatnessParams struct {
	Levels []float64 `json:"levels"` // above the loss at the minimizer, at which widths are taken
	Radii  []float64 `json:"radii"`  // within which the largest loss is looked for
	// Persistence is the least persistence of a counted basin; nil counts no basins.
	Persistence *float64 `json:"persistence,omitempty"`
}

// KindSharpness measures how much the loss rises when the weights are perturbed.
const KindSharpness Kind = "sharpness"

// The measures of a sharpness step; results have the same names.
const (
	SharpnessWorst           = "worst"            // the largest rise in a ball
	SharpnessWorstAdaptive   = "worst_adaptive"   // in a ball of changes relative to each weight
	SharpnessBox             = "box"              // in the box of Keskar et al.
	SharpnessBoxSubspace     = "box_subspace"     // in a random subspace of it
	SharpnessAverage         = "average"          // the mean rise over Gaussian perturbations
	SharpnessAverageAdaptive = "average_adaptive" // whose entries are relative to each weight
	SharpnessTrace           = "trace"            // of the Hessian, also over and times the square of the norm of the weights
)

// SharpnessMeasures are all of them, in the order in which steps compute them.
var SharpnessMeasures = []string{SharpnessWorst, SharpnessWorstAdaptive, SharpnessBox, SharpnessBoxSubspace, SharpnessAverage, SharpnessAverageAdaptive, SharpnessTrace}

var sharpnessSpec = Spec{
	Version: 2, Numeric: true, Long: true, Unit: "part", Outputs: []string{OutFlatness},
	Label: typed(func(p SharpnessParams) string {
		return fmt.Sprintf("%s %s %s", p.Net, p.Data.Split, strings.Join(p.Measures, ","))
	}),
	Cost: typed(func(p SharpnessParams) Cost {
		passes := 0
		for _, part := range p.Parts() {
			passes += part.passes(p)
		}
		return Cost{Net: p.Net, Problem: p.Data.Problem, Passes: float64(passes * p.Data.images()), Pace: 1. / 2, Program: "gradient " + p.Net.String()}
	}),
}

// SharpnessParams are measures of sharpness around the minimizer. Parameters that no measure needs are 0. Input: weights. Output: flatness, as of sharpness.Result.
type SharpnessParams struct {
	Net       Network    `json:"net"`
	Data      MapData    `json:"data"`
	Batch     int        `json:"batch"`
	BatchNorm *BatchNorm `json:"batchnorm,omitempty"`
	// Population is as of MapParams.
	Population int    `json:"population,omitempty"`
	Subset     string `json:"subset"` // of the parameters that are perturbed, as of HessianParams
	Layers     string `json:"layers,omitempty"`
	// Decay is λ of ½λ‖θ‖², which the loss has in addition.
	Decay    float64  `json:"decay,omitempty"`
	Measures []string `json:"measures"` // in the order of SharpnessMeasures
	Seed     uint64   `json:"seed"`

	Radius         float64 `json:"radius,omitempty"`          // of the ball
	AdaptiveRadius float64 `json:"adaptive_radius,omitempty"` // of the ball of relative changes
	Box            float64 `json:"box,omitempty"`             // ε of the box
	Dimension      int     `json:"dimension,omitempty"`       // of the random subspace
	Ascent         int     `json:"ascent,omitempty"`          // steps of each ascent
	Starts         int     `json:"starts,omitempty"`          // of ascents
	Relative       float64 `json:"relative,omitempty"`        // size of Gaussian perturbations
	Samples        int     `json:"samples,omitempty"`         // of them
	Probes         int     `json:"probes,omitempty"`          // random vectors of the trace, three products for each
}

// SharpnessPart is a chunk: an ascent from one start, the perturbations [From, To), or the trace.
type SharpnessPart struct {
	Measure  string
	From, To int
}

// perturbationsAtOnce is how many perturbations a chunk has.
const perturbationsAtOnce = 10

// Parts are the chunks of the step, in order.
func (p SharpnessParams) Parts() (out []SharpnessPart) {
	for _, m := range p.Measures {
		n, step := 1, 1
		switch {
		case p.isMean(m):
			n, step = p.Samples, perturbationsAtOnce
		case m != SharpnessTrace:
			n = p.Starts
		}
		for from := 0; from < n; from += step {
			out = append(out, SharpnessPart{m, from, min(from+step, n)})
		}
	}
	return out
}

// isMean says that a measure is a mean over perturbations.
func (p SharpnessParams) isMean(measure string) bool {
	return slices.Contains([]string{SharpnessAverage, SharpnessAverageAdaptive}, measure)
}

// passes is about how many forward passes over the images a chunk takes: a gradient counts three.
func (c SharpnessPart) passes(p SharpnessParams) int {
	switch {
	case c.Measure == SharpnessTrace:
		return ProductPasses * 3 * p.Probes
	case p.isMean(c.Measure):
		return c.To - c.From
	}
	return 3*(p.Ascent+1) + 1
}
