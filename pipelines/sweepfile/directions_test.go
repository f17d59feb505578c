package sweepfile

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lossatlas/artifacts"
	"lossatlas/pipelines"
)

// A map along eigenvectors looks at the same images as the Hessian whose
// eigenvectors they are, over weights alone unless nothing is ignored.
func TestEigenvectorMap(t *testing.T) {
	steps := stepsOf(t, minimal+"maps:\n  - {kind: surface, directions: hessian, resolution: 5, images: 'test[0:64]'}\n"+
		"  - {kind: line, directions: hessian, ignore: none}\n  - {kind: surface, name: random, resolution: 5}\n")
	step := steps["surface-directions"]
	var got pipelines.EigenvectorsParams
	if err := json.Unmarshal(step.Params, &got); err != nil {
		t.Fatal(err)
	}
	want := pipelines.EigenvectorsParams{
		Net: got.Net, Batch: 64, Subset: "weights", Tolerance: 1e-3, Axes: 2,
		Data: pipelines.MapData{Name: got.Data.Name, Digest: got.Data.Digest, Split: "test", To: 64},
	}
	if d := cmp.Diff(want, got); d != "" || step.Kind != pipelines.KindEigenvectors || !step.Kind.Numeric() {
		t.Errorf("a step of kind %s (-want +got):\n%s", step.Kind, d)
	}
	if in := steps["surface-test"].Inputs[pipelines.OutDirections]; !strings.HasSuffix(in.Step, "/surface-directions") {
		t.Errorf("the surface lies along %v", in)
	}
	if err := json.Unmarshal(steps["line-directions"].Params, &got); err != nil || got.Subset != "all" || got.Axes != 1 || got.Data.Split != "train" {
		t.Errorf("of the line: %+v, %v", got, err)
	}
	var random pipelines.DirectionsParams
	if err := json.Unmarshal(steps["random-directions"].Params, &random); err != nil || steps["random-directions"].Kind != pipelines.KindDirections || random.Normalize != "filter" {
		t.Errorf("of the random surface: %+v, %v", random, err)
	}
}

// TestDirectionsInWords: pages and pictures say along which directions a map is.
func TestDirectionsInWords(t *testing.T) {
	steps := stepsOf(t, minimal+"maps:\n  - {kind: surface, resolution: 5, pairs: 2}\n  - {kind: line, normalize: layer, seed: 7}\n"+
		"  - {kind: line, name: plain, normalize: none}\n  - {kind: surface, name: bent, directions: hessian, resolution: 5}\n  - {kind: line, name: bend, directions: hessian}\n  - {kind: spectrum}\n")
	for step, want := range map[string]string{
		"surface-train":   "along filter-normalized random directions (seed 1)",
		"surface-train@2": "along filter-normalized random directions (seed 2)",
		"line-train":      "along a layer-normalized random direction (seed 7)",
		"plain-train":     "along a random direction without normalization (seed 1)",
		"bent-train":      "along the eigenvectors of the Hessian's two largest eigenvalues",
		"bend-train":      "along the eigenvector of the Hessian's largest eigenvalue",
		"spectrum-train":  "",
	} {
		if got, ok := steps[step]; got.Directions != want || !ok {
			t.Errorf("%s is %q, want %q", step, got.Directions, want)
		}
		var drawn pipelines.RenderParams
		for _, s := range steps {
			if slices.ContainsFunc(slices.Collect(maps.Values(s.Inputs)), func(ref pipelines.Ref) bool { return strings.HasSuffix(ref.Step, "/"+step) }) && s.Kind == pipelines.KindRender {
				if err := json.Unmarshal(s.Params, &drawn); err != nil || drawn.Along != want {
					t.Errorf("the picture of %s is %q, want %q (%v)", step, drawn.Along, want, err)
				}
			}
		}
	}
}

