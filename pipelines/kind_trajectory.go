package pipelines

import (
	"fmt"
)

// KindTrajectory analyses the path of a training.
const KindTrajectory Kind = "trajectory"

var trajectorySpec = Spec{
	Version: 1, Computes: true,
	Outputs: []string{OutPath, OutDirections},
	Label:   typed(func(p TrajectoryParams) string { return fmt.Sprintf("%s %d", p.Net, len(p.Epochs)) }),
}

// TrajectoryParams says which path is analysed. Inputs: weights, and for each
// epoch but the last one its checkpoint, named as the output. Outputs: path, directions.
type TrajectoryParams struct {
	Net     Network `json:"net"`
	Problem Problem `json:"problem"`
	Ignore  string  `json:"ignore"` // of the principal components and the random directions
	// Normalize and Seed are those of the two random directions in which the path is shown beside.
	Normalize string `json:"normalize"`
	Seed      uint64 `json:"seed"`
	// Epochs are those of the path's points, rising; the last one is that of the weights.
	Epochs []int `json:"epochs"`
	// RateChanges are the epochs after which the learning rate was changed by the schedule.
	RateChanges []int `json:"rate_changes"`
}
