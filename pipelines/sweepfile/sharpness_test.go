package sweepfile

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/pipelines"
)

// A map of kind sharpness is one step of the weights for each split, whose parameters are those of the measures that are asked for.
func TestSharpnessMap(t *testing.T) {
	steps := stepsOf(t, minimal+"maps:\n  - {kind: sharpness, images: 64, seed: 7}\n"+
		"  - {kind: sharpness, name: ball, splits: [test, train], images: 32, measures: [trace, worst], radius: 0.2, starts: 5, weight_decay: 0.1}\n")
	read := func(name string) (p pipelines.SharpnessParams) {
		t.Helper()
		step := steps[name]
		if err := json.Unmarshal(step.Params, &p); err != nil || step.Kind != pipelines.KindSharpness || step.At.Role != pipelines.RoleFlatness || len(step.Inputs) != 1 {
			t.Fatalf("%s: %+v, %v", name, step, err)
		}
		return p
	}
	all := read("sharpness-train")
	want := pipelines.SharpnessParams{
		Net: all.Net, Data: all.Data, Batch: 64, Population: all.Population, Subset: "weights", Measures: pipelines.SharpnessMeasures, Seed: 7,
		Radius: 0.05, AdaptiveRadius: 0.5, Box: 1e-3, Dimension: 100, Ascent: 20, Starts: 3, Relative: 0.05, Samples: 20, Probes: 10,
	}
	if d := cmp.Diff(want, all); d != "" || all.Population <= 64 || all.Data.To != 64 {
		t.Errorf("of %d images (-want +got):\n%s", all.Data.To, d)
	}
	if n := len(all.Parts()); n != 4*3+2*2+1 {
		t.Errorf("%d chunks", n)
	}
	for _, split := range []string{"train", "test"} {
		p := read("ball-" + split)
		want := pipelines.SharpnessParams{Net: p.Net, Data: p.Data, Batch: 32, Population: p.Population, Subset: "weights", Decay: 0.1,
			Measures: []string{"worst", "trace"}, Seed: 1, Radius: 0.2, Ascent: 20, Starts: 5, Probes: 10}
		if d := cmp.Diff(want, p); d != "" || p.Data.Split != split {
			t.Errorf("%s (-want +got):\n%s", split, d)
		}
	}
}

// Further fields of spectra reach their steps, and defaults leave no trace in them.
func TestSpectrumFields(t *testing.T) {
	steps := stepsOf(t, minimal+"maps:\n  - {kind: spectrum, images: 64, matrix: gauss-newton, top: 5, trace: hutch++, blocks: [layer1, [layer3, fc, conv1]], subsets: 4}\n"+
		"  - {kind: spectrum, name: plain, images: 64, matrix: hessian, top: 1, trace: hutchinson}\n")
	var p pipelines.SpectrumParams
	if err := json.Unmarshal(steps["spectrum-train"].Params, &p); err != nil {
		t.Fatal(err)
	}
	if p.Matrix != "gauss-newton" || p.Top != 5 || p.Trace != pipelines.TraceHutchPP || p.Subsets != 4 || !slices.Equal(p.Blocks, []string{"layer1", "conv1,fc,layer3"}) {
		t.Errorf("%+v", p)
	}
	if d := p.SubsetData(3); d.From != 48 || d.To != 64 || p.PartName(1) != "conv1+fc+layer3" || p.PartName(3) != "train[16:32]" {
		t.Errorf("parts %s, %s, the last of %v", p.PartName(1), p.PartName(3), d)
	}
	if caption := steps["spectrum-train-density"].Caption; !strings.Contains(caption, "the Gauss-Newton matrix's eigenvalues") {
		t.Errorf("the caption is %q", caption)
	}
	for _, field := range []string{"matrix", "top", `"trace"`, "blocks", "subsets"} {
		if strings.Contains(string(steps["plain-train"].Params), field) {
			t.Errorf("a plain spectrum has %s: %s", field, steps["plain-train"].Params)
		}
	}
}

// A scatter plot takes the measures of every kind of map that has some.
func TestScatterMeasures(t *testing.T) {
	const maps = "maps: [{kind: spectrum, images: 64, top: 5}, {kind: sharpness, images: 64}, {kind: line}]\n"
	g := mustExpand(t, minimal+maps+"figures: [{kind: scatter, name: a, measure: lambda_ratio5}, {kind: scatter, name: b, measure: trace_over_norm}, "+
		"{kind: scatter, name: c, measure: trace}, {kind: scatter, name: d, measure: trace, map: sharpness}, {kind: scatter, name: e}]\n", "")
	want := map[string][2]string{"a": {"spectrum", "spectrum-train"}, "b": {"flatness", "sharpness-train"}, "c": {"spectrum", "spectrum-train"},
		"d": {"flatness", "sharpness-train"}, "e": {"flatness", "line-train-flatness"}}
	for _, s := range g.Final {
		w, ok := want[s.At.Figure]
		if !ok {
			continue
		}
		if in := s.Inputs[pipelines.InPanel(0, w[0])]; !strings.HasSuffix(in.Step, "/"+w[1]) || in.Output != w[0] {
			t.Errorf("figure %s shows %v of %v, want %v", s.At.Figure, in, s.Inputs, w)
		}
		delete(want, s.At.Figure)
	}
	if len(want) > 0 {
		t.Errorf("no figures %v", want)
	}
}

func TestSharpnessErrors(t *testing.T) {
	for src, want := range map[string]string{
		"maps: [{kind: sharpness, radius: 0}]\n":                                                               "maps.radius: want a number above 0",
		"maps: [{kind: sharpness, measures: [wurst]}]\n":                                                       "did you mean worst",
		"maps: [{kind: sharpness, pairs: 2}]\n":                                                                "a map of kind sharpness has no pairs",
		"maps: [{kind: sharpness, batchnorm: {recompute: 10}}]\n":                                              "maps.batchnorm: derivatives, as of a map of kind sharpness, have no recomputed statistics",
		"maps: [{kind: spectrum, matrix: fisher, weight_decay: 0.1}]\n":                                        "weight decay is no part of",
		"maps: [{kind: spectrum, images: 3, subsets: 4}]\n":                                                    "maps.subsets: 3 images of train are no 4 parts",
		"maps: [{kind: spectrum, images: 64, subsets: 4, batchnorm: {batch: 32}}]\n":                           "whole batches of 32",
		"maps: [{kind: spectrum, blocks: [[]]}]\n":                                                             "maps.blocks: want a list of 1 to",
		"maps: [{kind: spectrum}]\nfigures: [{kind: scatter, measure: lambda_ratio5}]\n":                       "give the map top: 5",
		"maps: [{kind: sharpness, measures: worst}]\nfigures: [{kind: scatter, measure: trace_over_norm}]\n":   "does not measure trace_over_norm",
		"maps: [{kind: line}]\nfigures: [{kind: scatter, measure: worst}]\n":                                   "scatter of worst needs a map of kind sharpness",
		"maps: [{kind: sharpness}, {kind: line}]\nfigures: [{kind: scatter, measure: area, map: sharpness}]\n": "needs one of kind line or surface",
	} {
		if _, err := Parse("sweep.yaml", []byte(minimal+src), catalog, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%sthe error is %v, want one that says %q", src, err, want)
		}
	}
}
