package launch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lossatlas/activities/problem"
	"lossatlas/pipelines"
)

// TestDatasetChoices: what a sweep file says of its data reaches the problem, and what does not fit is reported at its field.
func TestDatasetChoices(t *testing.T) {
	read := func(dataset string) (problem.Problem, error) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "sweep.yaml")
		if err := os.WriteFile(file, []byte("name: one\ndataset: {name: cifar10"+dataset+"}\ntrain: {net: small}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Read(file, "")
		if err != nil {
			return problem.Problem{}, err
		}
		return problem.Parse([]byte(s.Networks()[0].Problem))
	}
	p, err := read(", loss: hinge, score: top-5, mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225]")
	if err != nil || p.Loss != problem.Hinge || p.Score != problem.TopFive || p.Mean[0] != 255*0.485 || p.Deviation[2] != 255*0.225 {
		t.Errorf("the problem is %v (%v)", p, err)
	}
	if p, err = read(", mean: 120, deviation: 60"); err != nil || p.Mean[0] != 120 || p.Deviation[0] != 60 {
		t.Errorf("with one number for all channels the problem is %v (%v)", p, err)
	}
	for says, want := range map[string]string{
		", loss: mse":               "2:32: dataset.loss: mse compares with numbers, and the labels of cifar10 are classes",
		", loss: mean":              "dataset.loss: unknown name mean",
		", holdout: 0.5":            "2:35: dataset.holdout: it is for data from files, and cifar10 is built in",
		", class_weights: [1, 2]":   "2 class weights for 10 classes",
		", mean: [1, 2]":            "dataset.mean: want one number, or one for each channel (3), got 2",
		", mean: [1], deviation: 0": "must be finite, and the deviation positive",
		", loss: hinge, delta: 2":   "the loss hinge has no delta",
	} {
		if _, err := read(says); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %q", says, err, want)
		}
	}
}

// TestLayersOfMaps: layers and blocks that the network does not have are refused with the map.
func TestLayersOfMaps(t *testing.T) {
	for maps, want := range map[string]string{
		"{kind: surface, layers: [layer1, linear]}":                      "",
		"{kind: surface, layers: [layer9]}":                              `5:8: maps: surface: no parameter belongs to the layers "layer9"; there are conv1`,
		"{kind: spectrum, blocks: [layer1, [layer2.*, linear]]}":         "",
		"{kind: line}, {kind: spectrum, blocks: [layer1, [fc, linear]]}": `5:22: maps: spectrum: no parameter belongs to the layers "fc"; there are conv1`,
	} {
		file := filepath.Join(t.TempDir(), "sweep.yaml")
		if err := os.WriteFile(file, []byte("name: one\ndataset: {name: shapes10, train: 128, test: 64}\n\ntrain: {net: small}\nmaps: ["+maps+"]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(file, ""); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: the error is %v, want %q", maps, err, want)
		}
	}
}

// TestTitlesNameTheLoss: pictures of another loss than plain cross-entropy say which it is.
func TestTitlesNameTheLoss(t *testing.T) {
	for dataset, want := range map[string]string{
		"{name: cifar10}":                 "one · training loss",
		"{name: cifar10, loss: hinge}":    "one · training loss (hinge)",
		"{name: cifar10, smoothing: 0.1}": "one · training loss (cross-entropy, smoothing 0.1)",
	} {
		file := filepath.Join(t.TempDir(), "sweep.yaml")
		if err := os.WriteFile(file, []byte("name: one\ndataset: "+dataset+"\ntrain: {net: small}\nmaps: [{kind: surface}]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := Read(file, "")
		if err != nil {
			t.Fatal(err)
		}
		g, err := s.Expand("sha256:" + strings.Repeat("0", 64))
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(g.Experiments[0].Steps, func(s pipelines.Step) bool { return strings.HasSuffix(s.ID, "-contour") })
		if params := string(g.Experiments[0].Steps[i].Params); !strings.Contains(params, `"title":"`+want+`"`) {
			t.Errorf("%s: the contour plot has %s, want the title %q", dataset, params, want)
		}
	}
}
