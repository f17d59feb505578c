package optim

import (
	"context"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/internal/cputime"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
)

// noise is n images of random bytes: speed doesn't depend on what is in them.
func noise(n int) data.Split { return shared.Noise(shared.Problem, n) }

// BenchmarkTrain measures images per second through whole training epochs, augmentation included.
func BenchmarkTrain(b *testing.B) {
	for _, c := range []struct {
		net, backend string
		images       int
	}{
		{"small", "xla", 1024}, {"resnet20", "xla", 512}, {"resnet56", "xla", 256}, {"vgg9", "xla", 256},
		{"small", "go", 128},
	} {
		b.Run(c.net+"/"+c.backend, func(b *testing.B) {
			net, err := nets.ByName(c.net, shared.Problem)
			if err != nil {
				b.Fatal(err)
			}
			config := Config{LR: 0.01, Momentum: 0.9, Nesterov: true, WeightDecay: 5e-4, BatchSize: 128, Augment: true}
			trainer, err := New(open(b, c.backend), net, noise(c.images), config)
			if err != nil {
				b.Fatal(err)
			}
			defer trainer.Close()
			before := cputime.Process()
			for b.Loop() {
				if _, err := trainer.Epoch(context.Background(), nil); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*c.images)/b.Elapsed().Seconds(), "images/s")
			b.ReportMetric(float64(b.N*c.images)/(cputime.Process()-before), "images/cpu-s")
		})
	}
}
