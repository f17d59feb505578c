// Package estimate says how long steps will take: from what they cost, and how
// long steps took before.
package estimate

import (
	"encoding/json"
	"fmt"

	"lossatlas/activities"
	"lossatlas/pipelines"
)

// Relative costs of a forward pass (1) and of a training step on the same images.
const (
	forwardCost  = 1
	trainingCost = 3
)

// Cost is the number of multiply-adds of a step, forward ones; 0 if it takes no
// time worth counting beside those that compute.
func Cost(s pipelines.Step) float64 {
	switch s.Kind {
	case pipelines.KindTrain:
		var p pipelines.TrainParams
		if json.Unmarshal(s.Params, &p) != nil {
			return 0
		}
		return macs(p.Net) * float64(p.Epochs) * (trainingCost*float64(p.Data.Train) + forwardCost*float64(p.Data.Test))
	case pipelines.KindImport:
		var p pipelines.ImportParams
		if json.Unmarshal(s.Params, &p) != nil {
			return 0
		}
		return macs(p.Net) * forwardCost * float64(p.Data.Train+p.Data.Test)
	case pipelines.KindLine, pipelines.KindSurface, pipelines.KindHessian:
		var p pipelines.MapParams
		if json.Unmarshal(s.Params, &p) != nil {
			return 0
		}
		points := p.X.N
		if p.Y != nil {
			points *= p.Y.N
		}
		if s.Kind == pipelines.KindHessian {
			points *= activities.SpectrumPasses
		}
		return macs(p.Net) * float64(points) * float64(p.Data.To-p.Data.From)
	case pipelines.KindEigenvectors:
		var p pipelines.EigenvectorsParams
		if json.Unmarshal(s.Params, &p) != nil {
			return 0
		}
		return macs(p.Net) * float64(activities.ProductPasses*activities.EndsProducts) * float64(p.Data.To-p.Data.From)
	case pipelines.KindSpectrum:
		var p pipelines.SpectrumParams
		if json.Unmarshal(s.Params, &p) != nil {
			return 0
		}
		products := activities.EndsProducts + p.Probes*p.Steps
		return macs(p.Net) * float64(activities.ProductPasses*products) * float64(p.Data.To-p.Data.From)
	}
	return 0
}

// TrainingCost is Cost in multiply-adds of a training, of which a device does the fewest in a second. The others by how
// many times faster they go, on two cores with small networks; a Hessian map also needs fewer products than Cost allows for.
func TrainingCost(s pipelines.Step) float64 {
	switch s.Kind {
	case pipelines.KindTrain:
		return Cost(s)
	case pipelines.KindHessian:
		return Cost(s) / 5
	}
	return Cost(s) / 2
}

// Program names what a step that computes has compiled, and says whether several workers may share the step.
func Program(s pipelines.Step) (program string, splits bool) {
	switch s.Kind {
	case pipelines.KindTrain:
		var p pipelines.TrainParams
		if json.Unmarshal(s.Params, &p) != nil {
			return "", false
		}
		return fmt.Sprintf("train %s %d", p.Net, p.BatchSize), false
	case pipelines.KindHessian, pipelines.KindSpectrum:
		return "product " + net(s), true
	case pipelines.KindEigenvectors:
		return "product " + net(s), false
	}
	return "forward " + net(s), s.Kind != pipelines.KindImport
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

func macs(net pipelines.Network) float64 {
	n, err := activities.Network(net)
	if err != nil {
		return 0
	}
	return float64(n.MACs())
}

// net is the network of a step, "" where it has none.
func net(s pipelines.Step) string {
	var p struct{ Net pipelines.Network }
	if json.Unmarshal(s.Params, &p) != nil {
		return ""
	}
	return p.Net.String()
}
