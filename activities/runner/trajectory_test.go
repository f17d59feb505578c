package runner

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/activities/data"
	"lossatlas/activities/directions"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
	"lossatlas/activities/pairs"
	"lossatlas/activities/runner/networks"
	"lossatlas/activities/surface"
	"lossatlas/activities/trajectory"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// stoppedAfter is an attempt at a training that ends after some epochs.
func (b *bench) stoppedAfter(ctx context.Context, in Job, epochs int) error {
	p, err := params[pipelines.TrainParams](in)
	if err != nil {
		return err
	}
	run, err := b.run(in).newTrainRun(ctx, p, nil)
	if err != nil {
		return err
	}
	defer run.close()
	if err := run.keepWeights(ctx, 0); err != nil {
		return err
	}
	for range epochs {
		if err := run.epoch(ctx); err != nil {
			return err
		}
	}
	return nil
}

// get reads a blob.
func (b *bench) get(t *testing.T, r artifacts.Action, output string) []byte {
	t.Helper()
	raw, err := b.Store.Get(t.Context(), r.Outputs[output].Digest)
	if err != nil {
		t.Fatalf("%s: %v", output, err)
	}
	return raw
}

// TestCheckpointsOfATraining: the weights kept along a training are its
// initial ones and those of shorter trainings; keeping them changes neither its weights nor
// its log; and an attempt that ended in between, with a kept part lost or not,
// comes to the same.
func TestCheckpointsOfATraining(t *testing.T) {
	b := newBench(t)
	p := b.trainParams(3)
	plain := b.made(t, b.step(t, pipelines.KindTrain, p, nil))
	one := p
	one.Epochs = 1
	first := b.made(t, b.step(t, pipelines.KindTrain, one, nil))

	p.Checkpoints = []int{0, 1, 2}
	in := b.step(t, pipelines.KindTrain, p, nil)
	whole := b.made(t, in)
	if len(whole.Outputs) != 5 {
		t.Fatalf("outputs %v, want the log, the weights and three checkpoints", whole.Outputs)
	}
	for _, output := range []string{pipelines.OutWeights, pipelines.OutLog} {
		if whole.Outputs[output] != plain.Outputs[output] {
			t.Errorf("the %s of a training differ when checkpoints are kept", output)
		}
	}
	if whole.Outputs["checkpoint-00001"] != first.Outputs[pipelines.OutWeights] {
		t.Error("the checkpoint of epoch 1 is not what one epoch comes to")
	}
	net, err := networks.Of(p.Net, shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	theta, state := net.Init(p.Seed)
	if initial, err := net.Encode(theta, state, nil); err != nil || artifacts.Of(initial) != whole.Outputs["checkpoint-00000"].Digest {
		t.Errorf("the checkpoint of epoch 0 is not the initial weights (%v)", err)
	}

	for _, lost := range []bool{false, true} {
		in.Recipe.Version++ // the same training under another key
		if in.Key, err = in.Recipe.Key(); err != nil {
			t.Fatal(err)
		}
		if err := b.stoppedAfter(t.Context(), in, 2); err != nil {
			t.Fatal(err)
		}
		parts, err := b.Store.Parts(t.Context(), in.Key)
		if want := []string{"checkpoint", "checkpoint-00000", "checkpoint-00001", "checkpoint-00002"}; err != nil || !cmp.Equal(parts, want) {
			t.Fatalf("after two epochs the parts are %v, %v; want %v", parts, err, want)
		}
		if lost { // everything but the last epoch
			last, err := b.Store.GetPart(t.Context(), in.Key, checkpointPart)
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(b.Store.DropParts(t.Context(), in.Key), b.Store.PutPart(t.Context(), in.Key, checkpointPart, last)); err != nil {
				t.Fatal(err)
			}
		}
		resumed := b.made(t, in)
		if diff := cmp.Diff(whole.Outputs, resumed.Outputs); diff != "" {
			t.Errorf("lost %v: a resumed training differs from one in one go:\n%s", lost, diff)
		}
	}
}

// TestDivergedTrainingKeepsItsCheckpoints: what was kept before the loss was lost stays.
func TestDivergedTrainingKeepsItsCheckpoints(t *testing.T) {
	b := newBench(t)
	p := b.trainParams(3)
	p.Checkpoints = []int{0, 1, 2}
	p.Optimizer.Schedule = []pipelines.Drop{{Epoch: 1, Factor: 1e30}}
	made := b.made(t, b.step(t, pipelines.KindTrain, p, nil))
	want := []string{"checkpoint-00000", "checkpoint-00001", "log"}
	if got := slices.Sorted(maps.Keys(made.Outputs)); !cmp.Equal(got, want) {
		t.Errorf("a training that diverged in its second epoch has the outputs %v, want %v", got, want)
	}
}

// TestTrajectoryInARow follows a training from its checkpoints to the report:
// the path ends at the origin, the surface is laid around it, and the loss at
// its ends is what the surface says of the plane.
func TestTrajectoryInARow(t *testing.T) {
	b := newBench(t)
	p := b.trainParams(3)
	p.Checkpoints = []int{0, 1, 2}
	trained := b.made(t, b.step(t, pipelines.KindTrain, p, nil))
	inputs := map[string]Input{pipelines.OutWeights: from(trained, pipelines.OutWeights)}
	for _, e := range p.Checkpoints {
		inputs[pipelines.OutCheckpoint(e)] = from(trained, pipelines.OutCheckpoint(e))
	}
	tp := pipelines.TrajectoryParams{Net: "small", Problem: shapesProblem, Ignore: "biasbn", Normalize: "filter", Seed: 1, Epochs: []int{0, 1, 2, 3}, RateChanges: []int{2}}
	made := b.made(t, b.step(t, pipelines.KindTrajectory, tp, inputs))
	path, err := b.run(Job{Recipe: artifacts.Recipe{Inputs: map[string]artifacts.Digest{"path": made.Outputs[pipelines.OutPath].Digest}}}).path(t.Context(), "path")
	if err != nil {
		t.Fatal(err)
	}
	if path.PCA[3] != [2]float64{} || path.Random[3] != [2]float64{} || path.Distance[3] != 0 || !path.Changed(2) || path.Changed(1) {
		t.Errorf("the path does not end at the origin, or has its rate changed elsewhere: %+v", path)
	}
	net, err := nets.ByName("small", shared.Problem)
	if err != nil {
		t.Fatal(err)
	}
	axes, err := directions.Decode(net.Params(), b.get(t, made, pipelines.OutDirections))
	if err != nil || len(axes) != 2 {
		t.Fatalf("%d directions, %v", len(axes), err)
	}
	for _, q := range net.Params() {
		if n := directions.Norm(q.Of(axes[0])); !q.Role.IsWeight() && n != 0 {
			t.Errorf("the first component has a part of norm %g in %s", n, q.Name)
		}
	}
	if n, c := directions.Norm(axes[1]), directions.Cosine(axes[0], axes[1]); math.Abs(n-1) > 1e-6 || math.Abs(c) > 1e-6 {
		t.Errorf("the second component has norm %g and cosine %g with the first", n, c)
	}

	mp := pipelines.MapParams{
		Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 16},
		X: pipelines.Axis{N: 3}, Y: &pipelines.Axis{N: 3}, Fit: &pipelines.Fit{X: true, Y: true, Margin: 0.5}, Batch: 16,
	}
	around := map[string]Input{
		pipelines.OutWeights: inputs[pipelines.OutWeights], pipelines.OutDirections: from(made, pipelines.OutDirections), "path": from(made, pipelines.OutPath),
	}
	in := b.step(t, pipelines.KindSurface, mp, around)
	mapped := b.made(t, in)
	grid := b.read(t, mapped)
	for axis, v := range [][]float64{grid.X, grid.Y} {
		lo, hi := path.Range(axis, 0.5)
		if v[0] != lo || v[2] != hi || !(lo < 0 || hi > 0) {
			t.Errorf("axis %d runs from %g to %g, the path with its margin from %g to %g", axis, v[0], v[2], lo, hi)
		}
	}
	// The same lattice, given: the same losses, from a step that needs no path.
	given := mp
	given.Fit, given.X = nil, pipelines.Axis{Min: grid.X[0], Max: grid.X[2], N: 3}
	given.Y = &pipelines.Axis{Min: grid.Y[0], Max: grid.Y[2], N: 3}
	delete(around, "path")
	in = b.step(t, pipelines.KindSurface, given, around)
	if d := cmp.Diff(b.read(t, b.made(t, in)).Loss, grid.Loss); d != "" {
		t.Errorf("a fitted and a given lattice differ:\n%s", d)
	}

	drawn := map[string]Input{"grid": from(mapped, pipelines.OutGrid), "path": from(made, pipelines.OutPath)}
	picture := b.made(t, b.step(t, pipelines.KindRender, pipelines.RenderParams{Plot: "trajectory", Title: "x"}, drawn))
	shown := map[string]Input{
		"a/train/log": from(trained, pipelines.OutLog), "a/p-path/path": drawn["path"], "a/p-test/grid": drawn["grid"],
		"a/p-plot/svg": from(picture, pipelines.OutSVG), "a/p-plot/png": from(picture, pipelines.OutPNG),
	}
	report := b.made(t, b.step(t, pipelines.KindReport, sweepOf(map[string][]pipelines.Step{"a": {
		{ID: "a/p-path", Kind: pipelines.KindTrajectory, At: pipelines.Address{Map: "p", Role: pipelines.RolePath}},
		mapStep("a/p-test", pipelines.KindSurface, "p", "test"), pictureStep("a/p-plot", "Path", "p", "test"),
	}}, "a"), shown))
	page := string(b.get(t, report, pipelines.OutHTML))
	for _, want := range []string{"path.csv", "path.json", ".npz", "data:text/csv;base64,", "trajectory</dd>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the report has no %q", want)
		}
	}
}

