package pipelines

import (
	"encoding/json"
	"fmt"
	"math"
)

// The errors that a map may be asked for, largest first. They are few so that a map finds the points of those with
// other errors by their keys.
var (
	RelativeErrors = []float64{0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001}
	AbsoluteErrors = []float64{1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001}
)

// StatedError is the error that the losses of a map may have at points that are estimated, or its eigenvalues. Its zero value evaluates all points.
type StatedError struct {
	Error float64 `json:"error,omitempty"`
	// Absolute says that Error is in the unit of the loss; else it is relative to the loss. Of eigenvalues it is relative to the larger of
	// |λmin| and |λmax|.
	Absolute bool `json:"error_absolute,omitempty"`
}

// StatedErrors are all errors that a map may have, exact values first.
func StatedErrors() []StatedError {
	out := []StatedError{{}}
	for _, v := range RelativeErrors {
		out = append(out, StatedError{Error: v})
	}
	for _, v := range AbsoluteErrors {
		out = append(out, StatedError{v, true})
	}
	return out
}

// Bound is the error as captions write it: "error ≤ 2 % with 95 % confidence", "error ≤ 0.01 with …"; "" of exact values.
func (e StatedError) Bound() string {
	switch {
	case e.Error == 0:
		return ""
	case e.Absolute:
		return fmt.Sprintf("error ≤ %.4g with 95 %% confidence", e.Error)
	}
	return fmt.Sprintf("error ≤ %.4g %% with 95 %% confidence", math.Round(e.Error*1e6)/1e4)
}

// estimatorVersion is the version of activities/refine. A change that changes its results must raise it: exact maps
// then keep their keys, which a higher version of the steps would change.
const estimatorVersion = 3

// WithError is the map with another allowed error.
func (p MapParams) WithError(e StatedError) MapParams {
	if p.StatedError, p.Estimator = e, 0; e.Error > 0 {
		p.Estimator = estimatorVersion
	}
	return p
}

// estimatedPoints is about how many points are evaluated for a stated error: measured with lattices of 51×51 and 201 points
// around small networks, where surfaces took 100 to 430 points at 0.05, 105 to 680 at 0.02 and 157 to 950 at 0.01, and lines 17.
// Of an absolute error it takes the loss to be about 1. Around the authors' ResNet-56 with skip connections a surface took 849 of 101×101 points over 128 images at 0.05, and
// 491, 588 and 899 of 51×51 over 512 images at 0.05, 0.02 and 0.01; without them all.
func estimatedPoints(line bool, size float64) int {
	if line {
		return 17 + int(0.3/size)
	}
	return 100 + int(3/size)
}

// evaluations is how many points of a map are evaluated, an estimate where its error is stated.
func (p MapParams) evaluations() int {
	if p.Error == 0 {
		return p.points()
	}
	return min(p.points(), estimatedPoints(p.Y == nil, p.Error))
}

// StatedPoints are the points of the maps with a stated error, and about how many of them are evaluated.
func (g *Graph) StatedPoints() (evaluated, all int) {
	for _, placed := range g.All() {
		var p MapParams
		if s := placed.Step; s.Kind != KindLine && s.Kind != KindSurface && s.Kind != KindHessian || json.Unmarshal(s.Params, &p) != nil || p.Error == 0 {
			continue
		}
		evaluated, all = evaluated+p.evaluations(), all+p.points()
	}
	return evaluated, all
}
