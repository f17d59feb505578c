package sweepfile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// memoryCache is a cache of the actions that a run has recorded.
type memoryCache struct {
	mu      sync.Mutex
	actions map[artifacts.Key]artifacts.Action
	missing map[artifacts.Key][]string // outputs whose blobs are gone
	fail    error
	delay   time.Duration
	asked   map[artifacts.Key]int
	busy    int
	most    int // look-ups at once
}

func newMemoryCache() *memoryCache {
	return &memoryCache{actions: make(map[artifacts.Key]artifacts.Action), missing: make(map[artifacts.Key][]string), asked: make(map[artifacts.Key]int)}
}

func (c *memoryCache) Lookup(_ context.Context, key artifacts.Key) (artifacts.Action, error) {
	c.mu.Lock()
	c.asked[key]++
	c.busy++
	c.most = max(c.most, c.busy)
	c.mu.Unlock()
	time.Sleep(c.delay)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy--
	if c.fail != nil {
		return artifacts.Action{}, c.fail
	}
	if names := c.missing[key]; names != nil {
		gone := make(map[string]artifacts.Blob)
		for _, name := range names {
			gone[name] = c.actions[key].Outputs[name]
		}
		return artifacts.Action{}, &artifacts.IncompleteError{Key: key, Missing: gone}
	}
	a, ok := c.actions[key]
	if !ok {
		return artifacts.Action{}, fmt.Errorf("look up %s: %w", key.Short(), artifacts.ErrNotFound)
	}
	return a, nil
}

const class = "test:f32"

// run records results for the steps that a plan would run, until nothing is left to
// do, and returns how many times it had to plan.
func (c *memoryCache) run(t *testing.T, g *pipelines.Graph) int {
	t.Helper()
	steps := make(map[string]pipelines.Step)
	for _, p := range g.All() {
		steps[p.Step.ID] = p.Step
	}
	for round := 1; ; round++ {
		plan := mustPlan(t, g, c)
		if plan.Complete() {
			return round
		}
		if round > 10 {
			t.Fatalf("ten rounds and not done: %+v", plan)
		}
		for _, s := range plan.Steps {
			if s.State == pipelines.StateRun {
				c.actions[s.Key] = artifacts.Action{Key: s.Key, Outputs: fakeOutputs(steps[s.ID], s.Key)}
				delete(c.missing, s.Key)
			}
		}
	}
}

