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
)

// roundedMap is a map whose chunks come in rounds: with a stated error the points of each follow from the values of those before, and from
// nothing else, so that every worker and every attempt finds the same. Of an exact map the second round has all points that the first has not.
type roundedMap struct {
	*latticeMap
	lattice refine.Lattice
	compute func(ctx context.Context, chunk, subset int) ([]byte, error)
	cut     func(round int, points []int, subset int) [][]int
	rounds  []round
	over    []int // the subset of the examples that each chunk is evaluated over, 0 for all
}

// round is the points of one round, as stored in its part of the step. The last round has no points.
type round struct {
	Check  bool  `json:"check,omitempty"` // points that test the errors
	Points []int `json:"points"`
	// Part are points to be evaluated over the subset that the second round has chosen.
	Part   []int `json:"part,omitempty"`
	Subset int   `json:"subset,omitempty"`
}

func roundPart(i int) string { return fmt.Sprintf("round-%05d", i) }

// cutRounds reads the rounds so far. compute is what Chunk does, and cut makes chunks of the points of a round that are evaluated over a subset of the examples.
func (m *latticeMap) cutRounds(ctx context.Context, compute func(_ context.Context, chunk, subset int) ([]byte, error), cut func(round int, points []int, subset int) [][]int) (Chunks, error) {
	xs, ys := results.Lattice(m.p)
	e := &roundedMap{latticeMap: m, lattice: results.Refinement(m.Kind(), m.p.StatedError, len(xs), len(ys)), compute: compute, cut: cut}
	e.add(round{Points: e.lattice.Start()})
	for e.HasMore() {
		b, err := m.Store.GetPart(ctx, m.Key, roundPart(len(e.rounds)))
		if errors.Is(err, artifacts.ErrNotFound) {
			return e, nil
		}
		if err != nil {
			return nil, err
		}
		var next round
		if err := json.Unmarshal(b, &next); err != nil {
			return nil, Permanent("BadChunk", fmt.Errorf("%s: round %d: %w", m.Label, len(e.rounds), err))
		}
		e.add(next)
	}
	return e, nil
}

func (e *roundedMap) add(r round) {
	if r.Subset > 0 {
		e.lattice.Subset = r.Subset
	}
	e.chunks = append(e.chunks, e.cut(len(e.rounds), r.Points, 0)...)
	e.over = append(e.over, make([]int, len(e.chunks)-len(e.over))...)
	e.chunks = append(e.chunks, e.cut(len(e.rounds), r.Part, e.lattice.Subset)...)
	e.over = append(e.over, slices.Repeat([]int{e.lattice.Subset}, len(e.chunks)-len(e.over))...)
	e.rounds = append(e.rounds, r)
}

// HasMore says that another round may follow.
func (e *roundedMap) HasMore() bool {
	if e.p.Error == 0 {
		return e.isFirst() && len(e.rounds[0].Points) < e.lattice.NX*e.lattice.NY
	}
	last := e.rounds[len(e.rounds)-1]
	return len(last.Points)+len(last.Part) > 0
}

// Chunk computes a chunk.
func (e *roundedMap) Chunk(ctx context.Context, i int) ([]byte, error) {
	return e.compute(ctx, i, e.over[i])
}

// isFirst says that no round follows from values yet.
func (e *roundedMap) isFirst() bool { return len(e.rounds) == 1 }

// Extend adds the next round, when all chunks so far are stored, and stores its points.
func (e *roundedMap) Extend(ctx context.Context) error {
	chunks, err := e.stored(ctx, len(e.chunks))
	if err != nil {
		return err
	}
	next, err := e.next(chunks)
	if err != nil {
		return err
	}
	b, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := e.keep(ctx, roundPart(len(e.rounds)), b); err != nil {
		return err
	}
	e.add(next)
	return nil
}

// next is the round that follows from the values so far.
func (e *roundedMap) next(chunks [][]byte) (next round, err error) {
	if e.p.Error == 0 {
		for i := range e.lattice.NX * e.lattice.NY {
			if _, there := slices.BinarySearch(e.rounds[0].Points, i); !there {
				next.Points = append(next.Points, i)
			}
		}
		return next, nil
	}
	grid, err := e.chunked(e.p, chunks)
	if err != nil {
		return next, err
	}
	if e.isFirst() {
		next.Subset = results.ChooseSubset(grid, e.lattice, e.rounds[0].Points, e.p)
		e.lattice.Subset = next.Subset
	}
	points := e.lattice.Next(e.samples(grid))
	next.Points, next.Part, next.Check = points.Whole, points.Part, points.Check
	return next, nil
}

// samples are the values of all rounds.
func (e *roundedMap) samples(grid *surface.Grid) (out []refine.Round) {
	for _, r := range e.rounds {
		if len(r.Points)+len(r.Part) == 0 {
			continue
		}
		// A point that a later round evaluated over all examples was known over the subset alone before.
		now := slices.Concat(r.Points, r.Part)
		known := results.Samples(grid, now, e.lattice.Subset)
		for k := range r.Part {
			known.Samples[len(r.Points)+k].PartOnly = true
		}
		known.Check = r.Check
		out = append(out, known)
	}
	return out
}

// Join estimates the points that were not evaluated.
func (e *roundedMap) Join(ctx context.Context, chunks [][]byte) (Outputs, error) {
	grid, err := e.chunked(e.p, chunks)
	if err != nil {
		return nil, err
	}
	if e.p.Error > 0 {
		grid.Subset = e.lattice.Subset
		results.Estimate(grid, e.lattice.Estimate(e.samples(grid)), e.p.StatedError, e.p.Images())
	}
	return e.putGrid(ctx, grid)
}
