package sweepfile

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// ran runs a graph in the cache and returns what its record says.
func (c *memoryCache) ran(t *testing.T, g *pipelines.Graph) pipelines.Past {
	t.Helper()
	c.run(t, g)
	steps := map[string]artifacts.RootStep{}
	written := map[string]map[string]artifacts.Blob{}
	for i, s := range mustPlan(t, g, c).Steps {
		written[s.ID] = s.Outputs
		step, inputs := g.All()[i].Step, map[string]artifacts.Digest{}
		for name, ref := range step.Inputs {
			inputs[name] = written[ref.Step][ref.Output].Digest
		}
		recipe, err := step.Recipe(inputs, class)
		if err != nil {
			t.Fatal(err)
		}
		a := c.actions[s.Key]
		a.Recipe = recipe
		c.actions[s.Key] = a
		steps[s.ID] = artifacts.RootStep{Kind: string(s.Kind), Key: s.Key, State: artifacts.StateRan, Outputs: s.Outputs}
	}
	return pipelines.Past{Graph: g, Steps: steps, Read: func(_ context.Context, k artifacts.Key) (artifacts.Action, error) {
		a, ok := c.actions[k]
		if !ok {
			return a, fmt.Errorf("read %s: %w", k.Short(), artifacts.ErrNotFound)
		}
		return a, nil
	}}
}

// planned is a plan that says what changed.
func planned(t *testing.T, g *pipelines.Graph, numerics string, cache pipelines.Cache, past pipelines.Past) map[string]pipelines.PlannedStep {
	t.Helper()
	plan, err := pipelines.MakePlan(t.Context(), g, numerics, cache)
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Explain(t.Context(), g, past); err != nil {
		t.Fatal(err)
	}
	out := map[string]pipelines.PlannedStep{}
	for _, s := range plan.Steps {
		out[s.ID] = s
	}
	return out
}

