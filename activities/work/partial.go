package work

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"lossatlas/activities/surface"
	"lossatlas/artifacts"
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
	of   gridded
	seen map[string]bool
}

// maxPartialMaps bounds how many maps are remembered; a page that shows more reads them anew.
const maxPartialMaps = 256

// Grid is what there is of a line, surface or Hessian map: the points of the chunks that are in
// the store, and the rest masked; nil as long as there is none. Coarse points come first, so that it shows the whole range early on.
func (m *PartialMaps) Grid(ctx context.Context, store *artifacts.Store, job Job) (*surface.Grid, error) {
	p := m.of(job.Key)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.update(ctx, &Run{Job: job, Machine: &Machine{Store: store}}); err != nil || p.grid == nil {
		return nil, err
	}
	return p.snapshot(), nil
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
func (p *partialMap) update(ctx context.Context, r *Run) error {
	parts, err := r.Store.Parts(ctx, r.Key)
	if err != nil {
		return err
	}
	for _, name := range parts {
		if !strings.HasPrefix(name, chunkPrefix) || p.seen[name] {
			continue
		}
		b, err := r.Store.GetPart(ctx, r.Key, name)
		if errors.Is(err, artifacts.ErrNotFound) {
			continue // damaged, or dropped this moment because the map is finished
		}
		if err != nil {
			return err
		}
		if p.grid == nil {
			if err := p.open(ctx, r); err != nil {
				return err
			}
		}
		if err := p.of.add(p.grid, b); err != nil {
			return fmt.Errorf("%s: %s: %w", r.Label, name, err)
		}
		p.seen[name] = true
	}
	return nil
}

func (p *partialMap) open(ctx context.Context, r *Run) error {
	chunks, err := r.cut(ctx)
	if err != nil {
		return err
	}
	var ok bool
	if p.of, ok = chunks.(gridded); !ok {
		return fmt.Errorf("%s: a step of kind %s makes no grid", r.Label, r.Kind())
	}
	p.seen = make(map[string]bool)
	p.grid, err = p.of.newGrid()
	return err
}

// snapshot is a grid to which no more is added.
func (p *partialMap) snapshot() *surface.Grid {
	g := *p.grid
	g.Loss, g.Accuracy, g.Mask = slices.Clone(g.Loss), slices.Clone(g.Accuracy), slices.Clone(g.Mask)
	if c := g.Curvature; c != nil {
		g.Curvature = &surface.Curvature{LambdaMin: slices.Clone(c.LambdaMin), LambdaMax: slices.Clone(c.LambdaMax),
			ResidualMin: slices.Clone(c.ResidualMin), ResidualMax: slices.Clone(c.ResidualMax)}
	}
	return &g
}
