package runner

import (
	"errors"
	"math"
	"slices"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/results"
	"lossatlas/activities/surface"
	"lossatlas/pipelines"
)

// stopping is the pulse of a worker that stops after some portions of work.
type stopping struct {
	pulse
	left int
}

func (s *stopping) Stopped() error {
	if s.left--; s.left < 0 {
		return errors.New("the worker stops")
	}
	return nil
}

// TestRowGoesOn interrupts a row of a Hessian map between two points, and wants the
// bits of one in one go from the rest. Its neighbours start from eigenvectors, and
// find the eigenvalues that a cold start finds.
func TestRowGoesOn(t *testing.T) {
	b := newBench(t)
	trained := b.made(t, b.step(t, pipelines.KindTrain, b.trainParams(1), nil))
	weights := from(trained, pipelines.OutWeights)
	dirs := b.made(t, b.step(t, pipelines.KindDirections,
		pipelines.DirectionsParams{Net: "small", Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 2}, map[string]Input{pipelines.OutWeights: weights}))
	hessian := func(x pipelines.Axis, tolerance float64) Job {
		return b.step(t, pipelines.KindHessian, pipelines.HessianParams{
			MapParams: pipelines.MapParams{
				Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 8},
				X: x, Y: &pipelines.Axis{Min: 0, Max: 1, N: 2}, Batch: 8,
			},
			Subset: "weights", Tolerance: tolerance,
		}, map[string]Input{pipelines.OutWeights: weights, pipelines.OutDirections: from(dirs, pipelines.OutDirections)})
	}
	row := func(in Job) []surface.Curved {
		t.Helper()
		b.chunk(t, in, 0)
		raw, err := b.Store.GetPart(t.Context(), in.Key, results.ChunkPart(0))
		if err != nil {
			t.Fatal(err)
		}
		points, err := surface.DecodeCurved(raw)
		if err != nil {
			t.Fatal(err)
		}
		return points
	}
	axis := pipelines.Axis{Min: 0, Max: 0.5, N: 3}
	in := hessian(axis, 1e-3)
	if plan := b.plan(t, in); plan.Chunks != 2 {
		t.Fatalf("a map of two rows has %d chunks", plan.Chunks)
	}
	r := b.run(in)
	r.Pulse = &stopping{left: 1}
	if _, err := r.Chunk(t.Context(), 0, false); err == nil {
		t.Fatal("a row was finished by a worker that stops after its first point")
	}
	raw, err := b.Store.GetPart(t.Context(), in.Key, rowPart(0))
	if err != nil {
		t.Fatal(err)
	}
	half, err := decodeRow(raw, []int{0, 1, 2}, len(raw)) // of another length than the vectors are
	if err == nil {
		t.Errorf("a row of vectors of another length is read: %d points", len(half.points))
	}
	resumed := row(in)
	in.Recipe.Version++ // the same map under another key
	if in.Key, err = in.Recipe.Key(); err != nil {
		t.Fatal(err)
	}
	whole := row(in)
	if !slices.Equal(whole, resumed) {
		t.Errorf("a resumed row differs from one in one go:\n%v\n%v", resumed, whole)
	}
	// The last point alone, as the first of its row, starts cold.
	cold := row(hessian(pipelines.Axis{Min: 0.5, Max: 1, N: 2}, 1e-3))[0]
	warm := whole[2]
	size := max(math.Abs(cold.LambdaMin), math.Abs(cold.LambdaMax))
	if math.Abs(cold.LambdaMin-warm.LambdaMin) > 1e-3*size || math.Abs(cold.LambdaMax-warm.LambdaMax) > 1e-3*size || warm.LambdaMax == 0 {
		t.Errorf("from its neighbour's eigenvectors a point comes to λ %v and %v, from a random vector to %v and %v",
			warm.LambdaMin, warm.LambdaMax, cold.LambdaMin, cold.LambdaMax)
	}
}

// TestDamagedRow checks that a row that can't be read is refused.
func TestDamagedRow(t *testing.T) {
	r := spectraRow{points: []surface.Curved{{Point: surface.Point{Index: 3}}}, start: []float32{1, 2}}
	b := r.encode()
	if got, err := decodeRow(b, []int{3, 4}, 2); err != nil || len(got.points) != 1 || !slices.Equal(got.start, r.start) {
		t.Fatalf("read %v, %v", got, err)
	}
	for n := range len(b) {
		if got, err := decodeRow(b[:n], []int{3, 4}, 2); err == nil && len(got.start) > 0 {
			t.Errorf("%d of %d bytes are read", n, len(b))
		}
	}
	if _, err := decodeRow(b, []int{4, 5}, 2); err == nil {
		t.Error("a row of other points is read")
	}
}
