package sweepfile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/pipelines"
)

// A map of kind hessian is a step of the directions and the weights, with the
// paper's choice of parameters unless the file says otherwise, and one picture.
func TestHessianMap(t *testing.T) {
	src := minimal + "maps:\n  - {kind: hessian, resolution: [5, 3], range: [-1, 2], images: 'train[0:64]', tolerance: 0.01}\n" +
		"  - {kind: surface, resolution: 5}\n  - {kind: hessian, name: all, subset: all}\n"
	s, err := Parse("sweep.yaml", []byte(src), catalog, "")
	if err != nil {
		t.Fatal(err)
	}
	g, err := s.Expand("sha256:" + strings.Repeat("0", 64))
	if err != nil {
		t.Fatal(err)
	}
	steps := map[string]pipelines.Step{}
	for _, p := range g.All() {
		_, name, _ := strings.Cut(p.Step.ID, "/")
		steps[name] = p.Step
	}
	step := steps["hessian-train"]
	var got pipelines.HessianParams
	if err := json.Unmarshal(step.Params, &got); err != nil {
		t.Fatal(err)
	}
	want := pipelines.HessianParams{Subset: "weights", Tolerance: 0.01, MapParams: pipelines.MapParams{
		Net: got.Net, Batch: 64, X: pipelines.Axis{Min: -1, Max: 2, N: 5}, Y: &pipelines.Axis{Min: -1, Max: 2, N: 3},
		Data: pipelines.MapData{Name: got.Data.Name, Digest: got.Data.Digest, Split: "train", To: 64},
	}}
	if d := cmp.Diff(want, got); d != "" || step.Kind != pipelines.KindHessian || !step.Kind.Numeric() {
		t.Errorf("a step of kind %s (-want +got):\n%s", step.Kind, d)
	}
	if len(step.Inputs) != 2 || step.Inputs["directions"].Output != pipelines.OutDirections || step.Inputs["weights"].Output != pipelines.OutWeights {
		t.Errorf("inputs %v", step.Inputs)
	}
	if err := json.Unmarshal(steps["all-train"].Params, &got); err != nil || got.Subset != "all" || got.Tolerance != 1e-3 {
		t.Errorf("subset %q, tolerance %g, error %v", got.Subset, got.Tolerance, err)
	}
	for _, name := range []string{"hessian-train-ratio", "all-train-ratio", "surface-train-contour"} {
		if steps[name].Kind != pipelines.KindRender {
			t.Errorf("there is no picture %s", name)
		}
	}
	for _, name := range []string{"hessian-train-contour", "surface-train-ratio"} {
		if _, ok := steps[name]; ok {
			t.Errorf("there is a picture %s", name)
		}
	}
}

func TestHessianMapErrors(t *testing.T) {
	for src, want := range map[string]string{
		"maps: [{kind: hessian, subset: biases}]\n":                "unknown name biases",
		"maps: [{kind: hessian, tolerance: 0}]\n":                  "a number above 0 and at most 0.1",
		"maps: [{kind: hessian, points: 3}]\n":                     "only line has",
		"maps: [{kind: surface, subset: all}]\n":                   "only hessian, spectrum and sharpness have",
		"maps: [{kind: surface, resolution: 5}]\nplots: [ratio]\n": "ratio needs a map of kind hessian",
	} {
		if _, err := Parse("sweep.yaml", []byte(minimal+src), catalog, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%sthe error is %v, want one that says %q", src, err, want)
		}
	}
}
