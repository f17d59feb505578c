package render

import (
	"fmt"
	"testing"
)

// sampleReport is a report of n experiments with four pictures each.
func sampleReport(t testing.TB, n int) ReportData {
	t.Helper()
	draw := func(f Figure, err error) (p ReportPicture) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		if p.SVG, err = f.SVG(); err != nil {
			t.Fatal(err)
		}
		if p.PNG, err = f.PNG(); err != nil {
			t.Fatal(err)
		}
		return p
	}
	key := "9f2c4e7a1b3d5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8"
	d := ReportData{
		Title: "VGG-9: batch size against weight decay", Sweep: "fig3", Command: "lossatlas run pipelines/fig3.yaml",
		Facts: []Pair{{"dataset", "cifar10"}, {"training images", "50,000"}, {"network", "vgg9"}},
	}
	for i := range n {
		trainLoss, testLoss, testError := 0.01*float64(i+1), 0.3+0.02*float64(i), 7.4+0.3*float64(i)
		batch, decay := []string{"128", "8192"}[i%2], []string{"0", "0.0005"}[i/2%2]
		e := ReportExperiment{
			Name:      fmt.Sprintf("batch_size=%s, weight_decay=%s", batch, decay),
			Params:    []Pair{{"train.batch_size", batch}, {"train.optimizer.weight_decay", decay}},
			TrainLoss: &trainLoss, TestLoss: &testLoss, TestError: &testError,
			Provenance: []Provenance{{Kind: "train", Key: key, Items: []Pair{{"weights", "sha256:" + key}, {"seconds", "412.3"}, {"numerics", "xla:sha256:ad1309ac822b:f32:cpu"}}}},
		}
		o := Options{Title: fmt.Sprintf("%s, %s, %.1f %%", decay, batch, testError), Meta: `{"sweep":"fig3"}`}
		surfaceOf := []func(x, y float64) float64{bowl, tilted, chaotic, broken}[i%4]
		line := draw(Line(sampledLine(-1, 1, 51, func(x float64) float64 { return surfaceOf(x, 0) }, func(x float64) float64 { return 100 - 50*x*x }), nil, o))
		line.Title, line.Caption = "Along one direction", "Loss (blue) and accuracy (red) on the training set."
		contour := draw(Contour(sampled(51, surfaceOf), o))
		contour.Title, contour.Caption = "Loss surface", "Lines of equal loss around the minimizer; filter-normalised random directions."
		filled := draw(FilledContour(sampled(51, surfaceOf), o))
		filled.Title = "Loss surface, filled"
		training := draw(Training(sampledLog(300), o))
		training.Title, training.Caption = "Training", "Loss, error and norm of the weights over the epochs."
		e.Pictures = []ReportPicture{line, contour, filled, training}
		for j := range e.Pictures {
			e.Pictures[j].Provenance = []Provenance{{Kind: "render", Key: key, Items: []Pair{{"grid", "sha256:" + key}, {"svg", "sha256:" + key}}}}
		}
		d.Experiments = append(d.Experiments, e)
	}
	return d
}
