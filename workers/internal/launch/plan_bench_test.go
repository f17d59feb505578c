package launch

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
	"lossatlas/workers/embedded/s3"
)

// thousand is a sweep of a thousand steps: 77 trainings at a rate, each with maps and pictures.
func thousand(b *testing.B, rate string) *pipelines.Graph {
	b.Helper()
	var seeds []string
	for i := range 77 {
		seeds = append(seeds, fmt.Sprint(i))
	}
	s, err := sweepfile.Parse("many.yaml", []byte(`name: many
dataset: {name: shapes10, train: 256, test: 64}
train: {net: small, epochs: 1, optimizer: {lr: `+rate+`}}
maps: [{kind: line, images: 64}, {kind: surface, images: 64}]
sweep: {train.seed: [`+strings.Join(seeds, ", ")+`]}
`), Catalog(), "")
	if err != nil {
		b.Fatal(err)
	}
	g, err := s.Expand("sha256:data")
	if err != nil {
		b.Fatal(err)
	}
	return g
}

// fill makes up the result of every step of a graph, and the record of its run.
func fill(b *testing.B, store *artifacts.Store, g *pipelines.Graph) {
	b.Helper()
	outputs := map[string]map[string]artifacts.Blob{} // by step, as later steps ask for them
	for _, p := range g.All() {
		for _, ref := range p.Step.Inputs {
			if outputs[ref.Step] == nil {
				outputs[ref.Step] = map[string]artifacts.Blob{}
			}
			blob, err := store.Put(b.Context(), []byte(ref.Step+ref.Output))
			if err != nil {
				b.Fatal(err)
			}
			outputs[ref.Step][ref.Output] = blob
		}
	}
	encoded, err := json.Marshal(g)
	if err != nil {
		b.Fatal(err)
	}
	graph, err := store.Put(b.Context(), encoded)
	if err != nil {
		b.Fatal(err)
	}
	root := artifacts.Root{Sweep: g.Sweep, State: artifacts.StateDone, Started: time.Now(), Graph: graph, Steps: map[string]artifacts.RootStep{}}
	for _, p := range g.All() {
		inputs := map[string]artifacts.Digest{}
		for name, ref := range p.Step.Inputs {
			inputs[name] = outputs[ref.Step][ref.Output].Digest
		}
		recipe, err := p.Step.Recipe(inputs, "go")
		if err != nil {
			b.Fatal(err)
		}
		key, err := recipe.Key()
		if err != nil {
			b.Fatal(err)
		}
		out := outputs[p.Step.ID]
		if out == nil {
			out = map[string]artifacts.Blob{"out": graph}
		}
		if _, err := store.PutAction(b.Context(), artifacts.Action{Key: key, Recipe: recipe, Outputs: out}); err != nil {
			b.Fatal(err)
		}
		root.Steps[p.Step.ID] = artifacts.RootStep{Kind: string(p.Step.Kind), Key: key, State: artifacts.StateRan, Outputs: out}
	}
	if err := store.PutRoot(b.Context(), root); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPlan1000 plans a thousand steps against a real store: all of them cached,
// and after a change to all trainings, of which each then says what changed.
func BenchmarkPlan1000(b *testing.B) {
	srv, err := s3.Start(b.Context(), s3.Options{Dir: filepath.Join(b.TempDir(), "objects"), Addr: "127.0.0.1:0", AccessKey: "tester", SecretKey: "secretsecret"})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = srv.Stop() })
	store, err := artifacts.Open(b.Context(), artifacts.Config{Endpoint: srv.Addr(), AccessKey: "tester", SecretKey: "secretsecret", Bucket: "lossatlas", Region: "us-east-1"}, zerolog.Nop())
	if err != nil {
		b.Fatal(err)
	}
	before := thousand(b, "0.1")
	fill(b, store, before)
	for name, c := range map[string]struct {
		g    *pipelines.Graph
		want string
	}{
		"cached":  {before, "done"},
		"changed": {thousand(b, "0.2"), "parameter optimizer.lr changed from 0.1 to 0.2"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				plan, err := Plan(b.Context(), store, c.g, "go")
				if err != nil {
					b.Fatal(err)
				}
				if s := plan.Steps[0]; s.Reason != c.want || len(plan.Steps) < 1000 {
					b.Fatalf("%d steps, the first %s: %s", len(plan.Steps), s.State, s.Reason)
				}
			}
		})
	}
}
