package runner

import (
	"math"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestDifference maps the plane through three minimizers with their running
// statistics, and finds in its corners the losses that their trainings ended with.
func TestDifference(t *testing.T) {
	b := newBench(t)
	var trained []artifacts.Action
	var losses []float64
	for seed := range 3 {
		p := b.trainParams(1)
		p.Seed = uint64(seed)
		r := b.made(t, b.step(t, pipelines.KindTrain, p, nil))
		trained, losses = append(trained, r), append(losses, float64(b.log(t, r).Final.TestLoss))
	}
	weights := func(i int) Input { return from(trained[i], pipelines.OutWeights) }
	for _, states := range []bool{true, false} {
		dirs := b.made(t, b.step(t, pipelines.KindDifference, pipelines.DifferenceParams{Net: "small", Problem: shapesProblem, States: states},
			map[string]Input{pipelines.OutWeights: weights(0), pipelines.InTowardX: weights(1), pipelines.InTowardY: weights(2)}))
		in := b.step(t, pipelines.KindSurface, pipelines.MapParams{
			Net: "small", Data: pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 16},
			X: pipelines.Axis{Min: 0, Max: 1, N: 2}, Y: &pipelines.Axis{Min: 0, Max: 1, N: 2}, Batch: 16,
		}, map[string]Input{pipelines.OutWeights: weights(0), pipelines.OutDirections: from(dirs, pipelines.OutDirections)})
		grid := b.read(t, b.made(t, in))
		for i, want := range losses {
			// θa + (θb − θa) is θb but for the last bits.
			near := math.Abs(grid.Loss[i]-want) <= 1e-4*want
			if near != (states || i == 0) {
				t.Errorf("states %v: the loss at minimizer %d is %v, its training's %v", states, i, grid.Loss[i], want)
			}
		}
	}
	if _, err := b.do(t, b.step(t, pipelines.KindDifference, pipelines.DifferenceParams{Net: "small", Problem: shapesProblem},
		map[string]Input{pipelines.OutWeights: weights(0)})); typeOf(err) != "BadStep" {
		t.Errorf("a difference to nothing: %v", err)
	}
}

// TestAlign: units in another order leave the loss of a network as it is, and lower the barrier on the way to it.
func TestAlign(t *testing.T) {
	b := newBench(t)
	var trained []Input
	for seed := range 2 {
		p := b.trainParams(5)
		p.Seed, p.Data.Train = uint64(seed+1), 64
		trained = append(trained, from(b.made(t, b.step(t, pipelines.KindTrain, p, nil)), pipelines.OutWeights))
	}
	align := pipelines.AlignParams{Net: "small", Problem: shapesProblem, Method: pipelines.AlignWeights}
	ends := map[string]Input{pipelines.OutWeights: trained[0], pipelines.InTowardX: trained[1]}
	images := pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "train", To: 64}
	match := pipelines.MatchParams{Net: "small", Data: images, Batch: 21} // the last image is left out
	aligned := from(b.made(t, b.step(t, pipelines.KindAlign, align, ends)), pipelines.OutWeights)
	matched := from(b.made(t, b.step(t, pipelines.KindMatch, match, ends)), pipelines.OutWeights)
	var heights, losses []float64
	for _, end := range []Input{trained[1], aligned, matched} {
		dirs := b.made(t, b.step(t, pipelines.KindDifference, pipelines.DifferenceParams{Net: "small", Problem: shapesProblem, States: true},
			map[string]Input{pipelines.OutWeights: trained[0], pipelines.InTowardX: end}))
		line := b.read(t, b.made(t, b.step(t, pipelines.KindLine, pipelines.MapParams{
			Net: "small", Data: images, X: pipelines.Axis{Min: 0, Max: 1, N: 5}, Batch: 64, BatchNorm: &pipelines.BatchNorm{Recompute: 64, Size: 64},
		}, map[string]Input{pipelines.OutWeights: trained[0], pipelines.OutDirections: from(dirs, pipelines.OutDirections)})))
		barrier, err := line.Barrier()
		if err != nil {
			t.Fatal(err)
		}
		heights, losses = append(heights, barrier.Height.Value), append(losses, line.Loss[4])
	}
	for i := range 2 {
		if math.Abs(losses[0]-losses[i+1]) > 1e-5*losses[0] {
			t.Errorf("the losses of a network and of its permutations are %v", losses)
		}
		if !(heights[i+1] < heights[0]) {
			t.Errorf("the barriers without alignment, by weights and by activations are %v", heights)
		}
	}
	t.Logf("barriers %v", heights)
	align.Method = "colors"
	if _, err := b.do(t, b.step(t, pipelines.KindAlign, align, ends)); typeOf(err) != "BadStep" {
		t.Errorf("an unknown method: %v", err)
	}
}
