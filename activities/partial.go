package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// PartialMap is a line, surface or Hessian map of which not all is evaluated yet: what its chunks
// in the store have, and the rest masked. Coarse points come first, so that it shows the whole range early on.
type PartialMap struct {
	// Grid is nil as long as there is no chunk.
	Grid *surface.Grid
	seen map[string]bool // parts that are in the grid
}

// Update adds the chunks that came into the store since. Chunks that are gone, as when the
// step has been finished meanwhile, or damaged, are left out.
func (m *PartialMap) Update(ctx context.Context, store *artifacts.Store, in StepInput) error {
	parts, err := store.Parts(ctx, in.Key)
	if err != nil {
		return err
	}
	for _, name := range parts {
		if !strings.HasPrefix(name, chunkPrefix) || m.seen[name] {
			continue
		}
		b, err := store.GetPart(ctx, in.Key, name)
		if errors.Is(err, artifacts.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if m.Grid == nil {
			if err := m.begin(ctx, store, in); err != nil {
				return err
			}
		}
		if err := addChunk(m.Grid, in, b); err != nil {
			return fmt.Errorf("%s: %s: %w", in.Label, name, err)
		}
		m.seen[name] = true
	}
	return nil
}

func (m *PartialMap) begin(ctx context.Context, store *artifacts.Store, in StepInput) error {
	a := &Activities{Store: store}
	var p pipelines.MapParams
	if err := json.Unmarshal(in.Recipe.Params, &p); err != nil {
		return fmt.Errorf("%s: parameters: %w", in.Label, err)
	}
	p, err := a.fitted(ctx, in, p)
	if err != nil {
		return err
	}
	m.Grid, err = a.newGrid(in, p)
	m.seen = map[string]bool{}
	return err
}

// Evaluated is how many of the map's points there are.
func (m *PartialMap) Evaluated() (done, total int) {
	if m.Grid == nil {
		return 0, 0
	}
	return len(m.Grid.Mask) - len(m.Grid.Missing()), len(m.Grid.Mask)
}
