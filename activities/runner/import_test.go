package runner

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/directions"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
	"lossatlas/activities/runner/networks"
	"lossatlas/activities/trainlog"
	"lossatlas/activities/weights"
	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// TestImportOfATraining: weights that a training wrote come out of an import
// under the same digest, with the training's losses.
func TestImportOfATraining(t *testing.T) {
	b := newBench(t)
	p := b.trainParams(1)
	trained := b.made(t, b.step(t, pipelines.KindTrain, p, nil))
	weights := trained.Outputs[pipelines.OutWeights]
	made := b.made(t, b.step(t, pipelines.KindImport, pipelines.ImportParams{Net: p.Net, Weights: weights.Digest.String(), Data: p.Data}, nil))
	if made.Outputs[pipelines.OutWeights] != weights {
		t.Errorf("imported weights %v, trained ones %v", made.Outputs[pipelines.OutWeights], weights)
	}
	if got, want := b.final(t, made), b.final(t, trained); got != want {
		t.Errorf("imported weights have the losses %+v, trained ones %+v", got, want)
	}
	wrong := pipelines.ImportParams{Net: "vgg9", Weights: weights.Digest.String(), Data: p.Data}
	if _, err := b.do(t, b.step(t, pipelines.KindImport, wrong, nil)); typeOf(err) != "BadWeights" {
		t.Errorf("weights of another network: %v", err)
	}
}

// TestImportChecksTheGradient: where a sweep asks for it, the log compares the gradient with differences of the loss.
func TestImportChecksTheGradient(t *testing.T) {
	b := newBench(t)
	p := b.trainParams(1)
	net, err := networks.Of(p.Net, shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	theta, state := net.Init(1)
	weights := b.putter(t)(net.Encode(theta, state, nil)).Digest.String()
	made := b.made(t, b.step(t, pipelines.KindImport, pipelines.ImportParams{Net: p.Net, Weights: weights, Data: p.Data, CheckGradient: true}, nil))
	if log := b.log(t, made); log.Gradient == nil || log.Gradient.Examples == 0 || log.Gradient.Differs() || log.Gradient.Difference == 0 {
		t.Errorf("the log is %+v", log)
	}
}

// log is the log that a training or an import stored.
func (b *bench) log(t *testing.T, r artifacts.Action) trainlog.Log {
	t.Helper()
	raw, err := b.Store.Get(t.Context(), r.Outputs[pipelines.OutLog].Digest)
	if err != nil {
		t.Fatal(err)
	}
	var log trainlog.Log
	if err := json.Unmarshal(raw, &log); err != nil {
		t.Fatal(err)
	}
	return log
}

func (b *bench) final(t *testing.T, r artifacts.Action) trainlog.Final {
	t.Helper()
	return b.log(t, r).Final
}

// TestImportRefusesWeightsInTheStore: weights that are not finite, or with a negative variance, and directions
// that are not finite are bad input, also where they lie in the store already.
func TestImportRefusesWeightsInTheStore(t *testing.T) {
	b := newBench(t)
	p := b.trainParams(1)
	net, err := networks.Of(p.Net, shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	put := b.putter(t)
	for name, spoil := range map[string]func(theta, state []float32){
		"conv1.weight":    func(theta, _ []float32) { theta[0] = float32(math.NaN()) },
		"bn1.running_var": func(_, state []float32) { state[net.State()[1].Offset] = -1 },
	} {
		theta, state := net.Init(1)
		spoil(theta, state)
		in := pipelines.ImportParams{Net: p.Net, Weights: put(net.Encode(theta, state, nil)).Digest.String(), Data: p.Data}
		_, err := b.do(t, b.step(t, pipelines.KindImport, in, nil))
		if typeOf(err) != "BadWeights" || !strings.Contains(err.Error(), name) {
			t.Errorf("a bad %s: %v", name, err)
		}
	}
	d := make([]float32, net.NumParams())
	d[1] = float32(math.Inf(1))
	in := pipelines.GivenDirectionsParams{Net: p.Net, Problem: shapesProblem, Directions: put(directions.Encode(net.Params(), [][]float32{d}, nil)).Digest.String(), Axes: 1}
	if _, err := b.do(t, b.step(t, pipelines.KindGivenDirections, in, nil)); typeOf(err) != "BadDirections" {
		t.Errorf("directions that are not finite: %v", err)
	}
}

// TestImportAgreesWithPyTorch imports PyTorch's ResNet-20 and compares its loss
// on 1,000 test images with PyTorch's, in float64: 1e-5 relative is what float32
// leaves over twenty layers. Accuracy may differ by one image whose two largest
// logits are equal to seven digits.
func TestImportAgreesWithPyTorch(t *testing.T) {
	dir := shared.Dir(t)
	b := newBench(t)
	b.Data = data.Options{Dir: filepath.Join(dir, "data")}
	if plugin := os.Getenv("LOSSATLAS_PLUGIN"); plugin != "" { // the pure-Go backend takes forty seconds
		b.Engine = engine.Options{Backend: "xla", Plugin: plugin}
		class, err := engine.Class(b.Engine)
		if err != nil {
			t.Fatal(err)
		}
		b.class = class
	}
	src, err := data.Open(data.CIFAR10, b.Data)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := src.Digest()
	if err != nil {
		t.Fatal(err)
	}
	net, err := nets.ByName("resnet20", shared.Problem)
	if err != nil {
		t.Fatal(err)
	}
	theta, state, _, err := weights.Read(filepath.Join(dir, "reference", "resnet20", "weights_a.npz"), net, nil)
	if err != nil {
		t.Fatal(err)
	}
	file, err := net.Encode(theta, state, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Store.Put(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	made := b.made(t, b.step(t, pipelines.KindImport, pipelines.ImportParams{
		Net: "resnet20", Weights: artifacts.Of(file).String(), Data: pipelines.TrainData{Name: data.CIFAR10, Digest: digest, Problem: shapesProblem, Train: 16, Test: 1000},
	}, nil))
	var want struct {
		Loss float64 `json:"loss_f64"`
		Acc  float64 `json:"acc_f64"`
	}
	shared.Open(t, "resnet20").JSON(t, "loss_at_minimum.json", &want)
	got := b.final(t, made)
	t.Logf("loss %.9f, PyTorch's %.9f", float64(got.TestLoss), want.Loss)
	if math.Abs(float64(got.TestLoss)-want.Loss) > 1e-5*want.Loss || math.Abs(float64(got.TestAccuracy)-want.Acc) > 0.1001 {
		t.Errorf("loss %v, accuracy %v; PyTorch has %v, %v", got.TestLoss, got.TestAccuracy, want.Loss, want.Acc)
	}
}
