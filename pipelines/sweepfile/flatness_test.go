package sweepfile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/pipelines"
)

// TestPairs: a map of several pairs has directions and grids for each, of
// seeds one after another; the first are those of a map of one pair, and are drawn.
func TestPairs(t *testing.T) {
	const src = "name: one\ndataset: {name: cifar10}\ntrain: {net: resnet20}\nmaps: [{kind: surface, seed: 5, splits: [train, test], pairs: 3}]\n"
	steps := stepsOf(t, src)
	for suffix, seed := range map[string]uint64{"": 5, "@2": 6, "@3": 7} {
		var p pipelines.DirectionsParams
		if err := json.Unmarshal(steps["surface-directions"+suffix].Params, &p); err != nil || p.Seed != seed {
			t.Errorf("the directions %q have the seed %d, want %d (%v)", suffix, p.Seed, seed, err)
		}
		for _, split := range []string{"train", "test"} {
			s := steps["surface-"+split+suffix]
			if s.Kind != pipelines.KindSurface || s.Inputs["directions"].Step != "one/surface-directions"+suffix {
				t.Errorf("surface-%s%s is %+v", split, suffix, s)
			}
		}
	}
	flat := steps["surface-test-flatness"]
	want := map[string]pipelines.Ref{"grid-0": {Step: "one/surface-test", Output: pipelines.OutGrid}, "grid-1": {Step: "one/surface-test@2", Output: pipelines.OutGrid}, "grid-2": {Step: "one/surface-test@3", Output: pipelines.OutGrid}}
	if d := cmp.Diff(want, flat.Inputs); d != "" || flat.Kind != pipelines.KindFlatness || flat.Kind.Numeric() || string(flat.Params) != `{"levels":[0.1,0.5,1],"radii":[0.25,0.5,1]}` {
		t.Errorf("a %s of %s (-want +got):\n%s", flat.Kind, flat.Params, d)
	}
	if s := steps["surface-test-contour"]; s.Inputs["grid"].Step != "one/surface-test" {
		t.Errorf("the picture is of %v", s.Inputs)
	}
	if _, ok := mustExpand(t, src, "").Final[0].Inputs["one/surface-test-flatness/flatness"]; !ok {
		t.Error("the report does not look at the flatness")
	}

	one := mustExpand(t, strings.Replace(src, ", pairs: 3", "", 1), "")
	three := keysOf(t, mustExpand(t, src, ""))
	for id, key := range keysOf(t, one) {
		if id != "report" && !strings.HasSuffix(id, "-flatness") && three[id] != key {
			t.Errorf("more pairs change the key of %s", id)
		}
	}
}

func TestPairsErrors(t *testing.T) {
	for maps, want := range map[string]string{
		"{kind: surface, pairs: 0}":   "one.yaml:4:31: maps.pairs: want a whole number from 1 to 100, got 0",
		"{kind: surface, pairs: 101}": "want a whole number from 1 to 100",
		"{name: a, kind: line, pairs: 100}, {name: b, kind: line, pairs: 100}, {name: c, kind: line, pairs: 100}, {name: d, kind: line, pairs: 100}": "one.yaml:4:7: maps: an experiment has 1200 directions and grids, and may have 1000",
		"{kind: hessian, pairs: 2}": "a map of kind hessian has no pairs, only line and surface have",
	} {
		_, err := Parse("one.yaml", []byte("name: one\ndataset: {name: cifar10}\ntrain: {net: resnet20}\nmaps: ["+maps+"]\n"), Catalog{}, "")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", maps, err, want)
		}
	}
}
