package sweepfile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/pipelines"
)

// A map of kind spectrum is one step of the weights for each split, with one picture.
func TestSpectrumMap(t *testing.T) {
	steps := stepsOf(t, minimal+"maps:\n  - {kind: spectrum, images: 'train[0:64]', subset: all, tolerance: 0.01, probes: 3, steps: 20, seed: 7}\n"+
		"  - {kind: spectrum, name: both, splits: [test, train], images: 32}\n")
	step := steps["spectrum-train"]
	var got pipelines.SpectrumParams
	if err := json.Unmarshal(step.Params, &got); err != nil {
		t.Fatal(err)
	}
	want := pipelines.SpectrumParams{
		Net: got.Net, Batch: 64, Subset: "all", Tolerance: 0.01, Probes: 3, Steps: 20, Seed: 7,
		Data: pipelines.MapData{Name: got.Data.Name, Digest: got.Data.Digest, Split: "train", To: 64},
	}
	if d := cmp.Diff(want, got); d != "" || step.Kind != pipelines.KindSpectrum || !step.Kind.Numeric() {
		t.Errorf("a step of kind %s (-want +got):\n%s", step.Kind, d)
	}
	if len(step.Inputs) != 1 || step.Inputs["weights"].Output != pipelines.OutWeights {
		t.Errorf("inputs %v", step.Inputs)
	}
	for _, split := range []string{"train", "test"} {
		var p pipelines.SpectrumParams
		if err := json.Unmarshal(steps["both-"+split].Params, &p); err != nil || p.Probes != 10 || p.Steps != 80 || p.Subset != "weights" || p.Data.Split != split {
			t.Errorf("%s: %+v, %v", split, p, err)
		}
		if in := steps["both-"+split+"-density"].Inputs[pipelines.OutSpectrum]; !strings.HasSuffix(in.Step, "/both-"+split) {
			t.Errorf("the picture of %s shows %v", split, in)
		}
	}
	if steps := stepsOf(t, minimal+"maps: [{kind: spectrum}, {kind: line}]\nplots: [line]\n"); steps["spectrum-train-density"].Kind != "" {
		t.Error("a picture that plots does not ask for")
	}
}

func TestSpectrumMapErrors(t *testing.T) {
	for src, want := range map[string]string{
		"maps: [{kind: spectrum, probes: 1}]\n":       "maps.probes: want a whole number from 2 to 1000",
		"maps: [{kind: spectrum, steps: 0}]\n":        "maps.steps: want a whole number from 2 to 1000",
		"maps: [{kind: spectrum, resolution: 5}]\n":   "a map of kind spectrum has no resolution",
		"maps: [{kind: spectrum, normalize: none}]":   "a map of kind spectrum has no normalize",
		"maps: [{kind: line, steps: 3}]\n":            "only spectrum has",
		"maps: [{kind: line}]\nplots: [density]\n":    "density needs a map of kind spectrum",
		"maps: [{kind: line, normalize: dfilters}]\n": "did you mean dfilter",
	} {
		if _, err := Parse("sweep.yaml", []byte(minimal+src), catalog, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%sthe error is %v, want one that says %q", src, err, want)
		}
	}
}
