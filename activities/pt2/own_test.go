package pt2_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"
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
	// Surface is θ + αx + βy, Loss[β][α].
	Surface struct {
		Alpha []float64   `json:"x"`
		Beta  []float64   `json:"y"`
		Loss  [][]float64 `json:"loss"`
	} `json:"surface"`
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
	b, err := gobackend.New("ops_sequential") // operations in parallel may wait for each other for ever
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	logits, loss, gradient, hv := derivatives(t, b, file, data, v)
	near(t, "loss", []float64{loss}, []float64{want.Loss}, 1e-9)
	near(t, "logits", logits[:len(want.Logits)], want.Logits, 1e-6)
	near(t, "gradient", gradient, floats(t, direction, "grad"), 1e-7)
	near(t, "Hessian-vector product", hv, floats(t, direction, "hv"), 1e-7)
	step := 1
	if name == "resnet" { // 48 images of 64×64 take the pure-Go backend a second
		step = 12
	}
	got, points := surface(t, b, file, data, open(t, filepath.Join(dir, "directions.npz")), &want, step)
	for i := range got {
		near(t, "surface", got[i:i+1], points[i:i+1], 1e-7) // directions are stored in single precision
	}
}

// derivatives runs the network over all examples, with H·v along v.
func derivatives(t *testing.T, b compute.Backend, file *pt2.File, data map[string]any, v []float64) (logits []float64, loss float64, gradient, hv []float64) {
	t.Helper()
	p := file.Program
	n, m := len(p.Params), len(p.Buffers)
	exec, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		params := in[:n]
		logits := p.Forward(params, in[n:n+m], in[n+m])
		loss := crossEntropy(logits, in[n+m+1])
		gradient := graph.Gradient(loss, params...)
		hv := tangent.Along(gradient, params, in[n+m+2:])
		return append([]*graph.Node{logits, loss}, append(gradient, hv...)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	args := inputs(file, values(file.Params), data)
	for i, q := range p.Params {
		args = append(args, tensors.FromFlatDataAndDimensions(v[:len(file.Params[i])], q.Shape...))
		v = v[len(file.Params[i]):]
	}
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

// surface is the loss at all points of the reference, or at every step-th.
func surface(t *testing.T, b compute.Backend, file *pt2.File, data, directions map[string]any, want *expected, step int) (got, wanted []float64) {
	t.Helper()
	p := file.Program
	n, m := len(p.Params), len(p.Buffers)
	exec, err := graph.NewExec(b, func(in []*graph.Node) *graph.Node {
		return crossEntropy(p.Forward(in[:n], in[n:n+m], in[n+m]), in[n+m+1])
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	for k := 0; k < len(want.Surface.Alpha)*len(want.Surface.Beta); k += step {
		ib, ia := k/len(want.Surface.Alpha), k%len(want.Surface.Alpha)
		moved := values(file.Params)
		for i, q := range p.Params {
			x, y := floats(t, directions, "x/"+q.Name), floats(t, directions, "y/"+q.Name)
			for j := range moved[i] {
				moved[i][j] += want.Surface.Alpha[ia]*x[j] + want.Surface.Beta[ib]*y[j]
			}
		}
		out, err := exec.Call(inputs(file, moved, data)...)
		if err != nil {
			t.Fatal(err)
		}
		got, wanted = append(got, tensors.MustCopyFlatData[float64](out[0])[0]), append(wanted, want.Surface.Loss[ib][ia])
	}
	return got, wanted
}

// inputs are parameters, buffers, examples and labels.
func inputs(file *pt2.File, params [][]float64, data map[string]any) []any {
	var args []any
	for i, q := range file.Program.Params {
		args = append(args, tensors.FromFlatDataAndDimensions(params[i], q.Shape...))
	}
	for i, q := range file.Program.Buffers {
		args = append(args, tensors.FromFlatDataAndDimensions(widen(file.Buffers[i]), q.Shape...))
	}
	x, labels := data["x"].([]float32), data["y"].([]int64)
	shape := []int{len(labels)}
	for _, d := range file.Program.Input.Shape[1:] {
		shape = append(shape, d.Fixed)
	}
	return append(args, tensors.FromFlatDataAndDimensions(widen(x), shape...), tensors.FromFlatDataAndDimensions(labels, len(labels)))
}

// values are parameters in double precision.
func values(params [][]float32) [][]float64 {
	wide := make([][]float64, len(params))
	for i, p := range params {
		wide[i] = widen(p)
	}
	return wide
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
