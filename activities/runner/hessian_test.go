package runner

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/results"
	"lossatlas/activities/runner/networks"
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
	raw, err := b.Store.GetPart(t.Context(), in.Key, pointPart(0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decodePoint(raw, 0, len(raw)); err == nil { // of another length than the vector is
		t.Error("a vector of another length is read")
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

// TestDamagedPoint checks that a point that can't be read is refused.
func TestDamagedPoint(t *testing.T) {
	p := spectraPoint{point: surface.Curved{Point: surface.Point{Index: 3}}, start: []float32{1, 2}}
	b := p.encode()
	if got, err := decodePoint(b, 3, 2); err != nil || !got.there || !slices.Equal(got.start, p.start) {
		t.Fatalf("read %v, %v", got, err)
	}
	for n := range len(b) {
		if got, err := decodePoint(b[:n], 3, 2); err == nil && len(got.start) > 0 {
			t.Errorf("%d of %d bytes are read", n, len(b))
		}
	}
	if _, err := decodePoint(b, 4, 2); err == nil {
		t.Error("another point is read")
	}
}

// curvedMap prepares maps of n×n points of the eigenvalues around a small network of random weights.
func (b *bench) curvedMap(t *testing.T) func(n int, relative float64) Job {
	t.Helper()
	tiny := written(t, tinyNet)
	net, err := networks.Of(tiny, shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 0))
	theta, state := make([]float32, net.NumParams()), make([]float32, net.NumState())
	for i := range theta {
		theta[i] = float32(0.3 * rng.NormFloat64())
	}
	inputs := map[string]Input{pipelines.OutWeights: b.putter(t)(net.Encode(theta, state, nil))}
	dirs := b.made(t, b.step(t, pipelines.KindDirections,
		pipelines.DirectionsParams{Net: tiny, Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 2}, inputs))
	inputs[pipelines.OutDirections] = from(dirs, pipelines.OutDirections)
	return func(n int, relative float64) Job {
		return b.step(t, pipelines.KindHessian, pipelines.HessianParams{
			MapParams: pipelines.MapParams{
				Net: tiny, Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 8},
				X: pipelines.Axis{Min: -0.3, Max: 0.3, N: n}, Y: &pipelines.Axis{Min: -0.3, Max: 0.3, N: n}, Batch: 8,
			}.WithError(pipelines.StatedError{Error: relative}),
			Subset: "weights", Tolerance: 0.01,
		}, inputs)
	}
}

// tinyNet is a network with little to compute.
const tinyNet = `name: tiny
dataset: {name: shapes10, train: 32, test: 16}
networks:
  tiny: [{avgpool: 8}, flatten, {linear: 4}, tanh, {linear: 10}]
train: {net: tiny, batch_size: 16}
`

// TestCurvatureError: a map of eigenvalues with a stated error holds it against the exact one, which takes its points over; the bits are the
// same from scratch, from the points of other maps, of finer lattices, and after a loss of parts.
func TestCurvatureError(t *testing.T) {
	const n, allowed = 17, 0.1
	b := newBench(t)
	curved := b.curvedMap(t)
	some := b.read(t, b.made(t, curved(n, allowed)))
	evaluated := some.CountEvaluated()
	if evaluated < 81 || evaluated > n*n*3/4 {
		t.Errorf("%d of %d points were evaluated", evaluated, n*n)
	}
	in := curved(n, 0)
	b.plan(t, in)
	chunks, err := b.run(in).cut(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	known, err := chunks.(*roundedMap).known(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if found := known.CountEvaluated(); found != evaluated {
		t.Errorf("the exact map takes %d points over of %d", found, evaluated)
	}
	action := b.made(t, in)
	exact := b.read(t, action)
	if exact.Estimate != nil || exact.Curvature.MinError != nil {
		t.Error("the exact map has errors")
	}
	within, stated := 0, 0
	c, e := some.Curvature, exact.Curvature
	for i, low := range e.LambdaMin {
		high := e.LambdaMax[i]
		size := max(math.Abs(low), math.Abs(high))
		if some.IsEvaluated(i) && (c.LambdaMin[i] != low || c.LambdaMax[i] != high || c.MinError[i] != 0 || c.MaxError[i] != 0) {
			t.Fatalf("point %d was evaluated to %v and %v, and is %v and %v", i, c.LambdaMin[i], c.LambdaMax[i], low, high)
		}
		if math.Abs(c.LambdaMin[i]-low) <= allowed*size && math.Abs(c.LambdaMax[i]-high) <= allowed*size {
			within++
		}
		if math.Abs(c.LambdaMin[i]-low) <= c.MinError[i] && math.Abs(c.LambdaMax[i]-high) <= c.MaxError[i] {
			stated++
		}
	}
	t.Logf("%d of %d points evaluated, %d within the error, %d within their own", evaluated, n*n, within, stated)
	if float64(within) < 0.95*n*n || float64(stated) < 0.95*n*n {
		t.Errorf("of %d points %d are within the error, and %d within their own", n*n, within, stated)
	}

	// From scratch, in another store, with the loss of coarse points that others start from.
	b = newBench(t)
	in = b.curvedMap(t)(n, 0)
	plan := b.plan(t, in)
	for _, i := range plan.Missing {
		b.chunk(t, in, i)
	}
	if err := b.Store.DropParts(t.Context(), in.Key, pointPart(0), pointPart(2)); err != nil {
		t.Fatal(err)
	}
	if again := b.made(t, in); !plan.More || again.Outputs[pipelines.OutGrid].Digest != action.Outputs[pipelines.OutGrid].Digest {
		t.Errorf("from scratch the map is %v, and from another one's points %v", again.Outputs, action.Outputs)
	}
}
