package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// fillFromCoarser looks for finished maps of the same recipe on coarser
// lattices that nest in this one, and stores the missing chunks that the finest
// of them holds: the same points, evaluated in the same way, have the same bits.
// It returns how many chunks it stored.
func (a *Activities) fillFromCoarser(ctx context.Context, in StepInput, p pipelines.MapParams, chunks [][]int, missing []int) (int, error) {
	grid, step, err := a.coarser(ctx, in)
	if err != nil || grid == nil {
		return 0, err
	}
	xs, ys := lattice(p)
	filled := 0
	for _, chunk := range missing {
		points := make([]surface.Point, 0, len(chunks[chunk]))
		for _, index := range chunks[chunk] {
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
		if len(points) < len(chunks[chunk]) {
			continue
		}
		if err := a.Store.PutPart(ctx, in.Key, chunkPart(chunk), surface.EncodePoints(points)); err != nil {
			return filled, err
		}
		filled++
	}
	return filled, nil
}

// coarser finds the finest finished map that nests in this one, nil if there is
// none, and of how many of this one's distances its own consist.
func (a *Activities) coarser(ctx context.Context, in StepInput) (grid *surface.Grid, step int, err error) {
	p, err := params[pipelines.MapParams](in) // as written: a fitted range is fitted again
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
		recipe := in.Recipe
		if recipe.Params, err = json.Marshal(q); err != nil {
			return nil, 0, err
		}
		key, err := recipe.Key()
		if err != nil {
			return nil, 0, err
		}
		action, err := a.Store.Lookup(ctx, key)
		var incomplete *artifacts.IncompleteError
		if errors.Is(err, artifacts.ErrNotFound) || errors.As(err, &incomplete) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		b, err := a.Store.Get(ctx, action.Outputs[pipelines.OutGrid].Digest)
		if err != nil {
			return nil, 0, err
		}
		grid, err := surface.DecodeNPZ(b)
		if err != nil {
			return nil, 0, permanent("BadGrid", fmt.Errorf("%s: the map of %d×%d points: %w", in.Label, nx, ny, err))
		}
		if len(grid.X) != nx || len(grid.Y) != ny {
			return nil, 0, permanent("BadGrid", fmt.Errorf("%s: the map of %d×%d points has %d×%d", in.Label, nx, ny, len(grid.X), len(grid.Y)))
		}
		return grid, step, nil
	}
	return nil, 0, nil
}
