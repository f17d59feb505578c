package work

import (
	"context"
	"fmt"

	"lossatlas/activities/directions"
	"lossatlas/activities/nets"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
)

// lossMap is a line or surface, cut into chunks of a few seconds' work, coarse points first.
type lossMap struct {
	*Run
	p      pipelines.MapParams
	chunks [][]int // the indices of the points of each
}

func cutMap(ctx context.Context, r *Run) (Chunks, error) {
	p, err := r.mapParams(ctx)
	if err != nil {
		return nil, err
	}
	net, err := network(p.Net, p.Data.Problem)
	if err != nil {
		return nil, err
	}
	xs, ys := lattice(p)
	per := surface.PointsPerChunk(net.MACs(), p.Data.To-p.Data.From, len(xs)*len(ys))
	return &lossMap{r, p, surface.Chunks(surface.Rounds(len(xs), len(ys)), per)}, nil
}

// mapParams are the parameters of a map, its axes laid around the path if it shows one.
func (r *Run) mapParams(ctx context.Context) (pipelines.MapParams, error) {
	p, err := params[pipelines.MapParams](r.Job)
	if err != nil {
		return p, err
	}
	return r.fitted(ctx, p)
}

func (m *lossMap) Sizes() []int { return sizes(m.chunks) }

func sizes(chunks [][]int) []int {
	out := make([]int, len(chunks))
	for i, c := range chunks {
		out[i] = len(c)
	}
	return out
}

// Chunk evaluates equation (1) of the paper at the points of one chunk.
func (m *lossMap) Chunk(ctx context.Context, chunk int) ([]byte, error) {
	e, release, err := m.evaluator(ctx, m.p)
	if err != nil {
		return nil, err
	}
	defer release()
	m.begin("chunk", chunk)
	xs, ys := lattice(m.p)
	indices := m.chunks[chunk]
	points := make([]surface.Point, 0, len(indices))
	for i, index := range indices {
		v, err := e.At(ctx, xs[index%len(xs)], ys[index/len(xs)])
		if err != nil {
			return nil, err
		}
		points = append(points, surface.Point{Index: index, Loss: v.Loss, Accuracy: v.Accuracy()})
		m.Pulse.Progress(Progress{Done: i + 1, Total: len(indices), Unit: "point", Points: len(indices)})
		m.countPoint(ctx, m.p.Data.To-m.p.Data.From)
	}
	return surface.EncodePoints(points), nil
}

// Join makes one grid of the chunks.
func (m *lossMap) Join(ctx context.Context, chunks [][]byte) (Outputs, error) {
	return m.join(ctx, m, chunks)
}

func (m *lossMap) newGrid() (*surface.Grid, error) { return newGrid(m.Job, m.p) }

func (m *lossMap) add(grid *surface.Grid, chunk []byte) error {
	points, err := surface.DecodePoints(chunk)
	if err != nil {
		return err
	}
	return grid.Add(points)
}

// gridded are chunks of a grid.
type gridded interface {
	// newGrid is the empty grid with its provenance.
	newGrid() (*surface.Grid, error)
	// add puts the points of a chunk into the grid.
	add(grid *surface.Grid, chunk []byte) error
}

// join makes one grid of the chunks of a map.
func (r *Run) join(ctx context.Context, m gridded, chunks [][]byte) (Outputs, error) {
	grid, err := m.newGrid()
	if err != nil {
		return nil, err
	}
	for i, b := range chunks {
		if err := m.add(grid, b); err != nil {
			return nil, Permanent("BadChunk", fmt.Errorf("%s: chunk %d: %w", r.Label, i, err))
		}
	}
	b, err := grid.EncodeNPZ()
	if err != nil {
		return nil, err
	}
	return r.put(ctx, map[string][]byte{pipelines.OutGrid: b})
}

func newGrid(j Job, p pipelines.MapParams) (g *surface.Grid, err error) {
	g = surface.NewGrid(lattice(p))
	g.Meta, err = j.meta()
	return g, err
}

// lattice returns the coordinates along both axes; a line has the single β = 0.
func lattice(p pipelines.MapParams) (xs, ys []float64) {
	xs, ys = surface.Lattice(p.X.Min, p.X.Max, p.X.N), []float64{0}
	if p.Y != nil {
		ys = surface.Lattice(p.Y.Min, p.Y.Max, p.Y.N)
	}
	return xs, ys
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
	case p.Y != nil && len(dirs) < 2:
		return nil, nil, Permanent("BadDirections", fmt.Errorf("%s: a single direction given, two needed", r.Label))
	case p.Y == nil: // of a plane's directions, a line goes along the first
		dirs = [][]float32{dirs[0], nil}
		if moves != nil {
			moves = [][]float32{moves[0], nil}
		}
	}
	return dirs, moves, nil
}
