package sweepfile

import (
	"encoding/json"
	"strings"
	"testing"

	"lossatlas/pipelines"
)

const autoFile = `name: auto
dataset: {name: cifar10, train: 4000, test: 2000}
train: {net: resnet20}
`

// TestAutoRange: a map with range: auto has one step that finds it, from at most a thousand images of its first split; all its splits and
// pairs are fitted to its result.
func TestAutoRange(t *testing.T) {
	steps := stepsOf(t, autoFile+"maps: [{kind: line, range: auto, pairs: 2, points: 11}, {kind: surface, range: auto, rise: 4, y: [-2, 3], resolution: 5, images: 64}]\n")
	var search pipelines.RangeParams
	decode := func(id string, into any) pipelines.Step {
		t.Helper()
		s, ok := steps[id]
		if !ok || json.Unmarshal(s.Params, into) != nil {
			t.Fatalf("step %s: %+v", id, s)
		}
		return s
	}
	s := decode("line-range", &search)
	if search.Axes != 1 || search.Rise != 10 || search.Data.Split != "train" || search.Data.To != 1000 || search.Beyond != 0 || s.Kind != pipelines.KindRange || s.At.Role != pipelines.RoleRange {
		t.Errorf("the search of the line: %+v at %+v", search, s.At)
	}
	if len(s.Inputs) != 2 || !strings.HasSuffix(s.Inputs[pipelines.OutDirections].Step, "line-directions") {
		t.Errorf("the search has the inputs %v", s.Inputs)
	}
	for _, id := range []string{"line-train", "line-test", "line-train@2", "line-test@2"} {
		var p pipelines.MapParams
		if s := decode(id, &p); p.Fit == nil || !p.Fit.X || p.Fit.Y || p.X != (pipelines.Axis{N: 11}) || !strings.HasSuffix(s.Inputs[pipelines.OutRange].Step, "/line-range") {
			t.Errorf("%s: %+v, with the inputs %v", id, p, s.Inputs)
		}
	}
	decode("surface-range", &search)
	if search.Axes != 2 || search.Rise != 4 || search.Data.To != 64 {
		t.Errorf("the search of the surface: %+v", search)
	}
	var p pipelines.MapParams
	if decode("surface-train", &p); p.Fit == nil || !p.Fit.X || p.Fit.Y || *p.Y != (pipelines.Axis{Min: -2, Max: 3, N: 5}) {
		t.Errorf("the surface: %+v", p)
	}
	fixed := stepsOf(t, autoFile+"maps: [{kind: hessian, range: auto, x: [-1, 1], y: [-2, 3], resolution: 5}]\n")
	if _, ok := fixed["hessian-range"]; ok {
		t.Error("a map with both axes given looks for a range")
	}
}

// TestAutoRangeOfComparisons: between minimizers the range reaches beyond the last.
func TestAutoRangeOfComparisons(t *testing.T) {
	g := mustExpand(t, autoFile+"sweep: {train.seed: [1, 2, 3]}\ncompare:\n  - {kind: interpolation, between: [seed=1, seed=2], range: auto, batchnorm: {batch: 128}, splits: [train], images: 3072}\n"+
		"  - {kind: plane, through: [seed=1, seed=2, seed=3]}\n", "")
	found := 0
	for _, s := range g.Final {
		if s.Kind != pipelines.KindRange {
			continue
		}
		found++
		var p pipelines.RangeParams
		if err := json.Unmarshal(s.Params, &p); err != nil || p.Beyond != 1 || p.Axes != 1 || p.Data.To != 896 || p.Batch != 128 {
			t.Errorf("%s: %+v, %v", s.ID, p, err)
		}
	}
	if found != 1 {
		t.Errorf("%d searches, want 1", found)
	}
}

func TestAutoRangeErrors(t *testing.T) {
	for text, want := range map[string]string{
		"{kind: line, range: wide}":                        "auto, or [first, last]",
		"{kind: line, range: [1, -1]}":                     "first below last",
		"{kind: line, rise: 4}":                            "rise has no effect without range: auto",
		"{kind: line, range: auto, rise: 1}":               "above 1",
		"{kind: trajectory, range: auto}":                  "range",
		"{kind: spectrum, rise: 2}":                        "rise",
		"{kind: surface, range: auto, rise: much}":         "rise",
		"{kind: surface, range: {auto: 3}}":                "auto, or [first, last]",
		"{kind: surface, range: [-1, 1], x: auto}":         "[first, last]",
		"{kind: surface, range: [auto, 1], resolution: 3}": "range",
	} {
		_, err := Parse("sweep.yaml", []byte(autoFile+"maps: ["+text+"]\n"), catalog, "")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
