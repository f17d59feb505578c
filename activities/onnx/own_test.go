package onnx_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"lossatlas/activities/internal/numtest"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/onnx"
	"lossatlas/activities/safetensors"
)

// expected is what PyTorch computed in float64.
type expected struct {
	Loss    float64                 `json:"loss"`
	Logits  []float64               `json:"logits_first"`
	Order   []struct{ Name string } `json:"param_order"`
	Surface struct {
		X, Y []float64
		Loss [][]float64
	}
}

// TestOwn compares networks from both exporters of PyTorch, in double precision, with
// PyTorch's own values: the loss, the logits of one example, a surface, the gradient
// and a Hessian-vector product.
func TestOwn(t *testing.T) {
	for _, name := range []string{"mlp", "lenet", "resnet", "vit", "convnext", "lstm"} {
		for _, file := range []string{"model_dynamo.onnx", "model_legacy_kept.onnx"} {
			t.Run(name+"/"+strings.TrimSuffix(file, ".onnx"), func(t *testing.T) { compareOwn(t, name, file) })
		}
	}
}

// merged are the files whose exporter merged parameters: for these the loss and logits
// are compared, and that the reader says so. Its merged weights are rounded to float32.
var merged = map[string]string{
	"resnet/model_dynamo.onnx": "bn1.bias, bn1.running_mean",
}

func compareOwn(t *testing.T, name, file string) {
	dir := filepath.Join(shared.Dir(t), "reference", "own", name)
	f, err := onnx.Read(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	var want expected
	readJSON(t, filepath.Join(dir, "reference.json"), &want)
	lost := merged[name+"/"+file]
	checkMatch(t, f, filepath.Join(dir, "weights.safetensors"), lost)
	r := newRun(t, f)
	r.data(t, filepath.Join(dir, "data.npz"))
	near(t, "loss", []float64{r.loss(t, 0, 0)}, []float64{want.Loss}, 1e-6)
	near(t, "logits", r.logits(t)[:len(want.Logits)], want.Logits, 2e-6)
	if lost != "" {
		return
	}
	r.directions(t, filepath.Join(dir, "directions.npz"))
	for i, beta := range want.Surface.Y {
		for k, alpha := range want.Surface.X {
			if i == 0 && k == 1 || i == 3 && k == 4 { // of 25
				near(t, "surface", []float64{r.loss(t, alpha, beta)}, []float64{want.Surface.Loss[i][k]}, 1e-6)
			}
		}
	}
	v := array(t, filepath.Join(dir, "hvp.npz"))
	gradient, hv := r.derivatives(t, r.ordered(t, want, v("v")))
	near(t, "gradient", r.inOrder(t, want, gradient), v("grad"), 1e-6)
	near(t, "Hessian-vector product", r.inOrder(t, want, hv), v("hv"), 3e-6)
}

// checkMatch compares with the weights from which the file was exported. Where lost
// names parameters that were merged, the error must name them and the right export.
func checkMatch(t *testing.T, f *onnx.File, weights, lost string) {
	t.Helper()
	err := f.Match(readState(t, weights))
	switch {
	case lost == "" && err != nil:
		t.Error(err)
	case lost != "" && (err == nil || !strings.Contains(err.Error(), lost) || !strings.Contains(err.Error(), onnx.KeepLine)):
		t.Errorf("error %v, want one that names %s and the export that keeps them", err, lost)
	}
}

// readState reads the tensors of a safetensors file.
func readState(t *testing.T, path string) (state []onnx.State) {
	t.Helper()
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	info, err := r.Stat()
	if err != nil {
		t.Fatal(err)
	}
	s, err := safetensors.Open(r, info.Size(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range s.Names {
		if strings.HasSuffix(name, "num_batches_tracked") {
			continue
		}
		_, shape := s.Header(i)
		data, err := s.Read(i)
		if err != nil {
			t.Fatal(err)
		}
		state = append(state, onnx.State{Name: name, Shape: shape, Data: data})
	}
	return state
}

func readJSON(t *testing.T, path string, v any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// array reads arrays of an npz file as float64.
func array(t *testing.T, path string) func(key string) []float64 {
	t.Helper()
	return func(key string) []float64 {
		f, err := npz.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		key += ".npy"
		kind := strings.Trim(f.Header(key).Descr.Type, "'")
		var doubles []float64
		var singles []float32
		var integers []int64
		switch kind {
		case "<f8":
			err = f.Read(key, &doubles)
		case "<f4":
			err = f.Read(key, &singles)
		case "<i8":
			err = f.Read(key, &integers)
		default:
			err = fmt.Errorf("its type is %s", kind)
		}
		if err != nil {
			t.Fatalf("%s: %s: %v", path, key, err)
		}
		doubles = append(doubles, numtest.Widen(singles)...)
		for _, v := range integers {
			doubles = append(doubles, float64(v))
		}
		return doubles
	}
}
