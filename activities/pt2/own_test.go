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
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/aten/forward"
	"lossatlas/activities/conv"
	"lossatlas/activities/internal/numtest"
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

// own are the names of the reference cases.
var own = []string{"mlp", "lenet", "resnet", "vit", "convnext", "lstm"}

// TestOwn compares networks in double precision with PyTorch's values.
func TestOwn(t *testing.T) {
	b, err := gobackend.New("ops_sequential") // operations in parallel may wait for each other for ever
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	for _, name := range own {
		t.Run(name, func(t *testing.T) {
			c := openCase(t, name)
			c.compare(t, b, conv.Product, dtypes.Float64, 1e-9, 1e-7)
			step := 1
			if name == "resnet" { // 48 images of 64×64 take the pure-Go backend a second
				step = 12
			}
			got, want := c.surface(t, b, step)
			for i := range got {
				near(t, "surface", got[i:i+1], want[i:i+1], 1e-7) // directions are stored in single precision
			}
		})
	}
}

// TestOwnXLA compares them in single precision on XLA, in the form that is fastest there.
func TestOwnXLA(t *testing.T) {
	plugin := os.Getenv("LOSSATLAS_PLUGIN")
	if plugin == "" {
		t.Skip("no numeric plugin: LOSSATLAS_PLUGIN is not set")
	}
	t.Setenv("XLA_FLAGS", "--xla_cpu_use_onednn=true --xla_cpu_experimental_onednn_custom_call=true")
	b, err := xla.New(plugin)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	for _, name := range own {
		t.Run(name, func(t *testing.T) { openCase(t, name).compare(t, b, conv.OneDNN, dtypes.Float32, 1e-6, 3e-6) })
	}
}

// referenceCase is one network with PyTorch's values.
type referenceCase struct {
	file                  *pt2.File
	data, directions, hvp map[string]any
	want                  expected
}

func openCase(t *testing.T, name string) *referenceCase {
	t.Helper()
	dir := filepath.Join(shared.Dir(t), "reference", "own", name)
	file, err := pt2.Read(filepath.Join(dir, "model.pt2"))
	if err != nil {
		t.Fatal(err)
	}
	c := &referenceCase{file: file, data: open(t, filepath.Join(dir, "data.npz")), directions: open(t, filepath.Join(dir, "directions.npz")), hvp: open(t, filepath.Join(dir, "hvp.npz"))}
	readJSON(t, filepath.Join(dir, "reference.json"), &c.want)
	return c
}

// compare compares outputs, loss and derivatives, with a tolerance for the loss and another for the rest.
func (c *referenceCase) compare(t *testing.T, b compute.Backend, form conv.Formulation, dtype dtypes.DType, exact, tolerance float64) {
	t.Helper()
	logits, loss, gradient, hv := c.derivatives(t, b, form, dtype)
	near(t, "loss", []float64{loss}, []float64{c.want.Loss}, exact)
	near(t, "logits", logits[:len(c.want.Logits)], c.want.Logits, tolerance)
	near(t, "gradient", gradient, floats(t, c.hvp, "grad"), tolerance)
	near(t, "Hessian-vector product", hv, floats(t, c.hvp, "hv"), tolerance)
}

// derivatives runs the network over all examples, with H·v along v.
func (c *referenceCase) derivatives(t *testing.T, b compute.Backend, form conv.Formulation, dtype dtypes.DType) (logits []float64, loss float64, gradient, hv []float64) {
	t.Helper()
	p, v := c.file.Program, floats(t, c.hvp, "v")
	n, m := len(p.Params), len(p.Buffers)
	exec, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		for i, x := range in {
			if x.DType().IsFloat() {
				in[i] = graph.ConvertDType(x, dtype)
			}
		}
		params := in[:n]
		logits := forward.Add(p, form, params, in[n:n+m], in[n+m])
		loss := numtest.CrossEntropy(graph.ConvertDType(logits, dtypes.Float64), in[n+m+1])
		gradient := graph.Gradient(loss, params...)
		hv := tangent.Along(gradient, params, in[n+m+2:])
		out := append([]*graph.Node{logits, loss}, append(gradient, hv...)...)
		for i, y := range out {
			out[i] = graph.ConvertDType(y, dtypes.Float64)
		}
		return out
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	args := c.inputs(values(c.file.Params))
	for i, q := range p.Params {
		args = append(args, tensors.FromFlatDataAndDimensions(v[:len(c.file.Params[i])], q.Shape...))
		v = v[len(c.file.Params[i]):]
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
func (c *referenceCase) surface(t *testing.T, b compute.Backend, step int) (got, wanted []float64) {
	t.Helper()
	p, want := c.file.Program, c.want.Surface
	n, m := len(p.Params), len(p.Buffers)
	exec, err := graph.NewExec(b, func(in []*graph.Node) *graph.Node {
		return numtest.CrossEntropy(forward.Add(p, conv.Product, in[:n], in[n:n+m], in[n+m]), in[n+m+1])
	})
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	for k := 0; k < len(want.Alpha)*len(want.Beta); k += step {
		ib, ia := k/len(want.Alpha), k%len(want.Alpha)
		moved := values(c.file.Params)
		for i, q := range p.Params {
			x, y := floats(t, c.directions, "x/"+q.Name), floats(t, c.directions, "y/"+q.Name)
			for j := range moved[i] {
				moved[i][j] += want.Alpha[ia]*x[j] + want.Beta[ib]*y[j]
			}
		}
		out, err := exec.Call(c.inputs(moved)...)
		if err != nil {
			t.Fatal(err)
		}
		got, wanted = append(got, tensors.MustCopyFlatData[float64](out[0])[0]), append(wanted, want.Loss[ib][ia])
	}
	return got, wanted
}

// tensors are parameters and buffers.
func (c *referenceCase) tensors(params [][]float64) []any {
	var args []any
	for i, q := range c.file.Program.Params {
		args = append(args, tensors.FromFlatDataAndDimensions(params[i], q.Shape...))
	}
	for i, q := range c.file.Program.Buffers {
		args = append(args, tensors.FromFlatDataAndDimensions(numtest.Widen(c.file.Buffers[i]), q.Shape...))
	}
	return args
}

// inputs are parameters, buffers, examples and labels.
func (c *referenceCase) inputs(params [][]float64) []any {
	x, labels := c.data["x"].([]float32), c.data["y"].([]int64)
	shape := []int{len(labels)}
	for _, d := range c.file.Program.Input.Shape[1:] {
		shape = append(shape, d.Fixed)
	}
	return append(c.tensors(params), tensors.FromFlatDataAndDimensions(numtest.Widen(x), shape...), tensors.FromFlatDataAndDimensions(labels, len(labels)))
}

// values are parameters in double precision.
func values(params [][]float32) [][]float64 {
	wide := make([][]float64, len(params))
	for i, p := range params {
		wide[i] = numtest.Widen(p)
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
		return numtest.Widen(a)
	}
	t.Fatalf("no array %s", key)
	return nil
}
