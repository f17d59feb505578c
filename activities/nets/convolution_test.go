package nets

import (
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/gomlx/core/graph"
	"pgregory.net/rapid"
)

// correlate is the convolution by its definition, and its two gradients given dy:
//
//	y[b,i,j,o] = Σ x[b, i·s+u−p, j·s+v−p, c] k[u,v,c,o]
func correlate(x, k, dy array, stride, padding int) (y, dx, dk []float64) {
	batch, height, width, in := x.dims[0], x.dims[1], x.dims[2], x.dims[3]
	size, out := k.dims[0], k.dims[3]
	outHeight, outWidth := (height+2*padding-size)/stride+1, (width+2*padding-size)/stride+1
	y, dx, dk = make([]float64, batch*outHeight*outWidth*out), make([]float64, len(x.data)), make([]float64, len(k.data))
	for at := range y {
		o, j, i, b := at%out, at/out%outWidth, at/out/outWidth%outHeight, at/out/outWidth/outHeight
		for tap := range size * size * in {
			c, v, u := tap%in, tap/in%size, tap/in/size
			row, column := i*stride+u-padding, j*stride+v-padding
			if row < 0 || row >= height || column < 0 || column >= width {
				continue
			}
			inX, inK := ((b*height+row)*width+column)*in+c, tap*out+o
			y[at] += x.data[inX] * k.data[inK]
			dx[inX] += dy.data[at] * k.data[inK]
			dk[inK] += dy.data[at] * x.data[inX]
		}
	}
	return y, dx, dk
}

// TestFormulationsAgree compares every way of writing a convolution and its
// gradients with the definition, for random shapes. In float64 nothing but
// rounding may differ.
func TestFormulationsAgree(t *testing.T) {
	b := goBackend(t)
	rapid.Check(t, func(rt *rapid.T) {
		kernel := rapid.IntRange(1, 4).Draw(rt, "kernel")
		padding := rapid.IntRange(0, kernel-1).Draw(rt, "padding")
		stride := rapid.IntRange(1, 3).Draw(rt, "stride")
		height := rapid.IntRange(max(1, kernel-2*padding), 8).Draw(rt, "height")
		width := rapid.IntRange(max(1, kernel-2*padding), 8).Draw(rt, "width")
		batch, in, out := rapid.IntRange(1, 3).Draw(rt, "batch"), rapid.IntRange(1, 3).Draw(rt, "in"), rapid.IntRange(1, 3).Draw(rt, "out")
		checkFormulations(t, rt, b, normal("x", batch, height, width, in), normal("k", kernel, kernel, in, out), stride, padding)
	})
}

// TestFormulationsOfBuiltInLayers does the same for the layers of the built-in networks.
func TestFormulationsOfBuiltInLayers(t *testing.T) {
	b := goBackend(t)
	for _, c := range []struct{ kernel, stride, padding, size int }{{3, 1, 1, 8}, {3, 2, 1, 8}, {3, 2, 1, 7}, {1, 2, 0, 8}, {1, 1, 0, 4}} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			checkFormulations(t, t, b, normal("x", 3, c.size, c.size, 2), normal("k", c.kernel, c.kernel, 2, 4), c.stride, c.padding)
		})
	}
}

type reporter interface {
	Errorf(format string, args ...any)
}

func checkFormulations(t *testing.T, to reporter, b compute.Backend, x, k array, stride, padding int) {
	outHeight, outWidth := (x.dims[1]+2*padding-k.dims[0])/stride+1, (x.dims[2]+2*padding-k.dims[0])/stride+1
	dy := normal("dy", x.dims[0], outHeight, outWidth, k.dims[3])
	y, dx, dk := correlate(x, k, dy, stride, padding)
	for _, f := range []Formulation{Plain, Product, OneDNN} {
		got := run(t, b, func(in []*graph.Node) []*graph.Node {
			y := f.convolve(in[0], in[1], stride, padding)
			return append(graph.Gradient(graph.ReduceAllSum(graph.Mul(y, in[2])), in[0], in[1]), y)
		}, x, k, dy)
		for i, what := range []struct {
			name string
			want []float64
		}{{"gradient of the input", dx}, {"gradient of the kernel", dk}, {"result", y}} {
			if d := distance(got[i], what.want); d > 1e-12 {
				to.Errorf("formulation %d: the %s differs from the definition by %g", f, what.name, d)
			}
		}
	}
}

// distance is the largest difference of two vectors in units of the largest element.
func distance(got, want []float64) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	difference, size := 0.0, 1e-300
	for i := range want {
		difference, size = max(difference, math.Abs(got[i]-want[i])), max(size, math.Abs(want[i]))
	}
	return difference / size
}
