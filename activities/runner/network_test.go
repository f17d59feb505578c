package runner

import (
	"encoding/json"
	"math"
	"testing"

	"lossatlas/activities/directions"
	"lossatlas/activities/engine"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/runner/networks"
	"lossatlas/pipelines"
	"lossatlas/pipelines/sweepfile"
)

// tinyA is the reference network tiny_a in the words of a sweep file.
const tinyA = `name: tiny
dataset: {name: cifar10}
networks:
  tiny_a:
    - {conv: 8, kernel: 3, stride: 1, padding: 1, bias: false, name: conv1}
    - {bn: bn1}
    - relu
    - {conv: 8, kernel: 3, stride: 2, padding: 1, name: conv2}
    - {bn: , name: bn2}
    - relu
    - {avgpool: 16}
    - flatten
    - {linear: 10, name: linear}
train: {net: tiny_a, epochs: 1}
`

// written takes the network that a sweep file trains to the form that a step's parameters have.
func written(t *testing.T, text string) pipelines.Network {
	t.Helper()
	s, err := sweepfile.Parse("sweep.yaml", []byte(text), sweepfile.Catalog{}, "")
	if err != nil {
		t.Fatal(err)
	}
	g, err := s.Expand("sha256:0")
	if err != nil {
		t.Fatal(err)
	}
	var p pipelines.TrainParams
	if err := json.Unmarshal(g.Experiments[0].Steps[0].Params, &p); err != nil {
		t.Fatal(err)
	}
	return p.Net
}

// TestWrittenNetworkSurface takes a network from a sweep file's words through a
// step's parameters and compares its loss on the reference surface with PyTorch's
// in float64.
func TestWrittenNetworkSurface(t *testing.T) {
	ref := shared.Open(t, "tiny_a")
	net, err := networks.Of(written(t, tinyA), shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	if net.NumParams() != 914 || net.Signature() != ref.Net.Signature() {
		t.Errorf("%d parameters of %s", net.NumParams(), net.Signature())
	}
	b, err := engine.Open(engine.Options{Backend: "go"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	e, err := engine.NewEvaluator(b, net, shared.Images(t, "test_batch.bin", 0, 1000), 500)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	theta, state := ref.Weights(t, "weights_a.npz")
	if err := e.SetCenter(theta, state); err != nil {
		t.Fatal(err)
	}
	axis := func(prefix string) []float32 {
		d := ref.Vector(t, "directions_raw.npz", prefix, net.Params(), nil)
		if err := directions.Normalize(net.Params(), d, theta, directions.Filter, directions.BiasBN); err != nil {
			t.Fatal(err)
		}
		return d
	}
	if err := e.SetDirections(axis("x/"), axis("y/")); err != nil {
		t.Fatal(err)
	}
	var want struct {
		X, Y []float64
		Loss [][]float64 `json:"loss_f64"`
	}
	ref.JSON(t, "surface.json", &want)
	for i := range want.X { // the diagonal
		got, err := e.At(t.Context(), want.X[i], want.Y[i])
		if err != nil {
			t.Fatal(err)
		}
		if d := math.Abs(got.Loss/want.Loss[i][i] - 1); !(d < 1e-5) {
			t.Errorf("loss %.9g at (%g, %g), PyTorch %.9g", got.Loss, want.X[i], want.Y[i], want.Loss[i][i])
		}
	}
}
