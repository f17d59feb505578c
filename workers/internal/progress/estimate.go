package progress

import (
	"time"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/estimate"
)

// Estimator says how long a sweep will still take. It knows the cost of each
// step in multiply-adds and learns from finished and running steps how many of
// them a second does, for each kind of step; until it has, it goes by earlier runs.
type Estimator struct {
	steps map[string]expected // absent for those that take no time worth counting
	seen  map[string]first    // running steps, when they were first seen
}

// expected is what is known of a step beforehand.
type expected struct {
	kind  string
	cost  float64
	prior time.Duration // 0 where no step like it ran before
}

// first is where a running step was when it was first seen to move.
type first struct {
	at       time.Time
	fraction float64
}

// enough is how long a running step is watched before its speed is believed.
const enough = 3 * time.Second

// NewEstimator knows the costs of a sweep's steps. prior is how long they are
// expected to take, by their IDs, as far as that is known.
func NewEstimator(g *pipelines.Graph, prior map[string]time.Duration) *Estimator {
	e := &Estimator{steps: map[string]expected{}, seen: map[string]first{}}
	for _, p := range g.All() {
		if c := estimate.Cost(p.Step); c > 0 {
			e.steps[p.Step.ID] = expected{string(p.Step.Kind), c, prior[p.Step.ID]}
		}
	}
	return e
}

// Estimate is the time left, for the sweep and for its running steps. A sweep's
// is absent as long as nothing was measured.
type Estimate struct {
	Left  time.Duration
	Known bool
	Steps map[string]time.Duration
}

// pace is measured: multiply-adds, and the seconds that they took.
type pace struct{ work, seconds float64 }

func (p *pace) add(work, seconds float64) { p.work, p.seconds = p.work+work, p.seconds+seconds }

// Estimate takes a snapshot into account and says how long the rest will take.
// Snapshots must come in the order of time.
func (e *Estimator) Estimate(s Snapshot) Estimate {
	out := Estimate{Steps: map[string]time.Duration{}}
	var all pace
	kinds := map[string]*pace{}
	rest := map[string]float64{} // multiply-adds left in steps without a speed of their own
	workers := 1
	for _, step := range s.Steps {
		x, ok := e.steps[step.ID]
		if !ok {
			continue
		}
		if kinds[x.kind] == nil {
			kinds[x.kind] = &pace{}
		}
		switch {
		case step.Over():
			if step.Seconds > 0 {
				kinds[x.kind].add(x.cost, step.Seconds)
				all.add(x.cost, step.Seconds)
			}
		case step.State == artifacts.StateRunning || step.Ready:
			workers = max(workers, step.Working)
			if speed := e.speed(step, s.At); speed > 0 { // fractions per second
				own := time.Duration((1 - step.Fraction) / speed * float64(time.Second))
				out.Steps[step.ID] = own
				out.Left += own
				kinds[x.kind].add(x.cost*speed*enough.Seconds(), enough.Seconds())
				all.add(x.cost*speed*enough.Seconds(), enough.Seconds())
			} else {
				rest[step.ID] = x.cost * (1 - step.Fraction)
			}
		default:
			rest[step.ID] = x.cost
		}
	}
	var seconds float64
	for id, work := range rest {
		x := e.steps[id]
		switch p := kinds[x.kind]; {
		case p.work > 0:
			seconds += work * p.seconds / p.work
		case x.prior > 0:
			seconds += work / x.cost * x.prior.Seconds()
		case all.work > 0:
			seconds += work * all.seconds / all.work
		default:
			return Estimate{Steps: out.Steps}
		}
	}
	out.Left += time.Duration(seconds / float64(workers) * float64(time.Second))
	out.Known = true
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
