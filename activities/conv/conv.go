// Package conv adds convolutions to graphs.
//
// Results are the same but for the order of summation, whichever Formulation is chosen; the speed on a backend is not. All
// formulations have exact first and second derivatives for kernels of any size. The graph library's own gradients are
// wrong for kernels of even size, so convolutions have explicit ones.
//
// Equation, for one group, stride s, dilation d and padding p, along each axis of space:
//
//	y[b, o, i] = Σ_c Σ_u x[b, c, i·s + u·d − p] · w[o, c, u]
package conv

import (
	"github.com/gomlx/gomlx/core/graph"

	"lossatlas/activities/internal/nodes"
)

// Formulation says how convolutions and their gradients are written as operations of a backend.
type Formulation int

// The formulations.
const (
	Plain   Formulation = iota // the backend's convolution
	Product                    // matrix products of image patches, for backends with a slow convolution
	OneDNN                     // convolutions that XLA's CPU compiler hands to oneDNN
)

// Kernel is the geometry of a convolution, with one element for each axis of space.
type Kernel struct {
	Stride, Dilation []int    // at least 1
	Padding          [][2]int // zeros before and after; not negative
	Groups           int      // at least 1; divides the numbers of channels
}

// Square is the kernel of images with the same stride and padding along both axes.
func Square(stride, padding int) Kernel {
	return Kernel{Stride: []int{stride, stride}, Dilation: []int{1, 1}, Padding: [][2]int{{padding, padding}, {padding, padding}}, Groups: 1}
}

// MaxTaps is the largest number of elements of a window that are written out as operations of their own.
const MaxTaps = 1024

// Convolve is the convolution of x [batch, in, …] with w [out, in/groups, …], as [batch, out, …].
func (f Formulation) Convolve(k Kernel, x, w *graph.Node) *graph.Node {
	g, x := geometry{k, channelsFirst}.padBeyond(x, w)
	switch {
	case g.isPatches(w):
		return g.patches(x, w)
	case g.isDepthwise(x, w):
		return g.depthwise(x, w)
	case f == Product && g.isProduct(w):
		return g.product(x, w)
	}
	return g.plain(x, w)
}

// HasLast says whether x and w, in the layouts of Convolve, are convolved fastest by ConvolveLast.
func (f Formulation) HasLast(k Kernel, x, w *graph.Node) bool {
	return f == OneDNN && len(k.Stride) == 2 && (k.Groups == 1 && allOne(k.Dilation) || geometry{k, channelsFirst}.isDepthwise(x, w))
}

// ConvolveLast is the convolution of images x [batch, rows, columns, in] with w [rows, columns, in/groups, out], as [batch,
// rows, columns, out].
func (f Formulation) ConvolveLast(k Kernel, x, w *graph.Node) *graph.Node {
	g, x := geometry{k, channelsLast}.padBeyond(x, w)
	switch {
	case g.isDepthwise(x, w):
		return g.depthwise(x, w)
	case k.Groups > 1:
		y := f.Convolve(g.Kernel, graph.TransposeAllAxes(x, 0, 3, 1, 2), graph.TransposeAllAxes(w, 3, 2, 0, 1))
		return graph.TransposeAllAxes(y, 0, 2, 3, 1)
	case f == Product && g.isProduct(w):
		return g.product(x, w)
	case f == OneDNN && g.isPoint(w):
		return g.point(x, w)
	case f == OneDNN && allOne(k.Dilation):
		return g.oneDNN(x, w)
	}
	return g.plain(x, w)
}

// IsApart says whether windows don't overlap, in the layout of ConvolveLast: windows side by side, or single elements.
func (k Kernel) IsApart(w *graph.Node) bool {
	g := geometry{k, channelsLast}
	return g.isPatches(w) || g.isPoint(w)
}

// Patches is ConvolveLast as a matrix product, where IsApart. Networks from files use it; it rounds differently.
func Patches(k Kernel, x, w *graph.Node) *graph.Node { return geometry{k, channelsLast}.patches(x, w) }

// Transposed is the transposed convolution of x [batch, in, …] with w [in, out/groups, …]: the gradient, with respect to its
// input, of a convolution whose input has a size along the axes of space. The result is [batch, out, size…].
func Transposed(k Kernel, x, w *graph.Node, size []int) *graph.Node {
	g := geometry{k, channelsFirst}
	return nodes.WithGradients(g.inputGradient(x, w, size), []*graph.Node{x, w},
		func(dy *graph.Node) *graph.Node {
			dx := g.forward(dy, w)
			for i := range k.Stride { // without the windows beyond x
				dx = nodes.Slice(dx, 2+i, 0, nodes.Dims(x)[2+i], 1)
			}
			return dx
		},
		func(dy *graph.Node) *graph.Node { return g.weightGradient(dy, x, nodes.Dims(w)) })
}

func allOne(steps []int) bool {
	for _, s := range steps {
		if s != 1 {
			return false
		}
	}
	return true
}
