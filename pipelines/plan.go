package pipelines

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"lossatlas/artifacts"
)

// Cache finds finished steps for a plan. Lookup returns an action whose
// blobs are all there, an error that is artifacts.ErrNotFound, or an
// *artifacts.IncompleteError. It is called from several goroutines, once per key.
type Cache interface {
	Lookup(ctx context.Context, key artifacts.Key) (artifacts.Action, error)
}

// State is the action of a run on a step.
type State string

// The states of a planned step.
const (
	StateCached  State = "cached"  // its result is in the store
	StateRun     State = "run"     // it would run
	StateBlocked State = "blocked" // its key is not known before the steps it waits for have run
)

// PlannedStep is the plan for one step.
type PlannedStep struct {
	ID         string `json:"id"`
	Experiment string `json:"experiment,omitempty"` // "" for steps over all experiments
	Kind       Kind   `json:"kind"`
	// Key is zero, and absent in JSON, for a blocked step.
	Key    artifacts.Key `json:"key,omitzero"`
	State  State         `json:"state"`
	Reason string        `json:"reason"`
	// Why is the reason for programs; nil for a cached step.
	Why *Why `json:"why,omitempty"`
	// Never is set for a blocked step whose input will never come: a step before
	// it is done and has no such output, as a diverged training has no weights.
	Never bool `json:"never,omitempty"`
	// EstimateS is how many seconds it would take, after EstimateFrom earlier steps;
	// absent where nothing is known, or another step of the plan does the same work.
	EstimateS    float64 `json:"estimate_s,omitempty"`
	EstimateFrom int     `json:"estimate_from,omitempty"`
	// Unknown is set where no earlier step tells how long it would take.
	Unknown bool `json:"estimate_missing,omitempty"`
	// Outputs of a cached step.
	Outputs map[string]artifacts.Blob `json:"outputs,omitempty"`

	recipe artifacts.Recipe // unless it is blocked
}

// Plan lists the steps that a run of a sweep would compute or reuse, in the order of its graph.
type Plan struct {
	Sweep string        `json:"sweep"`
	Steps []PlannedStep `json:"steps"`
	// EstimateS is the sum of the steps' estimates, after EstimateFrom earlier steps in
	// all; Unknown steps that are to be made are not in it.
	EstimateS    float64 `json:"estimate_s,omitempty"`
	EstimateFrom int     `json:"estimate_from,omitempty"`
	Unknown      int     `json:"estimate_without,omitempty"`
	// EstimateTFLOPS is the speed of the device, in 10¹² operations a second, that the estimates are for
	// where they don't go by earlier steps.
	EstimateTFLOPS float64 `json:"estimate_tflops,omitempty"`
}

// Count returns how many steps are in a state.
func (p *Plan) Count(s State) int {
	n := 0
	for _, step := range p.Steps {
		if step.State == s {
			n++
		}
	}
	return n
}

// Complete says whether a run would find everything done that can be.
func (p *Plan) Complete() bool {
	for _, step := range p.Steps {
		if step.State != StateCached && !step.Never {
			return false
		}
	}
	return true
}

// lookups is how many look-ups a plan has in flight.
const lookups = 16

// MakePlan looks up which steps of a graph are done. numerics is the numerics
// class that a run would have. A step whose inputs are not all known is blocked:
// its key depends on future outputs of the steps before it.
func MakePlan(ctx context.Context, g *Graph, numerics string, cache Cache) (*Plan, error) {
	if err := g.Check(); err != nil {
		return nil, fmt.Errorf("sweep %s: %w", g.Sweep, err)
	}
	p := &planner{numerics: numerics, cache: cache, done: make(map[string]*PlannedStep), first: make(map[artifacts.Key]string), found: make(map[artifacts.Key]lookup)}
	for _, level := range g.Levels() {
		if err := p.level(ctx, level); err != nil {
			return nil, fmt.Errorf("sweep %s: %w", g.Sweep, err)
		}
	}
	plan := &Plan{Sweep: g.Sweep}
	for _, s := range g.All() {
		plan.Steps = append(plan.Steps, *p.done[s.Step.ID])
	}
	return plan, nil
}

type planner struct {
	numerics string
	cache    Cache
	done     map[string]*PlannedStep
	first    map[artifacts.Key]string // the first step with a key
	found    map[artifacts.Key]lookup
}

