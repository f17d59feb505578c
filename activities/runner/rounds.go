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

// estimatedMap is a line or surface with a stated error. Its chunks come in rounds: the points of each follow from the
// values of those before, and from nothing else, so that every worker and every attempt finds the same.
type estimatedMap struct {
	*lossMap
	lattice refine.Lattice
	per     int
	rounds  []round
	first   []int // the first chunk of each round, and the number of chunks
}

// round is the points of one round, as its part of the step has them. The last round has none.
type round struct {
	Check  bool  `json:"check,omitempty"` // points that test the errors
	Points []int `json:"points"`
}

func roundPart(i int) string { return fmt.Sprintf("round-%05d", i) }

// cutRounds reads the rounds so far.
func (m *lossMap) cutRounds(ctx context.Context, nx, ny, per int) (Chunks, error) {
	e := &estimatedMap{lossMap: m, lattice: refine.Lattice{NX: nx, NY: ny, Error: m.p.Error, Absolute: m.p.Absolute}, per: per, first: []int{0}}
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

func (e *estimatedMap) add(r round) {
	e.rounds = append(e.rounds, r)
	e.chunks = slices.AppendSeq(e.chunks, slices.Chunk(r.Points, e.per))
	e.first = append(e.first, len(e.chunks))
}

// HasMore says that another round may follow.
func (e *estimatedMap) HasMore() bool { return len(e.rounds[len(e.rounds)-1].Points) > 0 }

// isFirst says that no round follows from values yet.
func (e *estimatedMap) isFirst() bool { return len(e.rounds) == 1 }

// Extend adds the next round, when all chunks so far are stored, and stores its points.
func (e *estimatedMap) Extend(ctx context.Context) error {
	chunks, err := e.stored(ctx, len(e.chunks))
	if err != nil {
		return err
	}
	known, err := e.samples(chunks)
	if err != nil {
		return err
	}
	var next round
	next.Points, next.Check = e.lattice.Next(known)
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

// samples are the values of all rounds.
func (e *estimatedMap) samples(chunks [][]byte) ([]refine.Round, error) {
	var out []refine.Round
	grid := surface.NewGrid(results.Lattice(e.p))
	for i, r := range e.rounds {
		known := refine.Round{Check: r.Check}
		for j := e.first[i]; j < e.first[i+1]; j++ {
			points, err := surface.DecodeSampled(chunks[j])
			if err == nil {
				err = grid.AddSampled(points)
			}
			if err != nil {
				return nil, Permanent("BadChunk", fmt.Errorf("%s: chunk %d: %w", e.Label, j, err))
			}
			for _, p := range points {
				known.Samples = append(known.Samples, refine.Sample(p.Point))
			}
		}
		if len(known.Samples) > 0 {
			out = append(out, known)
		}
	}
	return out, nil
}

// Join estimates the points that were not evaluated.
func (e *estimatedMap) Join(ctx context.Context, chunks [][]byte) (Outputs, error) {
	known, err := e.samples(chunks)
	if err != nil {
		return nil, err
	}
	grid, err := e.chunked(e.p, chunks)
	if err != nil {
		return nil, err
	}
	f := e.lattice.Estimate(known)
	grid.Loss, grid.Accuracy, grid.Mask = f.Loss, f.Accuracy, slices.Repeat([]bool{true}, len(f.Loss))
	grid.Estimate = &surface.Estimate{Error: e.p.Error, Absolute: e.p.Absolute, Evaluated: f.Evaluated, LossError: f.LossError, AccuracyError: f.AccuracyError}
	return e.putGrid(ctx, grid)
}