// TestPathsOfSeveralTrainings: the paths of two optimizers from the same weights lie in one plane, which leads through the
// end of the first, and the loss at each end is the one that its training ended with.
func TestPathsOfSeveralTrainings(t *testing.T) {
	b := newBench(t)
	p := b.trainParams(3)
	p.Checkpoints = []int{0, 1, 2}
	q := p
	q.Epochs, q.Optimizer = 4, pipelines.Optimizer{Kind: "adam", LR: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	first, second := b.made(t, b.step(t, pipelines.KindTrain, p, nil)), b.made(t, b.step(t, pipelines.KindTrain, q, nil))
	inputs := map[string]Input{pipelines.OutWeights: from(first, pipelines.OutWeights), "b/weights": from(second, pipelines.OutWeights)}
	for _, e := range p.Checkpoints {
		inputs[pipelines.OutCheckpoint(e)] = from(first, pipelines.OutCheckpoint(e))
		inputs["b/"+pipelines.OutCheckpoint(e)] = from(second, pipelines.OutCheckpoint(e))
	}
	tp := pipelines.TrajectoryParams{Net: "small", Problem: shapesProblem, Ignore: "biasbn", Normalize: "filter", Seed: 1, Epochs: []int{0, 1, 2, 3},
		Others: []pipelines.OtherPath{{Epochs: []int{0, 1, 2, 4}, RateChanges: []int{1}}}}
	made := b.made(t, b.step(t, pipelines.KindTrajectory, tp, inputs))
	path, err := trajectory.DecodePath(b.get(t, made, pipelines.OutPath))
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(path.Epochs, []int{0, 1, 2, 3, 0, 1, 2, 4}) || path.PCA[3] != [2]float64{} || path.PCA[4] != path.PCA[0] || path.Distance[7] == 0 {
		t.Errorf("the paths do not begin together, or the first does not end at the origin: %+v", path)
	}
	if !path.Changed(5) || path.Changed(1) || path.Changed(3) {
		t.Error("the rate of the second training is not changed at its first epoch alone")
	}

	losses := pipelines.PathLossParams{Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: p.Data.Test},
		Batch: 16, Points: tp.Points()}
	along, err := trajectory.DecodeLosses(b.get(t, b.made(t, b.step(t, pipelines.KindPathLoss, losses, inputs)), pipelines.OutLosses))
	if err != nil {
		t.Fatal(err)
	}
	if along.Loss[0] != along.Loss[4] || along.Loss[1] == along.Loss[5] {
		t.Errorf("the same weights have other losses, or other weights the same: %v", along.Loss)
	}
	for at, training := range map[int]artifacts.Action{3: first, 7: second} {
		if final := b.final(t, training); math.Abs(float64(along.Loss[at]/final.TestLoss)-1) > 1e-6 || along.Score[at] != final.TestAccuracy {
			t.Errorf("the loss at the end is %v (accuracy %v), that of the training %v (%v)", along.Loss[at], along.Score[at], final.TestLoss, final.TestAccuracy)
		}
	}
	// Of a single path, without the second training.
	losses.Points = losses.Points[:4]
	alone, err := trajectory.DecodeLosses(b.get(t, b.made(t, b.step(t, pipelines.KindPathLoss, losses, inputs)), pipelines.OutLosses))
	if err != nil || !cmp.Equal(alone.Loss, along.Loss[:4]) {
		t.Errorf("alone the first path has the losses %v, %v; with another %v", alone, err, along.Loss[:4])
	}
}

