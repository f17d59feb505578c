package pipelines

import (
	"fmt"
)

// The kinds of steps that make the directions of a map.
const (
	KindDirections      Kind = "directions"       // random ones
	KindEigenvectors    Kind = "eigenvectors"     // of the Hessian
	KindGivenDirections Kind = "given-directions" // from a file
	KindShift           Kind = "shift"            // moves weights along a third direction, for a parallel plane
	KindDifference      Kind = "difference"       // between minimizers
	KindAlign           Kind = "align"            // orders the units of a minimizer for a difference
	KindMatch           Kind = "match"            // orders them by their activations
)

// Inputs of a difference next to the weights that it starts from.
const (
	InTowardX = "toward_x"
	InTowardY = "toward_y"
)

var directionsSpec = Spec{
	Version: 2,
	Outputs: []string{OutDirections},
	Label: typed(func(p DirectionsParams) string {
		return fmt.Sprintf("%s %s seed%d", p.Net, p.Normalize, p.Seed)
	}),
}

var eigenvectorsSpec = Spec{
	Version: 5, Numeric: true, Long: true,
	Outputs: []string{OutDirections},
	Label:   typed(func(p EigenvectorsParams) string { return fmt.Sprintf("%s %s", p.Net, p.Data.Split) }),
	Cost:    typed(func(p EigenvectorsParams) Cost { return products(p.Net, p.Data, EndsProducts) }),
}

var givenDirectionsSpec = Spec{
	Version: 1,
	Outputs: []string{OutDirections},
	Label:   typed(func(p GivenDirectionsParams) string { return p.Net.String() }),
}

var shiftSpec = Spec{
	Version: 1,
	Outputs: []string{OutWeights},
	Label:   typed(func(p ShiftParams) string { return fmt.Sprintf("%s %g", p.Net, p.By) }),
}

var differenceSpec = Spec{
	Version: 1,
	Outputs: []string{OutDirections},
	Label:   typed(func(p DifferenceParams) string { return p.Net.String() }),
}

var alignSpec = Spec{
	Version: 1, Computes: true,
	Outputs: []string{OutWeights},
	Label:   typed(func(p AlignParams) string { return fmt.Sprintf("%s %s", p.Net, p.Method) }),
}

var matchSpec = Spec{
	Version: 1, Numeric: true, Long: true,
	Outputs: []string{OutWeights},
	Label:   typed(func(p MatchParams) string { return p.Net.String() }),
	Cost:    typed(func(p MatchParams) Cost { return forward(p.Net, p.Data.Problem, float64(2*p.Data.images())) }),
}

// DirectionsParams says how the directions of a map are drawn. Input: weights.
type DirectionsParams struct {
	Net       Network `json:"net"`
	Problem   Problem `json:"problem"`
	Normalize string  `json:"normalize"` // filter, layer, weight, none
	Ignore    string  `json:"ignore"`    // "biasbn" or "none"
	Seed      uint64  `json:"seed"`
	Axes      int     `json:"axes"` // 1 for a line, 2 for a surface
	// Layers are patterns, divided by commas, of the modules whose parameters change; "" is all.
	Layers string `json:"layers,omitempty"`
}

// EigenvectorsParams are directions along the eigenvectors, of length 1, of the largest eigenvalues of
// the Hessian of the loss at the minimizer. Input: weights. Output: directions.
type EigenvectorsParams struct {
	Net       Network `json:"net"`
	Data      MapData `json:"data"`
	Batch     int     `json:"batch"`
	Subset    string  `json:"subset"`    // as of HessianParams
	Tolerance float64 `json:"tolerance"` // as of HessianParams
	Axes      int     `json:"axes"`      // 1 for a line, 2 for a surface
	Layers    string  `json:"layers,omitempty"`
	// BatchNorm is as of MapParams.
	BatchNorm *BatchNorm `json:"batchnorm,omitempty"`
}

// GivenDirectionsParams are directions from a file that is in the store. Output: directions.
type GivenDirectionsParams struct {
	Net        Network `json:"net"`
	Problem    Problem `json:"problem"`
	Directions string  `json:"directions"` // digest of the file, in the form of the output directions
	Axes       int     `json:"axes"`       // 1 for a line, which takes the first of two; 2 for a surface
}

// ShiftParams moves weights By times along a random direction, the one that would follow those of the embedded parameters: a plane of these
// around the moved weights is parallel to that around the others. Input: weights. Output: weights.
type ShiftParams struct {
	DirectionsParams
	By float64 `json:"by"`
}

// DifferenceParams are directions between minimizers. Inputs: weights, where they
// start; toward_x and, for a plane, toward_y, where they lead. Output: directions.
type DifferenceParams struct {
	Net     Network `json:"net"`
	Problem Problem `json:"problem"`
	// States also moves the running statistics of batch normalization.
	States bool `json:"states"`
}

// How units are aligned.
const (
	AlignWeights     = "weights"     // an align step brings weights close to each other
	AlignActivations = "activations" // a match step finds the units that respond to the same images
)

// AlignParams permutes the hidden units of a minimizer, which leaves its function unchanged, to bring it close to another one. Inputs: weights, the
// other one; toward_x, that with the units. Output: weights, with its units in another order.
type AlignParams struct {
	Net     Network `json:"net"`
	Problem Problem `json:"problem"`
	Method  string  `json:"method"`
}

// MatchParams permutes the hidden units of a minimizer, which leaves its function unchanged, so that their activations correlate with those of another one's.
// Inputs and output as of [AlignParams].
type MatchParams struct {
	Net  Network `json:"net"`
	Data MapData `json:"data"`
	// Batch is how many images are evaluated at a time. Images that do not fill the last batch are left out.
	Batch int `json:"batch"`
}
