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

// TestImportTakesThePlaceOfTraining: the import's step stands where the training
// stood, knows the digest of the weights, and draws no training curve.
func TestImportTakesThePlaceOfTraining(t *testing.T) {
	s := mustParse(t, strings.Replace(short, "{net: resnet20}", "{net: resnet20, import: weights/a.npz}", 1), "")
	i := Import{File: "weights/a.npz", Net: "resnet20", Name: "resnet20"}
	if d := cmp.Diff([]Import{i}, s.Imports()); d != "" {
		t.Fatalf("imports (-want +got):\n%s", d)
	}
	weights := artifacts.Of([]byte("weights"))
	s.Resolve(i, weights)
	g, err := s.Expand(digest)
	if err != nil {
		t.Fatal(err)
	}
	steps := g.Experiments[0].Steps
	want := pipelines.ImportParams{Net: "resnet20", Weights: weights.String(), Data: pipelines.TrainData{Name: "cifar10", Digest: digest, Train: 50000, Test: 10000}}
	var got pipelines.ImportParams
	if err := json.Unmarshal(steps[0].Params, &got); err != nil || steps[0].Kind != pipelines.KindImport || !cmp.Equal(got, want) {
		t.Errorf("first step %s with %+v, want an import with %+v", steps[0].Kind, got, want)
	}
	for _, p := range g.All() {
		if p.Step.Kind == pipelines.KindTrain || strings.HasSuffix(p.Step.ID, "/training") {
			t.Errorf("there is a step %s", p.Step.ID)
		}
	}
	keys := keysOf(t, g)
	s.Resolve(i, artifacts.Of([]byte("other weights")))
	other, err := s.Expand(digest)
	if err != nil {
		t.Fatal(err)
	}
	if now := keysOf(t, other); now["one/import"] == keys["one/import"] || maps.Equal(now, keys) {
		t.Error("other weights, the same key")
	}
}

// TestImportsAreShared: maps of imported weights have the keys that maps of a
// training have that came to the same weights.
func TestImportsAreShared(t *testing.T) {
	trained := mustExpand(t, short, "")
	s := mustParse(t, strings.Replace(short, "{net: resnet20}", "{net: resnet20, import: a.safetensors}", 1), "")
	imported, err := s.Expand(digest)
	if err != nil {
		t.Fatal(err)
	}
	blob := artifacts.BlobOf([]byte("weights"))
	key := func(g *pipelines.Graph, id string) artifacts.Key {
		for _, p := range g.All() {
			if p.Step.ID == id {
				recipe, err := p.Step.Recipe(map[string]artifacts.Digest{"weights": blob.Digest}, class)
				if err != nil {
					t.Fatal(err)
				}
				k, err := recipe.Key()
				if err != nil {
					t.Fatal(err)
				}
				return k
			}
		}
		t.Fatalf("there is no step %s", id)
		return artifacts.Key{}
	}
	for _, id := range []string{"one/line-directions", "one/line-test", "one/surface-train"} {
		if key(trained, id) != key(imported, id) {
			t.Errorf("%s of equal weights has two keys", id)
		}
	}
}

// TestImportWithRenames: one file under other names is another import.
func TestImportWithRenames(t *testing.T) {
	s := mustParse(t, strings.Replace(short, "{net: resnet20}", "{net: resnet20, import: a.pth, rename: {fc: linear, model: \"\", b: c.d}}", 1), "")
	want := []Import{{File: "a.pth", Net: "resnet20", Name: "resnet20", Rename: "b=c.d,fc=linear,model="}}
	if d := cmp.Diff(want, s.Imports()); d != "" {
		t.Errorf("imports (-want +got):\n%s", d)
	}
}

// TestImportMistakes: an import with training parameters next to it, or renames that say nothing.
func TestImportMistakes(t *testing.T) {
	for _, c := range []struct{ says, want string }{
		{"{net: resnet20, import: a.npz, epochs: 3}", "3:39: train.epochs has no effect with train.import"},
		{"{net: resnet20, import: [a.npz]}", "train.import: want the path of a PyTorch checkpoint, .safetensors or .npz file, got a list"},
		{"{net: resnet20, import: a.npz, expect: b.npz}", "train.expect works only with a network from a file"},
		{"{net: resnet20, rename: {fc: linear}}", "train.rename has no effect without train.import"},
		{"{net: resnet20, import: a.npz, rename: fc}", "train.rename: want a mapping of parts of names to other names, such as {fc: linear}"},
		{"{net: resnet20, import: a.npz, rename: {fc: \"a,b\"}}", "train.rename.fc: want a name without '=' and ','"},
		{"{net: resnet20, import: a.npz, rename: {\"\": a}}", "want a name without '=' and ','"},
		{"{import: a.npz}", "train.net is missing"},
	} {
		src := strings.Replace(short, "{net: resnet20}", c.says, 1)
		if _, err := Parse("sweep.yaml", []byte(src), catalog, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want one with %q", c.says, err, c.want)
		}
	}
}

// TestPathOfWeights: weights along a training elsewhere are imported, the last of them in the place of the training, and a map of
// kind trajectory leads through all.
func TestPathOfWeights(t *testing.T) {
	cat := catalog
	cat.Checkpoints = func(path string) ([]Checkpoint, error) {
		if path != "runs" {
			return nil, errors.New("there are no weights")
		}
		return []Checkpoint{{"runs/a.pth", 1}, {"runs/b.pth", 4}, {"runs/c.pth", 9}}, nil
	}
	text := "name: one\ndataset: {name: cifar10}\ntrain: {net: resnet20, path: runs}\nmaps: [{kind: trajectory}]\n"
	s, err := Parse("sweep.yaml", []byte(text), cat, "")
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, i := range s.Imports() {
		files = append(files, i.File)
		s.Resolve(i, artifacts.Of([]byte(i.File)))
	}
	if !slices.Equal(files, []string{"runs/c.pth", "runs/a.pth", "runs/b.pth"}) {
		t.Errorf("the files are %v", files)
	}
	g, err := s.Expand(digest)
	if err != nil {
		t.Fatal(err)
	}
	steps := g.Experiments[0].Steps
	var got pipelines.ImportParams
	var path pipelines.TrajectoryParams
	if err := errors.Join(json.Unmarshal(steps[0].Params, &got), json.Unmarshal(steps[1].Params, &path)); err != nil {
		t.Fatal(err)
	}
	want := []pipelines.ImportedCheckpoint{{Epoch: 1, Weights: artifacts.Of([]byte("runs/a.pth")).String()}, {Epoch: 4, Weights: artifacts.Of([]byte("runs/b.pth")).String()}}
	if !slices.Equal(got.Checkpoints, want) || got.Weights != artifacts.Of([]byte("runs/c.pth")).String() {
		t.Errorf("imported are %+v, want %v before the last", got, want)
	}
	if !slices.Equal(path.Epochs, []int{1, 4, 9}) || len(path.RateChanges) > 0 || steps[1].Inputs[pipelines.OutCheckpoint(4)].Step != steps[0].ID {
		t.Errorf("the path is %+v with inputs %v", path, steps[1].Inputs)
	}
	for change, want := range map[string]string{
		"path: nothing":              "3:30: train.path: there are no weights",
		"path: runs, import: b.pth":  "leave train.import out",
		"path: runs, batch_size: 12": "train.batch_size has no effect with train.path",
	} {
		if _, err := Parse("sweep.yaml", []byte(strings.Replace(text, "path: runs", change, 1)), cat, ""); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %q", change, err, want)
		}
	}
}
