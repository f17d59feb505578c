package conv_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"pgregory.net/rapid"

	"lossatlas/activities/conv"
	"lossatlas/activities/internal/numtest"
	"lossatlas/activities/tangent"
)

// array is a tensor in C order.
type array struct {
	dims []int
	data []float64
}

func zeros(dims ...int) array {
	n := 1
	for _, d := range dims {
		n *= d
	}
	return array{dims, make([]float64, n)}
}

func random(seed uint64, dims ...int) array {
	a, r := zeros(dims...), rand.New(rand.NewPCG(seed, 1))
	for i := range a.data {
		a.data[i] = r.NormFloat64()
	}
	return a
}

// along is a + h·v.
func (a array) along(v array, h float64) array {
	b := zeros(a.dims...)
	for i := range b.data {
		b.data[i] = a.data[i] + h*v.data[i]
	}
	return b
}

// at is the place of an element.
func (a array) at(index ...int) int {
	place := 0
	for i, d := range a.dims {
		place = place*d + index[i]
	}
	return place
}

// terms calls do for every product x[ix]·w[iw] that the definition adds to y[iy], with channels first. It returns the shape of y.
func terms(k conv.Kernel, x, w array, do func(ix, iw, iy int)) []int {
	n := len(k.Stride)
	dims := append([]int{x.dims[0], w.dims[0]}, make([]int, n)...)
	for i := range n {
		dims[2+i] = (x.dims[2+i]+k.Padding[i][0]+k.Padding[i][1]-k.Dilation[i]*(w.dims[2+i]-1)-1)/k.Stride[i] + 1
	}
	if do == nil {
		return dims
	}
	y := array{dims: dims}
	window := append([]int{w.dims[1]}, w.dims[2:]...)
	each(dims, func(o []int) {
		each(window, func(t []int) {
			ix, iw := []int{o[0], o[1]/(w.dims[0]/k.Groups)*w.dims[1] + t[0]}, append([]int{o[1]}, t...)
			for i := range n {
				p := o[2+i]*k.Stride[i] + t[1+i]*k.Dilation[i] - k.Padding[i][0]
				if p < 0 || p >= x.dims[2+i] {
					return
				}
				ix = append(ix, p)
			}
			do(x.at(ix...), w.at(iw...), y.at(o...))
		})
	})
	return dims
}

// each counts through all indices of a shape.
func each(dims []int, do func(index []int)) {
	index := make([]int, len(dims))
	for {
		do(index)
		i := len(dims) - 1
		for ; i >= 0; i-- {
			if index[i]++; index[i] < dims[i] {
				break
			}
			index[i] = 0
		}
		if i < 0 {
			return
		}
	}
}

// definition is the convolution by its definition, and the gradients of Σ u·y²/2.
func definition(k conv.Kernel, x, w, u array) (y, dx, dw array) {
	y, dx, dw = zeros(u.dims...), zeros(x.dims...), zeros(w.dims...)
	terms(k, x, w, func(ix, iw, iy int) { y.data[iy] += x.data[ix] * w.data[iw] })
	terms(k, x, w, func(ix, iw, iy int) {
		dy := u.data[iy] * y.data[iy]
		dx.data[ix] += dy * w.data[iw]
		dw.data[iw] += dy * x.data[ix]
	})
	return y, dx, dw
}

