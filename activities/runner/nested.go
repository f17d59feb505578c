package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"lossatlas/activities/refine"
	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// knownPart is the part of a map with the points found in other maps of the store, where they do not fill chunks.
const knownPart = "known"

// Find looks for finished maps of the same recipe, with another error or on coarser lattices that nest in this one, and returns
// the missing chunks that they hold: the same points, evaluated in the same way, have the same bits. Points that fill no
// chunk are stored as a part of the step, for its chunks.
func (m lossMap) Find(ctx context.Context, missing []int) (map[int][]byte, error) {
	return m.find(ctx, missing, false)
}

// find is Find; ahead keeps all points for later rounds.
func (m *latticeMap) find(ctx context.Context, missing []int, ahead bool) (map[int][]byte, error) {
	points, err := m.others(ctx)
	if err != nil || !slices.Contains(points.Mask, true) {
		return nil, err
	}
	found := m.filled(points, missing)
	for _, chunk := range missing {
		ahead = ahead || found[chunk] == nil && slices.ContainsFunc(m.chunks[chunk], func(i int) bool { return points.Mask[i] })
	}
	if !ahead {
		return found, nil
	}
	return found, m.keep(ctx, knownPart, points.EncodeAll())
}

// filled are the chunks of which all points are there.
func (m *latticeMap) filled(points *surface.Grid, missing []int) map[int][]byte {
	found := make(map[int][]byte)
	for _, chunk := range missing {
		if b := points.EncodePoints(m.chunks[chunk]); b != nil {
			found[chunk] = b
		}
	}
	return found
}

// Find takes the points of the first round from other maps, and points of later rounds from the points found there.
func (e *roundedMap) Find(ctx context.Context, missing []int) (map[int][]byte, error) {
	if e.isFirst() {
		return e.find(ctx, missing, true)
	}
	points, err := e.known(ctx)
	if err != nil {
		return nil, err
	}
	found := e.filled(points, slices.DeleteFunc(slices.Clone(missing), func(chunk int) bool { return e.over[chunk] > 0 }))
	for _, chunk := range missing {
		if subset := e.over[chunk]; subset > 0 {
			if b := points.EncodeSubset(e.chunks[chunk], subset); b != nil {
				found[chunk] = b
			}
		}
	}
	return found, nil
}

// known is the grid of the points that were found in other maps.
func (m *latticeMap) known(ctx context.Context) (*surface.Grid, error) {
	grid, err := results.NewGrid(m.Key, m.Recipe, m.p)
	if err != nil {
		return nil, err
	}
	b, err := m.Store.GetPart(ctx, m.Key, knownPart)
	if errors.Is(err, artifacts.ErrNotFound) {
		return grid, nil
	}
	if err != nil {
		return nil, err
	}
	if err := results.AddChunk(grid, m.Kind(), b); err != nil {
		return nil, Permanent("BadChunk", fmt.Errorf("%s: points of other maps: %w", m.Label, err))
	}
	return grid, nil
}

// leastEstimated is the number of points a side from which estimated maps are looked for: smaller ones are evaluated nearly whole.
const leastEstimated = 10

// others is the grid of this lattice's points in finished maps of the same recipe: exact maps, and maps with a stated error.
func (m *latticeMap) others(ctx context.Context) (*surface.Grid, error) {
	points, err := results.NewGrid(m.Key, m.Recipe, m.p)
	if err != nil {
		return nil, err
	}
	nx, ny := len(points.X), len(points.Y)
	for step, ok := 1, true; ok && m.startsAlike(nx, ny, step); step *= 2 {
		for _, allowed := range pipelines.StatedErrors() {
			if allowed.Error > 0 && nx < leastEstimated || step == 1 && allowed == m.p.StatedError {
				continue
			}
			grid, err := m.finished(ctx, nx, ny, allowed)
			if err != nil {
				return nil, err
			}
			if grid != nil {
				take(points, grid, step)
			}
		}
		if covers(points, nx, ny, step) {
			break // coarser maps have no further points
		}
		nx, ny, ok = surface.Coarser(nx, ny)
	}
	return points, nil
}

// startsAlike says whether the points of a coarser lattice have the bits of the same points in this one. The loss has everywhere; eigenvalues
// have where both begin from the same points.
func (m *latticeMap) startsAlike(nx, ny, step int) bool {
	if m.Kind() != pipelines.KindHessian {
		return true
	}
	xs, ys := results.Lattice(m.p)
	own, coarse := refine.Lattice{NX: len(xs), NY: len(ys)}.Start(), refine.Lattice{NX: nx, NY: ny}.Start()
	for i, at := range coarse {
		coarse[i] = at/nx*step*len(xs) + at%nx*step
	}
	return slices.Equal(own, coarse)
}

// covers says whether all points of a coarser lattice are known.
func covers(points *surface.Grid, nx, ny, step int) bool {
	for i := range nx * ny {
		if !points.Mask[i/nx*step*len(points.X)+i%nx*step] {
			return false
		}
	}
	return true
}

// take adds the points that a grid of every step-th point was evaluated at.
func take(points, grid *surface.Grid, step int) {
	for at := range grid.Mask {
		ix, iy := at%len(grid.X)*step, at/len(grid.X)*step
		if grid.IsEvaluated(at) && grid.X[at%len(grid.X)] == points.X[ix] && grid.Y[at/len(grid.X)] == points.Y[iy] {
			points.Take(iy*len(points.X)+ix, grid, at)
		} else if grid.X[at%len(grid.X)] == points.X[ix] && grid.Y[at/len(grid.X)] == points.Y[iy] {
			points.TakeParts(iy*len(points.X)+ix, grid, at)
		}
	}
}

// finished is the finished map of the same recipe but for its lattice and its error, nil if it is missing.
func (m *latticeMap) finished(ctx context.Context, nx, ny int, allowed pipelines.StatedError) (*surface.Grid, error) {
	p := m.written.WithError(allowed)
	p.X.N = nx
	if p.Y != nil {
		y := *p.Y
		y.N = ny
		p.Y = &y
	}
	recipe := m.Recipe
	var err error
	if recipe.Params, err = json.Marshal(m.with(p)); err != nil {
		return nil, err
	}
	key, err := recipe.Key()
	if err != nil {
		return nil, err
	}
	action, err := m.Store.Lookup(ctx, key)
	var incomplete *artifacts.IncompleteError
	if errors.Is(err, artifacts.ErrNotFound) || errors.As(err, &incomplete) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	b, err := m.Store.Get(ctx, action.Outputs[pipelines.OutGrid].Digest)
	if err != nil {
		return nil, err
	}
	grid, err := surface.DecodeNPZ(b)
	if err != nil {
		return nil, Permanent("BadGrid", fmt.Errorf("%s: the map of %d×%d points: %w", m.Label, nx, ny, err))
	}
	if len(grid.X) != nx || len(grid.Y) != ny {
		return nil, Permanent("BadGrid", fmt.Errorf("%s: the map of %d×%d points has %d×%d", m.Label, nx, ny, len(grid.X), len(grid.Y)))
	}
	return grid, nil
}
