package estimate

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/activities/engine"
	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

const (
	// maxSweeps is how many of the latest sweeps are read.
	maxSweeps = 32
	// maxSamples is how many of the latest steps of a kind are compared.
	maxSamples = 16
	// MinSeconds is the time below which a step may mostly have compiled: it predicts only steps of up to maxRatio times its cost.
	MinSeconds = 10
	maxRatio   = 4
	// maxSize is how many times larger or smaller another network may be, in multiply-adds for an image, that predicts a step: the
	// speed of small networks is not that of large ones.
	maxSize = 4
)

// Machine is where a run would compute.
type Machine struct{ Numerics, Host string }

// History holds the times of steps of earlier runs. It is not safe for concurrent use.
type History struct {
	store   *artifacts.Store
	machine Machine
	samples map[pipelines.Kind][]sample // the latest first, each key once
	paces   map[string]pace             // by kind, network and cost
	used    map[artifacts.Key]bool
}

// sample is a step that ran.
type sample struct {
	key     artifacts.Key
	net     pipelines.Network
	work    work
	seconds float64
}

// work is what a step has to do, for comparisons.
type work struct {
	cost float64           // in multiply-adds; passes of a network of unknown size; 1 where nothing is computed
	size float64           // multiply-adds for an image, 0 where that is unknown
	net  pipelines.Network // of unknown size, with which alone the cost can be compared
}

// pace is the total cost and time of several steps.
type pace struct {
	cost, seconds float64
	keys          []artifacts.Key
}

// Read reads the times of the latest sweeps' steps from their records. Missing and damaged records are skipped.
func Read(ctx context.Context, store *artifacts.Store, m Machine) (*History, error) {
	h := &History{store: store, machine: m, samples: map[pipelines.Kind][]sample{}, paces: map[string]pace{}, used: map[artifacts.Key]bool{}}
	roots, err := store.Roots(ctx)
	if err != nil && roots == nil {
		return h, err
	}
	slices.SortFunc(roots, func(a, b artifacts.Root) int { return b.Started.Compare(a.Started) })
	seen := map[artifacts.Key]bool{}
	for _, root := range roots[:min(len(roots), maxSweeps)] {
		g, err := results.Graph(ctx, store, root)
		if ctx.Err() != nil {
			return h, ctx.Err()
		} else if err != nil {
			continue
		}
		for _, p := range g.All() {
			ran := root.Steps[p.Step.ID]
			if ran.Seconds <= 0 || ran.Key.IsZero() || seen[ran.Key] {
				continue
			}
			seen[ran.Key] = true
			h.samples[p.Step.Kind] = append(h.samples[p.Step.Kind], sample{ran.Key, p.Step.Cost().Net, workOf(p.Step), ran.Seconds})
		}
	}
	return h, nil
}

// ReadHere is Read for this host; nil where records can't be read, which is logged.
func ReadHere(ctx context.Context, store *artifacts.Store, numerics string, log zerolog.Logger) *History {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown" // as in the record of a step
	}
	h, err := Read(ctx, store, Machine{Numerics: numerics, Host: host})
	if err != nil {
		log.Debug().Err(err).Msg("the durations of earlier steps can't be read")
		return nil
	}
	return h
}

// Prior is the expected durations of a graph's steps on this host, by their IDs; nil where earlier records can't be read.
func Prior(ctx context.Context, store *artifacts.Store, g *pipelines.Graph, numerics string, log zerolog.Logger) map[string]time.Duration {
	if h := ReadHere(ctx, store, numerics, log); h != nil {
		return h.Prior(ctx, g)
	}
	return nil
}

// workOf is the work of a step. The operations of an imported network, and so its size, are known to the process that maps it alone.
func workOf(s pipelines.Step) work {
	c := s.Cost()
	switch cost := Cost(s); {
	case cost > 0:
		return work{cost: cost, size: cost / c.Passes}
	case c.Passes > 0:
		return work{cost: c.Passes, net: c.Net}
	}
	return work{cost: 1}
}

