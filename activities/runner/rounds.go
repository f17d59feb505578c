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
	compute func(ctx context.Context, chunk int) ([]byte, error)
	cut     func(round int, points []int) [][]int
	rounds  []round
	first   []int // the first chunk of each round, and the number of chunks
}

// round is the points of one round, as stored in its part of the step. The last round has no points.
type round struct {
	Check  bool  `json:"check,omitempty"` // points that test the errors
	Points []int `json:"points"`
}

func roundPart(i int) string { return fmt.Sprintf("round-%05d", i) }

// cutRounds reads the rounds so far. compute is what Chunk does, and cut makes chunks of the points of a round.
func (m *latticeMap) cutRounds(ctx context.Context, compute func(context.Context, int) ([]byte, error), cut func(int, []int) [][]int) (Chunks, error) {
	xs, ys := results.Lattice(m.p)
	e := &roundedMap{latticeMap: m, lattice: results.Refinement(m.Kind(), m.p.StatedError, len(xs), len(ys)), compute: compute, cut: cut, first: []int{0}}
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
	e.chunks = append(e.chunks, e.cut(len(e.rounds), r.Points)...)
	e.rounds = append(e.rounds, r)
	e.first = append(e.first, len(e.chunks))
}

// HasMore says that another round may follow.
func (e *roundedMap) HasMore() bool {
	if e.p.Error == 0 {
		return e.isFirst() && len(e.rounds[0].Points) < e.lattice.NX*e.lattice.NY
	}
	return len(e.rounds[len(e.rounds)-1].Points) > 0
}

// Chunk computes a chunk.
func (e *roundedMap) Chunk(ctx context.Context, i int) ([]byte, error) { return e.compute(ctx, i) }

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
	_, known, err := e.samples(chunks)
	if err == nil {
		next.Points, next.Check = e.lattice.Next(known)
	}
	return next, err
}

// samples are the values of all rounds, and the grid of them.
func (e *roundedMap) samples(chunks [][]byte) (*surface.Grid, []refine.Round, error) {
	grid, err := e.chunked(e.p, chunks)
	if err != nil {
		return nil, nil, err
	}
	var out []refine.Round
	for _, r := range e.rounds {
		if len(r.Points) > 0 {
			known := results.Samples(grid, r.Points)
			known.Check = r.Check
			out = append(out, known)
		}
	}
	return grid, out, nil
}

// Join estimates the points that were not evaluated.
func (e *roundedMap) Join(ctx context.Context, chunks [][]byte) (Outputs, error) {
	grid, known, err := e.samples(chunks)
	if err != nil {
		return nil, err
	}
	if e.p.Error > 0 {
		results.Estimate(grid, e.lattice.Estimate(known), e.p.StatedError)
	}
	return e.putGrid(ctx, grid)
}
