// Package checks compares a network from a file with the outputs that its own framework computed, and the gradient of its
// loss with differences of the loss. Both are computed in float64 by the pure-Go backend, so that rounding hides nothing.
package checks

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
)

// maxMACs is the number of multiply-adds that one check may take: a few seconds on one core.
const maxMACs = 2 << 30

// backend computes in float64. Its operations run one after another: in parallel they may wait for each other for ever.
func backend() (compute.Backend, error) { return gobackend.New("ops_sequential") }
