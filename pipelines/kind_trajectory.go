package pipelines

import (
	"fmt"
	"time"
)

// The kinds of steps that look at the path of a training: KindTrajectory analyses it, and KindPathLoss evaluates the
// loss at its points.
const (
	KindTrajectory Kind = "trajectory"
	KindPathLoss   Kind = "path-loss"
)

var trajectorySpec = Spec{
	Version: 2, Computes: true,
	Outputs: []string{OutPath, OutDirections},
	Label:   typed(func(p TrajectoryParams) string { return fmt.Sprintf("%s %d", p.Net, len(p.Points())) }),
}

var pathLossSpec = Spec{
	Version: 1, Numeric: true, Unit: "point", Attempt: time.Hour,
	Outputs: []string{OutLosses},
	Label:   typed(func(p PathLossParams) string { return fmt.Sprintf("%s %s %d", p.Net, p.Data.Split, len(p.Points)) }),
	Cost: typed(func(p PathLossParams) Cost {
		return forward(p.Net, p.Data.Problem, float64(len(p.Points)*p.Data.images()))
	}),
}

// TrajectoryParams says which paths are analysed. Inputs: weights, and for each
// epoch but the last one its checkpoint, named as the output; those of other trainings as [TrajectoryParams.Points] names
// them. Outputs: path, directions.
type TrajectoryParams struct {
	Net     Network `json:"net"`
	Problem Problem `json:"problem"`
	Ignore  string  `json:"ignore"` // of the principal components and the random directions
	// Normalize and Seed make the two random directions in which the path is also shown.
	Normalize string `json:"normalize"`
	Seed      uint64 `json:"seed"`
	// Epochs are the epochs of the path's points, ascending.
	Epochs []int `json:"epochs"`
	// RateChanges are the epochs after which the learning rate was changed by the schedule.
	RateChanges []int `json:"rate_changes"`
	// Others are the paths of further trainings in the plane of all of them.
	Others []OtherPath `json:"others,omitempty"`
}

// OtherPath is the path of a further training, as Epochs and RateChanges of [TrajectoryParams].
type OtherPath struct {
	Epochs      []int `json:"epochs"`
	RateChanges []int `json:"rate_changes"`
}

// Points are the inputs that hold the weights at the points of all paths, one path after the other. The other trainings'
// have the prefixes b/, c/, ….
func (p TrajectoryParams) Points() []string {
	points := pathPoints("", p.Epochs)
	for i, o := range p.Others {
		points = append(points, pathPoints(Letter(i+1)+"/", o.Epochs)...)
	}
	return points
}

func pathPoints(prefix string, epochs []int) []string {
	var points []string
	for i, epoch := range epochs {
		name := OutCheckpoint(epoch)
		if i == len(epochs)-1 {
			name = OutWeights
		}
		points = append(points, prefix+name)
	}
	return points
}

// PathLossParams evaluates the loss at the points of paths. Inputs as of [TrajectoryParams]. Output: losses.
type PathLossParams struct {
	Net    Network  `json:"net"`
	Data   MapData  `json:"data"`
	Batch  int      `json:"batch"`  // as of MapParams
	Points []string `json:"points"` // inputs, as [TrajectoryParams.Points]
	// Decay is the λ of a weight decay ½λ‖θ‖² that is part of the loss.
	Decay float64 `json:"decay,omitempty"`
	// BatchNorm is as of MapParams.
	BatchNorm *BatchNorm `json:"batchnorm,omitempty"`
}
