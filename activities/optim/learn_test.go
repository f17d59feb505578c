package optim

import (
	"context"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/nets"
)

// TestLearns trains the small network on drawn textures and expects it to tell
// most of the ten classes apart on images it has not seen.
func TestLearns(t *testing.T) {
	b := open(t, "xla")
	source, err := data.Open("shapes10", data.Options{})
	if err != nil {
		t.Fatal(err)
	}
	train, err := source.Load("train", 0, 2048)
	if err != nil {
		t.Fatal(err)
	}
	test, err := source.Load("test", 0, 512)
	if err != nil {
		t.Fatal(err)
	}
	net, err := nets.ByName("small", train.Problem)
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := New(b, net, train, Config{LR: 0.1, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, BatchSize: 32, Seed: 1,
		Schedule: []Drop{{Epoch: 4, Factor: 0.1}}})
	if err != nil {
		t.Fatal(err)
	}
	defer trainer.Close()
	evaluator, err := engine.NewEvaluator(b, net, test, 128)
	if err != nil {
		t.Fatal(err)
	}
	defer evaluator.Close()
	var e engine.Eval
	for range 6 {
		stats, err := trainer.Epoch(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := trainer.Checkpoint()
		if err != nil {
			t.Fatal(err)
		}
		if err := evaluator.SetCenter(c.Theta, c.State); err != nil {
			t.Fatal(err)
		}
		if e, err = evaluator.At(context.Background(), 0, 0); err != nil {
			t.Fatal(err)
		}
		t.Logf("epoch %d: rate %g, training loss %.3f, accuracy %.1f %%, ‖θ‖ %.2f; test loss %.3f, accuracy %.1f %%",
			stats.Epoch, stats.LR, stats.Loss, stats.Accuracy, stats.WeightNorm, e.Loss, e.Score)
	}
	if e.Score < 70 {
		t.Errorf("test accuracy %.1f %% after six epochs: chance is 10 %%, and 80 %% is usual", e.Score)
	}
}
