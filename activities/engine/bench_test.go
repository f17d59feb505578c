package engine_test

import (
	"context"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/cputime"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
)

// noise is n images of random bytes: speed doesn't depend on what is in them.
func noise(n int) data.Split { return shared.Noise(shared.Problem, n) }

// BenchmarkEvaluate measures images and surface points of 1000 images per second.
func BenchmarkEvaluate(b *testing.B) {
	for _, c := range []struct {
		net, backend string
		images       int
	}{
		{"small", "xla", 1024}, {"resnet20", "xla", 1024}, {"resnet56", "xla", 512}, {"vgg9", "xla", 512},
		{"small", "go", 256}, {"resnet20", "go", 128},
	} {
		b.Run(c.net+"/"+c.backend, func(b *testing.B) {
			net, err := nets.ByName(c.net, shared.Problem)
			if err != nil {
				b.Fatal(err)
			}
			e, err := engine.NewEvaluator(open(b, c.backend), net, noise(c.images), 128)
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			theta, state := net.Init(1)
			if err := e.SetCenter(theta, state); err != nil {
				b.Fatal(err)
			}
			if err := e.SetDirections(theta, theta); err != nil {
				b.Fatal(err)
			}
			before := cputime.Process()
			for b.Loop() {
				if _, err := e.At(context.Background(), 0.5, 0.25); err != nil {
					b.Fatal(err)
				}
			}
			perSecond := float64(b.N*c.images) / b.Elapsed().Seconds()
			b.ReportMetric(perSecond, "images/s")
			b.ReportMetric(perSecond/1000, "points/s")
			b.ReportMetric(float64(b.N*c.images)/(cputime.Process()-before), "images/cpu-s")
		})
	}
}
