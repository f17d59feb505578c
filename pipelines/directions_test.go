package pipelines

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/artifacts"
)

// A map along eigenvectors looks at the same images as the Hessian whose
// eigenvectors they are, over weights alone unless nothing is ignored.
func TestEigenvectorMap(t *testing.T) {
	steps := stepsOf(t, minimal+"maps:\n  - {kind: surface, directions: hessian, resolution: 5, images: 'test[0:64]'}\n"+
		"  - {kind: line, directions: hessian, ignore: none}\n  - {kind: surface, name: random, resolution: 5}\n")
	step := steps["surface-directions"]
	var got EigenvectorsParams
	if err := json.Unmarshal(step.Params, &got); err != nil {
		t.Fatal(err)
	}
	want := EigenvectorsParams{
		Net: got.Net, Batch: evaluateBatch, Subset: "weights", Tolerance: 1e-3, Axes: 2,
		Data: MapData{Name: got.Data.Name, Digest: got.Data.Digest, Split: "test", To: 64},
	}
	if d := cmp.Diff(want, got); d != "" || step.Kind != KindEigenvectors || !step.Kind.Numeric() {
		t.Errorf("a step of kind %s (-want +got):\n%s", step.Kind, d)
	}
	if in := steps["surface-test"].Inputs[OutDirections]; !strings.HasSuffix(in.Step, "/surface-directions") {
		t.Errorf("the surface lies along %v", in)
	}
	if err := json.Unmarshal(steps["line-directions"].Params, &got); err != nil || got.Subset != "all" || got.Axes != 1 || got.Data.Split != "train" {
		t.Errorf("of the line: %+v, %v", got, err)
	}
	var random DirectionsParams
	if err := json.Unmarshal(steps["random-directions"].Params, &random); err != nil || steps["random-directions"].Kind != KindDirections || random.Normalize != "filter" {
		t.Errorf("of the random surface: %+v, %v", random, err)
	}
}

func TestEigenvectorMapErrors(t *testing.T) {
	for fields, want := range map[string]string{
		"kind: surface, directions: hesian":                        "unknown name hesian; did you mean hessian?; allowed: random, hessian",
		"kind: surface, directions: hessian, pairs: 2":             "maps.pairs has no effect beside directions: hessian",
		"kind: surface, directions: hessian, seed: 2":              "maps.seed has no effect beside directions: hessian",
		"kind: surface, directions: hessian, normalize: filter":    "maps.normalize has no effect beside directions: hessian",
		"kind: surface, directions: {import: a.npz}, ignore: none": "maps.ignore has no effect beside directions: import",
		"kind: surface, directions: {import: a.txt}":               "want the path of a .safetensors or .npz file, got a.txt",
		"kind: surface, directions: {of: a}":                       "want random, hessian or {import: FILE}",
		"kind: spectrum, directions: hessian":                      "a map of kind spectrum has no directions",
	} {
		_, err := Parse("sweep.yaml", []byte(minimal+"maps: [{"+fields+"}]\n"), catalog, "")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", fields, err, want)
		}
	}
}

// Imported directions are a step of the file's content alone, which both the
// surface and the line take as much of as they need.
func TestImportedDirections(t *testing.T) {
	s := mustParse(t, minimal+"maps:\n  - {kind: surface, directions: {import: d.npz}}\n  - {kind: line, directions: {import: d.npz}}\n", "")
	imports := s.Imports()
	if len(imports) != 2 || !imports[0].Directions || imports[0].Axes != 2 || imports[1].Axes != 1 || imports[0].File != "d.npz" {
		t.Fatalf("imports %+v", imports)
	}
	want := artifacts.Of([]byte("two"))
	s.Resolve(imports[0], want)
	g, err := s.Expand(digest)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range g.All() {
		if !strings.HasSuffix(p.Step.ID, "/surface-directions") {
			continue
		}
		var got GivenDirectionsParams
		if err := json.Unmarshal(p.Step.Params, &got); err != nil || p.Step.Kind != KindGivenDirections || got.Directions != want.String() || got.Axes != 2 {
			t.Errorf("step %s of kind %s: %+v, %v", p.Step.ID, p.Step.Kind, got, err)
		}
		return
	}
	t.Error("no step makes the surface's directions")
}
