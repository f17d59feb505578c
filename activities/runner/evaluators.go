package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/refine"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// keptEvaluators is how many maps' images, centres and directions stay on the
// device between chunks.
const keptEvaluators = 4

// evaluatorCache keeps the most recently used evaluators, one per map step.
// A chunk takes one out and returns it, so that no evaluator is used twice at once.
type evaluatorCache struct {
	mu   sync.Mutex
	free []keptEvaluator // most recently used last
}

type keptEvaluator struct {
	key    artifacts.Key
	images string // imagesOf the map
	*engine.Evaluator
}

// imagesOf names what maps have in common that differ in their centres and directions only: loading images
// and putting them onto the device takes longer than some chunks do.
func imagesOf(p pipelines.MapParams, subset int) string {
	b, _ := json.Marshal([]any{p.Net, p.Data, p.Batch, p.BatchNorm, subset}) // strings and numbers
	return string(b)
}

// evaluator returns an evaluator for a map step, and the function that gives it back. Of a sweep of many
// experiments, whose chunks come to a worker mixed, an evaluator that the worker has no room to keep continues with the next map.
func (r *Run) evaluator(ctx context.Context, p pipelines.MapParams) (*engine.Evaluator, func(), error) {
	return r.evaluatorOver(ctx, p, 0)
}

// evaluatorOver is an evaluator over a subset of the map's examples, 0 for all.
func (r *Run) evaluatorOver(ctx context.Context, p pipelines.MapParams, subset int) (*engine.Evaluator, func(), error) {
	c := &r.evaluators
	images := imagesOf(p, subset)
	kept := keptEvaluator{r.Key, images, c.take(r.Key, images)}
	give := func() { c.give(kept) }
	if kept.Evaluator != nil {
		return kept.Evaluator, give, nil
	}
	b, err := r.numeric()
	if err != nil {
		return nil, nil, err
	}
	net, theta, state, err := r.minimizer(ctx, p.Net, p.Data.Problem)
	if err != nil {
		return nil, nil, err
	}
	dirs, moves, err := r.mapDirections(ctx, net, p)
	if err != nil {
		return nil, nil, err
	}
	if dirs != nil { // else another map's directions would stay
		kept.Evaluator = c.spare(kept.images)
	}
	if kept.Evaluator == nil {
		r.Pulse.Note(compiling)
		examples, err := r.MapExamples(ctx, p.Data)
		if err != nil {
			return nil, nil, err
		}
		size := p.Batch
		if subset > 0 {
			if examples, err = examples.Pick(refine.SubsetOf(subset, refine.Deal(examples.OneClass(), examples.Len()))); err != nil {
				return nil, nil, err
			}
			batches := (examples.Len() + size - 1) / size
			size = (examples.Len() + batches - 1) / batches // no batch that is mostly padding
		}
		norm, err := r.norm(ctx, p)
		if err != nil {
			return nil, nil, err
		}
		if err := net.CheckBatchNorm(); p.BatchNorm != nil && err != nil {
			return nil, nil, Permanent("BadStep", fmt.Errorf("%s: %w", r.Label, err))
		}
		if kept.Evaluator, err = engine.NewNormEvaluator(b, net, examples, size, norm); err != nil {
			return nil, nil, err
		}
	}
	err = kept.SetCenter(theta, state)
	if dirs != nil {
		err = errors.Join(err, kept.SetDirections(dirs[0], dirs[1]))
	}
	if moves != nil {
		err = errors.Join(err, kept.SetStateDirections(moves[0], moves[1]))
	}
	if err != nil {
		kept.Close()
		return nil, nil, err
	}
	return kept.Evaluator, give, nil
}

// norm is a map's mode of batch normalization, with the images that it takes.
func (r *Run) norm(ctx context.Context, p pipelines.MapParams) (engine.Norm, error) {
	switch n := p.BatchNorm; {
	case n == nil:
		return engine.Norm{}, nil
	case n.Recompute > 0:
		images, err := r.load(ctx, p.Data.Name, p.Data.Digest, p.Data.Problem, data.Train, 0, n.Recompute)
		return engine.Norm{Recompute: &images, Size: n.Size}, err
	}
	return engine.Norm{ByBatch: p.BatchNorm.ByBatch}, nil
}

// take returns the evaluator of a map over images, or nil. Chunks of one map may look at different ones.
func (c *evaluatorCache) take(key artifacts.Key, images string) *engine.Evaluator {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out(slices.IndexFunc(c.free, func(k keptEvaluator) bool { return k.key == key && k.images == images }))
}

// spare returns an evaluator of the same images that would soon be closed to make room, or nil.
func (c *evaluatorCache) spare(images string) *engine.Evaluator {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.free) < keptEvaluators {
		return nil
	}
	return c.out(slices.IndexFunc(c.free, func(k keptEvaluator) bool { return k.images == images }))
}

func (c *evaluatorCache) out(i int) *engine.Evaluator {
	if i < 0 {
		return nil
	}
	e := c.free[i].Evaluator
	c.free = slices.Delete(c.free, i, i+1)
	return e
}

func (c *evaluatorCache) give(k keptEvaluator) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free = append(c.free, k)
	for len(c.free) > keptEvaluators {
		c.free[0].Close()
		c.free = slices.Delete(c.free, 0, 1)
	}
}

func (c *evaluatorCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.free {
		k.Close()
	}
	c.free = nil
}
