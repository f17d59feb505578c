package progress

import (
	"math"
	"time"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/estimate"
)

// Estimator predicts how much longer a sweep takes. It starts from the cost of each step: the seconds of earlier steps like
// it, or its multiply-adds over the relative speed of its kind. The times of finished and running steps correct that, for
// the machine, then for each kind, and for a running step itself, the more the longer they were watched.
type Estimator struct {
	steps    map[string]expected  // without steps of negligible cost
	scaled   bool                 // costs are in seconds, by earlier steps
	seen     map[string]*watched  // running steps
	compiled map[string]bool      // by program
	began    map[string]time.Time // when the compilation of a program was first seen
	compile  float64              // seconds that a program takes to compile
	workers  int                  // the maximum seen at work
	at, end  time.Time            // of the last estimate, and the end that it predicted
}

// expected is the prediction for a step before it runs.
type expected struct {
	kind, program string
	cost          float64 // in seconds, or in multiply-adds of a training where no earlier step is known
	splits        bool    // several workers can share it
}

// watched holds the measurements of a running step.
type watched struct {
	at       time.Time
	fraction float64
	working  int
	pace
}

// pace is a cost, and the worker-seconds that it took.
type pace struct{ cost, seconds float64 }

func (p *pace) add(o pace) { p.cost, p.seconds = p.cost+o.cost, p.seconds+o.seconds }

const (
	// enough is the seconds of work after which a measured speed is used.
	enough = 3
	// trust is the seconds of work that correct a prediction by half of the difference; fewer where they differ by a factor
	// of far or more, as the prediction then is for other conditions.
	trust = 30
	far   = 3
	// swing is the largest factor between the time left that is shown and that of the latest sample.
	swing = 2
	// compiling is the assumed seconds of a compilation until one was seen.
	compiling = 3
)

// correct returns the seconds per unit of cost, predicted to be rate, after some work was seen.
func correct(rate float64, seen pace) float64 {
	trust := float64(trust)
	if seen.seconds >= enough && seen.cost > 0 {
		off := seen.seconds / (rate * seen.cost)
		trust /= math.Pow(max(off, 1/off, far)/far, 2)
	}
	return rate * (seen.seconds + trust) / (rate*seen.cost + trust)
}

// NewEstimator returns an estimator for a sweep. prior is the predicted time of its steps by ID, as far as known.
func NewEstimator(g *pipelines.Graph, prior map[string]time.Duration) *Estimator {
	e := &Estimator{steps: map[string]expected{}, seen: map[string]*watched{}, compiled: map[string]bool{}, began: map[string]time.Time{}, compile: compiling, workers: 1}
	var before pace // of the steps with a prior
	for _, p := range g.All() {
		of := p.Step.Cost()
		if c := estimate.Cost(p.Step) * of.Pace; c > 0 {
			e.steps[p.Step.ID] = expected{string(p.Step.Kind), of.Program, c, p.Step.Kind.Unit() != ""}
			if d := prior[p.Step.ID]; d > 0 {
				before.add(pace{c, d.Seconds()})
			}
		}
	}
	if e.scaled = before.cost > 0; e.scaled {
		for id, x := range e.steps {
			if x.cost *= before.seconds / before.cost; prior[id] > 0 {
				x.cost = prior[id].Seconds()
			}
			e.steps[id] = x
		}
	}
	return e
}

// Estimate is the time left, for the sweep and for its running steps. It is not Known before anything was measured.
type Estimate struct {
	Left  time.Duration
	Known bool
	Steps map[string]time.Duration
}

// Estimate updates the estimator with a snapshot, later than all before, and returns the time left.
func (e *Estimator) Estimate(s Snapshot) Estimate {
	out := Estimate{Steps: map[string]time.Duration{}}
	all, kinds := e.measure(s)
	rate := 1.0
	switch {
	case e.scaled:
		rate = correct(rate, all)
	case all.seconds >= enough && all.cost > 0:
		rate = all.seconds / all.cost
	default:
		return out
	}
	var total, longest float64
	compiled := map[string]bool{}
	for _, step := range s.Steps {
		x, ok := e.steps[step.ID]
		if !ok || step.Over() {
			continue
		}
		own := correct(rate, kinds[x.kind])
		if w := e.seen[step.ID]; w != nil {
			own = correct(own, w.pace)
		}
		left := own * x.cost * (1 - step.Fraction)
		if step.Working > 0 && step.Fraction > 0 {
			out.Steps[step.ID] = seconds(left / float64(step.Working))
		}
		if !e.compiled[x.program] && !compiled[x.program] {
			compiled[x.program] = true
			left += e.compile
			if began, ok := e.began[x.program]; ok {
				left -= min(e.compile, s.At.Sub(began).Seconds())
			}
		}
		total += left
		if !x.splits {
			longest = max(longest, left)
		}
	}
	out.Known, out.Left = true, e.steady(s.At, max(total/float64(e.workers), longest))
	return out
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// measure returns the pace of the steps of this run, in total and by kind.
func (e *Estimator) measure(s Snapshot) (all pace, kinds map[string]pace) {
	kinds = map[string]pace{}
	working := 0
	for _, step := range s.Steps {
		x, ok := e.steps[step.ID]
		if !ok {
			continue
		}
		var p pace
		switch {
		case step.State == artifacts.StateRan && step.Seconds > 0:
			if p = (pace{x.cost, step.Seconds}); !e.compiled[x.program] { // it ended before it was seen
				p.seconds = max(p.seconds-e.compile, p.seconds/2)
			}
			if w := e.seen[step.ID]; w != nil && w.cost > x.cost/2 { // without compiling
				p = w.pace
			}
			e.compiled[x.program] = true
		case !step.Over():
			p = e.watch(step, x, s.At)
			working += step.Working
		}
		k := kinds[x.kind]
		k.add(p)
		kinds[x.kind] = k
		all.add(p)
	}
	e.workers = max(e.workers, working)
	return all, kinds
}

// watch updates and returns the pace of an unfinished step. The time in which it compiles, or has no worker, does not count.
func (e *Estimator) watch(step Step, x expected, now time.Time) pace {
	w := e.seen[step.ID]
	switch {
	case w == nil && step.Fraction == 0:
		if _, ok := e.began[x.program]; !ok && step.Working > 0 {
			e.began[x.program] = now
		}
		return pace{}
	case w == nil:
		w = &watched{}
		e.seen[step.ID] = w
		if began, ok := e.began[x.program]; ok && !e.compiled[x.program] {
			e.compile = (e.compile + now.Sub(began).Seconds()) / 2
		}
	case step.Fraction >= w.fraction:
		w.add(pace{x.cost * (step.Fraction - w.fraction), now.Sub(w.at).Seconds() * float64(min(w.working, step.Working))})
	}
	w.at, w.fraction, w.working = now, step.Fraction, step.Working
	e.compiled[x.program] = true
	return w.pace
}

// steady moves the predicted end towards that of the latest sample with a time constant of a tenth of the time left, so that
// one sample does not move it much.
func (e *Estimator) steady(now time.Time, left float64) time.Duration {
	end := now.Add(seconds(left))
	if !e.at.IsZero() {
		passed := now.Sub(e.at).Seconds()
		over := min(max(left/10, 1), 60)
		smooth := e.end.Add(seconds(end.Sub(e.end).Seconds() * (1 - math.Exp(-passed/over)))).Sub(now).Seconds()
		end = now.Add(seconds(min(max(smooth, left/swing), left*swing)))
	}
	e.at, e.end = now, end
	if left == 0 {
		return 0
	}
	return max(end.Sub(now), 0)
}
