package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"lossatlas/activities/refine"
	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// rangeSearch finds how far a map reaches. Each point is a chunk; the points of a round follow from the values of those before.
type rangeSearch struct {
	*Run
	p      pipelines.RangeParams
	search refine.Search
	points []refine.Probe // of all rounds so far
	known  int            // how many of them, from the first on, have their loss
	more   bool
}

func cutRange(ctx context.Context, r *Run) (Chunks, error) {
	p, err := params[pipelines.RangeParams](r.Job)
	if err != nil {
		return nil, err
	}
	s := &rangeSearch{Run: r, p: p, search: refine.Search{Axes: p.Axes, Rise: p.Rise, Beyond: p.Beyond}, more: true}
	return s, s.Extend(ctx)
}

func (s *rangeSearch) Sizes() []int {
	sizes := make([]int, len(s.points))
	for i := range sizes {
		sizes[i] = 1
	}
	return sizes
}

// HasMore says that another round may follow.
func (s *rangeSearch) HasMore() bool { return s.more }

// Extend reads the stored losses, and adds the points of the next round when all earlier rounds are complete.
func (s *rangeSearch) Extend(ctx context.Context) error {
	for s.more {
		for ; s.known < len(s.points); s.known++ {
			b, err := s.Store.GetPart(ctx, s.Key, results.ChunkPart(s.known))
			if errors.Is(err, artifacts.ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			points, err := surface.DecodePoints(b)
			if err == nil && len(points) != 1 {
				err = fmt.Errorf("%d points, want 1", len(points))
			}
			if err != nil {
				return Permanent("BadChunk", fmt.Errorf("%s: chunk %d: %w", s.Label, s.known, err))
			}
			s.points[s.known].Loss = points[0].Loss
		}
		next := s.search.Next(s.points)
		s.points, s.more = append(s.points, next...), len(next) > 0
	}
	return nil
}

// Chunk evaluates the loss at one point.
func (s *rangeSearch) Chunk(ctx context.Context, i int) ([]byte, error) {
	e, release, err := s.evaluator(ctx, s.p.Map())
	if err != nil {
		return nil, err
	}
	defer release()
	s.begin("chunk", i)
	v, err := e.At(ctx, s.points[i].X, s.points[i].Y)
	if err != nil {
		return nil, err
	}
	s.countPoint(ctx, s.p.Map().Images())
	return surface.EncodePoints([]surface.Point{{Index: i, Loss: v.Loss, Accuracy: v.Score}}), nil
}

// Join is the range that follows from all points.
func (s *rangeSearch) Join(ctx context.Context, _ [][]byte) (Outputs, error) {
	b, err := json.Marshal(s.search.Found(s.points))
	if err != nil {
		return nil, err
	}
	return s.put(ctx, map[string][]byte{pipelines.OutRange: b})
}
