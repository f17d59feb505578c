package runner

import (
	"context"
	"fmt"
	"math"
	"slices"

	"lossatlas/activities/curve"
	"lossatlas/activities/directions"
	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
)

// latticeMap is a map over a lattice, cut into chunks.
type latticeMap struct {
	*Run
	p      pipelines.MapParams
	chunks [][]int // the indices of the points of each
	// written are the parameters as the recipe has them: a fitted range is fitted again. with puts others in their place.
	written pipelines.MapParams
	with    func(pipelines.MapParams) any
}

// newLatticeMap lays the axes of a map.
func newLatticeMap(ctx context.Context, r *Run, written pipelines.MapParams, with func(pipelines.MapParams) any) (*latticeMap, error) {
	p, err := r.fitted(ctx, written)
	return &latticeMap{Run: r, p: p, written: written, with: with}, err
}

// lossMap is a line or surface, cut into chunks of a few seconds' work, coarse points first.
type lossMap struct{ *latticeMap }

func cutMap(ctx context.Context, r *Run) (Chunks, error) {
	p, err := params[pipelines.MapParams](r.Job)
	if err != nil {
		return nil, err
	}
	if err := curve.Shape(p.Curve).Check(); p.Curve != "" && err != nil {
		return nil, Permanent("BadStep", fmt.Errorf("%s: %w", r.Label, err))
	}
	m, err := newLatticeMap(ctx, r, p, func(p pipelines.MapParams) any { return p })
	if err != nil {
		return nil, err
	}
	net, err := r.network(ctx, p.Net, p.Data.Problem)
	if err != nil {
		return nil, err
	}
	xs, ys := results.Lattice(m.p)
	per := surface.PointsPerChunk(net.MACs(), p.Images(), len(xs)*len(ys))
	if p.Error > 0 {
		return m.cutRounds(ctx, lossMap{m}.Chunk, func(_ int, points []int) [][]int { return slices.Collect(slices.Chunk(points, per)) })
	}
	m.chunks = surface.Chunks(surface.Rounds(len(xs), len(ys)), per)
	return lossMap{m}, nil
}

func (m *latticeMap) Sizes() []int { return sizes(m.chunks) }

func sizes(chunks [][]int) []int {
	out := make([]int, len(chunks))
	for i, c := range chunks {
		out[i] = len(c)
	}
	return out
}

// Chunk evaluates equation (1) of the paper at the points of one chunk that other maps do not have.
func (m lossMap) Chunk(ctx context.Context, chunk int) ([]byte, error) {
	known, err := m.known(ctx)
	if err != nil {
		return nil, err
	}
	e, release, err := m.evaluator(ctx, m.p)
	if err != nil {
		return nil, err
	}
	defer release()
	m.begin("chunk", chunk)
	xs, ys := results.Lattice(m.p)
	indices := m.chunks[chunk]
	points := make([]surface.Sampled, 0, len(indices))
	for i, index := range indices {
		if known.Mask[index] {
			points = append(points, known.Point(index))
			continue
		}
		x, y := xs[index%len(xs)], ys[index/len(xs)]
		if m.p.Curve != "" {
			_, y, x = curve.Shape(m.p.Curve).At(x)
		}
		p, err := m.point(ctx, e, x, y)
		if err != nil {
			return nil, err
		}
		p.Index = index
		points = append(points, p)
		m.Pulse.Progress(Progress{Done: i + 1, Total: len(indices), Unit: "point", Points: len(indices)})
		m.countPoint(ctx, m.p.Images())
	}
	return surface.EncodeSampled(points), nil
}

// point evaluates one point, with its standard errors where the examples are a sample.
func (m lossMap) point(ctx context.Context, e *engine.Evaluator, x, y float64) (surface.Sampled, error) {
	var v engine.Eval
	var err error
	se := engine.Sampling{Loss: math.NaN(), Score: math.NaN(), Rise: math.NaN()}
	if n := m.p.Data.To - m.p.Data.From; m.p.Population > n {
		v, se, err = e.Sampled(ctx, x, y)
		by := surface.FiniteCorrection(n, m.p.Population)
		se.Loss, se.Score, se.Rise = by*se.Loss, by*se.Score, by*se.Rise
	} else {
		v, err = e.At(ctx, x, y)
	}
	return surface.Sampled{Point: surface.Point{Loss: v.Loss, Accuracy: v.Score}, LossSE: se.Loss, AccuracySE: se.Score, RiseSE: se.Rise}, err
}

// Join makes one grid of the chunks.
func (m *latticeMap) Join(ctx context.Context, chunks [][]byte) (Outputs, error) {
	grid, err := m.chunked(m.p, chunks)
	if err != nil {
		return nil, err
	}
	return m.putGrid(ctx, grid)
}

// chunked is the grid of the points in the chunks of a map.
func (r *Run) chunked(p pipelines.MapParams, chunks [][]byte) (*surface.Grid, error) {
	grid, err := results.NewGrid(r.Key, r.Recipe, p)
	if err != nil {
		return nil, err
	}
	for i, b := range chunks {
		if err := results.AddChunk(grid, r.Kind(), b); err != nil {
			return nil, Permanent("BadChunk", fmt.Errorf("%s: chunk %d: %w", r.Label, i, err))
		}
	}
	return grid, nil
}

func (r *Run) putGrid(ctx context.Context, grid *surface.Grid) (Outputs, error) {
	b, err := grid.EncodeNPZ()
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutGrid: b})
}

// mapDirections are the two directions that a map's plane is spanned by, the
// second nil for a line; none for a step at the minimizer alone. moves are those
// of the running statistics, nil where they stay.
func (r *Run) mapDirections(ctx context.Context, net *nets.Net, p pipelines.MapParams) (dirs, moves [][]float32, err error) {
	if !r.has(pipelines.OutDirections) && p.X.N == 0 {
		return nil, nil, nil
	}
	raw, err := r.input(ctx, pipelines.OutDirections)
	if err != nil {
		return nil, nil, err
	}
	dirs, moves, err = directions.DecodeWithState(net.Params(), net.State(), raw)
	switch {
	case err != nil:
		return nil, nil, Permanent("BadDirections", fmt.Errorf("%s: %w", r.Label, err))
	case (p.Y != nil || p.Curve != "") && len(dirs) < 2:
		return nil, nil, Permanent("BadDirections", fmt.Errorf("%s: a single direction given, two needed", r.Label))
	case p.Y == nil && p.Curve == "": // of a plane's directions, a line goes along the first
		dirs = [][]float32{dirs[0], nil}
		if moves != nil {
			moves = [][]float32{moves[0], nil}
		}
	}
	return dirs, moves, nil
}
