package launch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/runner"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
)

// done is a sweep whose steps were done in this process, on the pure-Go backend.
type done struct {
	*testing.T
	store *artifacts.Store
	graph *pipelines.Graph
	made  map[string]artifacts.Action
}

// quiet is the pulse of a step that no one watches.
type quiet struct{}

func (quiet) Progress(runner.Progress) {}
func (quiet) Note(string)              {}
func (quiet) Stopped() error           { return nil }

// do does the steps of a sweep file one after the other, in a store that may have results.
func do(t *testing.T, store *artifacts.Store, file string) done {
	t.Helper()
	if store == nil {
		store = artifacts.InMemory(zerolog.Nop())
	}
	d := done{t, store, expandFile(t, file), map[string]artifacts.Action{}}
	m := &runner.Machine{Store: store, Log: zerolog.Nop(), Engine: engine.Options{Backend: "go"}}
	t.Cleanup(m.Close)
	class, err := engine.Class(m.Engine)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range d.graph.All() {
		if p.Step.Kind == pipelines.KindReport {
			continue
		}
		inputs := map[string]runner.Input{}
		for name, ref := range p.Step.Inputs {
			before := d.made[ref.Step]
			inputs[name] = runner.Input{Digest: before.Outputs[ref.Output].Digest, Producer: before.Key}
		}
		job, err := runner.NewJob(p.Step, inputs, class)
		if err != nil {
			t.Fatal(err)
		}
		if known, err := store.Lookup(t.Context(), job.Key); err == nil {
			d.made[p.Step.ID] = known
			continue
		}
		r := &runner.Run{Job: job, Machine: m, Log: m.Log, Pulse: quiet{}}
		if p.Step.Kind.Unit() != "" {
			plan, err := r.Plan(t.Context())
			for _, i := range plan.Missing {
				if err == nil {
					_, err = r.Chunk(t.Context(), i, false)
				}
			}
			if err != nil {
				t.Fatalf("%s: %v", p.Step.ID, err)
			}
		}
		if d.made[p.Step.ID], err = r.Make(t.Context(), "test", artifacts.Provenance{}); err != nil {
			t.Fatalf("%s: %v", p.Step.ID, err)
		}
	}
	return d
}

// readText reads a sweep file's text.
func readText(t *testing.T, file string) (*sweepfile.Sweep, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sweep.yaml")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return Read(path, "")
}

// expandFile reads a sweep file and makes its steps.
func expandFile(t *testing.T, file string) *pipelines.Graph {
	t.Helper()
	s, err := readText(t, file)
	if err != nil {
		t.Fatal(err)
	}
	src, err := data.Open(data.Shapes10, data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	digest, err := src.Digest()
	if err != nil {
		t.Fatal(err)
	}
	g, err := s.Expand(digest)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// output is what a step wrote.
func (d done) output(step, name string) []byte {
	d.Helper()
	b, err := d.store.Get(d.Context(), d.made[step].Outputs[name].Digest)
	if err != nil {
		d.Fatalf("%s of %s: %v", name, step, err)
	}
	return b
}

func (d done) grid(step string) *surface.Grid {
	d.Helper()
	return mustGrid(d.T, d.output(step, pipelines.OutGrid))
}

func mustGrid(t *testing.T, b []byte) *surface.Grid {
	t.Helper()
	g, err := surface.DecodeNPZ(b)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// step is a step of a graph, by the end of its name.
func step(t *testing.T, g *pipelines.Graph, end string) pipelines.Step {
	t.Helper()
	all := g.All()
	i := slices.IndexFunc(all, func(p pipelines.Placed) bool { return strings.HasSuffix(p.Step.ID, end) })
	if i < 0 {
		t.Fatalf("no step ends with %s", end)
	}
	return all[i].Step
}

// shown is how a picture is drawn.
func shown(t *testing.T, g *pipelines.Graph, end string) (p pipelines.RenderParams) {
	t.Helper()
	decode(t, step(t, g, end).Params, &p)
	return p
}

func decode(t *testing.T, params json.RawMessage, p any) {
	t.Helper()
	if err := json.Unmarshal(params, p); err != nil {
		t.Fatal(err)
	}
}

// tinySweep is a sweep of one small network with batch normalization, of which maps are to be said.
const tinySweep = `name: one
dataset: {name: shapes10, train: 48, test: 16}
networks: {tiny: [{conv: 4, stride: 4, name: conv1}, {bn: bn1}, relu, {conv: 6, stride: 2, name: conv2}, bn, relu, avgpool, flatten, {linear: 10, name: fc}]}
train: {net: tiny, epochs: 2, batch_size: 16, checkpoints: 1, optimizer: {lr: 0.05, weight_decay: 1e-2}}
`