// Step predicts the time of a step, from so many earlier steps; 0 if there were no similar ones.
func (h *History) Step(ctx context.Context, s pipelines.Step) (d time.Duration, from int) {
	net, asked := s.Cost().Net, workOf(s)
	id := fmt.Sprint(s.Kind, net, asked)
	p, ok := h.paces[id]
	if !ok {
		p = h.pace(ctx, s.Kind, net, asked)
		h.paces[id] = p
	}
	if len(p.keys) == 0 {
		return 0, 0
	}
	for _, k := range p.keys {
		h.used[k] = true
	}
	return time.Duration(asked.cost * p.seconds / p.cost * float64(time.Second)), len(p.keys)
}

// pace adds up the latest steps of a kind that predict a step of some cost: steps of the same network, or else of any of its size; of
// these, steps with the same numerics and host, or else with the same numerics, or else all.
func (h *History) pace(ctx context.Context, kind pipelines.Kind, net pipelines.Network, asked work) pace {
	list := slices.DeleteFunc(slices.Clone(h.samples[kind]), func(s sample) bool {
		return s.work.net != asked.net || short(s.seconds, s.work.cost, asked.cost)
	})
	same := slices.DeleteFunc(slices.Clone(list), func(s sample) bool { return s.net != net })
	if p := h.total(ctx, kind, same, asked.cost); len(p.keys) > 0 {
		return p
	}
	list = slices.DeleteFunc(list, func(s sample) bool { return max(s.work.size, asked.size) > maxSize*min(s.work.size, asked.size) })
	return h.total(ctx, kind, list, asked.cost)
}

// total adds up the latest of some steps, those of the best tier that there are.
func (h *History) total(ctx context.Context, kind pipelines.Kind, list []sample, cost float64) pace {
	var tiers [3]pace
	for _, s := range list[:min(len(list), maxSamples)] {
		tier, seconds := h.measured(ctx, kind, s)
		if short(seconds, s.work.cost, cost) {
			continue
		}
		for i := tier; i < len(tiers); i++ {
			tiers[i].cost += s.work.cost
			tiers[i].seconds += seconds
			tiers[i].keys = append(tiers[i].keys, s.key)
		}
	}
	for _, t := range tiers {
		if len(t.keys) > 0 {
			return t
		}
	}
	return pace{}
}

// short says whether a step of some time and cost says too little of one of another cost.
func short(seconds, cost, other float64) bool { return seconds < MinSeconds && cost*maxRatio < other }

// measured is the tier of a step, 0 if it ran on the same host with the same numerics, 1 for the same numerics, 2 for all others;
// and its time. A step on processors that took less processor time than time by the clock waited for other work of the machine,
// which is not counted.
func (h *History) measured(ctx context.Context, kind pipelines.Kind, s sample) (tier int, seconds float64) {
	a, err := h.store.Recorded(ctx, s.key)
	if err != nil {
		return 2, s.seconds
	}
	if seconds = s.seconds; a.Made.CPUSeconds > 0 && engine.Device(a.Made.Numerics) == "cpu" {
		seconds = min(seconds, a.Made.CPUSeconds)
	}
	switch {
	case kind.Numeric() && a.Made.Numerics != h.machine.Numerics:
		return 2, seconds
	case a.Made.Host != h.machine.Host:
		return 1, seconds
	}
	return 0, seconds
}

// Fill fills a plan with the predicted times of its steps.
func (h *History) Fill(ctx context.Context, plan *pipelines.Plan, g *pipelines.Graph) {
	plan.Estimate(g, func(s pipelines.Step) (float64, int) {
		d, from := h.Step(ctx, s)
		return d.Seconds(), from
	})
	plan.EstimateFrom = len(h.used)
}

// Prior is the predicted time of each step of a graph that computes, by its ID.
func (h *History) Prior(ctx context.Context, g *pipelines.Graph) map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, p := range g.All() {
		if d, from := h.Step(ctx, p.Step); from > 0 && Cost(p.Step) > 0 {
			out[p.Step.ID] = d
		}
	}
	return out
}
