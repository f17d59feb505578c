package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// knownPart is the part of a map with those of its points that other maps of the store have, where they do not fill chunks.
const knownPart = "known"

// known are points with their values, by index.
type known map[int]surface.Sampled

// fill returns the encoded points of a chunk, nil if not all of them are known.
func (k known) fill(indices []int) []byte {
	points := make([]surface.Sampled, len(indices))
	for i, index := range indices {
		p, ok := k[index]
		if !ok {
			return nil
		}
		points[i] = p
	}
	return surface.EncodeSampled(points)
}

// Find looks for finished maps of the same recipe, with another error or on coarser lattices that nest in this one, and returns
// the missing chunks that they hold: the same points, evaluated in the same way, have the same bits. Points that fill no
// chunk are stored as a part of the step, for its chunks and its later rounds.
func (m *lossMap) Find(ctx context.Context, missing []int) (map[int][]byte, error) {
	points, err := m.others(ctx)
	if err != nil || len(points) == 0 {
		return nil, err
	}
	found, rest := make(map[int][]byte), m.p.Error > 0
	for _, chunk := range missing {
		if b := points.fill(m.chunks[chunk]); b != nil {
			found[chunk] = b
			continue
		}
		rest = rest || slices.ContainsFunc(m.chunks[chunk], func(i int) bool { _, ok := points[i]; return ok })
	}
	if !rest {
		return found, nil
	}
	indices := make([]int, 0, len(points))
	for i := range points {
		indices = append(indices, i)
	}
	slices.Sort(indices)
	return found, m.keep(ctx, knownPart, points.fill(indices))
}

// Find takes the points of the first round from other maps, and those of later rounds from what was found then.
func (e *estimatedMap) Find(ctx context.Context, missing []int) (map[int][]byte, error) {
	if e.isFirst() {
		return e.lossMap.Find(ctx, missing)
	}
	points, err := e.known(ctx)
	found := make(map[int][]byte)
	for _, chunk := range missing {
		if b := points.fill(e.chunks[chunk]); b != nil {
			found[chunk] = b
		}
	}
	return found, err
}

// known reads the points that were found in other maps.
func (m *lossMap) known(ctx context.Context) (known, error) {
	b, err := m.Store.GetPart(ctx, m.Key, knownPart)
	if errors.Is(err, artifacts.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	points, err := surface.DecodeSampled(b)
	if err != nil {
		return nil, Permanent("BadChunk", fmt.Errorf("%s: points of other maps: %w", m.Label, err))
	}
	out := make(known, len(points))
	for _, p := range points {
		out[p.Index] = p
	}
	return out, nil
}

// leastEstimated is the number of points a side from which estimated maps are looked for: smaller ones are evaluated nearly whole.
const leastEstimated = 10

// others are the points of this lattice that finished maps of the same recipe have: exact ones, and those with a stated error.
func (m *lossMap) others(ctx context.Context) (known, error) {
	p, err := params[pipelines.MapParams](m.Job) // as written: a fitted range is fitted again
	if err != nil {
		return nil, err
	}
	ny := 1
	if p.Y != nil {
		ny = p.Y.N
	}
	points := make(known)
	for nx, step, ok := p.X.N, 1, true; ok; step *= 2 {
		for _, allowed := range pipelines.StatedErrors() {
			if allowed.Error > 0 && nx < leastEstimated || step == 1 && allowed == p.StatedError {
				continue
			}
			grid, err := m.finished(ctx, p, nx, ny, allowed)
			if err != nil {
				return nil, err
			}
			m.take(points, grid, step)
		}
		if points.covers(nx, ny, step, p.X.N) {
			break // coarser maps have no more
		}
		nx, ny, ok = surface.Coarser(nx, ny)
	}
	return points, nil
}

// covers says whether all points of a coarser lattice are known.
func (k known) covers(nx, ny, step, width int) bool {
	for i := range nx * ny {
		if _, ok := k[i/nx*step*width+i%nx*step]; !ok {
			return false
		}
	}
	return true
}

// take adds the points that a grid of every step-th point was evaluated at.
func (m *lossMap) take(points known, grid *surface.Grid, step int) {
	if grid == nil {
		return
	}
	xs, ys := results.Lattice(m.p)
	for at := range grid.Mask {
		ix, iy := at%len(grid.X)*step, at/len(grid.X)*step
		if grid.IsEvaluated(at) && grid.X[at%len(grid.X)] == xs[ix] && grid.Y[at/len(grid.X)] == ys[iy] {
			index := iy*len(xs) + ix
			p := grid.Point(at)
			p.Index = index
			points[index] = p
		}
	}
}

// finished is the finished map of the same recipe but for its lattice and its error, nil if it is missing.
func (r *Run) finished(ctx context.Context, p pipelines.MapParams, nx, ny int, allowed pipelines.StatedError) (*surface.Grid, error) {
	p = p.WithError(allowed)
	p.X.N = nx
	if p.Y != nil {
		y := *p.Y
		y.N = ny
		p.Y = &y
	}
	recipe := r.Recipe
	var err error
	if recipe.Params, err = json.Marshal(p); err != nil {
		return nil, err
	}
	key, err := recipe.Key()
	if err != nil {
		return nil, err
	}
	action, err := r.Store.Lookup(ctx, key)
	var incomplete *artifacts.IncompleteError
	if errors.Is(err, artifacts.ErrNotFound) || errors.As(err, &incomplete) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := r.Store.Get(ctx, action.Outputs[pipelines.OutGrid].Digest)
	if err != nil {
		return nil, err
	}
	grid, err := surface.DecodeNPZ(b)
	if err != nil {
		return nil, Permanent("BadGrid", fmt.Errorf("%s: the map of %d×%d points: %w", r.Label, nx, ny, err))
	}
	if len(grid.X) != nx || len(grid.Y) != ny {
		return nil, Permanent("BadGrid", fmt.Errorf("%s: the map of %d×%d points has %d×%d", r.Label, nx, ny, len(grid.X), len(grid.Y)))
	}
	return grid, nil
}
