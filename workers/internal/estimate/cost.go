// Package estimate says how long steps will take: from what they cost, and how
// long steps took before.
package estimate

import (
	"encoding/json"

	"lossatlas/activities/work"
	"lossatlas/pipelines"
)

// Cost is the number of multiply-adds of a step, forward ones; 0 if it takes no
// time worth counting next to those that compute.
func Cost(s pipelines.Step) float64 {
	c := s.Cost()
	net, err := work.Network(c.Net, c.Problem)
	if err != nil {
		return 0
	}
	return float64(net.MACs()) * c.Passes
}

// TrainingCost is Cost in multiply-adds of a training, of which a device does the fewest in a second.
func TrainingCost(s pipelines.Step) float64 { return Cost(s) * s.Cost().Pace }

// Program names what a step that computes has compiled, and says whether several workers may share the step.
func Program(s pipelines.Step) (program string, splits bool) {
	return s.Cost().Program, s.Kind.Unit() != ""
}

// OnDevice puts into a plan of a graph how long its steps would take on a device that does so many TFLOP/s of them, all in
// all: two operations for each multiply-add. Steps that don't compute count as nothing.
func OnDevice(plan *pipelines.Plan, g *pipelines.Graph, tflops float64) {
	plan.Estimate(g, func(s pipelines.Step) (float64, int) {
		if c := Cost(s); c > 0 {
			return 2 * c / (tflops * 1e12), 1
		}
		return 0, 0
	})
	plan.Unknown, plan.EstimateTFLOPS = 0, tflops
}

// net is the network of a step, "" where it has none.
func net(s pipelines.Step) string {
	var p struct{ Net pipelines.Network }
	if json.Unmarshal(s.Params, &p) != nil {
		return ""
	}
	return p.Net.String()
}
