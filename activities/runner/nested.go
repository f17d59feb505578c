package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// Find looks for finished maps of the same recipe on coarser lattices that nest in this one, and returns the
// missing chunks that the finest of them holds: the same points, evaluated in the same way, have the same bits.
func (m *lossMap) Find(ctx context.Context, missing []int) (map[int][]byte, error) {
	grid, step, err := m.coarser(ctx)
	if err != nil || grid == nil {
		return nil, err
	}
	xs, ys := results.Lattice(m.p)
	found := make(map[int][]byte)
	for _, chunk := range missing {
		points := make([]surface.Point, 0, len(m.chunks[chunk]))
		for _, index := range m.chunks[chunk] {
			ix, iy := index%len(xs), index/len(xs)
			if ix%step != 0 || iy%step != 0 {
				break
			}
			at := iy/step*len(grid.X) + ix/step
			if grid.X[ix/step] != xs[ix] || grid.Y[iy/step] != ys[iy] || !grid.Mask[at] {
				break
			}
			points = append(points, surface.Point{Index: index, Loss: grid.Loss[at], Accuracy: grid.Accuracy[at]})
		}
		if len(points) == len(m.chunks[chunk]) {
			found[chunk] = surface.EncodePoints(points)
		}
	}
	return found, nil
}

// coarser finds the finest finished map that nests in this one, nil if there is
// none, and of how many of this one's distances its own consist.
func (r *Run) coarser(ctx context.Context) (grid *surface.Grid, step int, err error) {
	p, err := params[pipelines.MapParams](r.Job) // as written: a fitted range is fitted again
	if err != nil {
		return nil, 0, err
	}
	ny := 1
	if p.Y != nil {
		ny = p.Y.N
	}
	step = 1
	for nx, ny, ok := surface.Coarser(p.X.N, ny); ok; nx, ny, ok = surface.Coarser(nx, ny) {
		step *= 2
		q := p
		q.X.N = nx
		if p.Y != nil {
			y := *p.Y
			y.N = ny
			q.Y = &y
		}
		recipe := r.Recipe
		if recipe.Params, err = json.Marshal(q); err != nil {
			return nil, 0, err
		}
		key, err := recipe.Key()
		if err != nil {
			return nil, 0, err
		}
		action, err := r.Store.Lookup(ctx, key)
		var incomplete *artifacts.IncompleteError
		if errors.Is(err, artifacts.ErrNotFound) || errors.As(err, &incomplete) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		b, err := r.Store.Get(ctx, action.Outputs[pipelines.OutGrid].Digest)
		if err != nil {
			return nil, 0, err
		}
		grid, err := surface.DecodeNPZ(b)
		if err != nil {
			return nil, 0, Permanent("BadGrid", fmt.Errorf("%s: the map of %d×%d points: %w", r.Label, nx, ny, err))
		}
		if len(grid.X) != nx || len(grid.Y) != ny {
			return nil, 0, Permanent("BadGrid", fmt.Errorf("%s: the map of %d×%d points has %d×%d", r.Label, nx, ny, len(grid.X), len(grid.Y)))
		}
		return grid, step, nil
	}
	return nil, 0, nil
}