func mustPlan(t *testing.T, g *pipelines.Graph, cache pipelines.Cache) *pipelines.Plan {
	t.Helper()
	plan, err := pipelines.MakePlan(t.Context(), g, class, cache)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func states(p *pipelines.Plan) map[string]string {
	out := make(map[string]string)
	for _, s := range p.Steps {
		out[s.ID] = string(s.State) + ": " + s.Reason
	}
	return out
}

// Of a sweep that never ran, only the trainings have keys; the rest waits.
func TestPlanFresh(t *testing.T) {
	g := mustExpand(t, short, "")
	want := map[string]string{
		"one/train":                  "run: never run",
		"one/line-directions":        "blocked: waits for one/train",
		"one/line-train":             "blocked: waits for one/line-directions and one/train",
		"one/line-test":              "blocked: waits for one/line-directions and one/train",
		"one/line-train-flatness":    "blocked: waits for one/line-train",
		"one/line-test-flatness":     "blocked: waits for one/line-test",
		"one/surface-train-flatness": "blocked: waits for one/surface-train",
		"one/line-plot":              "blocked: waits for one/line-test and one/line-train",
		"one/surface-directions":     "blocked: waits for one/train",
		"one/surface-train":          "blocked: waits for one/surface-directions and one/train",
		"one/surface-train-contour":  "blocked: waits for one/surface-train",
		"one/surface-train-filled":   "blocked: waits for one/surface-train",
		"one/training":               "blocked: waits for one/train",
		"report":                     "blocked: waits for one/line-plot and 10 others",
	}
	if diff := cmp.Diff(want, states(mustPlan(t, g, newMemoryCache()))); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
}

// As steps finish, those that wait for them get keys; in the end all is cached,
// and the keys are those that a run computes from the same outputs.
func TestPlanAsStepsFinish(t *testing.T) {
	g := mustExpand(t, short, "")
	cache := newMemoryCache()
	// train; directions and the training's picture; grids; pictures and flatness; the report; nothing.
	if rounds := cache.run(t, g); rounds != 6 {
		t.Errorf("%d rounds, want 6", rounds)
	}
	plan := mustPlan(t, g, cache)
	if !plan.Complete() || plan.Count(pipelines.StateCached) != 14 {
		t.Errorf("the plan is not complete: %v", states(plan))
	}
	keys := keysOf(t, g)
	for _, s := range plan.Steps {
		if s.Key != keys[s.ID] {
			t.Errorf("%s: key %s, want %s", s.ID, s.Key.Short(), keys[s.ID].Short())
		}
	}
}

// A result whose blob is gone is made again; what depends on it waits.
func TestPlanMissingBlob(t *testing.T) {
	g := mustExpand(t, short, "")
	cache := newMemoryCache()
	cache.run(t, g)
	keys := keysOf(t, g)
	cache.missing[keys["one/line-train"]] = []string{pipelines.OutGrid}
	got := states(mustPlan(t, g, cache))
	for id, want := range map[string]string{
		"one/line-train":          "run: blob missing: grid",
		"one/line-test":           "cached: done",
		"one/line-plot":           "blocked: waits for one/line-train",
		"one/surface-train":       "cached: done",
		"report":                  "blocked: waits for one/line-plot and 2 others",
		"one/line-train-flatness": "blocked: waits for one/line-train",
	} {
		if got[id] != want {
			t.Errorf("%s: %s, want %s", id, got[id], want)
		}
	}
}

// Two steps with one key are looked up once and run once.
func TestPlanSharedSteps(t *testing.T) {
	g := mustExpand(t, short+"sweep: {maps.seed: [1, 2]}\n", "")
	cache := newMemoryCache()
	got := states(mustPlan(t, g, cache))
	if got["seed=1/train"] != "run: never run" || !strings.Contains(got["seed=2/train"], "same work as seed=1/train") {
		t.Errorf("train: %s and %s", got["seed=1/train"], got["seed=2/train"])
	}
	for key, n := range cache.asked {
		if n != 1 {
			t.Errorf("key %s is looked up %d times", key.Short(), n)
		}
	}
}

// Another numerics class is another key for what computes, unless the sweep says any.
func TestPlanNumerics(t *testing.T) {
	for policy, want := range map[string]pipelines.State{"exact": pipelines.StateRun, "any": pipelines.StateCached} {
		g := mustExpand(t, short+"numerics: "+policy+"\n", "")
		cache := newMemoryCache()
		cache.run(t, g)
		plan, err := pipelines.MakePlan(t.Context(), g, "another:f32", cache)
		if err != nil {
			t.Fatal(err)
		}
		if got := plan.Steps[0].State; got != want {
			t.Errorf("numerics %s: train on another backend is %s, want %s", policy, got, want)
		}
	}
}

// An error of the store is not taken for "never run".
func TestPlanStoreError(t *testing.T) {
	cache := newMemoryCache()
	cache.fail = errors.New("connection refused")
	_, err := pipelines.MakePlan(t.Context(), mustExpand(t, short, ""), class, cache)
	if err == nil || !errors.Is(err, cache.fail) || !strings.Contains(err.Error(), "one/train") {
		t.Errorf("got %v, want the store's error with the step", err)
	}
}

// The JSON that scripts rely on.
func TestPlanJSON(t *testing.T) {
	plan := mustPlan(t, mustExpand(t, minimal, ""), newMemoryCache())
	b, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Sweep string
		Steps []map[string]any
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{
		{"id": "one/train", "experiment": "one", "kind": "train", "key": plan.Steps[0].Key.String(), "state": "run", "reason": "never run",
			"why": map[string]any{"type": "never-run"}},
		{"id": "one/training", "experiment": "one", "kind": "render", "state": "blocked", "reason": "waits for one/train",
			"why": map[string]any{"type": "waits", "steps": []any{"one/train"}}},
		{"id": "report", "kind": "report", "state": "blocked", "reason": "waits for one/train and one/training",
			"why": map[string]any{"type": "waits", "steps": []any{"one/train", "one/training"}}},
	}
	if diff := cmp.Diff(want, got.Steps, cmpopts.EquateEmpty()); diff != "" || got.Sweep != "one" {
		t.Errorf("JSON of sweep %s (-want +got):\n%s", got.Sweep, diff)
	}
}

// Look-ups run side by side, but not without bound: a plan of a thousand cached
// steps takes a fraction of the time that they take one by one.
func TestPlanConcurrency(t *testing.T) {
	g := mustExpand(t, short+"sweep: {train.seed: ["+numbers(100)+"]}\n", "")
	cache := newMemoryCache()
	cache.run(t, g)
	clear(cache.asked)
	cache.most = 0
	cache.delay = 5 * time.Millisecond
	start := time.Now()
	plan := mustPlan(t, g, cache)
	took := time.Since(start)
	if len(plan.Steps) != 1301 || !plan.Complete() {
		t.Fatalf("%d steps, %d cached; want 1301", len(plan.Steps), plan.Count(pipelines.StateCached))
	}
	if cache.most > 16 || cache.most < 2 {
		t.Errorf("%d look-ups at once, want several and at most 16", cache.most)
	}
	// One by one the waits alone are 5 s; a third of that leaves a slow machine room.
	if one := time.Duration(len(cache.asked)) * cache.delay; took > one/3 {
		t.Errorf("took %v, and one by one the waits are %v", took, one)
	}
}

// Graphs that cannot run are refused.
func TestCheck(t *testing.T) {
	breaks := map[string]func(*pipelines.Graph){
		"is not unique":        func(g *pipelines.Graph) { g.Experiments[0].Steps[1].ID = g.Experiments[0].Steps[0].ID },
		"not a step before it": func(g *pipelines.Graph) { s := g.Experiments[0].Steps; s[0], s[1] = s[1], s[0] },
		"unknown kind":         func(g *pipelines.Graph) { g.Experiments[0].Steps[0].Kind = "dance" },
		"has no such output": func(g *pipelines.Graph) {
			g.Experiments[0].Steps[1].Inputs["weights"] = pipelines.Ref{Step: "one/train", Output: "grid"}
		},
		"comes from nowhere": func(g *pipelines.Graph) {
			g.Experiments[0].Steps[1].Inputs["weights"] = pipelines.Ref{Step: "nowhere", Output: "grid"}
		},
		"another experiment (a": func(g *pipelines.Graph) {
			g.Experiments[0].Name = "a"
			g.Experiments = append(g.Experiments, pipelines.Experiment{Name: "b", Steps: g.Experiments[0].Steps[1:]})
			g.Experiments[0].Steps = g.Experiments[0].Steps[:1]
		},
	}
	for want, spoil := range breaks {
		g := mustExpand(t, short, "")
		spoil(g)
		err := g.Check()
		if err == nil {
			t.Errorf("%s: not found", want)
		}
		if _, planErr := pipelines.MakePlan(t.Context(), g, class, newMemoryCache()); planErr == nil {
			t.Errorf("%s: planned nevertheless", want)
		}
		if want == "another experiment (a" {
			want = "another experiment"
		}
		if err != nil && !strings.Contains(err.Error(), strings.TrimPrefix(want, "comes from ")) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func BenchmarkPlan1000(b *testing.B) {
	g := mustExpand(b, short+"sweep: {train.seed: ["+numbers(100)+"]}\n", "")
	for b.Loop() {
		if _, err := pipelines.MakePlan(b.Context(), g, class, newMemoryCache()); err != nil {
			b.Fatal(err)
		}
	}
}
