package forward_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/aten"
	"lossatlas/activities/aten/forward"
	"lossatlas/activities/conv"
	"lossatlas/activities/internal/numtest"
	"lossatlas/activities/pt2"
	"lossatlas/activities/tangent"
)

// array is a tensor in the values of a case.
type array struct {
	Shape    []int     `json:"shape"`
	Data     []float64 `json:"data"`
	Integers bool      `json:"integers"`
}

// values are what PyTorch computes for a case in float64, of the loss Σ (w·y + y²/2).
type values struct {
	Names    []string  `json:"names"` // of the parameters, in the order of v
	X        array     `json:"x"`
	Y        array     `json:"y"`
	V        []float64 `json:"v"`
	Gradient []float64 `json:"gradient"`
	HV       []float64 `json:"hv"`
}

// TestOperations compares each operation with PyTorch, in value, gradient and
// Hessian-vector product, as it is traced and after run_decompositions.
// testdata/operations.py makes the cases.
func TestOperations(t *testing.T) {
	files := members(t, "testdata/operations.tar.gz")
	b, err := gobackend.New("ops_sequential")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Finalize()
	for name, file := range files {
		base, kind, ok := strings.Cut(name, "/")
		if !ok || kind == "values.json" {
			continue
		}
		t.Run(strings.TrimSuffix(name, ".pt2"), func(t *testing.T) {
			var want values
			if err := json.Unmarshal(files[base+"/values.json"], &want); err != nil {
				t.Fatal(err)
			}
			compare(t, b, file, &want)
		})
	}
}

// members are the files of a compressed tar archive.
func members(t *testing.T, path string) map[string][]byte {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for r := tar.NewReader(g); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err == nil {
			files[h.Name], err = io.ReadAll(r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func compare(t *testing.T, b compute.Backend, content []byte, want *values) {
	t.Helper()
	file, err := pt2.Decode(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := file.Program.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if file.Program, err = aten.Parse(encoded); err != nil {
		t.Fatal(err)
	}
	for i, p := range file.Program.Params {
		if p.Name != want.Names[i] {
			t.Fatalf("parameter %d is %s, want %s", i, p.Name, want.Names[i])
		}
	}
	for name, form := range map[string]conv.Formulation{"plain": conv.Plain, "product": conv.Product, "oneDNN": conv.OneDNN} {
		y, gradient, hv := derivatives(t, b, form, file, want)
		near(t, name+" output", y, want.Y.Data)
		near(t, name+" gradient", gradient, want.Gradient)
		near(t, name+" Hessian-vector product", hv, want.HV)
	}
}

// derivatives are output, gradient and Hessian-vector product along v, flat.
func derivatives(t *testing.T, b compute.Backend, form conv.Formulation, file *pt2.File, want *values) (y, gradient, hv []float64) {
	t.Helper()
	p := file.Program
	n, m := len(p.Params), len(p.Buffers)
	var args []any
	for i, q := range p.Params {
		args = append(args, tensors.FromFlatDataAndDimensions(numtest.Widen(file.Params[i]), q.Shape...))
	}
	for i, q := range p.Buffers {
		args = append(args, tensors.FromFlatDataAndDimensions(numtest.Widen(file.Buffers[i]), q.Shape...))
	}
	v := want.V
	for i, q := range p.Params {
		args = append(args, tensors.FromFlatDataAndDimensions(v[:len(file.Params[i])], q.Shape...))
		v = v[len(file.Params[i]):]
	}
	args = append(args, input(want.X))
	exec, err := graph.NewExec(b, func(in []*graph.Node) []*graph.Node {
		params := in[:n]
		y := forward.Add(p, form, params, in[n:n+m], in[len(in)-1])
		gradient := graph.Gradient(loss(y), params...)
		return append(append([]*graph.Node{y}, gradient...), tangent.Along(gradient, params, in[n+m:2*n+m])...)
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
			y = flat
		case i <= n:
			gradient = append(gradient, flat...)
		default:
			hv = append(hv, flat...)
		}
	}
	return y, gradient, hv
}

// input is the example batch, as integers where the network takes them.
func input(x array) *tensors.Tensor {
	if !x.Integers {
		return tensors.FromFlatDataAndDimensions(x.Data, x.Shape...)
	}
	whole := make([]int64, len(x.Data))
	for i, v := range x.Data {
		whole[i] = int64(v)
	}
	return tensors.FromFlatDataAndDimensions(whole, x.Shape...)
}

// loss is Σ (w·y + y²/2) with w = sin 1, sin 2, …
func loss(y *graph.Node) *graph.Node {
	w := make([]float64, y.Shape().Size())
	for i := range w {
		w[i] = math.Sin(float64(i + 1))
	}
	flat := graph.Reshape(y, len(w))
	return graph.ReduceAllSum(graph.Add(graph.Mul(flat, graph.Const(y.Graph(), w)), graph.MulScalar(graph.Square(flat), 0.5)))
}

// tolerance is relative to the length of a vector. Constants of programs are
// rounded to float32 by PyTorch in some operations.
const tolerance = 1e-7

func near(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	var distance, length float64
	for i := range got {
		if got[i] == want[i] { // infinity included
			continue
		}
		distance += (got[i] - want[i]) * (got[i] - want[i])
	}
	for _, w := range want {
		length += w * w
	}
	if r := math.Sqrt(distance); !(r <= tolerance*math.Max(math.Sqrt(length), 1e-3)) {
		t.Errorf("%s: distance %.3g from a vector of length %.3g: got %.6g, want %.6g", what, r, math.Sqrt(length), got[:min(12, len(got))], want[:min(12, len(want))])
	}
}
