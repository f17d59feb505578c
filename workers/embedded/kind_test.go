package embedded_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"lossatlas/activities"
	"lossatlas/activities/engine"
	"lossatlas/activities/runner"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/workers/internal/launch"
	"lossatlas/workers/registry"
)

// census is a kind of step of its own: it counts to a number, in chunks of one.
type census struct {
	*runner.Run
	To int `json:"to"`
}

func (c *census) Sizes() []int { return make([]int, c.To) }

func (c *census) Chunk(_ context.Context, i int) ([]byte, error) {
	c.Pulse.Progress(runner.Progress{Done: 1, Total: 1, Unit: "count"})
	return []byte{'a' + byte(i)}, nil
}

func (c *census) Join(ctx context.Context, chunks [][]byte) (runner.Outputs, error) {
	var all []byte
	for _, chunk := range chunks {
		all = append(all, chunk...)
	}
	blob, err := c.Store.Put(ctx, all)
	return runner.Outputs{"letters": blob}, err
}

// TestAKindOfItsOwn adds two kinds of steps as activities/runner/README.md says, one in chunks and one in one piece, and runs a
// sweep of them: nothing but their own halves has to know them.
func TestAKindOfItsOwn(t *testing.T) {
	pipelines.Register("census", pipelines.Spec{
		Version: 1, Computes: true, Unit: "count", Outputs: []string{"letters"},
		Label: func(params json.RawMessage) string { return "to " + string(params) },
	})
	runner.Register("census", runner.Kind{Cut: func(_ context.Context, r *runner.Run) (runner.Chunks, error) {
		c := &census{Run: r}
		return c, json.Unmarshal(r.Recipe.Params, c)
	}})
	pipelines.Register("capitals", pipelines.Spec{Version: 1, Outputs: []string{"letters"}})
	runner.Register("capitals", runner.Kind{Make: func(ctx context.Context, r *runner.Run) (runner.Outputs, error) {
		b, err := r.Store.Get(ctx, r.Recipe.Inputs["letters"])
		if err != nil {
			return nil, err
		}
		blob, err := r.Store.Put(ctx, []byte(strings.ToUpper(string(b))))
		return runner.Outputs{"letters": blob}, err
	}})

	s := newEmptySite(t)
	m := &runner.Machine{Store: s.store, Log: zerolog.Nop(), Engine: engine.Options{Backend: "go"}}
	t.Cleanup(m.Close)
	ws, err := registry.Start(s.client, &activities.Activities{Machine: m, Client: s.client}, registry.Options{Queues: []string{activities.QueueIO, activities.QueueCPU}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ws.Stop)
	g := pipelines.Graph{Sweep: "toy", Experiments: []pipelines.Experiment{{Name: "e", Steps: []pipelines.Step{
		{ID: "e/census", Kind: "census", Params: json.RawMessage(`{"to": 5}`)},
		{ID: "e/capitals", Kind: "capitals", Params: json.RawMessage(`{}`), Inputs: map[string]pipelines.Ref{"letters": {Step: "e/census", Output: "letters"}}},
	}}}}
	if err := g.Check(); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	graph, err := s.store.Put(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{artifacts.StateRan, artifacts.StateCached} {
		in := activities.SweepInput{Sweep: "toy", Graph: graph.Digest, Experiments: []string{"e"}, Numerics: "any"}
		started, err := launch.Start(t.Context(), s.client, plain.Data, in, activities.DefaultPriority, t.Logf)
		if err != nil {
			t.Fatal(err)
		}
		if err := started.Run.Get(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		root, err := s.store.Root(t.Context(), "toy")
		if err != nil {
			t.Fatal(err)
		}
		letters, err := s.store.Get(t.Context(), root.Steps["e/capitals"].Outputs["letters"].Digest)
		if err != nil || string(letters) != "ABCDE" {
			t.Errorf("the steps made %q, %v", letters, err)
		}
		for id, st := range root.Steps {
			if st.State != want {
				t.Errorf("%s is %s, want %s", id, st.State, want)
			}
		}
	}
	if label := (pipelines.Step{Kind: "census", Params: json.RawMessage(`{"to": 5}`)}).Label(); label != fmt.Sprintf("census to %s", `{"to": 5}`) {
		t.Errorf("its label is %q", label)
	}
}
