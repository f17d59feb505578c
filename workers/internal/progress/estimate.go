package progress

import (
	"encoding/json"
	"time"

	"lossatlas/activities"
	"lossatlas/pipelines"
)

// Estimator says how long a sweep will still take. It knows the cost of each
// step in multiply-adds and learns from finished and running steps how many of
// them a second does, for each kind of step.
type Estimator struct {
	cost map[string]float64 // by step; absent for steps that take no time worth counting
	seen map[string]first   // running steps, when they were first seen
}

// first is where a running step was when it was first seen to move.
type first struct {
	at       time.Time
	fraction float64
}

// Relative costs of a forward pass (1) and of a training step on the same images.
const (
	forwardCost  = 1
	trainingCost = 3
)

// enough is how long a running step is watched before its speed is believed.
const enough = 3 * time.Second

// NewEstimator knows the costs of a sweep's steps.
func NewEstimator(g *pipelines.Graph) *Estimator {
	e := &Estimator{cost: map[string]float64{}, seen: map[string]first{}}
	for _, p := range g.All() {
		if c := cost(p.Step); c > 0 {
			e.cost[p.Step.ID] = c
		}
	}
	return e
}

// cost is the number of multiply-adds of a step, forward ones; 0 if it does not compute.
func cost(s pipelines.Step) float64 {
	switch s.Kind {
	case pipelines.KindTrain:
		var p pipelines.TrainParams
		if json.Unmarshal(s.Params, &p) != nil {
			return 0
		}
		return macs(p.Net) * float64(p.Epochs) * (trainingCost*float64(p.Data.Train) + forwardCost*float64(p.Data.Test))
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

func macs(net pipelines.Network) float64 {
	n, err := activities.Network(net)
	if err != nil {
		return 0
	}
	return float64(n.MACs())
}

// Estimate is the time left, for the sweep and for its running steps. A sweep's
// is absent as long as nothing was measured.
type Estimate struct {
	Left  time.Duration
	Known bool
	Steps map[string]time.Duration
}

// Estimate takes a snapshot into account and says how long the rest will take.
// Snapshots must come in the order of time.
func (e *Estimator) Estimate(s Snapshot) Estimate {
	out := Estimate{Steps: map[string]time.Duration{}}
	var seconds, work float64 // measured: time, and multiply-adds done in it
	var rest float64          // multiply-adds left in steps without a speed of their own
	var left time.Duration
	workers := 1
	for _, step := range s.Steps {
		c := e.cost[step.ID]
		switch {
		case c == 0:
		case step.Over():
			if step.Seconds > 0 {
				seconds += step.Seconds
				work += c
			}
		case step.State == activities.StateRunning || step.Ready:
			workers = max(workers, step.Working)
			if speed := e.speed(step, s.At); speed > 0 { // fractions per second
				own := time.Duration((1 - step.Fraction) / speed * float64(time.Second))
				out.Steps[step.ID] = own
				left += own
				work += c * speed * enough.Seconds()
				seconds += enough.Seconds()
			} else {
				rest += c * (1 - step.Fraction)
			}
		default:
			rest += c
		}
	}
	if rest > 0 && work == 0 {
		return out
	}
	if rest > 0 {
		left += time.Duration(rest * seconds / work / float64(workers) * float64(time.Second))
	}
	out.Left, out.Known = left, true
	return out
}

// speed is the fraction of a running step that is done in a second, 0 while it isn't known.
func (e *Estimator) speed(s Step, now time.Time) float64 {
	if s.Fraction <= 0 || s.Working == 0 {
		delete(e.seen, s.ID) // it waits; its clock starts anew when it goes on
		return 0
	}
	f, ok := e.seen[s.ID]
	if !ok || s.Fraction < f.fraction {
		e.seen[s.ID] = first{now, s.Fraction}
		return 0
	}
	elapsed := now.Sub(f.at)
	if elapsed < enough || s.Fraction == f.fraction {
		return 0
	}
	return (s.Fraction - f.fraction) / elapsed.Seconds()
}
