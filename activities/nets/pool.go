package nets

import (
	"github.com/gomlx/gomlx/core/graph"
)

// ReLU is max(x, 0) elementwise, with derivative 0 at 0. NaN stays NaN, so
// that a diverged network is seen and not hidden.
type ReLU struct{}

func (ReLU) plan(_ *planner, in Shape) (op, Shape, error) { return relu, in, nil }

func relu(_ *pass, x *graph.Node) *graph.Node {
	zero := graph.ScalarZero(x.Graph(), x.DType())
	return graph.Where(graph.LessOrEqual(x, zero), graph.ZerosLike(x), x)
}

// MaxPool takes the maximum over Kernel×Kernel windows that lie Stride apart
// on the image, which is padded with values below every other.
type MaxPool struct {
	Kernel, Stride, Padding int
}

// plan compares the elements of the windows one after another. The first of
// equal ones gets the gradient, as in PyTorch, and a NaN wins. The backends'
// own pooling would do but for its gradient, which the pure-Go backend lacks.
func (l MaxPool) plan(_ *planner, in Shape) (op, Shape, error) {
	larger := func(best, t *graph.Node) *graph.Node {
		return graph.Where(graph.LogicalOr(graph.GreaterThan(t, best), graph.NotEqual(t, t)), t, best)
	}
	height, width, err := window(in, "max-pool", l.Kernel, l.Stride, l.Padding)
	return func(_ *pass, x *graph.Node) *graph.Node {
		return overWindow(padded(x, l.Padding, lowest(x.DType())), l.Kernel, height, width, l.Stride, larger)
	}, Shape{Height: height, Width: width, Channels: in.Channels}, err
}

// AvgPool takes the mean over Kernel×Kernel windows that lie Stride apart; the
// zeros of the padding count. Kernel 0 is the mean over the whole image, of any
// size, which leaves one pixel, or over the tokens of a sequence, which leaves
// their features.
type AvgPool struct {
	Kernel, Stride, Padding int
}

func (l AvgPool) plan(_ *planner, in Shape) (op, Shape, error) {
	if l.Kernel == 0 && in.IsSequence() {
		return func(_ *pass, x *graph.Node) *graph.Node { return graph.ReduceMean(x, 1) }, Shape{Channels: in.Channels, Flat: true}, nil
	}
	height, width, err := 1, 1, in.Spatial("average-pool")
	if l.Kernel != 0 {
		height, width, err = window(in, "average-pool", l.Kernel, l.Stride, l.Padding)
	}
	forward := func(_ *pass, x *graph.Node) *graph.Node {
		sum := overWindow(padded(x, l.Padding, 0), l.Kernel, height, width, l.Stride, graph.Add)
		return graph.DivScalar(sum, float64(l.Kernel*l.Kernel))
	}
	if l.Kernel == 0 || l.Padding == 0 && l.Kernel == in.Height && l.Kernel == in.Width {
		forward = meanOfImage
	}
	return forward, Shape{Height: height, Width: width, Channels: in.Channels}, err
}

func meanOfImage(_ *pass, x *graph.Node) *graph.Node {
	sum := graph.ReduceSum(x, 1, 2)
	return graph.DivScalar(graph.Reshape(sum, x.Shape().Dim(0), 1, 1, x.Shape().Dim(3)), float64(x.Shape().Dim(1)*x.Shape().Dim(2)))
}

// overWindow combines the elements of the kernel×kernel windows of x, row by row.
func overWindow(x *graph.Node, kernel, height, width, stride int, combine func(a, b *graph.Node) *graph.Node) *graph.Node {
	all := tap(x, 0, 0, height, width, stride)
	for i := 1; i < kernel*kernel; i++ {
		all = combine(all, tap(x, i/kernel, i%kernel, height, width, stride))
	}
	return all
}
