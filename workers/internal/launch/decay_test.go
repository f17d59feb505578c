package launch

import (
	"math"
	"strings"
	"testing"

	"lossatlas/activities/directions"
	"lossatlas/activities/nets"
	"lossatlas/activities/runner/networks"
	"lossatlas/activities/spectrum"
	"lossatlas/pipelines"
)

const decayedMaps = `maps:
  - {kind: line, points: 3, splits: test}
  - {kind: line, name: decayed, points: 3, splits: test, weight_decay: true}
  - {kind: hessian, resolution: 2, images: 16, tolerance: 0.1}
  - {kind: hessian, name: bent, resolution: 2, images: 16, tolerance: 0.1, weight_decay: 0.5}
  - {kind: spectrum, images: 16, probes: 2, steps: 4}
  - {kind: spectrum, name: shifted, images: 16, probes: 2, steps: 4, weight_decay: 0.5}
`

// TestWeightDecayOfMaps: the loss is evaluated once for a map with weight decay and one without, and between both lie ½λ‖θ‖² at each point
// and λ in each eigenvalue.
func TestWeightDecayOfMaps(t *testing.T) {
	d := do(t, nil, tinySweep+decayedMaps)
	for with, without := range map[string]string{"decayed-test": "line-test", "bent-train": "hessian-train", "shifted-train": "spectrum-train"} {
		if d.made["one/"+with+"-loss"].Key != d.made["one/"+without].Key {
			t.Errorf("the loss of %s has another key than %s", with, without)
		}
	}
	_, theta, delta := d.around("one/line-directions")
	plain, decayed := d.grid("one/line-test"), d.grid("one/decayed-test")
	for i, alpha := range plain.X {
		norm := 0.0
		for k := range theta {
			x := float64(theta[k]) + alpha*float64(delta[k])
			norm += x * x
		}
		if want := 0.01 / 2 * norm; math.Abs(decayed.Decay[i]-want) > 1e-9*want || decayed.Loss[i] != plain.Loss[i]+decayed.Decay[i] {
			t.Errorf("point %d of the line: decay %g, want %g, and loss %g after %g", i, decayed.Decay[i], want, decayed.Loss[i], plain.Loss[i])
		}
	}
	flat, bent := d.grid("one/hessian-train"), d.grid("one/bent-train")
	for i := range flat.Loss {
		if lo, hi := flat.Curvature.LambdaMin[i]+0.5, flat.Curvature.LambdaMax[i]+0.5; bent.Curvature.LambdaMin[i] != lo || bent.Curvature.LambdaMax[i] != hi {
			t.Errorf("point %d: λ from %g to %g, want %g to %g", i, bent.Curvature.LambdaMin[i], bent.Curvature.LambdaMax[i], lo, hi)
		}
	}
	before, after := d.spectrum("one/spectrum-train"), d.spectrum("one/shifted-train")
	trace, _ := before.Density.Trace()
	shifted, _ := after.Density.Trace()
	if math.Abs(after.LambdaMax-before.LambdaMax-0.5) > 1e-12 || math.Abs(shifted-trace-0.5*float64(before.Density.Dim)) > 1e-9*math.Abs(shifted) {
		t.Errorf("λmax from %g to %g, the trace from %g to %g", before.LambdaMax, after.LambdaMax, trace, shifted)
	}
	if p := shown(t, d.graph, "/decayed-plot"); p.Title != "one · weight decay 0.01" || p.Loss != "loss + weight decay" {
		t.Errorf("the picture has the title %q and the loss %q", p.Title, p.Loss)
	}
	if s := step(t, d.graph, "/shifted-train-density"); !strings.HasSuffix(s.Caption, "training loss with weight decay 0.5") {
		t.Errorf("the caption is %q", s.Caption)
	}
	for name, want := range map[string]string{"one/decayed-plot": "data shapes10", "one/shifted-train-density": "data shapes10, computed from 16 images of the training set"} {
		if svg := string(d.output(name, pipelines.OutSVG)); !strings.Contains(svg, want) {
			t.Errorf("the picture of %s does not say %q", name, want)
		}
	}
}

// around is the network of a sweep, its weights, and the first of some directions.
func (d done) around(name string) (net *nets.Net, theta, delta []float32) {
	d.Helper()
	var p pipelines.DirectionsParams
	decode(d.T, step(d.T, d.graph, name).Params, &p)
	net, err := networks.Of(p.Net, p.Problem)
	if err != nil {
		d.Fatal(err)
	}
	if theta, _, err = net.Decode(d.output(strings.Split(name, "/")[0]+"/train", pipelines.OutWeights)); err != nil {
		d.Fatal(err)
	}
	dirs, err := directions.Decode(net.Params(), d.output(name, pipelines.OutDirections))
	if err != nil {
		d.Fatal(err)
	}
	return net, theta, dirs[0]
}

func (d done) spectrum(step string) *spectrum.Spectrum {
	d.Helper()
	s, err := spectrum.DecodeNPZ(d.output(step, pipelines.OutSpectrum))
	if err != nil {
		d.Fatal(err)
	}
	return s
}

// TestMistakesOfWeightDecay are reported at their field.
func TestMistakesOfWeightDecay(t *testing.T) {
	const two = `sweep: {train.optimizer.weight_decay: [0, 1e-3]}
compare: [{kind: interpolation, between: [{train.optimizer.weight_decay: 0}, {train.optimizer.weight_decay: 1e-3}], points: 3, weight_decay: DECAY}]
`
	for file, want := range map[string]string{
		tinySweep + "maps: [{kind: line, weight_decay: much}]\n":                                                                 "maps.weight_decay: want true, false, or a number such as 5e-4, got much",
		tinySweep + "maps: [{kind: line, weight_decay: -1}]\n":                                                                   "maps.weight_decay: want a number from 0 to 1e+12, got -1",
		strings.Replace(tinySweep, "{net: tiny,", "{net: tiny, import: w.pt,", 1) + "maps: [{kind: line, weight_decay: true}]\n": "5:35: maps.weight_decay: imported weights have no optimizer",
		tinySweep + strings.Replace(two, "DECAY", "true", 1):                                                                     "compare.weight_decay: weight_decay=0 and weight_decay=0.001 are trained with different weight decays",
	} {
		if _, err := readText(t, file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %q", file, err, want)
		}
	}
	if _, err := readText(t, tinySweep+strings.Replace(two, "DECAY", "0.1", 1)); err != nil {
		t.Error(err)
	}
}
