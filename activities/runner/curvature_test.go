package runner

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"lossatlas/activities/data"
	"lossatlas/activities/runner/networks"
	"lossatlas/activities/sharpness"
	"lossatlas/activities/spectrum"
	"lossatlas/pipelines"
)

const curvedNet = `name: curved
dataset: {name: shapes10, train: 32, test: 16}
networks: {curved: [{conv: 4, stride: 4, name: c}, bn, relu, avgpool, flatten, {linear: 10, name: fc}]}
train: {net: curved, batch_size: 16}
`

// curved are weights of a small network, with the images of a map.
func (b *bench) curved(t *testing.T) (net pipelines.Network, at map[string]Input, images pipelines.MapData) {
	t.Helper()
	net = written(t, curvedNet)
	of, err := networks.Of(net, shapesProblem)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(2, 2))
	theta, state := make([]float32, of.NumParams()), make([]float32, of.NumState())
	for i := range theta {
		theta[i] = float32(0.3 * rng.NormFloat64())
	}
	for i := range state {
		state[i] = 1
	}
	return net, map[string]Input{pipelines.OutWeights: b.putter(t)(of.Encode(theta, state, nil))},
		pipelines.MapData{Name: data.Shapes10, Digest: b.digest, Problem: shapesProblem, Split: "test", To: 16}
}

// TestSpectrumParts checks parts of a spectrum against the whole: a block of all its layers is the same, the mean over halves of the images of the trace
// is that of all, and what a plain spectrum finds stays.
func TestSpectrumParts(t *testing.T) {
	b := newBench(t)
	net, at, images := b.curved(t)
	p := pipelines.SpectrumParams{Net: net, Data: images, Batch: 8, Subset: "weights", Layers: "fc", Tolerance: 1e-4, Probes: 40, Steps: 2, Seed: 1}
	read := func(p pipelines.SpectrumParams) *spectrum.Spectrum {
		t.Helper()
		s, err := spectrum.DecodeNPZ(b.get(t, b.made(t, b.step(t, pipelines.KindSpectrum, p, at)), pipelines.OutSpectrum))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	plain := read(p)
	p.Top, p.Trace, p.Blocks, p.Subsets = 3, pipelines.TraceHutchPP, []string{"c", "fc"}, 2
	for _, matrix := range []string{"", "gauss-newton", "fisher"} {
		p.Matrix = matrix
		s := read(p)
		if matrix == "" && (math.Abs(s.LambdaMax-plain.LambdaMax) > 1e-3*plain.LambdaMax || math.Abs(s.LambdaMin-plain.LambdaMin) > 1e-3*plain.LambdaMax) {
			t.Errorf("both ends %g and %g, and alone %g and %g", s.LambdaMin, s.LambdaMax, plain.LambdaMin, plain.LambdaMax)
		}
		if low := len(s.Smallest); len(s.Largest) != 3 || matrix == "" && low != 3 || matrix != "" && (low != 1 || s.LambdaMin < -1e-4*s.LambdaMax) {
			t.Errorf("%s: eigenvalues %v and %v", matrix, s.Largest, s.Smallest)
		}
		trace, se := s.Trace()
		if block := s.Blocks[1]; block.Name != "fc" || block.Dim != s.Density.Dim || math.Abs(block.Trace-trace) > 1e-5*trace || se != 0 || math.Abs(block.Largest[0].Value-s.LambdaMax) > 1e-3*s.LambdaMax {
			t.Errorf("%s: the trace is %g ± %g, λmax %g, and of the block of all layers %+v", matrix, trace, se, s.LambdaMax, block)
		}
		if first := s.Blocks[0]; first.Dim != 108 || !(first.TraceError > 0) {
			t.Errorf("%s: the first block is %+v", matrix, first)
		}
		if mean := (s.Subsets[0].Trace + s.Subsets[1].Trace) / 2; math.Abs(mean-trace) > 1e-5*trace || s.Subsets[0].Trace == s.Subsets[1].Trace || s.Subsets[1].Name != "test[8:16]" {
			t.Errorf("%s: the traces of halves are %+v, that of the whole is %g", matrix, s.Subsets, trace)
		}
	}
}

// TestSharpnessStep checks the measures of a small network against each other, and those of the loss with weight decay.
func TestSharpnessStep(t *testing.T) {
	b := newBench(t)
	net, at, images := b.curved(t)
	p := pipelines.SharpnessParams{
		Net: net, Data: images, Batch: 8, Subset: "weights", Layers: "fc", Measures: pipelines.SharpnessMeasures, Seed: 1, Population: 64,
		Radius: 0.1, AdaptiveRadius: 0.5, Box: 0.01, Dimension: 5, Ascent: 8, Starts: 2, Relative: 0.1, Samples: 12, Probes: 40,
	}
	read := func(p pipelines.SharpnessParams) (map[string]float64, sharpness.Result) {
		t.Helper()
		var r sharpness.Result
		if err := json.Unmarshal(b.get(t, b.made(t, b.step(t, pipelines.KindSharpness, p, at)), pipelines.OutFlatness), &r); err != nil {
			t.Fatal(err)
		}
		out := map[string]float64{}
		for _, s := range r.Summary {
			out[s.Name] = s.Mean
		}
		return out, r
	}
	m, r := read(p)
	for _, name := range sharpness.MeasureNames {
		if v, ok := m[name]; !ok || !(v > 0) && name != sharpness.Average && name != sharpness.AverageAdaptive {
			t.Errorf("%s is %g", name, v)
		}
	}
	if r.Dim != 40 || !(r.Measures[0].SE > 0) || len(r.Measures[0].Losses) != 2 || len(r.Measures[4].Losses) != 12 {
		t.Errorf("%+v", r)
	}
	if got := m[sharpness.TraceTimesNorm] / m[sharpness.TraceOverNorm]; math.Abs(got-math.Pow(r.Norm, 4)) > 1e-9*got {
		t.Errorf("traces times and over the norm %g differ by %g", r.Norm, got)
	}
	p.Measures, p.Decay = []string{sharpness.Worst, sharpness.Trace}, 0.2
	decayed, d := read(p)
	if got := decayed[sharpness.Trace] - m[sharpness.Trace]; math.Abs(got-0.2*40) > 1e-4 || d.Loss <= r.Loss || decayed[sharpness.Worst] <= m[sharpness.Worst] {
		t.Errorf("weight decay adds %g to the trace, and makes the loss %g from %g, the largest rise %g from %g", got, d.Loss, r.Loss, decayed[sharpness.Worst], m[sharpness.Worst])
	}
}
