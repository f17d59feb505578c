package pipelines

import (
	"fmt"
)

// KindFlatness measures how flat the loss is around a minimizer.
const KindFlatness Kind = "flatness"

var flatnessSpec = Spec{Version: 3, Outputs: []string{OutFlatness}}

// InGrid is what a flatness step calls the grid of the i-th pair of directions, counted from 0.
func InGrid(i int) string { return fmt.Sprintf("grid-%d", i) }

// FlatnessParams are the measures of grids around one minimizer that
// differ in their directions alone. Inputs: grid-0, grid-1, …. Output: flatness.
type FlatnessParams struct {
	Levels []float64 `json:"levels"` // above the loss at the minimizer, at which widths are taken
	Radii  []float64 `json:"radii"`  // within which the largest loss is looked for
	// Persistence is the least one of a basin that is counted; nil counts none.
	Persistence *float64 `json:"persistence,omitempty"`
}