// A plane with an offset has the directions of the plane through the minimizer, and starts from weights that a shift step moves.
func TestOffset(t *testing.T) {
	steps := stepsOf(t, minimal+"maps:\n  - {kind: surface, resolution: 5}\n  - {kind: surface, name: shifted, resolution: 5, offset: -0.5, pairs: 2}\n")
	through, shifted, second := steps["surface-train"].Inputs, steps["shifted-train"].Inputs, steps["shifted-train@2"].Inputs
	if through[pipelines.OutDirections] != shifted[pipelines.OutDirections] || !strings.HasSuffix(through[pipelines.OutWeights].Step, "/train") {
		t.Errorf("inputs %v and %v", through, shifted)
	}
	if !strings.HasSuffix(shifted[pipelines.OutWeights].Step, "/shifted-shift") || !strings.HasSuffix(second[pipelines.OutWeights].Step, "/shifted-shift@2") {
		t.Errorf("the planes lead through %v and %v", shifted[pipelines.OutWeights], second[pipelines.OutWeights])
	}
	var drawn pipelines.DirectionsParams
	var shift pipelines.ShiftParams
	if err := errors.Join(json.Unmarshal(steps["shifted-directions@2"].Params, &drawn), json.Unmarshal(steps["shifted-shift@2"].Params, &shift)); err != nil || shift.By != -0.5 || shift.DirectionsParams != drawn {
		t.Errorf("a shift %+v with directions %+v, %v", shift, drawn, err)
	}
}

// TestEpochs: maps after an epoch are around the weights that were kept then, along directions of their own, and one after the last epoch is around the trained weights.
func TestEpochs(t *testing.T) {
	src := strings.Replace(minimal, "train: {net: resnet20", "train: {net: resnet20, checkpoints: [0, 5]", 1)
	steps := stepsOf(t, src+"maps: [{kind: surface, epoch: 5}, {kind: spectrum, epoch: 0}, {kind: sharpness, epoch: 300}, {kind: line}]\nplots: contour\n")
	for name, want := range map[string]string{
		"surface-train": "checkpoint-00005", "surface-directions": "checkpoint-00005", "spectrum-train": "checkpoint-00000", "sharpness-train": "weights", "line-train": "weights", "line-directions": "weights",
	} {
		if got := steps[name].Inputs[pipelines.OutWeights]; got.Output != want || !strings.HasSuffix(got.Step, "/train") {
			t.Errorf("%s is around %v, want %s", name, got, want)
		}
	}
	if title := string(steps["surface-train-contour"].Params); !strings.Contains(title, "· epoch 5 ·") {
		t.Errorf("the picture is %s", title)
	}
	stopped := stepsOf(t, strings.Replace(src, "checkpoints: [0, 5]", "checkpoints: [0, 5], early_stop: {patience: 9, restore_best_weights: true}", 1)+
		"maps: [{kind: surface, epoch: 5}, {kind: surface, name: last, epoch: 300}]\nplots: contour\n")
	for name, want := range map[string]string{"surface": "· epoch 5, or the last one before ·", "last": "· trained weights ·"} {
		if title := string(stopped[name+"-train-contour"].Params); !strings.Contains(title, want) {
			t.Errorf("after an early stop the picture is %s, want %s", title, want)
		}
	}
	_, err := Parse("sweep.yaml", []byte(src+"maps: [{kind: surface, epoch: 6}]\n"), catalog, "")
	if err == nil || !strings.Contains(err.Error(), "maps.epoch: no weights are kept after epoch 6; add it to train.checkpoints") {
		t.Errorf("the error is %v", err)
	}
}

func TestEigenvectorMapErrors(t *testing.T) {
	for fields, want := range map[string]string{
		"kind: surface, directions: hesian":                        "unknown name hesian; did you mean hessian?; allowed: random, hessian",
		"kind: surface, directions: hessian, pairs: 2":             "maps.pairs has no effect with directions: hessian",
		"kind: surface, directions: hessian, seed: 2":              "maps.seed has no effect with directions: hessian",
		"kind: surface, directions: hessian, normalize: filter":    "maps.normalize has no effect with directions: hessian",
		"kind: surface, directions: {import: a.npz}, ignore: none": "maps.ignore has no effect with directions: import",
		"kind: surface, directions: {import: [a.npz]}":             "want the path of a PyTorch checkpoint, .safetensors or .npz file, got a list",
		"kind: surface, directions: {from: a}":                     "want random, hessian, {import: FILE} or {of: EXPERIMENT}",
		"kind: surface, directions: {of: {train.nett: vgg9}}":      "did you mean train.net?",
		"kind: spectrum, directions: hessian":                      "a map of kind spectrum has no directions",
		"kind: surface, directions: hessian, offset: 0.5":          "maps.offset: directions: hessian have no third one to lie along",
		"kind: line, offset: 0.5":                                  "a map of kind line has no offset",
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
		var got pipelines.GivenDirectionsParams
		if err := json.Unmarshal(p.Step.Params, &got); err != nil || p.Step.Kind != pipelines.KindGivenDirections || got.Directions != want.String() || got.Axes != 2 {
			t.Errorf("step %s of kind %s: %+v, %v", p.Step.ID, p.Step.Kind, got, err)
		}
		return
	}
	t.Error("no step makes the surface's directions")
}

