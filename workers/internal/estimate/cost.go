// Package estimate predicts how long steps take, from their costs and from the times of earlier steps.
package estimate

import (
	"lossatlas/activities/runner/networks"
	"lossatlas/pipelines"
)

// Cost is the work of a step in multiply-adds of forward passes; 0 if it takes no time worth counting.
func Cost(s pipelines.Step) float64 {
	c := s.Cost()
	net, err := networks.Of(c.Net, c.Problem)
	if err != nil {
		return 0
	}
	return float64(net.MACs()) * c.Passes
}

// OnDevice fills a plan with the times of its steps on a device of a sustained speed in TFLOP/s, at two operations for each
// multiply-add. Steps that don't compute take no time.
func OnDevice(plan *pipelines.Plan, g *pipelines.Graph, tflops float64) {
	plan.Estimate(g, func(s pipelines.Step) (float64, int) {
		if c := Cost(s); c > 0 {
			return 2 * c / (tflops * 1e12), 1
		}
		return 0, 0
	})
	plan.Unknown, plan.EstimateTFLOPS = 0, tflops
	for i := range plan.Steps {
		plan.Steps[i].Unknown = false
	}
}
