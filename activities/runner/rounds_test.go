package runner

import (
	"math"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/refine"
	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// around prepares maps of n×n points over so many images around a small trained network.
func (b *bench) around(t *testing.T, images int) func(n int, relative float64) Job {
	t.Helper()
	trained := b.made(t, b.step(t, pipelines.KindTrain, b.trainParams(1), nil))
	inputs := map[string]Input{pipelines.OutWeights: from(trained, pipelines.OutWeights)}
	dirs := b.made(t, b.step(t, pipelines.KindDirections,
		pipelines.DirectionsParams{Net: "small", Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 2}, inputs))
	inputs[pipelines.OutDirections] = from(dirs, pipelines.OutDirections)
	return func(n int, relative float64) Job {
		return b.step(t, pipelines.KindSurface, pipelines.MapParams{
			Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: images},
			X: pipelines.Axis{Min: -1, Max: 1, N: n}, Y: &pipelines.Axis{Min: -1, Max: 0.7, N: n}, Batch: min(images, 100),
		}.WithError(pipelines.StatedError{Error: relative}), inputs)
	}
}

// round computes what a plan asks for, and returns how many points that other maps do not have were evaluated, and whether more follow.
func (b *bench) round(t *testing.T, in Job) (evaluated int, more bool) {
	t.Helper()
	plan := b.plan(t, in)
	chunks, err := b.run(in).cut(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var m *latticeMap
	switch c := chunks.(type) {
	case lossMap:
		m = c.latticeMap
	case *roundedMap:
		m = c.latticeMap
	}
	known, err := m.known(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range plan.Missing {
		for _, index := range m.chunks[i] {
			if !known.Mask[index] {
				evaluated++
			}
		}
		b.chunk(t, in, i)
	}
	return evaluated, plan.More
}

// finish makes a map, and returns how many points were evaluated for it.
func (b *bench) finish(t *testing.T, in Job) (made artifacts.Action, evaluated int) {
	t.Helper()
	for more := true; more; {
		n := 0
		n, more = b.round(t, in)
		evaluated += n
	}
	return b.made(t, in), evaluated
}

// TestStatedError: a surface with a stated error is evaluated at few points, holds its error against the exact one, and has
// the same bits after kills, the loss of stored parts, and from points of other maps; those take its points over.
func TestStatedError(t *testing.T) {
	const n = 25
	b := newBench(t)
	surfaceOf := b.around(t, 4)
	coarse, evaluated := b.finish(t, surfaceOf(n, 0.05))
	grid := b.read(t, coarse)
	if evaluated != grid.CountEvaluated() || evaluated < 81 || evaluated > n*n/2 || len(grid.Missing()) > 0 {
		t.Errorf("%d points were evaluated, the grid has %d of %d, and %d without a value", evaluated, grid.CountEvaluated(), n*n, len(grid.Missing()))
	}
	sharper, more := b.finish(t, surfaceOf(n, 0.02))
	if want := b.read(t, sharper).CountEvaluated() - evaluated; more > want+n || more < want {
		t.Errorf("a sharper error evaluated %d points, want about %d", more, want)
	}
	exact, rest := b.finish(t, surfaceOf(n, 0))
	all := b.read(t, exact)
	if rest > n*n-b.read(t, sharper).CountEvaluated() || all.Estimate != nil {
		t.Errorf("the exact surface evaluated %d of %d points", rest, n*n)
	}
	if plan := b.plan(t, surfaceOf(n, 0.01)); len(plan.Missing) > 0 || plan.More {
		t.Errorf("after the exact surface, a stated error misses the chunks %v", plan.Missing)
	}
	within := 0
	for i, v := range grid.Loss {
		if math.Abs(v-all.Loss[i]) <= 0.05*all.Loss[i] {
			within++
		}
		if grid.IsEvaluated(i) && v != all.Loss[i] {
			t.Fatalf("point %d was evaluated to %v, and is %v", i, v, all.Loss[i])
		}
	}
	if float64(within) < 0.95*n*n {
		t.Errorf("%d of %d points are within the stated error", within, n*n)
	}

	// The sharper surface in a store of its own, round by round by new runs, with losses.
	b = newBench(t)
	in := b.around(t, 4)(n, 0.02)
	if _, more := b.round(t, in); !more {
		t.Fatal("one round was enough")
	}
	b.round(t, in)
	if err := b.Store.DropParts(t.Context(), in.Key, roundPart(1), results.ChunkPart(0)); err != nil {
		t.Fatal(err)
	}
	if _, err := b.run(in).Make(t.Context(), "test", artifacts.Provenance{WorkflowID: "step", RunID: "run"}); typeOf(err) != ErrorChunkLost {
		t.Errorf("an unfinished map was made: %v", err)
	}
	if _, err := b.run(in).Chunk(t.Context(), 1, false); typeOf(err) != ErrorChunkLost {
		t.Errorf("a chunk of a round that is gone: %v", err)
	}
	again, _ := b.finish(t, in)
	if again.Outputs[pipelines.OutGrid].Digest != sharper.Outputs[pipelines.OutGrid].Digest {
		t.Errorf("after losses the surface is %v, want %v", again.Outputs, sharper.Outputs)
	}
	scratch := b.read(t, again)
	for i, v := range scratch.Loss {
		if scratch.IsEvaluated(i) && math.Float64bits(v) != math.Float64bits(all.Loss[i]) {
			t.Fatalf("point %d of the exact surface is %v from other maps, and %v from scratch", i, all.Loss[i], v)
		}
	}
	if note := scratch.EstimateNote(); !strings.Contains(note, "of 625 points evaluated, error ≤ 2 % with 95 % confidence") {
		t.Errorf("the note is %q", note)
	}
}

// overSome is how many points of a surface were evaluated over a subset of the examples alone.
func overSome(g *surface.Grid) (n int) {
	for i, examples := range g.Estimate.Examples {
		if examples > 0 && !g.Estimate.Evaluated[i] {
			n++
		}
	}
	return n
}

// TestSubsetOfExamples: a surface with a stated error evaluates points over a subset of its examples, and holds its error; it has the same bits in a store
// of its own, and a sharper one reuses its values.
func TestSubsetOfExamples(t *testing.T) {
	const n, relative = 15, 0.02
	surfaceOf := func() (*bench, func(n int, relative float64) Job) {
		b := newBench(t)
		if b.Engine = benchEngine(); b.Engine.Backend == "xla" {
			var err error
			if b.class, err = engine.Class(b.Engine); err != nil {
				t.Fatal(err)
			}
		}
		return b, b.around(t, 200)
	}
	b, job := surfaceOf()
	made, evaluated := b.finish(t, job(n, relative))
	grid := b.read(t, made)
	all, _ := b.finish(t, job(n, 0))
	exact := b.read(t, all)
	part, within := overSome(grid), 0
	for i, v := range grid.Loss {
		if math.Abs(v-exact.Loss[i]) <= relative*exact.Loss[i] {
			within++
		}
	}
	t.Logf("%d evaluations, %d points over all examples, %d over some; %s", evaluated, grid.CountEvaluated(), part, grid.EstimateNote())
	if part == 0 || float64(within) < 0.95*n*n {
		t.Errorf("%d points are evaluated over a subset; %d of %d are within the error", part, within, n*n)
	}
	again, job := surfaceOf()
	if twice, _ := again.finish(t, job(n, relative)); twice.Outputs[pipelines.OutGrid].Digest != made.Outputs[pipelines.OutGrid].Digest {
		t.Errorf("in another store the surface is %v, want %v", twice.Outputs, made.Outputs)
	}
	first := len(refine.Lattice{NX: n, NY: n}.Start())
	sharper, further := again.finish(t, job(n, relative/2))
	if all := again.read(t, sharper); further > all.CountEvaluated()+overSome(all)-first {
		t.Errorf("a sharper error evaluated %d points, and its surface has %d over all examples and %d over some", further, all.CountEvaluated(), overSome(all))
	}
}
