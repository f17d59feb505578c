package activities

import (
	"context"
	"slices"
	"sync"

	"lossatlas/activities/engine"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// keptEvaluators is how many maps' images, centres and directions stay on the
// device between chunks.
const keptEvaluators = 4

// evaluatorCache keeps the most recently used evaluators, one per map step.
// A chunk takes one out and gives it back, so that none is used twice at once.
type evaluatorCache struct {
	mu   sync.Mutex
	free []keptEvaluator // most recently used last
}

type keptEvaluator struct {
	key artifacts.Key
	*engine.Evaluator
}

// evaluator returns an evaluator for a map step, and the function that gives it back.
func (a *Activities) evaluator(ctx context.Context, in StepInput, p pipelines.MapParams) (*engine.Evaluator, func(), error) {
	c := &a.evaluators
	e := c.take(in.Key)
	if e == nil {
		var err error
		if e, err = a.newEvaluator(ctx, in, p); err != nil {
			return nil, nil, err
		}
	}
	return e, func() { c.give(in.Key, e) }, nil
}

func (c *evaluatorCache) take(key artifacts.Key) *engine.Evaluator {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.free, func(k keptEvaluator) bool { return k.key == key })
	if i < 0 {
		return nil
	}
	e := c.free[i].Evaluator
	c.free = slices.Delete(c.free, i, i+1)
	return e
}

func (c *evaluatorCache) give(key artifacts.Key, e *engine.Evaluator) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.free = append(c.free, keptEvaluator{key, e})
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