// check compares a convolution with its definition in value and gradient, and its Hessian-vector product with central
// differences of gradients by the definition.
func check(t interface{ Errorf(string, ...any) }, b compute.Backend, name string, k conv.Kernel, x, w array, build func(x, w *graph.Node) *graph.Node) {
	u := random(3, terms(k, x, w, nil)...)
	vx, vw := random(4, x.dims...), random(5, w.dims...)
	y, dx, dw := definition(k, x, w, u)
	const h = 1e-4 // gradients are cubic, so central differences are off by h² times the third derivative
	_, upX, upW := definition(k, x.along(vx, h), w.along(vw, h), u)
	_, downX, downW := definition(k, x.along(vx, -h), w.along(vw, -h), u)
	difference := func(up, down array) []float64 { return zeros(up.dims...).along(up.along(down, -1), 0.5/h).data }
	got := run(b, func(in []*graph.Node) []*graph.Node {
		y := build(in[0], in[1])
		loss := graph.MulScalar(graph.ReduceAllSum(graph.Mul(in[2], graph.Square(y))), 0.5)
		gradient := graph.Gradient(loss, in[0], in[1])
		return slices.Concat([]*graph.Node{y}, gradient, tangent.Along(gradient, in[:2], in[3:]))
	}, x, w, u, vx, vw)
	for i, c := range []struct {
		what      string
		want      []float64
		tolerance float64
	}{
		{"result", y.data, 1e-12}, {"gradient of the input", dx.data, 1e-12}, {"gradient of the weights", dw.data, 1e-12},
		{"second derivative of the input", difference(upX, downX), 1e-6}, {"second derivative of the weights", difference(upW, downW), 1e-6},
	} {
		if d := numtest.Distance(got[i], c.want); d > c.tolerance {
			t.Errorf("%s of x %v, w %v, %+v: the %s differs by %g", name, x.dims, w.dims, k, c.what, d)
		}
	}
}

// run runs a graph once. A graph that cannot be built is a panic.
func run(b compute.Backend, build func(in []*graph.Node) []*graph.Node, inputs ...array) (all [][]float64) {
	exec := graph.MustNewExec(b, build)
	defer exec.Finalize()
	args := make([]any, len(inputs))
	for i, a := range inputs {
		args[i] = tensors.FromFlatDataAndDimensions(a.data, a.dims...)
	}
	for _, o := range exec.MustCall(args...) {
		all = append(all, tensors.MustCopyFlatData[float64](o))
	}
	return all
}

func goBackend(t *testing.T) compute.Backend {
	t.Helper()
	b, err := gobackend.New("ops_sequential")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Finalize)
	return b
}

var formulations = []conv.Formulation{conv.Plain, conv.Product, conv.OneDNN}

// checkAll checks all formulations in both layouts.
func checkAll(t interface{ Errorf(string, ...any) }, b compute.Backend, k conv.Kernel, x, w array) {
	for _, f := range formulations {
		check(t, b, fmt.Sprintf("formulation %d", f), k, x, w, func(x, w *graph.Node) *graph.Node { return f.Convolve(k, x, w) })
		if len(k.Stride) != 2 {
			continue
		}
		check(t, b, fmt.Sprintf("formulation %d with channels last", f), k, x, w, func(x, w *graph.Node) *graph.Node {
			y := f.ConvolveLast(k, graph.TransposeAllAxes(x, 0, 2, 3, 1), graph.TransposeAllAxes(w, 2, 3, 1, 0))
			return graph.TransposeAllAxes(y, 0, 3, 1, 2)
		})
	}
}

// TestFormulationsAgree compares every formulation with the definition, for random shapes. In float64 nothing but rounding may
// differ.
func TestFormulationsAgree(t *testing.T) {
	b := goBackend(t)
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(name string, from, to int) int { return rapid.IntRange(from, to).Draw(rt, name) }
		n, groups := draw("axes", 1, 3), draw("groups", 1, 2)
		k := conv.Kernel{Groups: groups}
		xDims, wDims := []int{draw("batch", 1, 2), groups * draw("in", 1, 2)}, []int{groups * draw("out", 1, 2), 0}
		wDims[1] = xDims[1] / groups
		for range n {
			window, dilation := draw("window", 1, 4), draw("dilation", 1, 2)
			reach := dilation * (window - 1)
			low, high := draw("before", 0, reach+1), draw("after", 0, reach+1)
			least := max(1, reach+1-low-high)
			k.Stride, k.Dilation, k.Padding = append(k.Stride, draw("stride", 1, 3)), append(k.Dilation, dilation), append(k.Padding, [2]int{low, high})
			xDims, wDims = append(xDims, draw("size", least, least+3)), append(wDims, window)
		}
		checkAll(rt, b, k, random(1, xDims...), random(2, wDims...))
	})
}

