package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/activity"

	"lossatlas/activities/directions"
	"lossatlas/activities/nets"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// MapPlan says how a line or surface is cut into chunks, and which are left to do.
type MapPlan struct {
	Chunks  int   `json:"chunks"`
	Missing []int `json:"missing"`
	// Points is how many points, or parts of a spectrum, the chunks have, and Done how many of them are not missing.
	Points int `json:"points"`
	Done   int `json:"done"`
}

// ChunkResult is one evaluated chunk, or one found in the store.
type ChunkResult struct {
	Seconds float64 `json:"seconds"`
	Points  int     `json:"points"`
}

// PlanMap cuts a map into chunks of a few seconds' work and lists those that no
// earlier attempt has stored. What a coarser lattice of the same map has, it
// takes from there.
func (a *Activities) PlanMap(ctx context.Context, in StepInput) (MapPlan, error) {
	return short(ctx, a, in, func(in StepInput) (MapPlan, error) {
		p, chunks, err := a.mapChunks(ctx, in)
		if err != nil {
			return MapPlan{}, err
		}
		plan, err := a.planChunks(ctx, in, chunks)
		if err != nil || len(plan.Missing) == 0 || pipelines.Kind(in.Recipe.Kind) == pipelines.KindHessian {
			return plan, err
		}
		filled, err := a.fillFromCoarser(ctx, in, p, chunks, plan.Missing)
		if err != nil || filled == 0 {
			return plan, err
		}
		return a.planChunks(ctx, in, chunks)
	})
}

// planChunks lists which of the chunks of a step are not in the store.
func (a *Activities) planChunks(ctx context.Context, in StepInput, chunks [][]int) (MapPlan, error) {
	plan := MapPlan{Chunks: len(chunks)}
	for _, chunk := range chunks {
		plan.Points += len(chunk)
	}
	plan.Done = plan.Points
	if _, ok, err := a.made(ctx, in); ok || err != nil {
		return plan, err
	}
	parts, err := a.Store.Parts(ctx, in.Key)
	if err != nil {
		return MapPlan{}, err
	}
	have := make(map[string]bool, len(parts))
	for _, name := range parts {
		have[name] = true
	}
	for i, chunk := range chunks {
		if !have[chunkPart(i)] {
			plan.Missing = append(plan.Missing, i)
			plan.Done -= len(chunk)
		}
	}
	return plan, nil
}

// EvaluateChunk evaluates equation (1) at the points of one chunk and stores
// them as a part of the step.
func (a *Activities) EvaluateChunk(ctx context.Context, in StepInput, chunk int) (ChunkResult, error) {
	return guard(ctx, a, in, func(in StepInput) (ChunkResult, error) {
		since := time.Now()
		p, chunks, err := a.mapChunks(ctx, in)
		if err != nil {
			return ChunkResult{}, err
		}
		if chunk < 0 || chunk >= len(chunks) {
			return ChunkResult{}, permanent("BadStep", fmt.Errorf("%s: chunk %d of %d", in.Label, chunk, len(chunks)))
		}
		if there, err := a.stored(ctx, in, chunk); there || err != nil {
			return ChunkResult{Points: len(chunks[chunk])}, err
		}
		pulse := a.startPulse(ctx, in, "")
		defer pulse.end()
		e, release, err := a.evaluator(ctx, in, p, pulse)
		if err != nil {
			return ChunkResult{}, err
		}
		defer release()
		work := a.begin(in, pulse, "chunk", chunk)
		xs, ys := lattice(p)
		points := make([]surface.Point, 0, len(chunks[chunk]))
		for i, index := range chunks[chunk] {
			v, err := e.At(ctx, xs[index%len(xs)], ys[index/len(xs)])
			if err != nil {
				return ChunkResult{}, err
			}
			points = append(points, surface.Point{Index: index, Loss: v.Loss, Accuracy: v.Accuracy()})
			pulse.progress(Progress{Done: i + 1, Total: len(chunks[chunk]), Unit: "point", Points: len(chunks[chunk])})
			countPoint(ctx, in, p.Data)
		}
		return ChunkResult{Seconds: time.Since(since).Seconds(), Points: len(points)}, work.store(ctx, chunkPart(chunk), surface.EncodePoints(points))
	})
}

