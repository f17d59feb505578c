package forward_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/aten"
	"lossatlas/activities/aten/forward"
	"lossatlas/activities/conv"
	"lossatlas/activities/internal/cputime"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
	"lossatlas/activities/pt2"
	"lossatlas/activities/tangent"
)

// vit is a vision transformer of four layers of 64 features, written out.
var vit = func() string {
	layer := func(i int) string {
		return fmt.Sprintf(`{"kind":"residual","body":[{"kind":"layernorm","name":"n1.%[1]d","affine":true,"epsilon":1e-5},{"kind":"attention","name":"attn.%[1]d","heads":4,"bias":true}]},`+
			`{"kind":"residual","body":[{"kind":"layernorm","name":"n2.%[1]d","affine":true,"epsilon":1e-5},{"kind":"linear","name":"fc1.%[1]d","out":128},{"kind":"gelu"},{"kind":"linear","name":"fc2.%[1]d","out":64}]},`, i)
	}
	return `[{"kind":"conv","name":"patch","out":64,"kernel":4,"stride":4,"bias":true},{"kind":"tokens"},{"kind":"classtoken","name":"cls"},{"kind":"positional","name":"pos"},` +
		layer(0) + layer(1) + layer(2) + layer(3) + `{"kind":"layernorm","name":"norm","affine":true,"epsilon":1e-5},{"kind":"pick","index":0},{"kind":"linear","name":"head","out":10}]`
}()

// BenchmarkFiles compares networks from files with the same ones built in or written out, with stored statistics. The files are those of
// testdata/bench.py, in the folder LOSSATLAS_BENCH_FILES.
func BenchmarkFiles(b *testing.B) {
	plugin, dir := os.Getenv("LOSSATLAS_PLUGIN"), os.Getenv("LOSSATLAS_BENCH_FILES")
	if plugin == "" || dir == "" {
		b.Skip("LOSSATLAS_PLUGIN or LOSSATLAS_BENCH_FILES is not set")
	}
	b.Setenv("XLA_FLAGS", "--xla_cpu_use_onednn=true --xla_cpu_experimental_onednn_custom_call=true")
	backend, err := xla.New(plugin)
	if err != nil {
		b.Fatal(err)
	}
	for name, spec := range map[string]string{"resnet20": "resnet20", "vit": vit} {
		built, err := nets.Of(spec, name, shared.Problem)
		if err != nil {
			b.Fatal(err)
		}
		file, err := pt2.Read(filepath.Join(dir, name+".pt2"))
		if err != nil {
			b.Fatal(err)
		}
		benchmarkPair(b, name, backend, built, file.Program)
	}
}

func benchmarkPair(b *testing.B, network string, backend compute.Backend, built *nets.Net, p *aten.Program) {
	const batch = 128
	forms := map[string]func(theta, x *graph.Node) *graph.Node{
		"builtin": func(theta, x *graph.Node) *graph.Node {
			return built.Evaluate(conv.OneDNN, built.Split(theta), graph.Ones(theta.Graph(), shapes.Make(dtypes.Float32, built.NumState())), x)
		},
		"file": func(theta, x *graph.Node) *graph.Node {
			var params, buffers []*graph.Node
			at := 0
			for _, t := range p.Params {
				n := shapes.Make(dtypes.Float32, t.Shape...).Size()
				params = append(params, graph.Reshape(graph.Slice(theta, graph.AxisRange(at, at+n)), t.Shape...))
				at += n
			}
			if at != built.NumParams() {
				b.Fatalf("%s has %d parameters in the file and %d built in", network, at, built.NumParams())
			}
			for _, t := range p.Buffers {
				buffers = append(buffers, graph.Ones(theta.Graph(), shapes.Make(dtypes.Float32, t.Shape...)))
			}
			return forward.Add(p, conv.OneDNN, params, buffers, graph.TransposeAllAxes(x, 0, 3, 1, 2))
		},
	}
	for _, what := range []string{"forward", "hv"} {
		for name, form := range forms {
			b.Run(network+"/"+what+"/"+name, func(b *testing.B) {
				exec := graph.MustNewExec(backend, func(theta, v, x *graph.Node) *graph.Node {
					loss := graph.ReduceAllMean(graph.Square(form(theta, x)))
					if what == "forward" {
						return loss
					}
					gradient := graph.Gradient(loss, theta)
					return tangent.Along(gradient, []*graph.Node{theta}, []*graph.Node{v})[0]
				})
				n := built.NumParams()
				theta, v, x := normal(0.1, n), normal(1, n), normal(1, batch, 32, 32, 3)
				exec.MustCall1(theta, v, x).MustFinalizeAll()
				before := cputime.Process()
				for b.Loop() {
					exec.MustCall1(theta, v, x).MustFinalizeAll()
				}
				b.ReportMetric(1000*(cputime.Process()-before)/float64(b.N), "cpu-ms")
			})
		}
	}
}

func normal(scale float64, shape ...int) *tensors.Tensor {
	r := rand.New(rand.NewPCG(1, 2))
	v := make([]float32, shapes.Make(dtypes.Float32, shape...).Size())
	for i := range v {
		v[i] = float32(scale * r.NormFloat64())
	}
	return tensors.FromFlatDataAndDimensions(v, shape...)
}