type lookup struct {
	action artifacts.Action
	err    error
}

// level plans steps that do not wait for each other.
func (p *planner) level(ctx context.Context, steps []Placed) error {
	var keys []artifacts.Key
	for _, s := range steps {
		planned := &PlannedStep{ID: s.Step.ID, Experiment: s.Experiment, Kind: s.Step.Kind}
		p.done[s.Step.ID] = planned
		inputs, waits, never := p.inputs(s.Step)
		if never != nil && !s.Step.Partial {
			planned.State, planned.Reason, planned.Why, planned.Never = StateBlocked, never.Error, never, true
			continue
		}
		if len(waits) > 0 {
			planned.State, planned.Reason, planned.Why = StateBlocked, waitReason(waits), &Why{Type: WhyWaits, Steps: waits}
			continue
		}
		var err error
		if planned.recipe, err = s.Step.Recipe(inputs, p.numerics); err != nil {
			return err
		}
		if planned.Key, err = planned.recipe.Key(); err != nil {
			return fmt.Errorf("step %s: %w", s.Step.ID, err)
		}
		if _, ok := p.first[planned.Key]; !ok {
			p.first[planned.Key] = s.Step.ID
			keys = append(keys, planned.Key)
		}
	}
	p.lookup(ctx, keys)
	for _, s := range steps {
		if planned := p.done[s.Step.ID]; planned.State != StateBlocked {
			if err := p.judge(planned); err != nil {
				return err
			}
		}
	}
	return nil
}

// inputs returns the digests of a step's inputs, the steps it waits for, and why
// one of them will never come.
func (p *planner) inputs(s Step) (digests map[string]artifacts.Digest, waits []string, never *Why) {
	digests = make(map[string]artifacts.Digest, len(s.Inputs))
	for _, name := range sortedKeys(s.Inputs) {
		ref := s.Inputs[name]
		from := p.done[ref.Step]
		blob, ok := from.Outputs[ref.Output]
		switch {
		case from.Never:
			never = from.Why
			continue
		case from.State == StateCached && !ok:
			never = &Why{Type: WhyNoInput, Steps: []string{ref.Step}, Error: NoOutput(ref)}
			continue
		case from.State != StateCached:
			waits = append(waits, ref.Step)
			continue
		}
		digests[name] = blob.Digest
	}
	slices.Sort(waits)
	return digests, slices.Compact(waits), never
}

// NoOutput says that a step is done and produced no such output.
func NoOutput(ref Ref) string { return ref.Step + " produced no " + ref.Output }

func waitReason(waits []string) string {
	if len(waits) > 2 {
		return fmt.Sprintf("waits for %s and %d others", waits[0], len(waits)-1)
	}
	return "waits for " + strings.Join(waits, " and ")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// lookup asks the cache for keys, several at a time.
func (p *planner) lookup(ctx context.Context, keys []artifacts.Key) {
	results := make([]lookup, len(keys))
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(lookups, len(keys)) {
		wait.Go(func() {
			for i := range next {
				results[i].action, results[i].err = p.cache.Lookup(ctx, keys[i])
			}
		})
	}
	for i := range keys {
		next <- i
	}
	close(next)
	wait.Wait()
	for i, key := range keys {
		p.found[key] = results[i]
	}
}

// judge turns the answer of the cache about a step into its state and reason.
func (p *planner) judge(s *PlannedStep) error {
	result := p.found[s.Key]
	var incomplete *artifacts.IncompleteError
	switch {
	case result.err == nil:
		s.State, s.Reason, s.Outputs = StateCached, "done", result.action.Outputs
		return nil
	case errors.As(result.err, &incomplete):
		s.State, s.Why = StateRun, &Why{Type: WhyBlobMissing, Missing: sortedKeys(incomplete.Missing)}
	case errors.Is(result.err, artifacts.ErrNotFound):
		s.State, s.Why = StateRun, &Why{Type: WhyNeverRun}
	default:
		return fmt.Errorf("step %s: %w", s.ID, result.err)
	}
	s.Reason = s.Why.text(s.Kind)
	if first := p.first[s.Key]; first != s.ID {
		s.Reason += "; the same work as " + first + ", which runs once"
	}
	return nil
}
