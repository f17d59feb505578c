package pt2_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/internal/shared"
	"lossatlas/activities/npz"
	"lossatlas/activities/pt2"
	"lossatlas/activities/tangent"
)

// expected is what PyTorch computed in float64.
type expected struct {
	Loss   float64   `json:"loss"`
	Logits []float64 `json:"logits_first"`
}

// TestOwn compares networks in double precision with PyTorch's values.
func TestOwn(t *testing.T) {
	for _, name := range []string{"mlp", "lenet", "resnet", "vit", "convnext", "lstm"} {
		t.Run(name, func(t *testing.T) { compareOwn(t, name) })
	}
}

func compareOwn(t *testing.T, name string) {
	dir := filepath.Join(shared.Dir(t), "reference", "own", name)
	file, err := pt2.Read(filepath.Join(dir, "model.pt2"))
	if err != nil {
		t.Fatal(err)
	}
	var want expected
	readJSON(t, filepath.Join(dir, "reference.json"), &want)
	data, direction := open(t, filepath.Join(dir, "data.npz")), open(t, filepath.Join(dir, "hvp.npz"))
	v := floats(t, direction, "v")
	logits, loss, gradient, hv := derivatives(t, file, data, v)
	near(t, "loss", []float64{loss}, []float64{want.Loss}, 1e-9)
	near(t, "logits", logits[:len(want.Logits)], want.Logits, 1e-6)
	near(t, "gradient", gradient, floats(t, direction, "grad"), 1e-7)
	near(t, "Hessian-vector product", hv, floats(t, direction, "hv"), 1e-7)
}

// derivatives runs the network over all examples.
func derivatives(t *testing.T, file *pt2.File, data map[string]any, v []float64) (logits []float64, loss float64, gradient, hv []float64) {
	b, err := gobackend.New("ops_sequential") // operations in parallel may wait for each other for ever
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	p := file.Program
	var args []any
	n, m := len(p.Params), len(p.Buffers)
	for i, tensor := range p.Params {
		args = append(args, tensors.FromFlatDataAndDimensions(widen(file.Params[i]), tensor.Shape...))
	}
	for i, tensor := range p.Buffers {
		args = append(args, tensors.FromFlatDataAndDimensions(widen(file.Buffers[i]), tensor.Shape...))
	}
	at := 0
	for _, tensor := range p.Params {
		size := 1
		for _, d := range tensor.Shape {
			size *= d
		}
		args = append(args, tensors.FromFlatDataAndDimensions(v[at:at+size], tensor.Shape...))
		at += size
	}
	x, labels := data["x"].([]float32), data["y"].([]int64)
	shape := []int{len(labels)}
	for _, d := range p.Input.Shape[1:] {
		shape = append(shape, d.Fixed)
	}
	args = append(args, tensors.FromFlatDataAndDimensions(widen(x), shape...), tensors.FromFlatDataAndDimensions(labels, len(labels)))
	exec, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		params, buffers, direction, x, y := in[:n], in[n:n+m], in[n+m:2*n+m], in[2*n+m], in[2*n+m+1]
		logits := p.Forward(params, buffers, x)
		loss := crossEntropy(logits, y)
		gradient := graph.Gradient(loss, params...)
		hv := tangent.Along(gradient, params, direction)
		return append([]*graph.Node{logits, loss}, append(gradient, hv...)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	out, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	for i, o := range out {
		flat := tensors.MustCopyFlatData[float64](o)
		switch {
		case i == 0:
			logits = flat
		case i == 1:
			loss = flat[0]
		case i < 2+n:
			gradient = append(gradient, flat...)
		default:
			hv = append(hv, flat...)
		}
	}
	return logits, loss, gradient, hv
}

// crossEntropy is the mean of ln Σ exp(z) − z at the label.
func crossEntropy(z, y *graph.Node) *graph.Node {
	hot := graph.OneHot(y, z.Shape().Dim(-1), dtypes.Float64)
	top := graph.StopGradient(graph.ReduceAndKeep(z, graph.ReduceMax, -1))
	z = graph.Sub(z, top)
	sums := graph.Log(graph.ReduceSum(graph.Exp(z), -1))
	return graph.ReduceAllMean(graph.Sub(sums, graph.ReduceSum(graph.Mul(z, hot), -1)))
}

func widen(v []float32) []float64 {
	wide := make([]float64, len(v))
	for i, x := range v {
		wide[i] = float64(x)
	}
	return wide
}

// near compares the distance of two vectors with the length of the wanted one.
func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	var distance, length float64
	for i := range got {
		distance += (got[i] - want[i]) * (got[i] - want[i])
		length += want[i] * want[i]
	}
	if r := math.Sqrt(distance / length); !(r <= tolerance) {
		t.Errorf("%s: relative distance %.3g, more than %.3g", what, r, tolerance)
	} else {
		t.Logf("%s: relative distance %.3g", what, r)
	}
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

// open reads the arrays of an npz file.
func open(t *testing.T, path string) map[string]any {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	arrays, err := npz.Decode(b, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for _, a := range arrays {
		all[a.Name] = a.Data
	}
	return all
}

func floats(t *testing.T, arrays map[string]any, key string) []float64 {
	t.Helper()
	switch a := arrays[key].(type) {
	case []float64:
		return a
	case []float32:
		return widen(a)
	}
	t.Fatalf("no array %s", key)
	return nil
}