// lentSweep has two trainings of each weight decay, in the plane of one's directions.
const lentSweep = minimal + `sweep:
  train.batch_size: [32, 64]
  train.optimizer.weight_decay: [0, 1e-3]
maps:
  - {kind: surface, resolution: 5, directions: {of: {train.batch_size: 32}}}
  - {kind: line, points: 5, directions: {of: {train.batch_size: 32}}}
`

// Directions of another experiment are scaled to its weights, which come from
// a step with the key of its own training; for that experiment they are its own.
func TestDirectionsOfAnother(t *testing.T) {
	g, err := mustParse(t, lentSweep, "").Expand(digest)
	if err != nil {
		t.Fatal(err)
	}
	steps := make(map[string]pipelines.Step)
	for _, p := range g.All() {
		steps[p.Step.ID] = p.Step
	}
	for _, decay := range []string{"0", "0.001"} {
		origin, borrower := "batch_size=32,weight_decay="+decay, "batch_size=64,weight_decay="+decay
		train := borrower + "/train@" + origin
		if d := cmp.Diff(string(steps[origin+"/train"].Params), string(steps[train].Params)); d != "" || steps[train].Kind != pipelines.KindTrain {
			t.Errorf("%s is not the training of %s (-want +got):\n%s", train, origin, d)
		}
		for _, name := range []string{"surface", "line"} {
			from := steps[borrower+"/"+name+"-train"].Inputs
			if from[pipelines.OutWeights].Step != borrower+"/train" {
				t.Errorf("the %s of %s is around %s", name, borrower, from[pipelines.OutWeights].Step)
			}
			if got := steps[from[pipelines.OutDirections].Step].Inputs[pipelines.OutWeights].Step; got != train {
				t.Errorf("the directions of the %s of %s are scaled to %s, want %s", name, borrower, got, train)
			}
			from = steps[origin+"/"+name+"-train"].Inputs
			if got := steps[from[pipelines.OutDirections].Step].Inputs[pipelines.OutWeights].Step; got != origin+"/train" {
				t.Errorf("the directions of the %s of %s are scaled to %s", name, origin, got)
			}
		}
		var random, borrowed pipelines.DirectionsParams
		if err := json.Unmarshal(steps[origin+"/surface-directions"].Params, &random); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(steps[borrower+"/surface-directions"].Params, &borrowed); err != nil || borrowed != random {
			t.Errorf("borrowed directions %+v, of the origin %+v, %v", borrowed, random, err)
		}
	}
	trainings := 0
	for id := range steps {
		if strings.Contains(id, "/train@") {
			trainings++
		}
	}
	if trainings != 2 {
		t.Errorf("%d trainings of origins, want one for each of 2 borrowers", trainings)
	}
}

func TestDirectionsOfAnotherErrors(t *testing.T) {
	const sweep = minimal + "sweep: {train.batch_size: [32, 64], train.net: [vgg9, resnet20]}\n"
	for of, want := range map[string]string{
		"a":                     "no experiment is a; the experiments are",
		"{train.batch_size: 8}": "no experiment is train.batch_size=8",
		"{train.seed: 1}":       "no experiment is train.seed=1", // which is not swept
		"{train.net: vgg9}":     "are different networks, whose directions don't have the same shape",
		"'batch_size=32,vgg9'":  "are different networks",
		"[a]":                   "want an experiment, its name or parameters such as",
		"{}":                    "want an experiment, its name or parameters such as",
	} {
		_, err := Parse("sweep.yaml", []byte(sweep+"maps: [{kind: surface, directions: {of: "+of+"}}]\n"), catalog, "")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "sweep.yaml:") {
			t.Errorf("of: %s: %v, want %q", of, err, want)
		}
	}
}
