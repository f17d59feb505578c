package conv_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"lossatlas/activities/conv"
	"lossatlas/activities/internal/cputime"
)

// BenchmarkConvolution measures the formulations on the layers of the built-in
// networks, forward, gradient of the input and gradient of the kernel, in
// GFLOP per CPU-second.
func BenchmarkConvolution(b *testing.B) {
	plugin := os.Getenv("LOSSATLAS_PLUGIN")
	if plugin == "" {
		b.Skip("no numeric plugin: LOSSATLAS_PLUGIN is not set")
	}
	b.Setenv("XLA_FLAGS", "--xla_cpu_use_onednn=true --xla_cpu_experimental_onednn_custom_call=true")
	backend, err := xla.New(plugin)
	if err != nil {
		b.Fatal(err)
	}
	const batch = 128
	for _, l := range []struct{ size, in, out, stride int }{
		{32, 3, 16, 1}, {32, 16, 16, 1}, {32, 16, 32, 2}, {16, 32, 32, 1}, {16, 32, 64, 2}, {8, 64, 64, 1},
		{32, 3, 64, 1}, {32, 64, 64, 1}, {16, 64, 128, 1}, {16, 128, 128, 1}, {8, 256, 256, 1},
	} {
		flop := 2 * 9 * float64(batch*l.in*l.out) * float64(l.size/l.stride) * float64(l.size/l.stride)
		for _, f := range []struct {
			name        string
			formulation conv.Formulation
		}{{"plain", conv.Plain}, {"onednn", conv.OneDNN}} {
			for _, what := range []string{"forward", "input", "kernel"} {
				b.Run(fmt.Sprintf("%d-%d-%d-s%d/%s/%s", l.size, l.in, l.out, l.stride, what, f.name), func(b *testing.B) {
					// The gradients are those of Σ y·dy, so that nothing else is computed.
					exec := graph.MustNewExec(backend, func(x, kernel, dy *graph.Node) *graph.Node {
						y := f.formulation.ConvolveLast(conv.Square(l.stride, 1), x, kernel)
						switch what {
						case "input":
							return graph.Gradient(graph.ReduceAllSum(graph.Mul(y, dy)), x)[0]
						case "kernel":
							return graph.Gradient(graph.ReduceAllSum(graph.Mul(y, dy)), kernel)[0]
						}
						return y
					})
					x := normal(batch, l.size, l.size, l.in)
					k := normal(3, 3, l.in, l.out)
					dy := normal(batch, l.size/l.stride, l.size/l.stride, l.out)
					exec.MustCall1(x, k, dy).MustFinalizeAll()
					before := cputime.Process()
					for b.Loop() {
						exec.MustCall1(x, k, dy).MustFinalizeAll()
					}
					b.ReportMetric(flop*float64(b.N)/1e9/(cputime.Process()-before), "GFLOP/cpu-s")
					b.ReportMetric(1000*(cputime.Process()-before)/float64(b.N), "cpu-ms")
				})
			}
		}
	}
}

func normal(dims ...int) *tensors.Tensor {
	r := rand.New(rand.NewPCG(1, 2))
	v := make([]float32, shapes.Make(dtypes.Float32, dims...).Size())
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return tensors.FromFlatDataAndDimensions(v, dims...)
}
