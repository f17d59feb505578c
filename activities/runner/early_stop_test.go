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

// TestRestoreBestWeights: the network has the weights of its best epoch, also of a training that reaches its last epoch, and after an interrupt.
func TestRestoreBestWeights(t *testing.T) {
	for _, patience := range []int{1, 10} {
		p := newBench(t).trainParams(3)
		p.Checkpoints = []int{1}
		p.EarlyStop = &pipelines.EarlyStop{Split: "test", Patience: patience, MinDelta: 100, RestoreBest: true} // the first epoch is the best
		b := newBench(t)
		whole := b.made(t, b.step(t, pipelines.KindTrain, p, nil))
		if log := b.log(t, whole); log.Restored != 1 || (log.Stopped != nil) != (patience == 1) || log.Final.TestLoss != log.Epochs[0].TestLoss {
			t.Errorf("patience %d: epoch %d is restored, stopped: %v, test loss %v, after the first epoch %v", patience, log.Restored, log.Stopped, log.Final.TestLoss, log.Epochs[0].TestLoss)
		}
		if whole.Outputs[pipelines.OutWeights] != whole.Outputs[pipelines.OutCheckpoint(1)] {
			t.Errorf("patience %d: the weights are not those after the first epoch", patience)
		}
		b = newBench(t)
		in := b.step(t, pipelines.KindTrain, p, nil)
		if err := b.stoppedAfter(t.Context(), in, 2); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(whole.Outputs, b.made(t, in).Outputs); d != "" {
			t.Errorf("patience %d: a resumed training differs from one in one go:\n%s", patience, d)
		}
	}
}
