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
