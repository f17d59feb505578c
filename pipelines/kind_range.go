package pipelines

import "time"

// KindRange finds how far along its directions a map should reach.
const KindRange Kind = "range"

// OutRange is its output: JSON, see surface.Range.
const OutRange = "range"

// rangePoints is about how many points a search evaluates along one direction, both ways.
const rangePoints = 13

var rangeSpec = Spec{
	Version: 1, Numeric: true, Unit: "point", Attempt: time.Hour,
	Outputs: []string{OutRange},
	Label:   typed(func(p RangeParams) string { return p.Net.String() + " " + p.Data.Split }),
	Cost: typed(func(p RangeParams) Cost {
		return forward(p.Net, p.Data.Problem, float64(rangePoints*p.Axes*p.Map().Images()))
	}),
}

// RangeParams is a search for the distances at which the loss has risen, along the directions of maps. Inputs: weights, directions.
// Output: range.
type RangeParams struct {
	Net  Network `json:"net"`
	Data MapData `json:"data"`
	Axes int     `json:"axes"` // 1 along a line, 2 in a plane
	// Rise is the factor by which the loss has risen at the ends.
	Rise float64 `json:"rise"`
	// Beyond is the coordinate from which the upper end is looked for: 1 between minimizers, the last of which lie there.
	Beyond    float64    `json:"beyond,omitempty"`
	Batch     int        `json:"batch"` // as of MapParams
	BatchNorm *BatchNorm `json:"batchnorm,omitempty"`
}

// Map is a map over the same images along the same directions, of a single point.
func (p RangeParams) Map() MapParams {
	m := MapParams{Net: p.Net, Data: p.Data, X: Axis{N: 1}, Batch: p.Batch, BatchNorm: p.BatchNorm}
	if p.Axes > 1 {
		m.Y = &Axis{N: 1}
	}
	return m
}
