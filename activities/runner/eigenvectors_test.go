package runner

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/directions"
	"lossatlas/activities/runner/networks"
	"lossatlas/activities/safetensors"
	"lossatlas/activities/spectrum"
	"lossatlas/pipelines"
)

// TestEigenvectors compares the eigenvalues that come with the directions with
// the second differences of the loss along them.
func TestEigenvectors(t *testing.T) {
	b := newBench(t)
	trained := b.made(t, b.step(t, pipelines.KindTrain, b.trainParams(2), nil))
	weights := from(trained, pipelines.OutWeights)
	images := pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 16}
	dirs := b.made(t, b.step(t, pipelines.KindEigenvectors, pipelines.EigenvectorsParams{
		Net: "small", Data: images, Batch: 16, Subset: "weights", Tolerance: 1e-3, Axes: 2,
	}, map[string]Input{pipelines.OutWeights: weights}))
	file, err := b.Store.Get(t.Context(), dirs.Outputs[pipelines.OutDirections].Digest)
	if err != nil {
		t.Fatal(err)
	}
	_, meta, err := safetensors.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	said := func(name string) float64 {
		v, err := strconv.ParseFloat(meta[name], 64)
		if err != nil {
			t.Errorf("the metadata's %s: %v", name, err)
		}
		return v
	}
	net, err := networks.Of("small", shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	axes, err := directions.Decode(net.Params(), file)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range axes {
		if n := said(fmt.Sprintf("norm_%d", i)); math.Abs(n-1) > 1e-5 {
			t.Errorf("direction %d has the length %g", i, n)
		}
		for _, p := range net.Params() {
			if !p.Role.IsWeight() && directions.Norm(p.Of(d)) != 0 {
				t.Errorf("direction %d moves %s", i, p.Name)
			}
		}
	}
	if c := said("cosine"); math.Abs(c) > 1e-4 {
		t.Errorf("the directions' cosine is %g", c)
	}
	const h = 0.02
	in := b.step(t, pipelines.KindSurface, pipelines.MapParams{
		Net: "small", Data: images, X: pipelines.Axis{Min: -h, Max: h, N: 3}, Y: &pipelines.Axis{Min: -h, Max: h, N: 3}, Batch: 16,
	}, map[string]Input{pipelines.OutWeights: weights, pipelines.OutDirections: from(dirs, pipelines.OutDirections)})
	loss := b.read(t, b.made(t, in)).Loss
	for i, second := range []float64{loss[3] - 2*loss[4] + loss[5], loss[1] - 2*loss[4] + loss[7]} {
		value := said(fmt.Sprintf("eigenvalue_%d", i))
		// The difference of the fourth order, and losses of float32.
		if got := second / (h * h); math.Abs(got-value) > 0.02*value+1e-6/(h*h) {
			t.Errorf("along direction %d the loss bends by %g, its eigenvalue is %g", i, got, value)
		}
		if r := said(fmt.Sprintf("residual_%d", i)); r > 1e-3*value {
			t.Errorf("the residual of eigenvalue %g is %g", value, r)
		}
	}
	t.Logf("eigenvalues %s and %s", meta["eigenvalue_0"], meta["eigenvalue_1"])
}

// TestEigenvectorsOfSpectrum: those that a spectrum keeps have the length 1, are orthogonal, stay within the layers, and the loss bends along them by their eigenvalues.
func TestEigenvectorsOfSpectrum(t *testing.T) {
	b := newBench(t)
	net, at, images := b.curved(t)
	made := b.made(t, b.step(t, pipelines.KindSpectrum, pipelines.SpectrumParams{
		Net: net, Data: images, Batch: 8, Subset: "weights", Layers: "fc", Tolerance: 1e-4, Probes: 1, Steps: 2, Seed: 1, Top: 2, Vectors: true,
	}, at))
	s, err := spectrum.DecodeNPZ(b.get(t, made, pipelines.OutSpectrum))
	if err != nil {
		t.Fatal(err)
	}
	tensors, _, err := safetensors.Decode(b.get(t, made, pipelines.OutEigenvectors))
	if err != nil {
		t.Fatal(err)
	}
	of, err := networks.Of(net, shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	vectors := map[string][]float32{}
	for _, tensor := range tensors {
		name, param, _ := strings.Cut(tensor.Name, "/")
		vectors[name] = append(vectors[name], tensor.Data...)
		if !strings.HasPrefix(param, "fc.") && directions.Norm(tensor.Data) != 0 {
			t.Errorf("%s is moved by %g", tensor.Name, directions.Norm(tensor.Data))
		}
	}
	if len(vectors) != 4 {
		t.Fatalf("there are %d eigenvectors, want 4", len(vectors))
	}
	for name, v := range vectors {
		if n := directions.Norm(v); math.Abs(n-1) > 1e-5 {
			t.Errorf("%s has the length %g", name, n)
		}
		for other, w := range vectors {
			if c := directions.Cosine(v, w); name != other && math.Abs(c) > 1e-3 {
				t.Errorf("the cosine of %s and %s is %g", name, other, c)
			}
		}
	}
	at[pipelines.OutDirections] = b.putter(t)(directions.Encode(of.Params(), [][]float32{vectors["largest-2"], vectors["smallest-1"]}, nil))
	const h = 0.05
	loss := b.read(t, b.made(t, b.step(t, pipelines.KindSurface, pipelines.MapParams{
		Net: net, Data: images, X: pipelines.Axis{Min: -h, Max: h, N: 3}, Y: &pipelines.Axis{Min: -h, Max: h, N: 3}, Batch: 8,
	}, at))).Loss
	for i, second := range []float64{loss[3] - 2*loss[4] + loss[5], loss[1] - 2*loss[4] + loss[7]} {
		want := []float64{s.Largest[1].Value, s.Smallest[0].Value}[i]
		if got := second / (h * h); math.Abs(got-want) > 0.02*math.Abs(want)+1e-6/(h*h) {
			t.Errorf("along vector %d the loss bends by %g, the eigenvalue is %g", i, got, want)
		}
	}
}
