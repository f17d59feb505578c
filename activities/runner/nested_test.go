package runner

import (
	"fmt"
	"math"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
)

// mapped makes a map and returns its grid and how many points it evaluated.
func (b *bench) mapped(t *testing.T, in Job) (grid *surface.Grid, evaluated int) {
	t.Helper()
	chunks, err := cutMap(t.Context(), b.run(in))
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range b.plan(t, in).Missing {
		evaluated += chunks.Sizes()[i]
	}
	return b.read(t, b.made(t, in)), evaluated
}

// TestRefinement: a finer map of what is mapped already evaluates only what is
// new, and comes to the same bits as one from scratch.
func TestRefinement(t *testing.T) {
	b := newBench(t)
	trained := b.made(t, b.step(t, pipelines.KindTrain, b.trainParams(1), nil))
	dirs := b.made(t, b.step(t, pipelines.KindDirections,
		pipelines.DirectionsParams{Net: "small", Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 2},
		map[string]Input{pipelines.OutWeights: from(trained, pipelines.OutWeights)}))
	step := func(kind pipelines.Kind, end float64, n int) Job {
		p := pipelines.MapParams{
			Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 8},
			X: pipelines.Axis{Min: -1, Max: end, N: n}, Batch: 8,
		}
		if kind == pipelines.KindSurface {
			p.Y = &pipelines.Axis{Min: -0.3, Max: 1, N: n}
		}
		return b.step(t, kind, p, map[string]Input{pipelines.OutWeights: from(trained, pipelines.OutWeights), pipelines.OutDirections: from(dirs, pipelines.OutDirections)})
	}
	for _, c := range []struct {
		kind  pipelines.Kind
		sizes []int
	}{{pipelines.KindSurface, []int{9, 17}}, {pipelines.KindLine, []int{11, 21, 81}}} {
		var refined *surface.Grid
		var last Job
		before := 0
		for _, n := range c.sizes {
			last = step(c.kind, 0.7, n)
			grid, evaluated := b.mapped(t, last)
			if want := len(grid.Mask) - before; evaluated != want {
				t.Errorf("a %s of %d points a side after one of %d points evaluated %d points, want %d", c.kind, n, before, evaluated, want)
			}
			refined, before = grid, len(grid.Mask)
		}
		last.Recipe.Version++ // the same map under a key that has no coarser ones
		var err error
		if last.Key, err = last.Recipe.Key(); err != nil {
			t.Fatal(err)
		}
		whole, evaluated := b.mapped(t, last)
		if evaluated != len(whole.Mask) {
			t.Errorf("from scratch %d of %d points were evaluated", evaluated, len(whole.Mask))
		}
		for i, v := range whole.Loss {
			if math.Float64bits(v) != math.Float64bits(refined.Loss[i]) || whole.Accuracy[i] != refined.Accuracy[i] || !refined.Mask[i] {
				t.Fatalf("%s: point %d has the loss %v when refined, and %v from scratch", c.kind, i, refined.Loss[i], v)
			}
		}
		if got, want := fmt.Sprint(refined.X, refined.Y), fmt.Sprint(whole.X, whole.Y); got != want {
			t.Errorf("the refined lattice is %s, want %s", got, want)
		}
	}
	// Another range is another map.
	if plan := b.plan(t, step(pipelines.KindLine, 0.8, 21)); len(plan.Missing) != plan.Chunks {
		t.Errorf("of a line over another range only %d of %d chunks are missing", len(plan.Missing), plan.Chunks)
	}
}