// A step that would run again says what is not as it was.
func TestExplainPlan(t *testing.T) {
	one := mustExpand(t, short, "")
	swept := func(values string) *pipelines.Graph {
		return mustExpand(t, short+"sweep: {train.seed: ["+values+"]}\n", "")
	}
	for name, c := range map[string]struct {
		before, after *pipelines.Graph
		numerics      string
		spoil         func(*memoryCache, pipelines.Past)
		step          string
		reason        string
		why           pipelines.Why
	}{
		"a parameter": {before: one, after: mustExpand(t, strings.Replace(short, "{net: resnet20}", "{net: resnet20, batch_size: 256, bn_group: 128}", 1), ""),
			step: "one/train", reason: "parameter batch_size changed from 128 to 256",
			why: pipelines.Why{Type: pipelines.WhyParameter, Since: "one/train", Changes: []pipelines.Change{{Type: pipelines.WhyParameter, Name: "batch_size", From: "128", To: "256"}}}},
		"a swept value in place of another": {before: swept("1, 2"), after: swept("1, 3"),
			step: "seed=3/train", reason: "parameter seed changed from 2 to 3",
			why: pipelines.Why{Type: pipelines.WhyParameter, Since: "seed=2/train", Changes: []pipelines.Change{{Type: pipelines.WhyParameter, Name: "seed", From: "2", To: "3"}}}},
		"a swept value beside the others": {before: swept("1, 2"), after: swept("1, 2, 3"),
			step: "seed=3/train", reason: "never run", why: pipelines.Why{Type: pipelines.WhyNeverRun}},
		"the numerics class": {before: one, after: one, numerics: "another:f32",
			step: "one/train", reason: "numerics class changed from test:f32 to another:f32",
			why: pipelines.Why{Type: pipelines.WhyNumerics, Since: "one/train", Changes: []pipelines.Change{{Type: pipelines.WhyNumerics, From: class, To: "another:f32"}}}},
		"the code": {before: one, after: one, spoil: func(c *memoryCache, past pipelines.Past) {
			train := past.Steps["one/train"]
			a := c.actions[train.Key]
			delete(c.actions, train.Key)
			a.Recipe.Version = 99
			train.Key, _ = a.Recipe.Key()
			past.Steps["one/train"], c.actions[train.Key] = train, a
		}, step: "one/train", reason: "code version changed from 99 to 4",
			why: pipelines.Why{Type: pipelines.WhyVersion, Since: "one/train", Changes: []pipelines.Change{{Type: pipelines.WhyVersion, From: "99", To: "4"}}}},
		"an input": {before: one, after: one, spoil: func(c *memoryCache, past pipelines.Past) {
			c.actions[past.Steps["one/train"].Key].Outputs[pipelines.OutWeights] = artifacts.BlobOf([]byte("retrained"))
		}, step: "one/line-directions", reason: "input weights (of one/train) changed from sha256:",
			why: pipelines.Why{Type: pipelines.WhyInput, Since: "one/line-directions", Changes: []pipelines.Change{{Type: pipelines.WhyInput, Name: "weights", By: "one/train", To: artifacts.Of([]byte("retrained")).String()}}}},
		"a failure": {before: one, after: one, spoil: func(c *memoryCache, past pipelines.Past) {
			train := past.Steps["one/train"]
			delete(c.actions, train.Key)
			past.Steps["one/train"] = artifacts.RootStep{Kind: train.Kind, State: artifacts.StateFailed, Error: "no space"}
		}, step: "one/train", reason: "failed in the last run: no space",
			why: pipelines.Why{Type: pipelines.WhyFailed, Since: "one/train", Error: "no space"}},
		"an interruption": {before: one, after: one, spoil: func(c *memoryCache, past pipelines.Past) {
			train := past.Steps["one/train"]
			delete(c.actions, train.Key)
			past.Steps["one/train"] = artifacts.RootStep{Kind: train.Kind, State: artifacts.StateInterrupted}
		}, step: "one/train", reason: "interrupted in the last run",
			why: pipelines.Why{Type: pipelines.WhyInterrupted, Since: "one/train"}},
		"a record that is gone": {before: one, after: one, spoil: func(c *memoryCache, past pipelines.Past) { delete(c.actions, past.Steps["one/train"].Key) },
			step: "one/train", reason: "its result is no longer in the store", why: pipelines.Why{Type: pipelines.WhyRecordGone, Since: "one/train"}},
		"a parameter, by the graph alone": {before: one, after: mustExpand(t, strings.Replace(short, "{net: resnet20}", "{net: resnet20, seed: 7}", 1), ""),
			spoil: func(c *memoryCache, past pipelines.Past) { clear(c.actions) },
			step:  "one/train", reason: "parameter seed changed from 1 to 7",
			why: pipelines.Why{Type: pipelines.WhyParameter, Since: "one/train", Changes: []pipelines.Change{{Type: pipelines.WhyParameter, Name: "seed", From: "1", To: "7"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			cache := newMemoryCache()
			past := cache.ran(t, c.before)
			if c.spoil != nil {
				c.spoil(cache, past)
			}
			got := planned(t, c.after, cmp.Or(c.numerics, class), cache, past)[c.step]
			if got.Why == nil || !strings.HasPrefix(got.Reason, c.reason) {
				t.Fatalf("%s: %s (%+v), want %s", got.State, got.Reason, got.Why, c.reason)
			}
			if c.why.Type == pipelines.WhyInput { // which digest it was is the fake cache's business
				c.why.Changes[0].From = got.Why.Changes[0].From
			}
			if diff := gocmp.Diff(c.why, *got.Why); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestReasonLeavesOutDefaults: defaults that follow from a changed parameter are named with it.
func TestReasonLeavesOutDefaults(t *testing.T) {
	cache := newMemoryCache()
	past := cache.ran(t, mustExpand(t, short, ""))
	after := mustExpand(t, strings.Replace(short, "{net: resnet20}", "{net: resnet20, batch_size: 64, epochs: 20, seed: 9, optimizer: {lr: 1}}", 1), "")
	const want = "parameter batch_size changed from 128 to 64 (and bn_group, whose default follows it), epochs from 300 to 20 (and optimizer.schedule, whose default follows it), optimizer.lr from 0.1 to 1, and 1 more"
	if got := planned(t, after, class, cache, past)["one/train"].Reason; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A thousand new steps find the closest of a thousand old ones in time.
func BenchmarkExplain1000(b *testing.B) {
	swept := func(lr string) *pipelines.Graph {
		return mustExpand(b, strings.Replace(minimal, "{net: resnet20}", "{net: resnet20, optimizer: {lr: "+lr+"}}", 1)+"sweep: {train.seed: ["+numbers(1000)+"]}\n", "")
	}
	before, after := swept("0.1"), swept("0.2")
	past := pipelines.Past{Graph: before, Steps: map[string]artifacts.RootStep{}}
	for i := range before.Experiments { // under names that the sweep has no more
		for j := range before.Experiments[i].Steps {
			before.Experiments[i].Steps[j].ID = "old-" + before.Experiments[i].Steps[j].ID
		}
	}
	for b.Loop() {
		plan, err := pipelines.MakePlan(b.Context(), after, class, newMemoryCache())
		if err != nil {
			b.Fatal(err)
		}
		if err := plan.Explain(b.Context(), after, past); err != nil {
			b.Fatal(err)
		}
		if got := plan.Steps[0].Reason; got != "parameter optimizer.lr changed from 0.1 to 0.2" {
			b.Fatal(got)
		}
	}
}
