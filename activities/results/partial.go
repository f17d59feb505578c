package results

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// PartialMaps reads maps that are not finished, and remembers their chunks, so that a
// page that is drawn again and again fetches each chunk once. A nil one remembers nothing.
type PartialMaps struct {
	mu   sync.Mutex
	maps map[artifacts.Key]*partialMap
}

// partialMap is the chunks of one map that were read.
type partialMap struct {
	mu   sync.Mutex
	grid *surface.Grid // nil as long as there is none
	seen map[string]bool
	rest estimated
}

// maxPartialMaps bounds how many maps are remembered; a page that shows more reads them anew.
const maxPartialMaps = 256

// Grid is what there is of a line, surface or Hessian map: the points of the chunks that are in
// the store, and the rest masked; nil as long as there is none. Coarse points come first, so that it shows the whole range early on.
// Of a map with a stated error the rest is estimated from the end of its first round on; the error of the estimate is the present one.
func (m *PartialMaps) Grid(ctx context.Context, store Store, key artifacts.Key, recipe artifacts.Recipe) (*surface.Grid, error) {
	p := m.of(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.update(ctx, store, key, recipe); err != nil || p.grid == nil {
		return nil, err
	}
	g := p.snapshot()
	p.rest.fill(g, len(p.seen))
	return g, nil
}

func (m *PartialMaps) of(key artifacts.Key) *partialMap {
	if m == nil {
		return &partialMap{}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.maps[key]
	if p == nil {
		if len(m.maps) >= maxPartialMaps || m.maps == nil {
			m.maps = make(map[artifacts.Key]*partialMap)
		}
		p = &partialMap{}
		m.maps[key] = p
	}
	return p
}

// update adds the chunks that came since.
func (p *partialMap) update(ctx context.Context, store Store, key artifacts.Key, recipe artifacts.Recipe) error {
	parts, err := store.Parts(ctx, key)
	if err != nil {
		return err
	}
	for _, name := range parts {
		if !strings.HasPrefix(name, chunkPrefix) || p.seen[name] {
			continue
		}
		b, err := store.GetPart(ctx, key, name)
		if errors.Is(err, artifacts.ErrNotFound) {
			continue // damaged, or dropped this moment because the map is finished
		}
		if err != nil {
			return err
		}
		if p.grid == nil {
			if p.grid, err = emptyGrid(ctx, store, key, recipe); err != nil {
				return err
			}
			p.seen, p.rest = make(map[string]bool), newEstimated(recipe)
		}
		if err := AddChunk(p.grid, pipelines.Kind(recipe.Kind), b); err != nil {
			return fmt.Errorf("part %s of step %s: %w", name, key, err)
		}
		p.seen[name] = true
	}
	return nil
}

// emptyGrid is the grid of a map that is under way, its axes laid.
func emptyGrid(ctx context.Context, store Store, key artifacts.Key, recipe artifacts.Recipe) (*surface.Grid, error) {
	var p pipelines.MapParams
	if err := json.Unmarshal(recipe.Params, &p); err != nil {
		return nil, fmt.Errorf("parameters of step %s: %w", key, err)
	}
	p, err := Fit(p, recipe.Inputs, func(name string) ([]byte, error) { return store.Get(ctx, recipe.Inputs[name]) })
	if err != nil {
		return nil, fmt.Errorf("the range of step %s: %w", key, err)
	}
	return NewGrid(key, recipe, p)
}

// snapshot is a grid to which no more is added.
func (p *partialMap) snapshot() *surface.Grid {
	g := *p.grid
	g.Loss, g.Accuracy, g.Mask = slices.Clone(g.Loss), slices.Clone(g.Accuracy), slices.Clone(g.Mask)
	g.Parts = maps.Clone(g.Parts)
	if s := g.Sampling; s != nil {
		g.Sampling = &surface.Sampling{Images: s.Images, Population: s.Population, LossSE: slices.Clone(s.LossSE), AccuracySE: slices.Clone(s.AccuracySE), RiseSE: slices.Clone(s.RiseSE)}
	}
	if c := g.Curvature; c != nil {
		g.Curvature = &surface.Curvature{LambdaMin: slices.Clone(c.LambdaMin), LambdaMax: slices.Clone(c.LambdaMax),
			ResidualMin: slices.Clone(c.ResidualMin), ResidualMax: slices.Clone(c.ResidualMax)}
	}
	return &g
}
