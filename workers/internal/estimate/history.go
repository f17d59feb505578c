package estimate

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"lossatlas/activities/results"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

const (
	// maxSweeps is of how many sweeps, the latest, the steps are looked at.
	maxSweeps = 32
	// maxSamples is of how many steps of a kind it is asked where they ran.
	maxSamples = 16
	// minSeconds is how long a step must have run to tell of any other: a shorter one may have compiled most of its time,
	// and tells of steps of up to maxRatio times its cost only.
	minSeconds = 10
	maxRatio   = 4
)

// Machine is what a run would compute on.
type Machine struct{ Numerics, Host string }

// History is the time that steps took in earlier runs. It is not for several goroutines.
type History struct {
	store   *artifacts.Store
	machine Machine
	samples map[pipelines.Kind][]sample // the latest first, each key once
	paces   map[string]pace             // by kind, network and cost
	used    map[artifacts.Key]bool
}

// sample is a step that ran.
type sample struct {
	key           artifacts.Key
	net           string
	cost, seconds float64
}

// pace is what steps took together.
type pace struct {
	cost, seconds float64
	keys          []artifacts.Key
}

// Read reads which steps of the latest sweeps took how long, from their records.
// Records that are gone or can't be read count for nothing.
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
			h.samples[p.Step.Kind] = append(h.samples[p.Step.Kind], sample{ran.Key, net(p.Step), units(p.Step), ran.Seconds})
		}
	}
	return h, nil
}

// units is the cost by which times are compared; steps that don't compute all cost the same.
func units(s pipelines.Step) float64 { return cmp.Or(Cost(s), 1) }

// Step says how long a step would take; false where no step like it ran before.
func (h *History) Step(ctx context.Context, s pipelines.Step) (time.Duration, int, bool) {
	network := net(s)
	id := fmt.Sprint(s.Kind, network, units(s))
	p, ok := h.paces[id]
	if !ok {
		p = h.pace(ctx, s.Kind, network, units(s))
		h.paces[id] = p
	}
	if len(p.keys) == 0 {
		return 0, 0, false
	}
	for _, k := range p.keys {
		h.used[k] = true
	}
	return time.Duration(units(s) * p.seconds / p.cost * float64(time.Second)), len(p.keys), true
}

// Used is how many earlier steps all estimates so far come from.
func (h *History) Used() int { return len(h.used) }

// pace is that of the latest steps of a kind that tell of a step of some cost: those of the same network
// where there are any, and of these the ones from the same arithmetic and host, else
// from the same arithmetic, else all.
func (h *History) pace(ctx context.Context, kind pipelines.Kind, network string, cost float64) pace {
	list := slices.DeleteFunc(slices.Clone(h.samples[kind]), func(s sample) bool { return s.seconds < minSeconds && s.cost*maxRatio < cost })
	alike := slices.DeleteFunc(slices.Clone(list), func(s sample) bool { return s.net != network })
	if len(alike) > 0 {
		list = alike
	}
	var tiers [3]pace
	for _, s := range list[:min(len(list), maxSamples)] {
		tier := h.tier(ctx, kind, s.key)
		for i := tier; i < len(tiers); i++ {
			tiers[i].cost += s.cost
			tiers[i].seconds += s.seconds
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

// tier is 0 for a step that ran on the same host with the same arithmetic, 1 for
// the same arithmetic, and 2 for all others.
func (h *History) tier(ctx context.Context, kind pipelines.Kind, key artifacts.Key) int {
	a, err := h.store.Recorded(ctx, key)
	switch {
	case err != nil || kind.Numeric() && a.Made.Numerics != h.machine.Numerics:
		return 2
	case a.Made.Host != h.machine.Host:
		return 1
	}
	return 0
}

// Fill puts the estimates into a plan of a graph.
func (h *History) Fill(ctx context.Context, plan *pipelines.Plan, g *pipelines.Graph) {
	plan.Estimate(g, func(s pipelines.Step) (float64, int) {
		d, from, ok := h.Step(ctx, s)
		if !ok {
			return 0, 0
		}
		return d.Seconds(), from
	})
	plan.EstimateFrom = h.Used()
}

// Prior is how long each step of a graph is expected to take, by its ID.
func (h *History) Prior(ctx context.Context, g *pipelines.Graph) map[string]time.Duration {
	out := map[string]time.Duration{}
	for _, p := range g.All() {
		if d, _, ok := h.Step(ctx, p.Step); ok && Cost(p.Step) > 0 {
			out[p.Step.ID] = d
		}
	}
	return out
}