// TestFormulationsOfBuiltInLayers does the same for the layers of the built-in networks, for kernels of even size and for
// windows that don't overlap.
func TestFormulationsOfBuiltInLayers(t *testing.T) {
	b := goBackend(t)
	for _, c := range []struct{ kernel, stride, padding, size int }{
		{3, 1, 1, 8}, {3, 2, 1, 8}, {3, 2, 1, 7}, {1, 2, 0, 8}, {1, 1, 0, 4}, {2, 1, 0, 5}, {4, 2, 1, 8}, {2, 2, 0, 7}, {1, 5, 3, 1},
	} {
		t.Run(fmt.Sprintf("%+v", c), func(t *testing.T) {
			checkAll(t, b, conv.Square(c.stride, c.padding), random(1, 3, 2, c.size, c.size), random(2, 4, 2, c.kernel, c.kernel))
		})
	}
}

// TestTransposed: a transposed convolution is the adjoint of the convolution with the same kernel, ⟨conv(z), x⟩ = ⟨z,
// transposed(x)⟩, also in its derivatives, which are those of a bilinear function.
func TestTransposed(t *testing.T) {
	b := goBackend(t)
	for _, k := range []conv.Kernel{
		conv.Square(1, 1), conv.Square(2, 1), conv.Square(3, 0),
		{Stride: []int{2, 1}, Dilation: []int{1, 2}, Padding: [][2]int{{1, 0}, {2, 1}}, Groups: 2},
	} {
		for _, window := range []int{2, 3, 4} {
			z, w := random(1, 2, 4, 11, 9), random(2, 6, 4/k.Groups, window, window)
			x := random(3, terms(k, z, w, nil)...)
			// By the definition, with x in the role of dy: the gradient of ⟨conv(z), x⟩ with respect to z, x and w.
			want, dx, dw := zeros(z.dims...), zeros(x.dims...), zeros(w.dims...)
			terms(k, z, w, func(iz, iw, ix int) {
				want.data[iz] += x.data[ix] * w.data[iw]
				dx.data[ix] += z.data[iz] * w.data[iw]
				dw.data[iw] += z.data[iz] * x.data[ix]
			})
			vx, vw, moved := random(4, x.dims...), random(5, w.dims...), zeros(z.dims...)
			terms(k, z, w, func(iz, iw, ix int) {
				moved.data[iz] += vx.data[ix]*w.data[iw] + x.data[ix]*vw.data[iw]
			})
			got := run(b, func(in []*graph.Node) []*graph.Node {
				y := conv.Transposed(k, in[0], in[1], z.dims[2:])
				gradient := graph.Gradient(graph.ReduceAllSum(graph.Mul(y, in[2])), in[0], in[1])
				return append(append([]*graph.Node{y}, gradient...), tangent.Along([]*graph.Node{y}, in[:2], in[3:])...)
			}, x, w, z, vx, vw)
			for i, c := range [][]float64{want.data, dx.data, dw.data, moved.data} {
				if d := numtest.Distance(got[i], c); d > 1e-12 {
					t.Errorf("window %d, %+v: result %d differs from the definition by %g", window, k, i, d)
				}
			}
		}
	}
}

// TestWinograd: 3×3 convolutions with many channels, in numbers of rows that are filtered in fours and that are not.
func TestWinograd(t *testing.T) {
	b := goBackend(t)
	for _, c := range []struct {
		rows, columns int
		padding       [][2]int
	}{
		{4, 2, [][2]int{{1, 1}, {1, 1}}}, {8, 1, [][2]int{{1, 1}, {1, 1}}}, {3, 4, [][2]int{{2, 1}, {0, 0}}}, {2, 2, [][2]int{{1, 1}, {1, 1}}},
	} {
		k := conv.Kernel{Stride: []int{1, 1}, Dilation: []int{1, 1}, Padding: c.padding, Groups: 1}
		checkAll(t, b, k, random(1, 1, 64, c.rows, c.columns), random(2, 64, 64, 3, 3))
	}
}