// stored says whether an earlier attempt has stored the chunk, and could not say so.
func (a *Activities) stored(ctx context.Context, in StepInput, chunk int) (bool, error) {
	if activity.GetInfo(ctx).Attempt == 1 {
		return false, nil // the plan says that it is missing
	}
	_, err := a.Store.GetPart(ctx, in.Key, chunkPart(chunk))
	if errors.Is(err, artifacts.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// AssembleMap joins the chunks into one grid. It fails with the missing
// chunks' numbers if some were lost or damaged, so that they are evaluated again.
func (a *Activities) AssembleMap(ctx context.Context, in StepInput, seconds float64) (StepResult, error) {
	return short(ctx, a, in, func(in StepInput) (StepResult, error) {
		p, chunks, err := a.mapChunks(ctx, in)
		if err != nil {
			return StepResult{}, err
		}
		grid, err := a.newGrid(in, p)
		if err != nil {
			return StepResult{}, err
		}
		for i := range chunks {
			b, err := a.Store.GetPart(ctx, in.Key, chunkPart(i))
			if errors.Is(err, artifacts.ErrNotFound) {
				return StepResult{}, permanent(ErrorChunkLost, fmt.Errorf("%s: chunk %d is not in the store", in.Label, i))
			}
			if err != nil {
				return StepResult{}, err
			}
			if err := addChunk(grid, in, b); err != nil {
				return StepResult{}, permanent("BadChunk", fmt.Errorf("%s: chunk %d: %w", in.Label, i, err))
			}
		}
		b, err := grid.EncodeNPZ()
		if err != nil {
			return StepResult{}, err
		}
		outputs, err := a.putAll(ctx, map[string][]byte{pipelines.OutGrid: b})
		if err != nil {
			return StepResult{}, err
		}
		return a.finish(ctx, in, outputs, seconds)
	})
}

// addChunk puts the points of an encoded chunk into the grid.
func addChunk(grid *surface.Grid, in StepInput, b []byte) error {
	if pipelines.Kind(in.Recipe.Kind) == pipelines.KindHessian {
		points, err := surface.DecodeCurved(b)
		if err != nil {
			return err
		}
		return grid.AddCurved(points)
	}
	points, err := surface.DecodePoints(b)
	if err != nil {
		return err
	}
	return grid.Add(points)
}

// ErrorChunkLost is the type of AssembleMap's error for a chunk that is gone.
const ErrorChunkLost = "ChunkLost"

const chunkPrefix = "points-"

func chunkPart(i int) string { return fmt.Sprintf(chunkPrefix+"%05d", i) }

// mapChunks cuts the lattice into chunks, coarse points first, or a Hessian map into its rows. The cut depends
// on the step alone, so that every worker and every attempt cuts alike.
func (a *Activities) mapChunks(ctx context.Context, in StepInput) (pipelines.MapParams, [][]int, error) {
	p, err := params[pipelines.MapParams](in)
	if err != nil {
		return p, nil, err
	}
	if p, err = a.fitted(ctx, in, p); err != nil {
		return p, nil, err
	}
	net, err := Network(p.Net)
	if err != nil {
		return p, nil, permanent("BadNet", err)
	}
	xs, ys := lattice(p)
	if pipelines.Kind(in.Recipe.Kind) == pipelines.KindHessian {
		return p, rows(len(xs), len(ys)), nil
	}
	per := surface.PointsPerChunk(net.MACs(), p.Data.To-p.Data.From, len(xs)*len(ys))
	return p, surface.Chunks(surface.Rounds(len(xs), len(ys)), per), nil
}

// rows cuts a lattice into its rows, in which a point lies beside the one before.
func rows(nx, ny int) [][]int {
	chunks := make([][]int, ny)
	for i := range nx * ny {
		chunks[i/nx] = append(chunks[i/nx], i)
	}
	return chunks
}

// lattice returns the coordinates along both axes; a line has the single β = 0.
func lattice(p pipelines.MapParams) (xs, ys []float64) {
	xs, ys = surface.Lattice(p.X.Min, p.X.Max, p.X.N), []float64{0}
	if p.Y != nil {
		ys = surface.Lattice(p.Y.Min, p.Y.Max, p.Y.N)
	}
	return xs, ys
}

// newGrid is the empty grid with its provenance.
func (a *Activities) newGrid(in StepInput, p pipelines.MapParams) (*surface.Grid, error) {
	xs, ys := lattice(p)
	meta, err := json.Marshal(map[string]any{"key": in.Key, "recipe": in.Recipe})
	if err != nil {
		return nil, err
	}
	g := surface.NewGrid(xs, ys)
	g.Meta = meta
	return g, nil
}

// mapDirections are the two directions that a map's plane is spanned by, the
// second nil for a line; none for a step at the minimizer alone. moves are those
// of the running statistics, nil where they stay.
func (a *Activities) mapDirections(ctx context.Context, in StepInput, net *nets.Net, p pipelines.MapParams) (dirs, moves [][]float32, err error) {
	if _, ok := in.Recipe.Inputs[directionsInput]; !ok && p.X.N == 0 {
		return nil, nil, nil
	}
	raw, err := a.input(ctx, in, directionsInput)
	if err != nil {
		return nil, nil, err
	}
	dirs, moves, err = directions.DecodeWithState(net.Params(), net.State(), raw)
	switch {
	case err != nil:
		return nil, nil, permanent("BadDirections", fmt.Errorf("%s: %w", in.Label, err))
	case p.Y != nil && len(dirs) < 2:
		return nil, nil, permanent("BadDirections", fmt.Errorf("%s: a single direction given, two needed", in.Label))
	case p.Y == nil: // of a plane's directions, a line goes along the first
		dirs = [][]float32{dirs[0], nil}
		if moves != nil {
			moves = [][]float32{moves[0], nil}
		}
	}
	return dirs, moves, nil
}
