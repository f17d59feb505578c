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
	"lossatlas/activities/refine"
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
		return m.cutRounds(ctx, lossMap{m}.evaluate, func(_ int, points []int, subset int) [][]int {
			return slices.Collect(slices.Chunk(points, surface.PointsPerChunk(net.MACs(), m.examples(subset), len(xs)*len(ys))))
		})
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
	return m.evaluate(ctx, chunk, 0)
}

// examples is the number of examples of a subset of the map's, 0 for all.
func (m *latticeMap) examples(subset int) int {
	if subset == 0 {
		return m.p.Images()
	}
	return refine.SubsetSize(subset, m.p.Images())
}

// evaluate evaluates a chunk over a subset of the examples, 0 for all. Of a surface that states its error, points that are evaluated over all have their values
// over each subset, too.
func (m lossMap) evaluate(ctx context.Context, chunk, subset int) ([]byte, error) {
	known, err := m.known(ctx)
	if err != nil {
		return nil, err
	}
	e, release, err := m.evaluatorOver(ctx, m.p, subset)
	if err != nil {
		return nil, err
	}
	defer release()
	m.begin("chunk", chunk)
	xs, ys := results.Lattice(m.p)
	indices, examples := m.chunks[chunk], m.examples(subset)
	points, parts := make([]surface.Sampled, 0, len(indices)), make(map[surface.PartKey]refine.Part)
	for i, index := range indices {
		key := surface.PartKey{Index: index, Subset: subset}
		if part, there := known.Parts[key]; there && subset > 0 {
			parts[key] = part
			continue
		}
		if known.Mask[index] && subset == 0 {
			points = append(points, known.Point(index))
			known.CopyParts(parts, index)
			continue
		}
		x, y := xs[index%len(xs)], ys[index/len(xs)]
		if m.p.Curve != "" {
			_, y, x = curve.Shape(m.p.Curve).At(x)
		}
		if subset > 0 {
			v, err := e.At(ctx, x, y)
			if err != nil {
				return nil, err
			}
			parts[key] = refine.Part{Loss: v.Loss, Accuracy: v.Score}
		} else {
			p, err := m.point(ctx, e, index, x, y, parts)
			if err != nil {
				return nil, err
			}
			points = append(points, p)
		}
		m.Pulse.Progress(Progress{Done: i + 1, Total: len(indices), Unit: "point", Points: len(indices)})
		m.countPoint(ctx, examples)
	}
	return surface.EncodeParts(points, parts), nil
}

// point evaluates one point, with its standard errors where the examples are a sample, and puts its values over subsets into parts where a stated error
// may make use of them.
func (m lossMap) point(ctx context.Context, e *engine.Evaluator, index int, x, y float64, parts map[surface.PartKey]refine.Part) (surface.Sampled, error) {
	nan, n := math.NaN(), m.p.Images()
	out := surface.Sampled{Point: surface.Point{Index: index}, LossSE: nan, AccuracySE: nan, RiseSE: nan}
	subsets := results.Subsets(m.p)
	if m.p.Population <= n && len(subsets) == 0 {
		v, err := e.At(ctx, x, y)
		out.Loss, out.Accuracy = v.Loss, v.Score
		return out, err
	}
	v, each, err := e.Examples(ctx, x, y)
	if err != nil {
		return out, err
	}
	out.Loss, out.Accuracy = v.Loss, v.Score
	if each != nil && len(subsets) > 0 {
		groups := refine.Deal(e.Classes(), n)
		for _, k := range subsets {
			v := e.Subset(each, groups, refine.Subsets[k-1])
			parts[surface.PartKey{Index: index, Subset: k}] = refine.Part{Loss: v.Loss, Accuracy: v.Score}
		}
	}
	if m.p.Population > n {
		se, err := e.Sampling(ctx, each)
		if err != nil {
			return out, err
		}
		by := surface.FiniteCorrection(n, m.p.Population)
		out.LossSE, out.AccuracySE, out.RiseSE = by*se.Loss, by*se.Score, by*se.Rise
	}
	return out, nil
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
