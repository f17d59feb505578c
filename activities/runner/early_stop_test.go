package runner

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/pipelines"
)

// TestEarlyStop: a training that ends early says so in its log, keeps its last weights for the epochs that never came, and is the same in one
// go as when a second attempt finds the checkpoint of its last epoch. Averaged weights are those that are mapped, kept ones those of the training.
func TestEarlyStop(t *testing.T) {
	for _, average := range []*pipelines.Average{nil, {Decay: 0.9}} {
		p := newBench(t).trainParams(6)
		p.Checkpoints, p.Average = []int{0, 2, 5}, average
		p.EarlyStop = &pipelines.EarlyStop{Split: "test", Patience: 1, MinDelta: 100}
		p.Optimizer.Kind, p.Optimizer.Rho = "sam", 0.05
		b := newBench(t)
		whole := b.made(t, b.step(t, pipelines.KindTrain, p, nil))
		log := b.log(t, whole)
		if s := log.Stopped; s == nil || s.Epoch != 2 || s.Best != 1 || s.Loss != log.Epochs[0].TestLoss || len(log.Epochs) != 2 {
			t.Fatalf("%d epochs, stopped: %+v; want 2, after the first had the smallest loss", len(log.Epochs), s)
		}
		kept, weights := whole.Outputs[pipelines.OutCheckpoint(5)], whole.Outputs[pipelines.OutWeights]
		if kept != whole.Outputs[pipelines.OutCheckpoint(2)] || (kept == weights) != (average == nil) {
			t.Errorf("the weights of epoch 5 are %v, of epoch 2 %v, and the network's %v, averaged: %v", kept, whole.Outputs[pipelines.OutCheckpoint(2)], weights, average)
		}
		b = newBench(t)
		in := b.step(t, pipelines.KindTrain, p, nil)
		if err := b.stoppedAfter(t.Context(), in, 2); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(whole.Outputs, b.made(t, in).Outputs); d != "" {
			t.Errorf("a resumed training differs from one in one go:\n%s", d)
		}
	}
}
