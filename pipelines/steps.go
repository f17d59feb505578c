package pipelines

import (
	"encoding/json"
	"fmt"
	"maps"

	"lossatlas/artifacts"
)

// Output names that steps refer to.
const (
	OutWeights      = "weights"      // train, import: safetensors with PyTorch names, running statistics included
	OutLog          = "log"          // train, import: JSON, see TrainLog
	OutDirections   = "directions"   // directions, eigenvectors, difference, trajectory: safetensors, tensors "x/<param>" and "y/<param>"
	OutGrid         = "grid"         // line, surface, hessian: NPZ
	OutPath         = "path"         // trajectory: JSON, see activities/trajectory
	OutLosses       = "losses"       // path-loss: JSON, see activities/trajectory
	OutSpectrum     = "spectrum"     // spectrum: NPZ
	OutEigenvectors = "eigenvectors" // spectrum: safetensors of length 1, tensors "largest-1/<param>", "smallest-1/<param>" and so on, from the outside in
	OutFlatness     = "flatness"     // flatness: JSON, see surface.FlatnessResult
	OutPairs        = "pairs"        // pairs: JSON, see activities/pairs
	OutPNG          = "png"          // render
	OutSVG          = "svg"          // render
	OutPDF          = "pdf"          // render
	OutHTML         = "html"         // report
)

// Ref points at an output of another step of the same graph.
type Ref struct {
	Step   string `json:"step"`
	Output string `json:"output"`
}

// Step is one unit of cached work. Its key is made from its kind, parameters
// and the digests of its inputs, never from its ID.
type Step struct {
	// ID is unique within the sweep and reads well: "batch_size=128/surface-test".
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// At is where the step stands in its sweep; it is no part of the key.
	At Address `json:"at"`
	// Caption is the heading of a picture on the page.
	Caption string `json:"caption,omitempty"`
	// Directions says along which directions a map is, for the page: "along filter-normalized random directions (seed 1)"; "" where its kind says it.
	Directions string `json:"directions,omitempty"`
	// Params is the normalised parameter struct of the kind (TrainParams, …): defaults filled in, nothing cosmetic.
	Params json.RawMessage `json:"params,omitempty"`
	Inputs map[string]Ref  `json:"inputs,omitempty"`
	// Partial steps run with the available inputs when steps before them failed.
	Partial bool `json:"partial,omitempty"`
	// AnyNumerics leaves the numerics class out of the key (a sweep's "numerics: any").
	AnyNumerics bool `json:"any_numerics,omitempty"`
}

// Recipe returns everything that determines the step's result, given the
// digests of its inputs and the numerics class it will run on.
func (s Step) Recipe(inputs map[string]artifacts.Digest, numerics string) (artifacts.Recipe, error) {
	spec, ok := specs[s.Kind]
	if !ok {
		return artifacts.Recipe{}, fmt.Errorf("step %s: unknown kind %q", s.ID, s.Kind)
	}
	if !spec.Numeric || s.AnyNumerics {
		numerics = ""
	}
	return artifacts.Recipe{Kind: string(s.Kind), Version: spec.Version, Params: s.Params, Inputs: maps.Clone(inputs), Numerics: numerics}, nil
}
