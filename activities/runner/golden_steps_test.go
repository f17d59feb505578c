package runner

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/runner/networks"
	"lossatlas/activities/spectrum"
	"lossatlas/activities/trainlog"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// goldenStep is a small step of a kind.
type goldenStep struct {
	kind pipelines.Kind
	run  func(*testing.T) artifacts.Action
}

// goldenNet is a network with layers of most sorts and little to compute.
const goldenNet = `name: golden
dataset: {name: shapes10, train: 32, test: 16}
networks:
  golden: [{conv: 4, stride: 2}, bn, relu, {maxpool: 2}, {residual: [{conv: 4}, bn]}, relu, avgpool, flatten, {linear: 10}]
train: {net: golden, batch_size: 16}
`

// goldenSteps are one of each kind. What they are made from is given, so that each
// one's result is its own kind's doing.
func (b *bench) goldenSteps(t *testing.T) []goldenStep {
	golden := written(t, goldenNet)
	net, err := networks.Of(golden, shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	put := b.putter(t)
	weights := func(seed uint64) Input {
		rng := rand.New(rand.NewPCG(seed, 0))
		theta, state := make([]float32, net.NumParams()), make([]float32, net.NumState())
		for i := range theta {
			theta[i] = float32(0.1 * rng.NormFloat64())
		}
		for i := range state {
			state[i] = 1
		}
		return put(net.Encode(theta, state, nil))
	}
	at := map[string]Input{pipelines.OutWeights: weights(1)}
	operations := put([]byte(`{"input":{"name":"x","type":"float32","shape":[[0,1],3]},"output":"x","params":[],"ops":[]}`), nil)
	given := func() Input {
		r := b.made(t, b.step(t, pipelines.KindDifference, pipelines.DifferenceParams{Net: golden, Problem: shapesProblem},
			map[string]Input{pipelines.OutWeights: weights(1), pipelines.InTowardX: weights(2), pipelines.InTowardY: weights(3)}))
		return from(r, pipelines.OutDirections)
	}()
	around := map[string]Input{pipelines.OutWeights: weights(1), pipelines.OutDirections: given}
	// made is a file as the output of a step with a record, which the report wants.
	made := func(kind pipelines.Kind, output string, in Input) Input {
		t.Helper()
		file, err := b.Store.Get(t.Context(), in.Digest)
		if err != nil {
			t.Fatal(err)
		}
		r := artifacts.Recipe{Kind: string(kind), Version: 1}
		if in.Producer, err = r.Key(); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Store.PutAction(t.Context(), artifacts.Action{Key: in.Producer, Recipe: r, Outputs: map[string]artifacts.Blob{output: artifacts.BlobOf(file)}}); err != nil {
			t.Fatal(err)
		}
		return in
	}
	log := put(json.Marshal(trainlog.Log{
		Epochs: []trainlog.Epoch{
			{Epoch: 1, LR: 0.1, TrainLoss: 2.2, TrainAccuracy: 20, TestLoss: 2.1, TestAccuracy: 25, WeightNorm: 10},
			{Epoch: 2, LR: 0.1, TrainLoss: 1.8, TrainAccuracy: 40, TestLoss: 1.9, TestAccuracy: 35, WeightNorm: 11},
		}, Final: trainlog.Final{TrainLoss: 1.5, TrainAccuracy: 45, TestLoss: 1.9, TestAccuracy: 35},
	}))
	images := pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 8}
	side := pipelines.Axis{Min: -0.5, Max: 0.5, N: 3}
	mp := pipelines.MapParams{Net: golden, Data: images, X: side, Y: &side, Batch: 8}

	one := func(kind pipelines.Kind, params any, inputs map[string]Input) goldenStep {
		return goldenStep{kind, func(t *testing.T) artifacts.Action { return b.made(t, b.step(t, kind, params, inputs)) }}
	}
	trained := b.trainParams(1)
	trained.Net = golden
	bend := trained
	bend.Data.Test = 0
	trained.Checkpoints = []int{0}
	line := mp
	line.Y = nil
	return []goldenStep{
		one(pipelines.KindTrain, trained, nil),
		one(pipelines.KindImport, pipelines.ImportParams{Net: golden, Weights: at[pipelines.OutWeights].Digest.String(), Data: trained.Data}, nil),
		one(pipelines.KindFiles, pipelines.FilesParams{What: pipelines.FilesNetwork, Index: operations.Digest.String()}, nil),
		one(pipelines.KindDirections, pipelines.DirectionsParams{Net: golden, Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 2}, at),
		one(pipelines.KindEigenvectors, pipelines.EigenvectorsParams{Net: golden, Data: images, Batch: 8, Subset: "weights", Tolerance: 0.1, Axes: 2}, at),
		one(pipelines.KindGivenDirections, pipelines.GivenDirectionsParams{Net: golden, Problem: shapesProblem, Directions: given.Digest.String(), Axes: 2}, nil),
		one(pipelines.KindShift, pipelines.ShiftParams{DirectionsParams: pipelines.DirectionsParams{Net: golden, Problem: shapesProblem, Normalize: "filter", Ignore: "biasbn", Seed: 1, Axes: 2}, By: 0.5}, at),
		one(pipelines.KindDifference, pipelines.DifferenceParams{Net: golden, Problem: shapesProblem, States: true},
			map[string]Input{pipelines.OutWeights: weights(1), pipelines.InTowardX: weights(2), pipelines.InTowardY: weights(3)}),
		one(pipelines.KindAlign, pipelines.AlignParams{Net: golden, Problem: shapesProblem, Method: pipelines.AlignWeights},
			map[string]Input{pipelines.OutWeights: weights(1), pipelines.InTowardX: weights(2)}),
		one(pipelines.KindMatch, pipelines.MatchParams{Net: golden, Data: images, Batch: 8}, map[string]Input{pipelines.OutWeights: weights(1), pipelines.InTowardX: weights(2)}),
		one(pipelines.KindCurve, pipelines.CurveParams{TrainParams: bend, Shape: pipelines.CurveBezier},
			map[string]Input{pipelines.OutWeights: weights(1), pipelines.InTowardX: weights(2)}),
		one(pipelines.KindLine, line, around),
		one(pipelines.KindSurface, mp, around),
		one(pipelines.KindRange, pipelines.RangeParams{Net: golden, Data: images, Batch: 8, Axes: 2, Rise: 1.2}, around),
		one(pipelines.KindHessian, pipelines.HessianParams{MapParams: pipelines.MapParams{Net: golden, Data: images, X: pipelines.Axis{Max: 0.5, N: 2}, Y: &pipelines.Axis{Max: 0.5, N: 2}, Batch: 8}, Subset: "weights", Tolerance: 0.1}, around),
		one(pipelines.KindSpectrum, pipelines.SpectrumParams{Net: golden, Data: images, Batch: 8, Subset: "weights", Tolerance: 0.1, Probes: 2, Steps: 8, Seed: 1}, at),
		one(pipelines.KindTrajectory, pipelines.TrajectoryParams{Net: golden, Problem: shapesProblem, Ignore: "biasbn", Normalize: "filter", Seed: 1, Epochs: []int{0, 1, 2}},
			map[string]Input{pipelines.OutCheckpoint(0): weights(3), pipelines.OutCheckpoint(1): weights(2), pipelines.OutWeights: weights(1)}),
		one(pipelines.KindPathLoss, pipelines.PathLossParams{Net: golden, Data: images, Batch: 8, Points: []string{pipelines.OutCheckpoint(0), pipelines.OutWeights}},
			map[string]Input{pipelines.OutCheckpoint(0): weights(3), pipelines.OutWeights: weights(1)}),
		one(pipelines.KindPairs, pipelines.PairsParams{Net: golden, Problem: shapesProblem, Names: []string{"a", "b", "c"}},
			map[string]Input{pipelines.InMinimizer(0): weights(1), pipelines.InMinimizer(1): weights(2), pipelines.InMinimizer(2): weights(3)}),
		one(pipelines.KindDecay, pipelines.DecayParams{Net: golden, Data: images, Decay: 0.1, Batch: 8},
			map[string]Input{pipelines.OutWeights: weights(1), pipelines.OutDirections: given, pipelines.OutGrid: b.drawnGrid(t, 3)}),
		one(pipelines.KindSpectrumDecay, pipelines.DecayParams{Net: golden, Data: images, Decay: 0.1, Batch: 8},
			map[string]Input{pipelines.OutWeights: weights(1), pipelines.OutSpectrum: put(spectrum.Spectrum{LambdaMin: -1, LambdaMax: 2,
				Density: spectrum.Density{Dim: 3, Probes: []spectrum.Quadrature{{Nodes: []float64{-1, 2}, Weights: []float64{0.25, 0.75}}}}}.EncodeNPZ())}),
		one(pipelines.KindFlatness, pipelines.FlatnessParams{Levels: []float64{0.5}, Radii: []float64{0.5}}, map[string]Input{pipelines.InGrid(0): b.drawnGrid(t, 3)}),
		one(pipelines.KindSharpness, pipelines.SharpnessParams{Net: golden, Data: images, Batch: 8, Subset: "weights", Measures: pipelines.SharpnessMeasures, Seed: 1,
			Radius: 0.05, AdaptiveRadius: 0.5, Box: 0.01, Dimension: 4, Ascent: 2, Starts: 1, Relative: 0.05, Samples: 2, Probes: 2}, at),
		one(pipelines.KindRender, pipelines.RenderParams{Plot: "contour", Title: "golden"}, map[string]Input{"grid": b.drawnGrid(t, 3)}),
		one(pipelines.KindReport, sweepOf(map[string][]pipelines.Step{"a": {mapStep("a/grid", pipelines.KindSurface, "surface", "train")}}, "a"),
			map[string]Input{"a/train/log": made(pipelines.KindTrain, pipelines.OutLog, log), "a/grid/grid": made(pipelines.KindSurface, pipelines.OutGrid, b.drawnGrid(t, 3))}),
	}
}