// TestTrajectoryErrors: what no retry can fix is final and says what to do.
func TestTrajectoryErrors(t *testing.T) {
	b := newBench(t)
	trained := b.made(t, b.step(t, pipelines.KindTrain, b.trainParams(1), nil))
	weights := from(trained, pipelines.OutWeights)
	tp := pipelines.TrajectoryParams{Net: "small", Problem: shapesProblem, Ignore: "biasbn", Normalize: "filter", Epochs: []int{0, 1, 2}}
	still := map[string]Input{pipelines.OutWeights: weights, "checkpoint-00000": weights, "checkpoint-00001": weights}
	for _, test := range []struct {
		inputs     map[string]Input
		kind, want string
	}{
		{still, "FlatPath", "keep the weights of more epochs"},
		{map[string]Input{pipelines.OutWeights: weights}, "BadStep", "checkpoint-00000"},
		{map[string]Input{pipelines.OutWeights: weights, "checkpoint-00000": from(trained, pipelines.OutLog)}, "BadWeights", "checkpoint-00000"},
	} {
		_, err := b.do(t, b.step(t, pipelines.KindTrajectory, tp, test.inputs))
		if typeOf(err) != test.kind || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want a %s that says %q", err, test.kind, test.want)
		}
	}
}

// TestPairs measures three of four minimizers, of which one has no weights, with one line between them. Two are aligned with each other, which brings them from a distance of 5 to 2.
func TestPairs(t *testing.T) {
	b := newBench(t)
	net, err := networks.Of("small", shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	put := b.putter(t)
	inputs := map[string]Input{pipelines.InLine(0, 3): put(func() ([]byte, error) {
		line := surface.NewGrid([]float64{0, 0.5, 1}, []float64{0})
		copy(line.Loss, []float64{1, 4, 2})
		for i := range line.Mask {
			line.Mask[i] = true
		}
		return line.EncodeNPZ()
	}())}
	for i, at := range map[int][2]float32{0: {0, 0}, 1: {3, 0}, 3: {0, 4}} {
		theta, state := net.Init(1)
		theta[0], theta[1] = theta[0]+at[0], theta[1]+at[1]
		inputs[pipelines.InMinimizer(i)] = put(net.Encode(theta, state, nil))
		if i == 3 {
			theta[0], theta[1] = theta[0]+3, theta[1]-2
			inputs[pipelines.InAligned(1, 3)] = put(net.Encode(theta, state, nil))
		}
	}
	made := b.made(t, b.step(t, pipelines.KindPairs, pipelines.PairsParams{Net: "small", Problem: shapesProblem, Names: []string{"a", "b", "c", "d"}}, inputs))
	got, err := pairs.Decode(b.get(t, made, pipelines.OutPairs))
	if err != nil {
		t.Fatal(err)
	}
	distances := map[[2]int]float64{{0, 1}: 3, {0, 3}: 4, {1, 3}: 2}
	for _, p := range got.Pairs {
		if want := distances[[2]int{p.A, p.B}]; math.Abs(p.Distance-want) > 1e-5 {
			t.Errorf("the distance of %d and %d is %v, want %v", p.A, p.B, p.Distance, want)
		}
		if known := p.A == 0 && p.B == 3; (p.Barrier != nil) != known || known && p.Barrier.Height.Value != 2.5 {
			t.Errorf("the barrier between %d and %d is %v", p.A, p.B, p.Barrier)
		}
	}
	if len(got.Pairs) != 3 || got.Present[2] || !got.Present[3] || got.Stress > 1e-5 || math.Abs(got.Ratio[0]+got.Ratio[1]-1) > 1e-6 {
		t.Errorf("%+v", got)
	}
	none := b.made(t, b.step(t, pipelines.KindPairs, pipelines.PairsParams{Net: "small", Problem: shapesProblem, Names: []string{"a", "b"}}, nil))
	if got, err := pairs.Decode(b.get(t, none, pipelines.OutPairs)); err != nil || len(got.Pairs) != 0 {
		t.Errorf("without weights: %+v, %v", got, err)
	}
}
