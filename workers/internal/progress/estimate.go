package progress

import (
	"math"
	"time"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/estimate"
)

// Estimator says how long a sweep will still take. It goes by what each step costs: the seconds that steps like it took
// before, or its multiply-adds by the relative speed of its kind. What finished and running steps really take corrects
// that, for the machine, then for each kind, and for a running step by itself, each the more the longer it was watched.
type Estimator struct {
	steps    map[string]expected  // absent for those that take no time worth counting
	scaled   bool                 // costs are in seconds, as steps ran before
	seen     map[string]*watched  // running steps
	compiled map[string]bool      // by program
	began    map[string]time.Time // when a program was first seen to be compiled
	compile  float64              // seconds that a program takes to compile
	workers  int                  // the most that were seen at work
	at, end  time.Time            // of the last estimate, and the end that it expected
}

// expected is what is known of a step beforehand.
type expected struct {
	kind, program string
	cost          float64 // in seconds, or in multiply-adds of a training where nothing ran before
	splits        bool    // several workers may share it
}

// watched holds the measurements of a running step.
type watched struct {
	at       time.Time
	fraction float64
	working  int
	pace
}

// pace is the cost of work, and the seconds of a worker that it took.
type pace struct{ cost, seconds float64 }

func (p *pace) add(o pace) { p.cost, p.seconds = p.cost+o.cost, p.seconds+o.seconds }

const (
	// enough is how many seconds of work are watched before the speed of this machine is believed.
	enough = 3
	// trust is how many seconds of work correct an expectation by half of what they differ from it; fewer where they differ
	// by a factor of far or more, as the expectation then comes from something else.
	trust = 30
	far   = 3
	// swing is the factor by which the time left that is shown may differ from what the latest sample says.
	swing = 2
	// compiling is how many seconds a program takes to compile, until one was seen.
	compiling = 3
)

// correct is how many seconds a unit of cost takes, expected to be rate, after some work was seen.
func correct(rate float64, seen pace) float64 {
	trust := float64(trust)
	if seen.seconds >= enough && seen.cost > 0 {
		off := seen.seconds / (rate * seen.cost)
		trust /= math.Pow(max(off, 1/off, far)/far, 2)
	}
	return rate * (seen.seconds + trust) / (rate*seen.cost + trust)
}

// NewEstimator knows the costs of a sweep's steps. prior is how long they are
// expected to take, by their IDs, as far as that is known.
func NewEstimator(g *pipelines.Graph, prior map[string]time.Duration) *Estimator {
	e := &Estimator{steps: map[string]expected{}, seen: map[string]*watched{}, compiled: map[string]bool{}, began: map[string]time.Time{}, compile: compiling, workers: 1}
	var before pace // of those that ran before
	for _, p := range g.All() {
		if c := estimate.TrainingCost(p.Step); c > 0 {
			program, splits := estimate.Program(p.Step)
			e.steps[p.Step.ID] = expected{string(p.Step.Kind), program, c, splits}
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

// measure returns what steps of this run took, all together and by kind.
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
			if p = (pace{x.cost, step.Seconds}); !e.compiled[x.program] { // it was over before it was seen
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

// watch adds to what was seen of a step that is not over. The time in which it compiles, or has no worker, does not count.
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

// steady moves the end that was expected towards the one that is expected now, over a tenth of the time left, so that
// one sample does not move it much, unless it was far from true.
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
