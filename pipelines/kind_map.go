package pipelines

import (
	"fmt"
	"time"
)

// The kinds of steps that evaluate the loss on a lattice.
const (
	KindLine    Kind = "line"
	KindSurface Kind = "surface"
)

var mapSpec = Spec{
	Version: 4, Numeric: true, Unit: "point", Attempt: time.Hour,
	Outputs: []string{OutGrid},
	Label:   typed(MapParams.label),
	Cost: typed(func(p MapParams) Cost {
		return forward(p.Net, p.Data.Problem, float64(p.evaluations()*p.Images()))
	}),
}

func (p MapParams) label() string {
	label := fmt.Sprintf("%s %s %d", p.Net, p.Data.Split, p.X.N)
	if p.Y != nil {
		label += fmt.Sprintf("x%d", p.Y.N)
	}
	if p.Error > 0 {
		label += fmt.Sprintf(" error %g", p.Error)
		if p.Absolute {
			label += " absolute"
		}
	}
	return label
}

func (p MapParams) points() int {
	if p.Y == nil {
		return p.X.N
	}
	return p.X.N * p.Y.N
}

// Images is how many images go through the network at each point.
func (p MapParams) Images() int {
	if p.BatchNorm != nil {
		return p.Data.images() + p.BatchNorm.Recompute
	}
	return p.Data.images()
}

func (d MapData) images() int { return d.To - d.From }

// Axis is one side of a lattice: N equidistant values from Min to Max, both included.
type Axis struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
	N   int     `json:"n"`
}

// MapData names the records that a map's loss is the mean over: [From, To) of a split.
type MapData struct {
	Name    string  `json:"name"`
	Digest  string  `json:"digest"`
	Problem Problem `json:"problem"`
	Split   string  `json:"split"` // train, test
	From    int     `json:"from"`
	To      int     `json:"to"`
	// Noise is how the labels were made wrong for the training, of which a map of the training split sees the same.
	Noise *LabelNoise `json:"label_noise,omitempty"`
}

// LabelNoise makes each label a wrong one with probability Fraction; which ones, the seed says.
type LabelNoise struct {
	Fraction float64 `json:"fraction"`
	Seed     uint64  `json:"seed"`
}

// Fit lays the axes of a map around a path, or over the range that a step found. Each such axis says only how many points it has.
type Fit struct {
	X      bool    `json:"x"`
	Y      bool    `json:"y"`
	Margin float64 `json:"margin"` // room on each side, as a fraction of the path's extent; 0 for a range
}

// MapParams is a line (Y nil) or a surface. Inputs: weights, directions, and with Fit the path or the range. Output: grid.
type MapParams struct {
	Net  Network `json:"net"`
	Data MapData `json:"data"`
	X    Axis    `json:"x"`
	Y    *Axis   `json:"y,omitempty"`
	Fit  *Fit    `json:"fit,omitempty"`
	// Curve is the shape of a curve with one bend, along which X runs as t, as in CurveParams: the directions lead to its end and to its bend. "" is a line.
	Curve string `json:"curve,omitempty"`
	StatedError
	// Estimator is the version of activities/refine that chooses and estimates points, where Error is not 0.
	Estimator int `json:"estimator,omitempty"`
	// Population is how many examples Data is a sample of; where it is larger, the grid has the standard errors that follow.
	Population int `json:"population,omitempty"`
	Batch      int `json:"batch"` // images per executable call; summation order, hence the last bits, depend on it
	// BatchNorm says by which statistics batch normalization normalizes; nil is the running ones.
	BatchNorm *BatchNorm `json:"batchnorm,omitempty"`
}

// BatchNorm is a mode of batch normalization.
type BatchNorm struct {
	// ByBatch normalizes each batch of images, of which a call takes one, by its own statistics.
	ByBatch bool `json:"by_batch,omitempty"`
	// Recompute is from how many images of the training split, the first ones, running statistics are recomputed at each point, in batches of
	// Size.
	Recompute int `json:"recompute,omitempty"`
	Size      int `json:"size,omitempty"`
}
