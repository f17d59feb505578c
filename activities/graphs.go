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

// graph returns the graph with a digest. Two that ask for one at the same time may both read it, but
// nobody waits for another's request.
func (a *Activities) graph(ctx context.Context, d artifacts.Digest) (*graph, error) {
	if g := a.graphs.find(d); g != nil {
		return g, nil
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
	a.graphs.keep(g)
	return g, nil
}

// find returns a graph that is kept, or nil.
func (s *graphs) find(d artifacts.Digest) *graph {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.kept {
		if g.digest == d {
			return g
		}
	}
	return nil
}

// keep keeps a graph, in place of the oldest if there are too many.
func (s *graphs) keep(g *graph) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, g)
	if n := len(s.kept); n > mostGraphs {
		s.kept = s.kept[n-mostGraphs:]
	}
}
