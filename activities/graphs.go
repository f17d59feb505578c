package activities

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// graphs keeps the graphs of the sweeps that are worked on: each of their steps is read from there.
type graphs struct {
	mu   sync.Mutex
	kept []*graph // the latest last
}

// mostGraphs is how many graphs are kept. That of 500 experiments of 17 steps takes some 10 MB.
const mostGraphs = 4

// graph is a sweep's graph with its steps by their IDs. It is shared: nobody changes it.
type graph struct {
	pipelines.Graph
	digest artifacts.Digest
	steps  map[string]pipelines.Placed
}

// graph returns the graph with a digest.
func (a *Activities) graph(ctx context.Context, d artifacts.Digest) (*graph, error) {
	a.graphs.mu.Lock()
	defer a.graphs.mu.Unlock()
	for _, g := range a.graphs.kept {
		if g.digest == d {
			return g, nil
		}
	}
	b, err := a.Store.Get(ctx, d)
	if err != nil {
		return nil, err
	}
	g := &graph{digest: d, steps: make(map[string]pipelines.Placed)}
	if err := json.Unmarshal(b, &g.Graph); err != nil {
		return nil, permanent("BadStep", fmt.Errorf("sweep graph: %w", err))
	}
	for _, p := range g.All() {
		g.steps[p.Step.ID] = p
	}
	a.graphs.kept = append(a.graphs.kept, g)
	if n := len(a.graphs.kept); n > mostGraphs {
		a.graphs.kept = a.graphs.kept[n-mostGraphs:]
	}
	return g, nil
}
