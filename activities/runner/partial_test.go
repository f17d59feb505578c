package runner

import (
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/refine"
	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
)

// TestPartialMaps: a map that is under way grows by its chunks; what was given out before stays unchanged, and
// at the end every point is the one that the finished map has.
func TestPartialMaps(t *testing.T) {
	b := newBench(t)
	trained := b.made(t, b.step(t, pipelines.KindTrain, b.trainParams(1), nil))
	inputs := map[string]Input{pipelines.OutWeights: from(trained, pipelines.OutWeights)}
	dirs := b.made(t, b.step(t, pipelines.KindDirections, pipelines.DirectionsParams{Net: "small", Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 2}, inputs))
	inputs[pipelines.OutDirections] = from(dirs, pipelines.OutDirections)
	in := b.step(t, pipelines.KindSurface, pipelines.MapParams{
		Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 16},
		X: pipelines.Axis{Min: -1, Max: 1, N: 5}, Y: &pipelines.Axis{Min: -1, Max: 1, N: 5}, Batch: 16,
	}, inputs)
	var partial results.PartialMaps
	if g, err := partial.Grid(t.Context(), b.Store, in.Key, in.Recipe); g != nil || err != nil {
		t.Errorf("before the first chunk: %v, %v", g, err)
	}
	plan := b.plan(t, in)
	if plan.Chunks < 2 {
		t.Fatalf("the map has %d chunks", plan.Chunks)
	}
	b.chunk(t, in, 0)
	first, err := partial.Grid(t.Context(), b.Store, in.Key, in.Recipe)
	if err != nil {
		t.Fatal(err)
	}
	missing := len(first.Missing())
	if !first.Mask[0] || !first.Mask[24] || missing == 0 {
		t.Errorf("after the first chunk, %d points are missing", missing)
	}
	for i := 1; i < plan.Chunks; i++ {
		b.chunk(t, in, i)
	}
	var none *results.PartialMaps
	for name, m := range map[string]*results.PartialMaps{"one that remembers": &partial, "none": none} {
		g, err := m.Grid(t.Context(), b.Store, in.Key, in.Recipe)
		if err != nil || len(g.Missing()) != 0 || g.Loss[0] != first.Loss[0] {
			t.Errorf("%s: at the end %v, %v", name, g, err)
		}
	}
	if len(first.Missing()) != missing {
		t.Error("what was given out has changed")
	}
	b.made(t, in)
	if g, err := partial.Grid(t.Context(), b.Store, in.Key, in.Recipe); err != nil || g == nil {
		t.Errorf("after the parts are gone: %v, %v", g, err)
	}
}

// TestPartialEstimate: a map with a stated error shows its whole range from the end of its first round on, and sharpens with each.
func TestPartialEstimate(t *testing.T) {
	const n, allowed = 21, 0.05
	b := newBench(t)
	in := b.around(t, 4)(n, allowed)
	var partial results.PartialMaps
	read := func() *surface.Grid {
		g, err := partial.Grid(t.Context(), b.Store, in.Key, in.Recipe)
		if err != nil || g == nil {
			t.Fatal(g, err)
		}
		return g
	}
	var before *surface.Grid
	for more := true; more; {
		_, more = b.round(t, in)
		g := read()
		if g.Estimate == nil || len(g.Missing()) > 0 || g.Estimate.Error < allowed || g.Estimate.Error >= 1 {
			t.Fatalf("after a round %d points are missing, estimate %+v", len(g.Missing()), g.Estimate)
		}
		if before == nil && g.CountEvaluated() != len(refine.Lattice{NX: n, NY: n}.Start()) || before != nil && g.CountEvaluated() < before.CountEvaluated() {
			t.Errorf("%d points are evaluated", g.CountEvaluated())
		}
		if again := read(); &again.Loss[0] == &g.Loss[0] || again.Loss[n+1] != g.Loss[n+1] {
			t.Error("what was given out is shared, or differs from what is given next")
		}
		t.Logf("%d points evaluated, error %.3g", g.CountEvaluated(), g.Estimate.Error)
		before = g
	}
	made := b.read(t, b.made(t, in))
	if before.Estimate.Error > 3*allowed || before.CountEvaluated() != made.CountEvaluated() {
		t.Errorf("at the end %d points are evaluated of %d, with an error of %v", before.CountEvaluated(), made.CountEvaluated(), before.Estimate.Error)
	}
}
