package pipelines

// StatedErrors are the errors that a map may be asked for, relative to the loss, largest first. They are few so that
// a map finds the points of those with other errors by their keys.
var StatedErrors = []float64{0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001}

// estimatorVersion is the version of activities/refine. A change that changes its results must raise it: exact maps
// then keep their keys, which a higher version of the steps would change.
const estimatorVersion = 1

// WithError is the map with another allowed error, 0 for exact values.
func (p MapParams) WithError(relative float64) MapParams {
	if p.Error, p.Estimator = relative, 0; relative > 0 {
		p.Estimator = estimatorVersion
	}
	return p
}

// estimatedPoints is about how many points are evaluated for a stated error: measured with lattices of 51×51 and 201 points
// around small networks, where surfaces took 100 to 430 points at 0.05, 105 to 680 at 0.02 and 157 to 950 at 0.01, and lines 17.
func estimatedPoints(line bool, relative float64) int {
	if line {
		return 17 + int(0.3/relative)
	}
	return 100 + int(3/relative)
}

// evaluations is how many points of a map are evaluated, an estimate where its error is stated.
func (p MapParams) evaluations() int {
	if p.Error == 0 {
		return p.points()
	}
	return min(p.points(), estimatedPoints(p.Y == nil, p.Error))
}
