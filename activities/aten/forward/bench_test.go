package forward_test

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/aten/forward"
	"lossatlas/activities/conv"
	"lossatlas/activities/internal/numtest"
	"lossatlas/activities/internal/shared"
	"lossatlas/activities/nets"
	"lossatlas/activities/pt2"
	"lossatlas/activities/tangent"
)

// BenchmarkResNet20 compares ResNet-20 from a file with the built-in one, with
// stored statistics. The file is named by LOSSATLAS_RESNET20.
func BenchmarkResNet20(b *testing.B) {
	plugin, path := os.Getenv("LOSSATLAS_PLUGIN"), os.Getenv("LOSSATLAS_RESNET20")
	if plugin == "" || path == "" {
		b.Skip("LOSSATLAS_PLUGIN or LOSSATLAS_RESNET20 is not set")
	}
	b.Setenv("XLA_FLAGS", "--xla_cpu_use_onednn=true --xla_cpu_experimental_onednn_custom_call=true")
	backend, err := xla.New(plugin)
	if err != nil {
		b.Fatal(err)
	}
	file, err := pt2.Read(path)
	if err != nil {
		b.Fatal(err)
	}
	built, err := nets.ByName("resnet20", shared.Problem)
	if err != nil {
		b.Fatal(err)
	}
	const batch = 128
	forms := map[string]func(theta, x *graph.Node) *graph.Node{
		"builtin": func(theta, x *graph.Node) *graph.Node {
			return built.Evaluate(conv.OneDNN, built.Split(theta), graph.Ones(theta.Graph(), shapes.Make(dtypes.Float32, built.NumState())), x)
		},
		"file": func(theta, x *graph.Node) *graph.Node {
			p := file.Program
			var params, buffers []*graph.Node
			at := 0
			for _, t := range p.Params {
				n := shapes.Make(dtypes.Float32, t.Shape...).Size()
				params = append(params, graph.Reshape(graph.Slice(theta, graph.AxisRange(at, at+n)), t.Shape...))
				at += n
			}
			for _, t := range p.Buffers {
				buffers = append(buffers, graph.Ones(theta.Graph(), shapes.Make(dtypes.Float32, t.Shape...)))
			}
			return forward.Add(p, conv.OneDNN, params, buffers, graph.TransposeAllAxes(x, 0, 3, 1, 2))
		},
	}
	for _, what := range []string{"forward", "hv"} {
		for name, form := range forms {
			b.Run(what+"/"+name, func(b *testing.B) {
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
				before := numtest.CPUSeconds()
				for b.Loop() {
					exec.MustCall1(theta, v, x).MustFinalizeAll()
				}
				b.ReportMetric(1000*(numtest.CPUSeconds()-before)/float64(b.N), "cpu-ms")
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
